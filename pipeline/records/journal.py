"""What was done and when: runs, closed periods, what was rendered.

A run has completed its scan once every file it found has been dealt with; only then does its time
bound what later files may claim. A period is touched while files have come in for it since it was
last rendered, whichever run took them: an intake between two nights, or a run that broke off.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from pipeline.records.lifecycle import ACCEPTED
from pipeline.records.store import Store

_RENDERED, _HELD = "rendered:", "held"

Held = dict[str, datetime | None]  # a path in the inbox, and the last scan that was complete for it


@dataclass(frozen=True, slots=True)
class Decision:
    """Somebody closed or reopened a period."""

    period: str
    action: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Output:
    """A rendered file, relative to the outputs folder, and the digest of what it was made from."""

    path: str
    period: str
    unit: str
    digest: str
    sha256: str


def begin_run(store: Store, run_id: str, started_at: datetime) -> None:
    """Note that a run has begun."""
    with store.writing() as connection:
        row = {"run_id": run_id, "started_at": started_at.isoformat()}
        connection.execute(insert(store.tables.runs).values(row))


def finish_scan(store: Store, run_id: str, scanned_at: datetime, held: Held | None = None) -> None:
    """Note that all a run found is dealt with; `scanned_at` is the `now` its scan was given.

    `held` is what it left alone, with the scan that stays the last one for it.
    """
    meta = store.tables.meta
    rows = {path: bound.isoformat() if bound else None for path, bound in (held or {}).items()}
    with store.writing() as connection:
        _update_run(connection, store, run_id, "scanned_at", scanned_at)
        connection.execute(delete(meta).where(meta.c.key == _HELD))
        if rows:
            value = json.dumps(rows, ensure_ascii=False, sort_keys=True)
            connection.execute(insert(meta).values(key=_HELD, value=value))


def finish_run(store: Store, run_id: str, finished_at: datetime) -> None:
    """Note that a run has also rendered what it had to; an intake between two nights has not."""
    with store.writing() as connection:
        _update_run(connection, store, run_id, "finished_at", finished_at)


def read_held(store: Store) -> Held:
    """Return what the last scan left alone, each with the scan that was the last one for it."""
    meta = store.tables.meta.c
    with store.reading() as connection:
        value = connection.scalar(select(meta.value).where(meta.key == _HELD))
    rows: dict[str, str | None] = json.loads(value) if value else {}
    return {path: datetime.fromisoformat(bound) if bound else None for path, bound in rows.items()}


def last_scan(store: Store, now: datetime) -> datetime | None:
    """Return the time of the last completed scan not after `now`, None before the first.

    A scan in the future is that of a clock since put right; it bounds nothing.
    """
    return _newest(store, "scanned_at", now)


def last_finish(store: Store, now: datetime) -> datetime | None:
    """Return when a run was last through, not after `now`; None before the first."""
    return _newest(store, "finished_at", now)


def close_period(store: Store, period: str, who: str, at: datetime) -> bool:
    """Close a period and log it; False, and nothing logged, where it is closed already."""
    return _decide(store, Decision(period, "close", at, who))


def reopen_period(store: Store, period: str, who: str, at: datetime) -> bool:
    """Open a closed period again and log it; False, and nothing logged, where it is open."""
    return _decide(store, Decision(period, "reopen", at, who))


def closed_periods(store: Store) -> frozenset[str]:
    """Return the codes of all periods that are closed now."""
    with store.reading() as connection:
        return _closed(connection, store)


def read_decisions(store: Store) -> list[Decision]:
    """Return who closed and reopened what and when, oldest first."""
    decisions = store.tables.decisions
    with store.reading() as connection:
        rows = connection.execute(select(decisions).order_by(decisions.c.id)).mappings().all()
    return [
        Decision(row["period"], row["action"], datetime.fromisoformat(row["at"]), row["who"])
        for row in rows
    ]


def touched_periods(store: Store) -> list[str]:
    """Return the periods that files came in for since they were last rendered.

    An accepted file touches its period, a plan its year; a refused one only where something was
    accepted before, since a summary of nothing but refusals helps nobody. A duplicate and a file
    of a closed period change nothing.
    """
    files, marks = store.tables.files.c, _marks(store)
    newest = func.max(files.id)
    changing = files.status.in_((*ACCEPTED, "rejected"))
    with_records = select(files.period).where(files.current == 1)
    query = select(files.period, newest).where(changing, files.period.in_(with_records))
    with store.reading() as connection:
        found = connection.execute(query.group_by(files.period)).all()
    return sorted(period for period, number in found if number > marks.get(period, 0))


def mark_rendered(store: Store, periods: Iterable[str]) -> None:
    """Note that these periods have been rendered from all that is stored now."""
    meta, files = store.tables.meta, store.tables.files.c
    with store.writing() as connection:
        newest = connection.scalar(select(func.max(files.id))) or 0
        rows = [
            {"key": _RENDERED + period, "value": str(newest)} for period in sorted(set(periods))
        ]
        if rows:
            keys = [row["key"] for row in rows]
            connection.execute(delete(meta).where(meta.c.key.in_(keys)))
            connection.execute(insert(meta), rows)


def rendered_periods(store: Store) -> list[str]:
    """Return the codes of all periods of which anything was rendered."""
    periods = store.tables.outputs.c.period
    with store.reading() as connection:
        return sorted(connection.scalars(select(periods).distinct()))


def read_outputs(store: Store, period: str) -> dict[str, Output]:
    """Return what was last noted of a period's outputs, by path."""
    outputs = store.tables.outputs
    query = select(outputs).where(outputs.c.period == period).order_by(outputs.c.path)
    with store.reading() as connection:
        return {row["path"]: Output(**row) for row in connection.execute(query).mappings()}


