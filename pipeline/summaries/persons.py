"""Figures in, the counts of persons in them and how these hang together out.

What hangs together is what any reader can check with a pencil: a total is the sum of its units and
of the members of each breakdown, a member above is the sum of the same member below, a whole is a
part and what remains. Some counts in these sums stand in no summary, but whoever subtracts has
them: what the workbooks directly below a unit count together, and what remains of a whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from pipeline.summaries.deduction import Place, Sum
from pipeline.summaries.indicators import BY_UNIT, Indicator, Indicators, Part
from pipeline.summaries.numbers import Figures, Number

_OWN = "own workbook"  # what a unit counts itself, beside what is pooled under its code
_DIRECT = "direct workbooks"  # a unit's own and those of its children that have no summary


@dataclass(frozen=True, slots=True)
class Counts:
    """All counts of persons of a period, those that numbers show, and their sums."""

    values: Mapping[Place, int]
    shown: Set[Place]
    sums: Sequence[Sum]


def read_counts(figures: Mapping[str, Figures], indicators: Indicators) -> Counts:
    """Return the counts of persons in the figures of all inner units of a period."""
    values = {
        place: amount
        for found in figures.values()
        for number in found.numbers.values()
        for place, amount in counts_in(number, indicators.by_id[number.indicator], found)
    }
    shown = frozenset(values)
    splits = defaultdict[tuple[Hashable, str], dict[str, list[Place]]](dict)
    for place in values:
        part, unit, dimension, member = place
        if member:
            splits[part, unit].setdefault(dimension, []).append(place)
    wholes = [place for place in values if place[2:] == ("", "") and place[1] in figures]
    sums: list[Sum] = []
    for place in wholes:
        split = splits[place[:2]]
        sums += _sums_of_unit(place, figures[place[1]], figures.keys(), split, values)
    for share in filter(None, (indicator.share for indicator in indicators)):
        sums += _remainders(*share, values)
    return Counts(values, shown, sums)


def counts_in(number: Number, indicator: Indicator, found: Figures) -> Iterator[tuple[Place, int]]:
    """Yield place and value of the counts of persons that one of the figures shows."""
    parts = indicator.parts
    amounts = (number.value,) if len(parts) == 1 else (number.numerator, number.denominator)
    place = (found.unit.code, number.dimension, number.key)
    if number.dimension == BY_UNIT:
        place = (number.key, _OWN if number.key == found.unit.code else "", "")
    for part, amount in zip(parts, amounts, strict=True):
        if part.persons and amount is not None:
            yield (part, *place), int(amount)


def _sums_of_unit(
    whole: Place,
    found: Figures,
    inner: Set[str],
    splits: Mapping[str, Sequence[Place]],
    values: dict[Place, int],
) -> Iterator[Sum]:
    """Yield the sums that a summary tells: over units, over members, of a member over units.

    Counts of them that nobody publishes are added to `values`.
    """
    part, code, *_ = whole
    codes = dict.fromkeys(key for _, dimension, key in found.numbers if dimension == BY_UNIT)
    below = [unit for unit in codes if unit in inner and unit != code]
    workbooks = [(part, u, _OWN if u == code else "", "") for u in codes if u not in below]
    direct = [place for place in workbooks if place in values]
    for places in splits.values():
        yield Sum(whole, tuple(places))
    if not below:
        yield Sum(whole, tuple(direct))
        return
    rest = (part, code, _DIRECT, "")
    yield _with_rest(whole, [(part, unit, "", "") for unit in below], rest, values)
    yield Sum(rest, tuple(direct))
    for dimension, places in splits.items():
        rests = [(part, code, f"{_DIRECT} by {dimension}", place[3]) for place in places]
        for place, left in zip(places, rests, strict=True):
            yield _with_rest(place, [(part, u, *place[2:]) for u in below], left, values)
        yield Sum(rest, tuple(rests))


def _with_rest(
    whole: Place, members: Iterable[Place], rest: Place, values: dict[Place, int]
) -> Sum:
    """Return a count as the sum of its members and what they leave of it."""
    there = [member for member in members if member in values]
    values[rest] = values[whole] - sum(values[member] for member in there)
    return Sum(whole, (*there, rest))


def _remainders(part: Part, whole: Part, values: dict[Place, int]) -> list[Sum]:
    """Return each count of a whole as the sum of a part and of what remains."""
    places = [place for place in values if place[0] is part and (whole, *place[1:]) in values]
    return [
        _with_rest((whole, *place[1:]), [place], ((part, whole), *place[1:]), values)
        for place in places
    ]
