"""Files taken in: archived and judged files in, their statuses, issues and rows in the database.

One batch is one transaction: what becomes of a file, what was found in it and what it reports are
committed together, before the file leaves the inbox. Until that has happened and its receipt lies
there, the file is `unsettled`, and the next run finishes what an interrupted one left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from pipeline.intake.submission import Submission
from pipeline.issues import Issue
from pipeline.records.engines import insert_rows
from pipeline.records.lifecycle import (
    ACCEPTED,
    Book,
    Key,
    Origin,
    Run,
    Stored,
    Taken,
    decide,
    find_origin,
)
from pipeline.records.rows import (
    FILE_COLUMNS,
    ISSUE_COLUMNS,
    TableRow,
    file_row,
    issue_rows,
    record_columns,
    record_rows,
    stored_file,
    stored_issue,
)
from pipeline.records.store import Store
from pipeline.records.tables import Tables


def record(store: Store, run: Run, taken: Sequence[Taken]) -> list[Stored]:
    """Decide and commit one batch, in the order given, and return what became of each file.

    All or nothing. A version that a later file of the batch replaces is returned as such: not
    current.
    """
    with store.writing() as connection:
        book = _open_book(connection, store.tables, taken)
        counted_before = {stored.id for stored in book.counting.values()}
        decided = [decide(book, run, item) for item in taken]
        counting = {stored.id for stored in book.counting.values()}
        stored = [
            s if s.current == (s.id in counting) else replace(s, current=False) for s in decided
        ]
        if counted_before - counting:
            _uncount(connection, store.tables, counted_before - counting)
        rows = [file_row(entry) for entry in stored]
        insert_rows(connection, store.tables.files, FILE_COLUMNS, rows)
        insert_findings(connection, store, _read(taken, stored))
        return _with_origins(connection, store.tables, stored)


def seen(store: Store, run: Run, files: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """Return, of these digests each with the unit whose folder it lies in, those that would be
    duplicates now, with the file they equal."""
    wanted = set(files)
    with store.reading() as connection:
        known = _by_content(connection, store.tables, {sha256 for sha256, _ in wanted})
    origins = {(s, folder): find_origin(known[s], run, folder) for s, folder in wanted}
    return {file: origin for file, origin in origins.items() if origin is not None}


def unsettled(store: Store) -> list[Stored]:
    """Return the files that are committed but perhaps still in the inbox or without a receipt."""
    return _files(store, store.tables.files.c.settled == 0)


def settle(store: Store, ids: Iterable[int]) -> None:
    """Note that these files have their receipt and have left the inbox."""
    files = store.tables.files
    rows = [{"settled_id": number} for number in ids]
    if rows:
        with store.writing() as connection:
            done = update(files).where(files.c.id == bindparam("settled_id")).values(settled=1)
            connection.execute(done, rows)


def read_files(
    store: Store, *, run_id: str | None = None, period: str | None = None, unit: str | None = None
) -> list[Stored]:
    """Return the log of files in the order in which they were taken, narrowed where asked."""
    wanted = {"run_id": run_id, "period": period, "unit": unit}
    columns = store.tables.files.c
    return _files(store, *(columns[key] == value for key, value in wanted.items() if value))


def read_issues(store: Store, ids: Iterable[int]) -> dict[int, tuple[Issue, ...]]:
    """Return what was found in these files, in the order of the workbook; none is ()."""
    issues = store.tables.issues.c
    found: dict[int, list[Issue]] = {number: [] for number in ids}
    query = select(store.tables.issues).where(issues.file_id.in_(found))
    with store.reading() as connection:
        for row in connection.execute(query.order_by(issues.file_id, issues.seq)).mappings():
            found[row["file_id"]].append(stored_issue(row))
    return {number: tuple(items) for number, items in found.items()}


def insert_findings(
    connection: Connection, store: Store, read: Iterable[tuple[Stored, Submission]]
) -> None:
    """Insert the issues of files, and what those report that were accepted."""
    tables, forms = store.tables, store.forms
    issues: list[TableRow] = []
    records: defaultdict[str, list[TableRow]] = defaultdict(list)
    for entry, submission in read:
        issues.extend(issue_rows(entry.id, submission.issues))
        if entry.status in ACCEPTED and submission.workbook:
            cover = forms.workbooks[submission.workbook].cover
            for key, rows in record_rows(forms.forms, cover, entry, submission):
                records[key].extend(rows)
    insert_rows(connection, tables.issues, ISSUE_COLUMNS, issues)
    for key, rows in records.items():
        insert_rows(connection, tables.records[key], record_columns(forms.forms[key]), rows)


def _open_book(connection: Connection, tables: Tables, taken: Sequence[Taken]) -> Book:
    files = tables.files.c
    newest = connection.scalar(select(func.max(files.id))) or 0
    by_content = _by_content(connection, tables, {item.sha256 for item in taken})
    submissions = [item.submission for item in taken if item.submission is not None]
    units = {submission.unit for submission in submissions}
    periods = {s.period.code for s in submissions if s.period is not None}
    same_places = files.unit.in_(units) & files.period.in_(periods)
    current = _select(connection, tables, (files.current == 1) & same_places)
    return Book(newest + 1, by_content, {stored.key: stored for stored in current})


def _by_content(
    connection: Connection, tables: Tables, sha256s: Iterable[str]
) -> defaultdict[str, list[Stored]]:
    found: defaultdict[str, list[Stored]] = defaultdict(list)
    for stored in _select(connection, tables, tables.files.c.sha256.in_(list(sha256s))):
        found[stored.sha256].append(stored)
    return found


def _uncount(connection: Connection, tables: Tables, ids: Iterable[int]) -> None:
    files = tables.files
    connection.execute(update(files).where(files.c.id.in_(list(ids))).values(current=0))


def _read(taken: Sequence[Taken], stored: Sequence[Stored]) -> Iterator[tuple[Stored, Submission]]:
    for item, entry in zip(taken, stored, strict=True):
        if item.submission is not None and entry.status != "duplicate":
            yield entry, item.submission


def _files(store: Store, *conditions: ColumnElement[bool]) -> list[Stored]:
    with store.reading() as connection:
        found = _select(connection, store.tables, *conditions)
        return _with_origins(connection, store.tables, found)


def _select(
    connection: Connection, tables: Tables, *conditions: ColumnElement[bool]
) -> list[Stored]:
    query = select(tables.files).where(*conditions).order_by(tables.files.c.id)
    return [stored_file(row) for row in connection.execute(query).mappings()]


def _with_origins(connection: Connection, tables: Tables, stored: Sequence[Stored]) -> list[Stored]:
    files = tables.files.c
    wanted = {entry.duplicate_of for entry in stored if entry.duplicate_of is not None}
    if not wanted:
        return list(stored)
    origins = {entry.id: entry for entry in _select(connection, tables, files.id.in_(wanted))}
    same_places = files.unit.in_({origin.unit for origin in origins.values()}) & files.period.in_(
        {origin.period for origin in origins.values()}
    )
    accepted: defaultdict[Key, list[int]] = defaultdict(list)
    for entry in _select(connection, tables, files.status.in_(ACCEPTED), same_places):
        accepted[entry.key].append(entry.id)
    return [
        replace(entry, origin=_origin(origins[entry.duplicate_of], entry.id, accepted))
        if entry.duplicate_of is not None
        else entry
        for entry in stored
    ]


def _origin(origin: Stored, before: int, accepted: dict[Key, list[int]]) -> Origin:
    newest = max((number for number in accepted[origin.key] if number < before), default=None)
    return Origin(origin.id, origin.path, origin.status, origin.version, newest == origin.id)
