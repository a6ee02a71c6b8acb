"""Records in, the numbers of every inner unit out, for one period.

Parts are summed by the database, all units at once in one statement a form and breakdown, and
rolled up the tree in one pass from the leaves; ratios are taken last. A parent is therefore always
the sum of its children and its own workbook.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from pipeline.forms.model import Forms
from pipeline.orgunits import OrgTree, OrgUnit
from pipeline.periods import Period
from pipeline.records.sql import context_values
from pipeline.records.tables import Tables
from pipeline.summaries.indicators import (
    BY_UNIT,
    EXPECTED,
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
    amount,
)
from pipeline.summaries.numbers import Figures, Number
from pipeline.summaries.standings import Standing, counts, read_standings
from pipeline.summaries.statements import counting_rows, due_plan_items, member_of, share_of

# A sum's place: a part, and the dimension and member it is split by ("" and "" for all of it).
Cell = tuple[Part, str, str]
Tally = dict[Cell, int]


def figures(
    connection: Connection,
    tables: Tables,
    forms: Forms,
    indicators: Indicators,
    tree: OrgTree,
    period: Period,
    only: Container[str] | None = None,
) -> dict[str, Figures]:
    """Return the figures of the root and of every inner unit by code, parents before children.

    The numbers of a unit are in printing order: totals; by unit, its own workbook first and then
    its children in the order of the tree; then each breakdown, member by member. `only` are the
    units wanted, all where it is None: the sums of a whole tree cost less than the numbers.
    """
    units = tuple(tree.walk(tree.root.code, period.end))
    source = _Source(connection, tables, forms, indicators, period)
    own = _own_tallies(source, units)
    pooled = _rolled_up(units, own)
    found = {}
    for unit in units:
        if only is not None and unit.code not in only:
            continue
        children = tree.children(unit.code, period.end)
        if children or unit is tree.root:
            members = {unit.code: own[unit.code]} if unit.reports else {}
            members |= {child.code: pooled[child.code] for child in children}
            numbers = _numbers(source, pooled[unit.code], members)
            places = {(n.indicator, n.dimension, n.key): n for n in numbers}
            found[unit.code] = Figures(unit, period, places)
    return found


@dataclass(frozen=True, slots=True)
class _Source:
    connection: Connection
    tables: Tables
    forms: Forms
    indicators: Indicators
    period: Period


def _own_tallies(source: _Source, units: Iterable[OrgUnit]) -> dict[str, Tally]:
    """Return what each unit's own workbooks add; rows count only where it has reported."""
    standings = read_standings(source.connection, source.tables, source.forms, source.period)
    own = {unit.code: _on_units(unit, standings.get(unit.code)) for unit in units}
    reported = {code for code, tally in own.items() if _total(tally, REPORTED)}
    for code, cell, total in _sums(source):
        if code in reported:
            own[code][cell] = total
    return own


def _on_units(unit: OrgUnit, standing: Standing | None) -> Tally:
    if not unit.reports:
        return {}
    return {(Measure(name), "", ""): 1 for name in ON_UNITS if counts(name, standing)}


def _rolled_up(units: tuple[OrgUnit, ...], own: Mapping[str, Tally]) -> dict[str, Tally]:
    """Return the sums of each unit with everything below it; `units` has parents first."""
    pooled = {unit.code: dict(own[unit.code]) for unit in units}
    for unit in reversed(units[1:]):
        above = pooled[unit.parent]
        for cell, total in pooled[unit.code].items():
            above[cell] = above.get(cell, 0) + total
    return pooled


def _sums(source: _Source) -> Iterator[tuple[str, Cell, int]]:
    """Yield unit, cell and sum of all that is added up over rows."""
    parts = _parts_of(source.indicators)
    for form in dict.fromkeys(part.form for part in parts if part.form):
        yield from _row_sums(source, form, [part for part in parts if part.form == form])
    for breakdown in source.indicators.breakdowns:
        if split := _parts_of(source.indicators.of_breakdown(breakdown)):
            yield from _row_sums(source, breakdown.form, split, breakdown)
    if any(isinstance(part, Measure) and part.name in ON_PLANS for part in parts):
        yield from _plan_sums(source)


