"""The tables filled again from what the chronicle tells and the archived bytes say.

Everything here happens within a transaction of the caller's. Statuses, versions and moments are
facts and are put back as they were; which version counts follows from them. Rows and findings are
those of the workbooks as they are read now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from pipeline.intake.submission import Submission
from pipeline.records.chronicle import DECISION, EDITION, MESSAGE, Fact, History
from pipeline.records.engines import insert_rows
from pipeline.records.journal import Output, note_outputs
from pipeline.records.lifecycle import ACCEPTED, Stored
from pipeline.records.rows import FILE_COLUMNS, file_row, stored_file
from pipeline.records.store import Store
from pipeline.records.tables import Tables
from pipeline.records.taking import insert_findings

_RUN = ("run_id", "started_at", "scanned_at", "finished_at")


def clear_ledgers(connection: Connection, tables: Tables) -> None:
    """Empty every table that the archive can fill again; the outbox and what was rendered stay."""
    fixed = (tables.files, tables.issues, tables.runs, tables.decisions)
    for table in (*fixed, *tables.records.values()):
        connection.execute(delete(table))


def restore_files(
    connection: Connection, store: Store, facts: Iterable[Fact], lying: Collection[int]
) -> list[Stored]:
    """Put back the log of files, in order; `lying` are the numbers of those still in the inbox."""
    known = [dict.fromkeys(FILE_COLUMNS) | fact | {"current": 0, "settled": 1} for fact in facts]
    files = [replace(stored_file(row), settled=row["id"] not in lying) for row in known]
    counting = {stored.key: stored.id for stored in files if stored.status in ACCEPTED}
    files = [replace(s, current=counting.get(s.key) == s.id) for s in files]
    insert_rows(connection, store.tables.files, FILE_COLUMNS, list(map(file_row, files)))
    return files


def restore_findings(
    connection: Connection, store: Store, read: Iterable[tuple[Stored, Submission]]
) -> None:
    """Put back the issues of files, and the rows of those that were accepted.

    A workbook that is read as another kind than it was taken for has no rows.
    """
    insert_findings(
        connection,
        store,
        [(stored, _of_its_kind(stored, submission)) for stored, submission in read],
    )


def restore_history(connection: Connection, store: Store, history: History) -> None:
    """Put back runs, closed periods, mail that has gone out, how far each job has got, and the
    editions of summaries where the database knows of none.
    """
    tables = store.tables
    _insert(connection, tables.runs, _RUN, _all_runs(history).values())
    decisions = [fact | {"id": n} for n, fact in enumerate(_decisions(history), 1)]
    _insert(connection, tables.decisions, ("id", *DECISION), decisions)
    known = set(connection.scalars(select(tables.messages.c.message_id)))
    gone = [fact | {"content": b""} for id_, fact in history.messages.items() if id_ not in known]
    _insert(connection, tables.messages, (*MESSAGE, "content"), gone)
    kept = set(connection.scalars(select(tables.meta.c.key)))
    marks = [{"key": key, "value": v} for key, v in history.marks.items() if key not in kept]
    _insert(connection, tables.meta, ("key", "value"), marks)
    if connection.scalar(select(func.count()).select_from(tables.editions)) == 0:
        editions = [fact | {"id": n} for n, fact in enumerate(history.editions, 1)]
        _insert(connection, tables.editions, ("id", *EDITION), editions)
        there = set(connection.scalars(select(tables.trees.c.digest)))
        trees = [{"digest": d, "units": u} for d, u in history.trees.items() if d not in there]
        _insert(connection, tables.trees, ("digest", "units"), trees)


def restore_outputs(connection: Connection, store: Store, lying: Iterable[Output]) -> None:
    """Note the summaries that lie there, where the database knows of none."""
    if connection.scalar(select(func.count()).select_from(store.tables.outputs)) == 0:
        note_outputs(connection, store, lying)


def _of_its_kind(stored: Stored, submission: Submission) -> Submission:
    if stored.status in ACCEPTED and submission.workbook != stored.workbook:
        return replace(submission, workbook="", cover=None, ledgers=None)
    return submission


def _all_runs(history: History) -> dict[str, Fact]:
    """Return the runs; one that died before it was told of is known by its files."""
    runs = {
        fact["run_id"]: {"run_id": fact["run_id"], "started_at": fact["taken_at"]}
        for fact in history.files.values()
    }
    return runs | history.runs


def _decisions(history: History) -> Iterable[Fact]:
    """Yield the closings and reopenings; one told of twice, since it broke off, is one."""
    closed: set[str] = set()
    for fact in history.decisions:
        if (fact["period"] in closed) != (fact["action"] == "close"):
            closed ^= {fact["period"]}
            yield fact


def _insert(
    connection: Connection, table: Any, columns: tuple[str, ...], facts: Iterable[Mapping[str, Any]]
) -> None:
    rows = [{name: fact.get(name) for name in columns} for fact in facts]
    if rows:
        connection.execute(insert(table), rows)
