"""A view in, what each direct child did in each month of the period out, for the map of months.

The figures of a summary are not split by unit and month; the rows behind them are. What is told of
no month (months of few rows, drawn together) stays blank, it is no zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pipeline.summaries.evidence import Amount, Listing
from pipeline.summaries.indicators import Indicator, Part
from pipeline.summaries.numbers import Value
from pipeline.summaries.view import SummaryView

MAPPED: Final = ("A01", "V01", "D04")

Sums = Mapping[str, Mapping[str, Amount]]  # by month, then by unit or branch


@dataclass(frozen=True, slots=True)
class MonthMap:
    """An indicator by unit and month, "" being all units."""

    indicator: Indicator
    values: Mapping[tuple[str, str], Value]


def month_maps(view: SummaryView) -> tuple[MonthMap, ...]:
    """Return the maps of those figures that the rows tell by month."""
    wanted = (view.indicator(name) for name in MAPPED)
    found = (_map(view, indicator) for indicator in wanted if indicator)
    return tuple(found_one for found_one in found if found_one.values)


def _map(view: SummaryView, indicator: Indicator) -> MonthMap:
    sides = [_by_month(view, part) for part in indicator.parts]
    below = {code: {*view.units_below(code), code} for code in view.unit_names}
    below[""] = {*(status.unit for status in view.statuses), *view.unit_names}
    values: dict[tuple[str, str], Value] = {}
    for month in view.period.months:
        for code, units in below.items():
            sums = [_pooled(side.get(month, {}), units) for side in sides]
            value: Value | None = sums[0]
            if len(sums) == 2:
                value = Fraction(sums[0] or 0) / Fraction(sums[1]) if sums[1] else None
            if value is not None:
                values[code, month] = value
    return MonthMap(indicator, values)


def _by_month(view: SummaryView, part: Part) -> Sums:
    """Return what the units add to a part in each month; nothing where the rows do not tell."""
    found = defaultdict[str, dict[str, Amount]](dict)
    for listing, place, month in _told_by_month(view, part):
        if listing.by_row:  # then a unit that reported and has no row did nothing
            reported = [s.unit for s in view.statuses if s.state != "missing"]
            found |= {name: dict.fromkeys(reported, 0) for name in view.period.months}
        for line in listing.monthly or listing.lines:
            of_month, value = found[line.members[month]], line.amounts[place]
            if value is not None:
                of_month[line.unit] = of_month.get(line.unit, 0) + value
    return found


def _told_by_month(view: SummaryView, part: Part) -> Iterator[tuple[Listing, int, int]]:
    for listing in view.evidence.ledgers if view.evidence else ():
        months = [n for n, dimension in enumerate(listing.dimensions) if dimension.monthly]
        for place, share in enumerate(listing.shares):
            if share.part == part and months:
                yield listing, place, months[0]


def _pooled(side: Mapping[str, Amount], units: Collection[str]) -> Amount | None:
    told = [side[unit] for unit in units if unit in side]
    return sum(told[1:], start=told[0]) if told else None
