"""What units tell in their ledgers and plans, as values: the store in, one `Account` a unit out.

Only workbooks that count are read. Texts come as they were typed, with the `Masker` of their unit
beside them: nothing here may be published before it went through that. A unit's masker knows the
names in its own ledgers, of the last year, and in those of the units below it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal_column, select

from pipeline.orgunits import OrgTree
from pipeline.periods import Period
from pipeline.records.sql import month_of
from pipeline.records.tables import Tables
from pipeline.summaries.masking import Masker, names_in
from pipeline.summaries.statements import counting_rows

_NAMES = {
    "dues": ("name",),
    "visits": ("target_name", "visitors"),
    "cover": ("preparer", "reviewer"),
    "plan": ("owner",),
    "plan_cover": ("preparer",),
}
_MEMBERS = ("dues", "member_id")
_TOLD = (
    "row", "title", "category", "date_start", "date_end", "place", "attended", "result", "problem",
    "plan_id",
)  # fmt: skip
_PLANNED = ("row", "plan_id", "item", "category", "month_start", "month_end", "target")


@dataclass(frozen=True, slots=True)
class Activity:
    """One row of the activities ledger; texts as they were typed, "" where blank."""

    unit: str
    row: int
    title: str
    category: str
    date_start: date
    date_end: date
    place: str
    attended: int | None
    result: str
    problem: str
    plan_id: str


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One row of a yearly plan, and how many sessions towards it were held within its months."""

    unit: str
    row: int
    plan_id: str
    item: str
    category: str
    month_start: str
    month_end: str
    target: int
    held: int

    @property
    def done(self) -> bool:
        """Whether as many were held as were planned."""
        return self.held >= self.target


@dataclass(frozen=True)
class Accounts:
    """What all units tell for a period: activities, and plan items that end in it or come next."""

    activities: Mapping[str, tuple[Activity, ...]]
    due: Mapping[str, tuple[PlanItem, ...]]
    coming: Mapping[str, tuple[PlanItem, ...]]
    _tree: OrgTree
    _day: date
    _names: Mapping[str, frozenset[str]]
    _ids: Mapping[str, frozenset[str]]

    @cached_property
    def _maskers(self) -> dict[str, Masker]:
        return {}

    def masker(self, unit: str) -> Masker:
        """Return what masks the texts of a unit."""
        if unit not in self._maskers:
            codes = [below.code for below in self._tree.walk(unit, self._day)]
            names = frozenset[str]().union(*(self._names.get(code, ()) for code in codes))
            ids = frozenset[str]().union(*(self._ids.get(code, ()) for code in codes))
            self._maskers[unit] = Masker(names, ids)
        return self._maskers[unit]


def read_accounts(
    connection: Connection, tables: Tables, tree: OrgTree, period: Period
) -> Accounts:
    """Return what the units of a tree tell for a period."""
    items = list(_plan_items(connection, tables, period))
    first, last = period.months[0], period.months[-1]
    following = period.following().months
    names, ids = _persons(connection, tables, tree, period)
    return Accounts(
        _by_unit(_activities(connection, tables, period)),
        _by_unit(item for item in items if first <= item.month_end <= last),
        _by_unit(
            item
            for item in items
            if item.month_start <= following[-1]
            and item.month_end >= following[0]
            and not item.done
        ),
        tree,
        period.end,
        names,
        ids,
    )


def _by_unit(rows: Iterable[Any]) -> dict[str, tuple[Any, ...]]:
    found = defaultdict[str, list[Any]](list)
    for row in rows:
        found[row.unit].append(row)
    return {unit: tuple(rows) for unit, rows in found.items()}


