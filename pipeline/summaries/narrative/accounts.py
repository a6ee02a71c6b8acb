"""What units tell in their ledgers and plans: the store in, rows and maskers out, as they are asked
for.

Only workbooks that count are read. Texts come as they were typed: nothing here may be published
before it went through the `Masker` of its unit, which knows the names in the unit's own ledgers, of
the last year, and in those of the units below it. Of many units little is quoted, so whole rows and
names are read only of those that are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, literal_column, select, tuple_

from pipeline.orgunits import OrgTree
from pipeline.periods import Period
from pipeline.records.store import Store
from pipeline.summaries.masking import Masker, names_in
from pipeline.summaries.statements import counting_rows, in_turns, plan_items

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


class Glance(NamedTuple):
    """As much of an activity as tells whether it is worth telling; None where blank."""

    unit: str
    row: int
    attended: int | None
    result: str | None
    plan_id: str | None


class Problem(NamedTuple):
    """What an activity's row names as a problem, as it was typed."""

    unit: str
    row: int
    date_end: str
    plan_id: str | None
    text: str


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
    """What the units of a tree tell for a period, read from the store."""

    store: Store
    tree: OrgTree
    period: Period

    def glances(self, units: Iterable[str]) -> Iterator[Glance]:
        """Yield a glance at every activity of these units, unit by unit."""
        ledger = self._ledger("activities")
        if ledger is None:
            return
        columns = _columns(ledger, Glance._fields[1:])
        for row in self._activities(units, columns, order=[ledger.c.unit, ledger.c.row]):
            yield Glance._make(row)

    def problems(self, units: Iterable[str]) -> list[Problem]:
        """Return what these units name as problems, by day, unit and row."""
        ledger = self._ledger("activities")
        if ledger is None or "problem" not in ledger.c:
            return []
        columns = _columns(ledger, ("row", "date_start", "date_end", "plan_id", "problem"))
        rows = self._activities(units, columns, where=ledger.c.problem.is_not(None))
        found = (
            Problem(unit, row, end or start, plan_id, text)
            for unit, row, start, end, plan_id, text in rows
        )
        return sorted(found, key=lambda problem: (problem.date_end, problem.unit, problem.row))

    def activities(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], Activity]:
        """Return the activities in these rows, by unit and row."""
        ledger = self._ledger("activities")
        if ledger is None or not places:
            return {}
        here = tuple_(ledger.c.unit, ledger.c.row).in_(sorted(places))
        statement = counting_rows(
            self.store.tables, "activities", self.period, *_columns(ledger, _TOLD)
        )
        with self.store.reading() as connection:
            found = map(_activity, connection.execute(statement.where(here)))
            return {(activity.unit, activity.row): activity for activity in found}

    @cached_property
    def plan(self) -> dict[str, tuple[PlanItem, ...]]:
        """The items of each unit's plans that end in the period or later, by their months."""
        found = defaultdict[str, list[PlanItem]](list)
        for item in self._plan_items():
            found[item.unit].append(item)
        return {unit: tuple(items) for unit, items in found.items()}

    def maskers(self, units: Iterable[str]) -> dict[str, Masker]:
        """Return what masks the texts of each of these units."""
        below = {
            unit: [found.code for found in self.tree.walk(unit, self.period.end)]
            for unit in dict.fromkeys(units)
        }
        names, ids = self._persons({code for codes in below.values() for code in codes})
        return {
            unit: Masker(
                {name for code in codes for name in names[code]},
                {number for code in codes for number in ids[code]},
            )
            for unit, codes in below.items()
        }

    def _ledger(self, form: str) -> Table | None:
        return self.store.tables.records.get(form)

    def _activities(
        self,
        units: Iterable[str],
        columns: Iterable[ColumnElement[Any]],
        where: ColumnElement[bool] | None = None,
        order: Iterable[ColumnElement[Any]] = (),
    ) -> Iterator[Any]:
        tables = self.store.tables
        statement = counting_rows(tables, "activities", self.period, *columns).order_by(*order)
        if where is not None:
            statement = statement.where(where)
        unit = tables.records["activities"].c.unit
        with self.store.reading() as connection:
            for codes in in_turns(sorted(units)):
                yield from connection.execute(statement.where(unit.in_(codes)))

    def _plan_items(self) -> Iterator[PlanItem]:
        """Yield the items of all plans that end in the period or later; words are held once."""
        plan = self._ledger("plan")
        if plan is None:
            return
        words = dict[str, str]()
        ending = plan.c.month_end >= self.period.months[0]
        statement = plan_items(self.store.tables, ending, *_columns(plan, _PLANNED)).order_by(
            plan.c.month_end, plan.c.month_start, plan.c.unit, plan.c.row
        )
        with self.store.reading() as connection:
            for unit, row, *texts, target, held in connection.execute(statement):
                unit, plan_id, item, category, start, end = (
                    words.setdefault(text, text) for text in (unit, *(t or "" for t in texts))
                )
                yield PlanItem(
                    unit, row, plan_id, item, category, start, end, target or 1, int(held)
                )

    def _persons(
        self, units: Collection[str]
    ) -> tuple[defaultdict[str, set[str]], defaultdict[str, set[str]]]:
        """Return the names that each unit's ledgers hold, and the numbers of its members."""
        names, ids = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        for form, fields in _NAMES.items():
            for field in fields:
                for unit, entry in self._entries(form, field, units):
                    names[unit].update(names_in(entry))
        for unit, entry in self._entries(*_MEMBERS, units):
            ids[unit].add(entry)
        for code in units:
            names[code].update(names_in(self.tree.units[code].contact))
        return names, ids

    def _entries(self, form: str, field: str, units: Collection[str]) -> Iterator[Any]:
        """Yield units and what stands in a field; that of the dues, the longest, of the last two
        quarters alone."""
        ledger, files = self._ledger(form), self.store.tables.files
        if ledger is None or field not in ledger.c:
            return
        first = self.period.previous().code if form == "dues" else self._year_ago
        statement = (
            select(ledger.c.unit, ledger.c[field])
            .distinct()
            .select_from(ledger.join(files, ledger.c.file_id == files.c.id))
            .where(files.c.current == 1, ledger.c[field].is_not(None))
            # Named one by one, so that the index leads to the units in each.
            .where(ledger.c.period.in_([code for code in self._periods if code >= first]))
        )
        with self.store.reading() as connection:
            for codes in in_turns(sorted(units)):
                yield from connection.execute(statement.where(ledger.c.unit.in_(codes)))

    @cached_property
    def _periods(self) -> list[str]:
        period = self.store.tables.files.c.period
        with self.store.reading() as connection:
            return list(connection.scalars(_distinct(period, self._year_ago)))

    @property
    def _year_ago(self) -> str:
        return str(self.period.year_ago().start.year)


def _distinct(period: ColumnElement[Any], first: str) -> Select[Any]:
    return select(period).distinct().where(period >= first).order_by(period)


def _activity(row: Any) -> Activity:
    unit, number, title, category, start, end, place, attended, *texts = row
    return Activity(
        unit,
        number,
        title or "",
        category or "",
        date.fromisoformat(start),
        date.fromisoformat(end or start),
        place or "",
        attended,
        *(text or "" for text in texts),
    )


def _columns(ledger: Table, fields: Iterable[str]) -> list[ColumnElement[Any]]:
    """Return the unit and these columns, NULL for what the forms do not ask."""
    nothing: ColumnElement[Any] = literal_column("NULL")
    return [ledger.c.unit, *(ledger.c.get(f, nothing) for f in fields)]