def note_outputs(connection: Connection, store: Store, outputs: Iterable[Output]) -> None:
    """Note outputs within a transaction of the caller's, which may queue their messages too."""
    table = store.tables.outputs
    rows = [asdict(output) for output in outputs]
    if rows:
        paths = [row["path"] for row in rows]
        connection.execute(delete(table).where(table.c.path.in_(paths)))
        connection.execute(insert(table), rows)


def _update_run(
    connection: Connection, store: Store, run_id: str, column: str, at: datetime
) -> None:
    runs = store.tables.runs
    done = update(runs).where(runs.c.run_id == run_id).values({column: at.isoformat()})
    if connection.execute(done).rowcount != 1:
        raise LookupError(f"run {run_id} was never begun")


def _newest(store: Store, column: str, now: datetime) -> datetime | None:
    moment = store.tables.runs.c[column]
    with store.reading() as connection:
        found = connection.scalar(select(func.max(moment)).where(moment <= now.isoformat()))
    return datetime.fromisoformat(found) if found else None


def _decide(store: Store, decision: Decision) -> bool:
    with store.writing() as connection:
        is_closed = decision.period in _closed(connection, store)
        if is_closed == (decision.action == "close"):
            return False
        row = asdict(decision) | {"at": decision.at.isoformat()}
        connection.execute(insert(store.tables.decisions).values(row))
    return True


def _closed(connection: Connection, store: Store) -> frozenset[str]:
    decisions = store.tables.decisions.c
    query = select(decisions.period, decisions.action).order_by(decisions.id)
    last = {row.period: row.action for row in connection.execute(query)}
    return frozenset(period for period, action in last.items() if action == "close")


def _marks(store: Store) -> dict[str, int]:
    meta = store.tables.meta.c
    query = select(meta.key, meta.value).where(meta.key.like(_RENDERED + "%"))
    with store.reading() as connection:
        return {key.removeprefix(_RENDERED): int(value) for key, value in connection.execute(query)}