def _row_sums(
    source: _Source, form: str, parts: Iterable[Part], breakdown: Breakdown | None = None
) -> Iterator[tuple[str, Cell, int]]:
    tables, forms, period = source.tables, source.forms, source.period
    summed = [part for part in parts if isinstance(part, Rows)]
    by: list[ColumnElement[Any]] = [tables.records[form].c.unit]
    if breakdown:
        by.append(member_of(breakdown, tables, forms))
    sums = [func.sum(share_of(part, tables, forms)) for part in summed]
    statement = counting_rows(tables, form, period, *by, *sums).group_by(*by)
    has_rows = (Measure("units_with_rows", form), "", "")
    for unit, *found in source.connection.execute(statement, context_values(period)):
        dimension, member = "", ""
        if breakdown:
            dimension, member = breakdown.dimension, found.pop(0) or NO_MEMBER.zh
        else:
            yield unit, has_rows, 1
        for part, total in zip(summed, found, strict=True):
            if total is not None:
                yield unit, (part, dimension, member), int(total)


def _plan_sums(source: _Source) -> Iterator[tuple[str, Cell, int]]:
    items = due_plan_items(source.tables, source.period).subquery()
    statement = select(items.c.unit, func.count(), func.sum(items.c.done)).group_by(items.c.unit)
    for unit, due, done in source.connection.execute(statement):
        yield unit, (Measure("plan_due"), "", ""), due
        yield unit, (Measure("plan_done"), "", ""), int(done)


def _parts_of(indicators: Iterable[Indicator]) -> tuple[Part, ...]:
    return tuple(dict.fromkeys(part for indicator in indicators for part in indicator.parts))


def _numbers(source: _Source, pooled: Tally, members: Mapping[str, Tally]) -> Iterator[Number]:
    indicators = source.indicators
    for indicator in indicators:
        yield _number(indicator, pooled)
    for unit, tally in members.items():
        for indicator in indicators:
            if _total(tally, REPORTED) or indicator.on_units:
                yield _number(indicator, tally, (BY_UNIT, unit))
    for breakdown in indicators.breakdowns:
        split = indicators.of_breakdown(breakdown)
        for member in _members(source, breakdown, pooled):
            place = (breakdown.dimension, member)
            for indicator in split:
                if any((part, *place) in pooled for part in indicator.parts):
                    yield _number(indicator, pooled, place, place)


def _members(source: _Source, breakdown: Breakdown, pooled: Tally) -> list[str]:
    """Return the members that have rows: choices as they are listed, months in time."""
    parts = set(_parts_of(source.indicators.of_breakdown(breakdown)))
    members = {
        m for part, dimension, m in pooled if part in parts and dimension == breakdown.dimension
    }
    listed = [c.value for c in source.forms.forms[breakdown.form].field(breakdown.field).choices]
    rank = {member: place for place, member in enumerate(listed)}
    return sorted(members, key=lambda m: (m == NO_MEMBER.zh, rank.get(m, len(rank)), m))


def _number(
    indicator: Indicator,
    tally: Tally,
    place: tuple[str, str] = ("", ""),
    within: tuple[str, str] = ("", ""),
) -> Number:
    """Return the number printed at `place`, from the sums within a member of a breakdown."""
    reported, expected = _total(tally, REPORTED), _total(tally, EXPECTED)
    if not reported and not indicator.on_units:
        return Number(indicator.id, *place, None, None, None, reported, expected)
    sums = [amount(part, tally.get((part, *within), 0)) for part in indicator.parts]
    value = indicator.value(*sums)
    numerator, denominator = sums if len(sums) == 2 else (None, None)
    return Number(indicator.id, *place, value, numerator, denominator, reported, expected)


def _total(tally: Tally, part: Part) -> int:
    return tally.get((part, "", ""), 0)