def _activities(connection: Connection, tables: Tables, period: Period) -> Iterator[Activity]:
    ledger = tables.records.get("activities")
    if ledger is None:
        return
    statement = counting_rows(tables, "activities", period, *_columns(ledger, _TOLD))
    statement = statement.order_by(ledger.c.date_end, ledger.c.unit, ledger.c.row)
    for unit, row, title, category, start, end, place, attended, *texts in connection.execute(
        statement
    ):
        yield Activity(
            unit,
            row,
            title or "",
            category or "",
            date.fromisoformat(start),
            date.fromisoformat(end or start),
            place or "",
            attended,
            *(text or "" for text in texts),
        )


def _plan_items(connection: Connection, tables: Tables, period: Period) -> Iterator[PlanItem]:
    """Yield the items of all plans that end in the period or later."""
    plan, files = tables.records.get("plan"), tables.files
    if plan is None:
        return
    held = _sessions_held(connection, tables)
    statement = (
        select(*_columns(plan, _PLANNED))
        .select_from(plan.join(files, plan.c.file_id == files.c.id))
        .where(files.c.current == 1, plan.c.month_end >= period.months[0])
        .order_by(plan.c.month_end, plan.c.month_start, plan.c.unit, plan.c.row)
    )
    for unit, row, plan_id, item, category, start, end, target in connection.execute(statement):
        towards = held.get((unit, plan_id), {})
        sessions = sum(n for month, n in towards.items() if start <= month <= end)
        yield PlanItem(
            unit, row, plan_id or "", item or "", category or "", start, end, target or 1, sessions
        )


def _sessions_held(connection: Connection, tables: Tables) -> dict[tuple[str, str], dict[str, int]]:
    """Return the sessions of activities with a plan number, by unit and number, then by month."""
    ledger, files = tables.records["activities"], tables.files
    month = month_of(ledger.c.date_end)
    by = (ledger.c.unit, ledger.c.plan_id, month)
    statement = (
        select(*by, func.sum(ledger.c.sessions))
        .select_from(ledger.join(files, ledger.c.file_id == files.c.id))
        .where(files.c.current == 1, ledger.c.plan_id.is_not(None))
        .group_by(*by)
    )
    held = defaultdict[tuple[str, str], dict[str, int]](dict)
    for unit, plan_id, at, sessions in connection.execute(statement):
        held[unit, plan_id][at] = int(sessions or 0)
    return held


def _persons(
    connection: Connection, tables: Tables, tree: OrgTree, period: Period
) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Return the names that each unit's ledgers hold, and the numbers of its members."""
    names, ids = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for form, fields in _NAMES.items():
        for field in fields:
            for unit, entry in connection.execute(_entries(tables, form, field, period)):
                names[unit].update(names_in(entry))
    for unit, entry in connection.execute(_entries(tables, *_MEMBERS, period)):
        ids[unit].add(entry)
    for code, unit in tree.units.items():
        names[code].update(names_in(unit.contact))
    return (
        {unit: frozenset(found) for unit, found in names.items()},
        {unit: frozenset(found) for unit, found in ids.items()},
    )


def _entries(tables: Tables, form: str, field: str, period: Period) -> Select[Any]:
    """Return a SELECT of units and what stands in a field; that of the dues, the longest, of the
    last two quarters alone."""
    ledger, files = tables.records.get(form), tables.files
    if ledger is None or field not in ledger.c:
        return select(files.c.unit, files.c.unit).where(literal_column("1") == 0)
    first = period.previous().code if form == "dues" else str(period.year_ago().start.year)
    return (
        select(ledger.c.unit, ledger.c[field])
        .distinct()
        .select_from(ledger.join(files, ledger.c.file_id == files.c.id))
        .where(files.c.current == 1, ledger.c.period >= first, ledger.c[field].is_not(None))
    )


def _columns(ledger: Table, fields: Iterable[str]) -> list[ColumnElement[Any]]:
    """Return the unit and these columns, NULL for what the forms do not ask."""
    nothing: ColumnElement[Any] = literal_column("NULL")
    return [ledger.c.unit, *(ledger.c.get(f, nothing) for f in fields)]
