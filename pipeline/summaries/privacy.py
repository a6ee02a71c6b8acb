"""Figures in, figures that may be published out: small counts of persons are withheld.

A count from 1 to k−1 is blank, and with it the next smallest ones, until nobody can work it out:
not from totals and breakdowns, not from the summaries of units above and below, not from a rate,
and not from what remains of a whole (the men among the members, the arrears among the dues). A
zero is published: it tells of nobody. A period is treated alike wherever it is shown, so that a
quarter beside a later one shows no more than it did in its own summary.

How many cells of a ledger of persons have a fault is a count of persons, too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import replace

from pipeline.forms.model import Forms
from pipeline.summaries.deduction import Limits, Place, Sum, narrow, solve
from pipeline.summaries.indicators import BY_UNIT, Indicators, Rows
from pipeline.summaries.numbers import Figures, Number
from pipeline.summaries.persons import Counts, counts_in, read_counts
from pipeline.summaries.view import OpenIssue, UnitStatus


def suppress(figures: Mapping[str, Figures], indicators: Indicators, k: int) -> dict[str, Figures]:
    """Return the figures of one period without counts of persons below `k`; all with `k` = 1.

    All inner units must be there, also those whose summary nobody asked for: what one of them
    publishes tells of another.
    """
    if k <= 1:
        return dict(figures)
    uses = Counter[Hashable](part for indicator in indicators for part in indicator.parts)
    withheld = _Censor(read_counts(figures, indicators), uses, k).withheld()
    return {code: _without(found, indicators, withheld) for code, found in figures.items()}


def suppress_over(
    found: Mapping[str, Figures],
    quarters: Sequence[Mapping[str, Figures]],
    indicators: Indicators,
    k: int,
    *,
    is_cut: bool,
) -> dict[str, Figures]:
    """Return the figures of a longer period that tell nothing new of persons.

    A count is published where it is the sum of what its `quarters` publish at the same place, so
    that every reader could add it up. Where the period cuts a quarter none is.
    """
    return {
        code: replace(
            figures,
            numbers={
                at: _closed(number)
                if _counts_persons(indicators, number)
                and (is_cut or not _is_told(code, number, quarters, k))
                else number
                for at, number in figures.numbers.items()
            },
        )
        for code, figures in found.items()
    }


def is_open(figures: Mapping[str, Figures], unit: str, indicator: str) -> bool:
    """Return whether an indicator is published for a unit and for every workbook behind it.

    Then any sum of these workbooks can be told, for every reader can add it up already.
    """
    found = figures.get(unit)
    if found is None:
        return True
    for (name, dimension, key), number in found.numbers.items():
        if name == indicator and dimension in ("", BY_UNIT):
            if number.withheld:
                return False
            if dimension and key != unit and not is_open(figures, key, indicator):
                return False
    return True


def suppress_issues(
    issues: Iterable[OpenIssue], indicators: Indicators, forms: Forms, k: int
) -> tuple[OpenIssue, ...]:
    """Return open issues without places fewer than `k` where each row tells of a person."""
    parts = (part for indicator in indicators for part in indicator.parts)
    rows = [part for part in parts if isinstance(part, Rows) and part.persons and not part.value]
    sheets = {forms.forms[part.form].label.zh for part in rows}
    return tuple(
        replace(issue, count=None, cells=())
        if issue.sheet in sheets and issue.count is not None and issue.count < k
        else issue
        for issue in issues
    )


def suppress_faults(status: UnitStatus, issues: Iterable[OpenIssue]) -> UnitStatus:
    """Return a unit's standing without sums that tell what is withheld of its open issues."""
    withheld = {i.severity for i in issues if i.unit == status.unit and i.count is None}
    return replace(
        status,
        errors=None if "error" in withheld else status.errors,
        warnings=None if "warning" in withheld else status.warnings,
    )


