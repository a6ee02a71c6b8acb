"""Sums of single units in, the numbers of every inner unit out, for one period.

Parts are rolled up the tree in one pass from the leaves; ratios are taken last. A parent is
therefore always the sum of its children and its own workbook.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from pipeline.forms.model import Forms
from pipeline.orgunits import OrgTree, OrgUnit
from pipeline.periods import Period
from pipeline.records.tables import Tables
from pipeline.summaries.indicators import (
    BY_UNIT,
    EXPECTED,
    NO_MEMBER,
    REPORTED,
    Breakdown,
    Indicator,
    Indicators,
    Rows,
    amount,
)
from pipeline.summaries.numbers import Figures, Number
from pipeline.summaries.sums import Records, Sums, Tally, parts_of, read_sums, total


def figures(
    connection: Connection,
    tables: Tables,
    forms: Forms,
    indicators: Indicators,
    tree: OrgTree,
    period: Period,
    only: Container[str] | None = None,
    as_of: int | None = None,
) -> dict[str, Figures]:
    """Return the figures of the root and of every inner unit by code; see `figures_of`.

    With `as_of`, as they were when that file was the newest one taken.
    """
    records = Records(connection, tables, forms, indicators)
    sums = read_sums(records, tree, period, as_of)
    return figures_of(sums, forms, indicators, tree, only)


def figures_of(
    sums: Sums,
    forms: Forms,
    indicators: Indicators,
    tree: OrgTree,
    only: Container[str] | None = None,
) -> dict[str, Figures]:
    """Return the figures that the sums of all units come to, parents before children.

    The numbers of a unit are in printing order: totals; by unit, its own workbook first and then
    its children in the order of the tree; then each breakdown, member by member. `only` are the
    units wanted, all where it is None: the sums of a whole tree cost less than the numbers.
    """
    return figures_over(sums.period, [sums], forms, indicators, tree, only)


def figures_over(
    period: Period,
    quarters: Sequence[Sums],
    forms: Forms,
    indicators: Indicators,
    tree: OrgTree,
    only: Container[str] | None = None,
) -> dict[str, Figures]:
    """Return the figures of a period over several quarters, each rolled up by the tree at its end.

    What stands at a moment is that of the last quarter for which anybody reported; all else is
    added up, who reported and who should have, too: as many workbooks as there are quarters.
    """
    own, pooled = _added_up(quarters, tree)
    found = {}
    for unit in tree.walk(tree.root.code, period.end):
        if only is not None and unit.code not in only:
            continue
        children = [c for c in _children(tree, unit, quarters) if c.code in pooled]
        if children or unit is tree.root:
            members = {unit.code: own[unit.code]} if own.get(unit.code) else {}
            members |= {child.code: pooled[child.code] for child in children}
            numbers = _numbers(forms, indicators, pooled.get(unit.code, {}), members)
            places = {(n.indicator, n.dimension, n.key): n for n in numbers}
            found[unit.code] = Figures(unit, period, places)
    return found


def number_of(
    indicator: Indicator,
    tally: Tally,
    place: tuple[str, str] = ("", ""),
    within: tuple[str, str] = ("", ""),
) -> Number:
    """Return the number printed at `place`, from the sums within a member of a breakdown."""
    reported, expected = total(tally, REPORTED), total(tally, EXPECTED)
    if not reported and not indicator.on_units:
        return Number(indicator.id, *place, None, None, None, reported, expected)
    sums = [amount(part, tally.get((part, *within), 0)) for part in indicator.parts]
    value = indicator.value(*sums)
    numerator, denominator = sums if len(sums) == 2 else (None, None)
    return Number(indicator.id, *place, value, numerator, denominator, reported, expected)


def _added_up(
    quarters: Sequence[Sums], tree: OrgTree
) -> tuple[Mapping[str, Tally], Mapping[str, Tally]]:
    """Return what units add themselves, and what they come to with everything below them."""
    own, pooled = dict[str, Tally](), dict[str, Tally]()
    last = _last_reported(quarters)
    for sums in quarters:
        tallies = sums.own if sums is last else _without_stocks(sums.own)
        rolled = _rolled_up(tuple(tree.walk(tree.root.code, sums.period.end)), tallies)
        if len(quarters) == 1:
            return tallies, rolled
        _add_up(own, tallies)
        _add_up(pooled, rolled)
    return own, pooled


def _last_reported(quarters: Sequence[Sums]) -> Sums:
    """Return the last quarter for which anybody reported, the last one where nobody ever did."""
    reported = (sums for sums in reversed(quarters) if any(map(sums.reported, sums.own)))
    return next(reported, quarters[-1])


def _without_stocks(own: Mapping[str, Tally]) -> dict[str, Tally]:
    return {
        code: {
            cell: found
            for cell, found in tally.items()
            if not (isinstance(cell[0], Rows) and cell[0].stock)
        }
        for code, tally in own.items()
    }


def _add_up(sums: dict[str, Tally], more: Mapping[str, Tally]) -> None:
    for code, tally in more.items():
        above = sums.setdefault(code, {})
        for cell, found in tally.items():
            above[cell] = above.get(cell, 0) + found


def _children(tree: OrgTree, unit: OrgUnit, quarters: Sequence[Sums]) -> list[OrgUnit]:
    """Return the children of a unit in any of the quarters, in the order of the tree."""
    codes = {c.code for sums in quarters for c in tree.children(unit.code, sums.period.end)}
    return [child for child in tree.units.values() if child.code in codes]


def _rolled_up(units: tuple[OrgUnit, ...], own: Mapping[str, Tally]) -> dict[str, Tally]:
    """Return the sums of each unit with everything below it; `units` has parents first."""
    pooled = {unit.code: dict(own[unit.code]) for unit in units}
    for unit in reversed(units[1:]):
        above = pooled[unit.parent]
        for cell, found in pooled[unit.code].items():
            above[cell] = above.get(cell, 0) + found
    return pooled


def _numbers(
    forms: Forms, indicators: Indicators, pooled: Tally, members: Mapping[str, Tally]
) -> Iterator[Number]:
    for indicator in indicators:
        yield number_of(indicator, pooled)
    for unit, tally in members.items():
        for indicator in indicators:
            if total(tally, REPORTED) or indicator.on_units:
                yield number_of(indicator, tally, (BY_UNIT, unit))
    for breakdown in indicators.breakdowns:
        split = indicators.of_breakdown(breakdown)
        for member in _members(forms, indicators, breakdown, pooled):
            place = (breakdown.dimension, member)
            for indicator in split:
                if any((part, *place) in pooled for part in indicator.parts):
                    yield number_of(indicator, pooled, place, place)


def _members(
    forms: Forms, indicators: Indicators, breakdown: Breakdown, pooled: Tally
) -> list[str]:
    """Return the members that have rows: choices as they are listed, months in time."""
    parts = set(parts_of(indicators.of_breakdown(breakdown)))
    members = {
        m for part, dimension, m in pooled if part in parts and dimension == breakdown.dimension
    }
    listed = [c.value for c in forms.forms[breakdown.form].field(breakdown.field).choices]
    rank = {member: place for place, member in enumerate(listed)}
    return sorted(members, key=lambda m: (m == NO_MEMBER.zh, rank.get(m, len(rank)), m))
