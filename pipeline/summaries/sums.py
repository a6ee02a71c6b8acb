"""Records in, what the workbooks of every single unit add up to for one quarter out.

Everything a summary says is made from these sums: figures by rolling them up the tree, comparisons
and explained changes by taking them apart again. They are summed by the database, all units at once
in one statement a form and breakdown, as the records stand or as they stood when some file was the
newest one taken (`as_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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

# A sum's place: a part, and the dimension and member it is split by ("" and "" for all of it).
Cell = tuple[Part, str, str]
Tally = dict[Cell, int]


@dataclass(frozen=True, slots=True)
class Records:
    """Where sums are read from, and what is to be summed."""

    connection: Connection
    tables: Tables
    forms: Forms
    indicators: Indicators


@dataclass(frozen=True, slots=True)
class Sums:
    """What each active unit's own workbooks add up to; nothing but who owes one where none came."""

    period: Period
    own: Mapping[str, Tally]

    def of(self, unit: str, part: Part) -> int:
        """Return a unit's own sum of a part, 0 where it has none."""
        return total(self.own.get(unit, {}), part)

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
    own = {unit.code: _on_units(unit, standings.get(unit.code)) for unit in units}
    reported = {code for code, tally in own.items() if total(tally, REPORTED)}
    cells: dict[Cell, Cell] = {}  # each is held once and not for every unit
    for code, cell, amount in _row_and_plan_sums(source) if reported else ():
        if code in reported:
            own[code][cells.setdefault(cell, cell)] = amount
    return Sums(period, own)


def total(tally: Mapping[Cell, int], part: Part) -> int:
    """Return the sum of a part that is not split, 0 where there is none."""
    return tally.get((part, "", ""), 0)


def parts_of(indicators: Iterable[Indicator]) -> tuple[Part, ...]:
    """Return what is added up for some indicators, each part once."""
    return tuple(dict.fromkeys(part for indicator in indicators for part in indicator.parts))


@dataclass(frozen=True, slots=True)
class _Source:
    records: Records
    period: Period
    as_of: int | None
    cut: Period | None


def _on_units(unit: OrgUnit, standing: Standing | None) -> Tally:
    if not unit.reports:
        return {}
    return {(Measure(name), "", ""): 1 for name in ON_UNITS if counts(name, standing)}


def _row_and_plan_sums(source: _Source) -> Iterator[tuple[str, Cell, int]]:
    """Yield unit, cell and sum of all that is added up over rows."""
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
) -> Iterator[tuple[str, Cell, int]]:
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
    has_rows = (Measure("units_with_rows", form), "", "")
    found = source.records.connection.execute(statement, context_values(period))
    for unit, *amounts in found:
        dimension, member = "", ""
        if breakdown:
            dimension, member = breakdown.dimension, amounts.pop(0) or NO_MEMBER.zh
        else:
            yield unit, has_rows, 1
        for part, amount in zip(summed, amounts, strict=True):
            if amount is not None:
                yield unit, (part, dimension, member), int(amount)


def _plan_sums(source: _Source) -> Iterator[tuple[str, Cell, int]]:
    months = months_of(source.cut, source.period) if source.cut else None
    items = due_plan_items(source.records.tables, source.period, source.as_of, months).subquery()
    statement = select(items.c.unit, func.count(), func.sum(items.c.done)).group_by(items.c.unit)
    for unit, due, done in source.records.connection.execute(statement):
        yield unit, (Measure("plan_due"), "", ""), due
        yield unit, (Measure("plan_done"), "", ""), int(done)