class _Censor:
    """Decides which counts of persons must be blank so that none below k can be worked out."""

    def __init__(self, counts: Counts, uses: Mapping[Hashable, int], k: int) -> None:
        values = counts.values
        self._counts, self._uses, self._k = counts, uses, k
        self._small = {place: None for place, value in values.items() if 0 < abs(value) < k}
        self._signed = {place[0] for place, value in values.items() if value < 0}
        self._sums_of = defaultdict[Place, list[Sum]](list)
        for found in counts.sums:
            for place in found.places:
                self._sums_of[place].append(found)
        own = ((m, found.whole) for found in counts.sums for m in found.members)
        self._below = {member for member, whole in own if member[0] is whole[0]}

    def withheld(self) -> Set[Place]:
        values, shown = self._counts.values, self._counts.shown
        blank = {place: None for place in self._small if place in shown}
        while True:
            published = {p: n for p, n in values.items() if p in shown and p not in blank}
            limits = narrow(self._counts.sums, published, blank.keys(), self._signed)
            leaks = self._leaks(blank, published, limits)
            if not leaks:
                return blank.keys()
            unknown = limits.unknown() | leaks.keys()
            # What the plainest sums tell comes first: the rest is often mended with it.
            plain = [t for p in leaks for t in self._plain(p, published, limits, unknown)]
            for told in plain or leaks.values():
                if blank.keys().isdisjoint(told):
                    cheapest = self._cheapest(told, unknown)
                    blank[cheapest] = None
                    unknown.add(cheapest)

    def _leaks(
        self, blank: dict[Place, None], published: Mapping[Place, int], limits: Limits
    ) -> dict[Place, list[Place]]:
        """Return the counts that can be worked out, each with published counts that tell it.

        A small one can be, too, where all that is left for it is below k; and a blank that can be
        worked out covers nothing.
        """
        guarded = self._small | blank
        if tight := [place for place in guarded if self._is_tight(place, limits)]:
            return {place: limits.clues(place, published) for place in tight}
        solved = dict(solve(self._counts.sums, published, limits))
        return {place: solved[place] for place in guarded if place in solved}

    def _is_tight(self, place: Place, limits: Limits) -> bool:
        if place not in limits.most:
            return False
        counted = place in self._small and place[0] not in self._signed
        return limits.most[place] < (self._k if counted else limits.least[place] + 1)

    def _plain(
        self, place: Place, published: Mapping[Place, int], limits: Limits, unknown: Set[Place]
    ) -> list[list[Place]]:
        """Return what tells the others, for each sum in which nothing else is unknown."""
        sole = (found for found in self._sums_of[place] if _is_sole(place, found, unknown))
        told = (
            [clue for p in found.places if p != place for clue in limits.told_by(p, published)]
            for found in sole
        )
        return [clues for clues in told if clues]

    def _cheapest(self, places: Collection[Place], unknown: Set[Place]) -> Place:
        """Return the count that is missed least: of a part that few indicators use, not the total
        of all, covered by other unknown ones in its own sums, and small.
        """

        def cost(place: Place) -> tuple[int, bool, int, int]:
            sole = sum(_is_sole(place, found, unknown) for found in self._sums_of[place])
            top = place not in self._below
            return self._uses[place[0]], top, sole, abs(self._counts.values[place])

        return min(places, key=cost)


def _counts_persons(indicators: Indicators, number: Number) -> bool:
    return any(part.persons for part in indicators.by_id[number.indicator].parts)


def _is_told(unit: str, number: Number, quarters: Sequence[Mapping[str, Figures]], k: int) -> bool:
    place = (number.indicator, number.dimension, number.key)
    if any(unit not in told for told in quarters):
        return False
    if isinstance(number.value, int) and 0 < abs(number.value) < k:  # what came less what went
        return False
    numbers = (told[unit].numbers.get(place) for told in quarters)
    return not any(n and n.withheld for n in numbers)


def _closed(number: Number) -> Number:
    return replace(number, value=None, numerator=None, denominator=None, withheld=True)


def _is_sole(place: Place, found: Sum, unknown: Set[Place]) -> bool:
    return unknown.isdisjoint(other for other in found.places if other != place)


def _without(found: Figures, indicators: Indicators, withheld: Set[Place]) -> Figures:
    numbers = {}
    for at, number in found.numbers.items():
        places = [p for p, _ in counts_in(number, indicators.by_id[number.indicator], found)]
        if not withheld.isdisjoint(places):
            number = _closed(number)
        numbers[at] = number
    return replace(found, numbers=numbers)
