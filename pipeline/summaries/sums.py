"""Records in, what the workbooks of every single unit add up to for one quarter out.

Everything a summary says is made from these sums: figures by rolling them up the tree, comparisons
and explained changes by taking them apart again. They are summed by the database, all units at once
in one statement a form and breakdown, as the records stand or as they stood when some file was the
newest one taken (`as_of`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from pipeline.forms.model import Forms
from pipeline.orgunits import OrgTree, OrgUnit
from pipeline.periods import Period
from pipeline.records.sql import context_values
from pipeline.records.tables import Tables
from pipeline.summaries.indicators import (
    NO_MEMBER,
    ON_PLANS,
    ON_UNITS,
    REPORTED,
    Breakdown,
    Indicator,
    Indicators,
    Measure,
    Part,
    Rows,
)
from pipeline.summaries.standings import Standing, counts, read_standings
from pipeline.summaries.statements import (
    belongs_to,
    counting_rows,
    due_plan_items,
    member_of,
    months_of,
    share_of,
)

Tally = dict[Part, int]
Split = dict[tuple[str, str], Tally]  # by dimension and member
Amounts = Sequence[tuple[Part, int]]


@dataclass(frozen=True, slots=True)
class Records:
    """Where sums are read from, and what is to be summed."""

    connection: Connection
    tables: Tables
    forms: Forms
    indicators: Indicators


@dataclass(frozen=True, slots=True)
class Sums:
    """What each active unit's own workbooks add up to; nothing but who owes one where none came.

    A part has a column with an amount for each of the `units`, in their order; one that comes to
    nothing has none. Split sums are kept of units alone that others belong to, each with everything
    below it: nothing else is ever told of them.
    """

    period: Period
    units: Mapping[str, int]
    columns: Mapping[Part, Sequence[int]]
    splits: Mapping[str, Split]

    def of(self, unit: str, part: Part) -> int:
        """Return a unit's own sum of a part, 0 where it has none."""
        column, place = self.columns.get(part), self.units.get(unit)
        return column[place] if column is not None and place is not None else 0

    def reported(self, unit: str) -> bool:
        """Whether a unit owes a workbook and has one that counts."""
        return self.of(unit, REPORTED) > 0


def read_sums(
    records: Records,
    tree: OrgTree,
    period: Period,
    as_of: int | None = None,
    span: Period | None = None,
) -> Sums:
    """Return the sums of all units that are active at the quarter's end.

    Rows count only where their unit has reported, and where they belong to `span` if it cuts the
    quarter; who reported does not depend on it.
    """
    units = list(tree.walk(tree.root.code, period.end))
    cut = None if span is None or span.covers(period) else span
    source = _Source(records, period, as_of, cut)
    standings = read_standings(
        records.connection, records.tables, records.forms, period, as_of=as_of
    )
    found = _Columns({unit.code: place for place, unit in enumerate(units)})
    _count_units(found, units, standings)
    reported = found.columns.get(REPORTED, ())
    splits = _Splits(tree)
    for code, dimension, member, amounts in _row_and_plan_sums(source) if any(reported) else ():
        place = found.units.get(code)
        if place is None or not reported[place]:
            continue
        if dimension:
            splits.add(code, (dimension, member), amounts)
        else:
            for part, amount in amounts:
                found.put(part, place, amount)
    return Sums(period, found.units, found.columns, splits.found)


def parts_of(indicators: Iterable[Indicator]) -> tuple[Part, ...]:
    """Return what is added up for some indicators, each part once."""
    return tuple(dict.fromkeys(part for indicator in indicators for part in indicator.parts))


@dataclass(frozen=True, slots=True)
class _Source:
    records: Records
    period: Period
    as_of: int | None
    cut: Period | None


@dataclass(frozen=True, slots=True)
class _Columns:
    units: Mapping[str, int]
    columns: dict[Part, MutableSequence[int]] = field(default_factory=dict)

    def put(self, part: Part, place: int, amount: int) -> None:
        if part not in self.columns:
            self.columns[part] = array("q", bytes(8 * len(self.units)))
        try:
            self.columns[part][place] = amount
        except OverflowError:  # somebody typed what nobody has; it is reported, and added up
            self.columns[part] = [*self.columns[part]]
            self.columns[part][place] = amount


