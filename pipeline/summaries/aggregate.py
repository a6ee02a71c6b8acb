"""Sums of single units in, the numbers of every inner unit out, for one period.

Parts are rolled up the tree in one pass from the leaves; ratios are taken last. A parent is
therefore always the sum of its children and its own workbook.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

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
    Part,
    Rows,
    amount,
)
from pipeline.summaries.numbers import Figures, Number
from pipeline.summaries.sums import Records, Split, Sums, Tally, parts_of, read_sums


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


def totals_of(
    sums: Sums, indicators: Indicators, tree: OrgTree, only: Container[str]
) -> dict[str, Figures]:
    """Return what `figures_of` does, but the totals of each unit alone."""
    pools = _pools([sums], tree)
    return {
        unit.code: _figures(unit, sums.period, _totals(indicators, _tally(pools, unit.code)))
        for unit, _ in _inner([sums], tree, sums.period, only)
    }


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
    pools = _pools(quarters, tree)
    found = {}
    for unit, children in _inner(quarters, tree, period, only):
        own = _tally(((sums, sums.columns) for sums, _ in pools), unit.code)
        members = {unit.code: own} if own else {}
        members |= {child.code: _tally(pools, child.code) for child in children}
        split = _split(quarters, unit.code)
        numbers = _numbers(forms, indicators, _tally(pools, unit.code), split, members)
        found[unit.code] = _figures(unit, period, numbers)
    return found


def number_of(
    indicator: Indicator,
    tally: Mapping[Part, int],
    place: tuple[str, str] = ("", ""),
    within: Mapping[Part, int] | None = None,
) -> Number:
    """Return the number printed at `place`, from the sums of a unit, or those `within` a member
    of a breakdown."""
    reported, expected = tally.get(REPORTED, 0), tally.get(EXPECTED, 0)
    if not reported and not indicator.on_units:
        return Number(indicator.id, *place, None, None, None, reported, expected)
    told = tally if within is None else within
    sums = [amount(part, told.get(part, 0)) for part in indicator.parts]
    value = indicator.value(*sums)
    numerator, denominator = sums if len(sums) == 2 else (None, None)
    return Number(indicator.id, *place, value, numerator, denominator, reported, expected)


def _inner(
    quarters: Sequence[Sums], tree: OrgTree, period: Period, only: Container[str] | None
) -> Iterator[tuple[OrgUnit, list[OrgUnit]]]:
    """Yield the units that have children in any of the quarters, and these; the root in any case."""
    days = [sums.period.end for sums in quarters]
    for unit in tree.walk(tree.root.code, period.end):
        if only is not None and unit.code not in only:
            continue
        below = tree.children(unit.code, *days)
        children = [child for child in below if _is_in(quarters, child.code)]
        if children or unit is tree.root:
            yield unit, children


def _figures(unit: OrgUnit, period: Period, numbers: Iterable[Number]) -> Figures:
    return Figures(unit, period, {(n.indicator, n.dimension, n.key): n for n in numbers})


# The sums of a quarter with its columns rolled up: each unit with everything below it.
_Pool = tuple[Sums, Mapping[Part, Sequence[int]]]


def _pools(quarters: Sequence[Sums], tree: OrgTree) -> list[_Pool]:
    """Return the quarters rolled up; of those before the last one nothing that stands at a moment."""
    last = _last_reported(quarters)
    told = [sums if sums is last else _without_stocks(sums) for sums in quarters]
    return [(sums, _rolled_up(sums, tree)) for sums in told]


def _is_in(quarters: Iterable[Sums], unit: str) -> bool:
    return any(unit in sums.units for sums in quarters)


def _tally(pools: Iterable[_Pool], unit: str) -> Tally:
    """Return what the columns of one or several quarters tell of a unit, but zeros."""
    found = Tally()
    for sums, columns in pools:
        place = sums.units.get(unit)
        for part, column in columns.items() if place is not None else ():
            if place is not None and column[place]:
                found[part] = found.get(part, 0) + column[place]
    return found


def _split(quarters: Iterable[Sums], unit: str) -> Split:
    found = Split()
    for sums in quarters:
        for place, tally in sums.splits.get(unit, {}).items():
            above = found.setdefault(place, {})
            for part, added in tally.items():
                above[part] = above.get(part, 0) + added
    return found


def _last_reported(quarters: Sequence[Sums]) -> Sums:
    """Return the last quarter for which anybody reported, the last one where nobody ever did."""
    reported = (sums for sums in reversed(quarters) if any(sums.columns.get(REPORTED, ())))
    return next(reported, quarters[-1])


def _without_stocks(sums: Sums) -> Sums:
    flows = {
        part: column
        for part, column in sums.columns.items()
        if not (isinstance(part, Rows) and part.stock)
    }
    return replace(sums, columns=flows)


def _rolled_up(sums: Sums, tree: OrgTree) -> dict[Part, list[int]]:
    """Return the columns with everything below each unit added to it; parents stand first."""
    parents = [sums.units.get(tree.units[code].parent, 0) for code in sums.units]
    found = {}
    for part, column in sums.columns.items():
        pooled = [*column]
        for place in range(len(pooled) - 1, 0, -1):
            if pooled[place]:
                pooled[parents[place]] += pooled[place]
        found[part] = pooled
    return found


def _totals(indicators: Indicators, pooled: Tally) -> Iterator[Number]:
    for indicator in indicators:
        yield number_of(indicator, pooled)


def _numbers(
    forms: Forms,
    indicators: Indicators,
    pooled: Tally,
    split: Split,
    members: Mapping[str, Tally],
) -> Iterator[Number]:
    yield from _totals(indicators, pooled)
    for unit, tally in members.items():
        for indicator in indicators:
            if tally.get(REPORTED) or indicator.on_units:
                yield number_of(indicator, tally, (BY_UNIT, unit))
    for breakdown in indicators.breakdowns:
        indicators_split = indicators.of_breakdown(breakdown)
        for member in _members(forms, indicators, breakdown, split):
            place = (breakdown.dimension, member)
            for indicator in indicators_split:
                if any(part in split[place] for part in indicator.parts):
                    yield number_of(indicator, pooled, place, split[place])


def _members(forms: Forms, indicators: Indicators, breakdown: Breakdown, split: Split) -> list[str]:
    """Return the members that have rows: choices as they are listed, months in time."""
    parts = set(parts_of(indicators.of_breakdown(breakdown)))
    members = {
        member
        for (dimension, member), tally in split.items()
        if dimension == breakdown.dimension and not parts.isdisjoint(tally)
    }
    listed = [c.value for c in forms.forms[breakdown.form].field(breakdown.field).choices]
    rank = {member: place for place, member in enumerate(listed)}
    return sorted(members, key=lambda m: (m == NO_MEMBER.zh, rank.get(m, len(rank)), m))