class _Splits:
    """Adds split sums up for every unit above, as they are read."""

    def __init__(self, tree: OrgTree) -> None:
        self.found: dict[str, Split] = {}
        self._tree = tree
        self._inner = {tree.root.code, *(unit.parent for unit in tree.units.values())}
        self._above: dict[str, tuple[str, ...]] = {}

    def add(self, unit: str, place: tuple[str, str], amounts: Amounts) -> None:
        for above in self._units_above(unit):
            tally = self.found.setdefault(above, {}).setdefault(place, {})
            for part, amount in amounts:
                tally[part] = tally.get(part, 0) + amount

    def _units_above(self, unit: str) -> tuple[str, ...]:
        """Return the unit itself, if others belong to it, and all that it belongs to."""
        if unit not in self._above:
            parent = self._tree.units[unit].parent
            above = self._units_above(parent) if unit != self._tree.root.code else ()
            self._above[unit] = (unit, *above) if unit in self._inner else above
        return self._above[unit]


def _count_units(
    found: _Columns, units: Iterable[OrgUnit], standings: Mapping[str, Standing]
) -> None:
    """Add what is told of units by who has reported."""
    measures = [Measure(name) for name in ON_UNITS]
    of_silent = [measure for measure in measures if counts(measure.name, None)]
    silent = []
    for place, unit in enumerate(units):
        if unit.reports and (standing := standings.get(unit.code)):
            for measure in measures:
                if counts(measure.name, standing):
                    found.put(measure, place, 1)
        elif unit.reports:
            silent.append(place)
    for measure in of_silent if silent else ():
        found.put(measure, silent[0], 1)
        column = found.columns[measure]
        for place in silent:
            column[place] = 1


def _row_and_plan_sums(source: _Source) -> Iterator[tuple[str, str, str, Amounts]]:
    """Yield unit, dimension, member and sums of all that is added up over rows."""
    indicators = source.records.indicators
    parts = parts_of(indicators)
    for form in dict.fromkeys(part.form for part in parts if part.form):
        yield from _row_sums(source, form, [part for part in parts if part.form == form])
    for breakdown in indicators.breakdowns:
        if split := parts_of(indicators.of_breakdown(breakdown)):
            yield from _row_sums(source, breakdown.form, split, breakdown)
    if any(isinstance(part, Measure) and part.name in ON_PLANS for part in parts):
        yield from _plan_sums(source)


def _row_sums(
    source: _Source, form: str, parts: Iterable[Part], breakdown: Breakdown | None = None
) -> Iterator[tuple[str, str, str, Amounts]]:
    tables, forms, period = source.records.tables, source.records.forms, source.period
    summed = [part for part in parts if isinstance(part, Rows)]
    by: list[ColumnElement[Any]] = [tables.records[form].c.unit]
    if breakdown:
        by.append(member_of(breakdown, tables, forms))
    sums = [func.sum(share_of(part, tables, forms)) for part in summed]
    statement = counting_rows(tables, form, period, *by, *sums, as_of=source.as_of).group_by(*by)
    if source.cut:
        indicators = source.records.indicators
        statement = statement.where(belongs_to(source.cut, tables, forms, indicators, form, period))
    has_rows = (Measure("units_with_rows", form), 1)
    for unit, *amounts in source.records.connection.execute(statement, context_values(period)):
        dimension, member = "", ""
        if breakdown:
            dimension, member = breakdown.dimension, amounts.pop(0) or NO_MEMBER.zh
        told = [
            (part, int(amount))
            for part, amount in zip(summed, amounts, strict=True)
            if amount is not None
        ]
        yield unit, dimension, member, told if breakdown else [has_rows, *told]


def _plan_sums(source: _Source) -> Iterator[tuple[str, str, str, Amounts]]:
    months = months_of(source.cut, source.period) if source.cut else None
    items = due_plan_items(source.records.tables, source.period, source.as_of, months).subquery()
    statement = select(items.c.unit, func.count(), func.sum(items.c.done)).group_by(items.c.unit)
    for unit, due, done in source.records.connection.execute(statement):
        yield unit, "", "", [(Measure("plan_due"), due), (Measure("plan_done"), int(done))]
