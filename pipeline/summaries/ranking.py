"""A rate in, its units in order out, the pooled mean among them.

A rate over a handful of persons says nothing and shames those few: a unit is ranked only where its
denominator counts at least `view.rank_from` persons, or, where that counts no persons, where it has
as many members. The others are listed beside with what they have.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.summaries.indicators import BY_UNIT, Indicator
from pipeline.summaries.numbers import Number, Value
from pipeline.summaries.view import SummaryView


@dataclass(frozen=True, slots=True)
class Ranked:
    """One unit; units with equal values share a place. Without a `place` it is not ranked."""

    place: int | None
    code: str
    name: str
    number: Number


@dataclass(frozen=True, slots=True)
class Ranking:
    """The units in the order of a rate, best first; `few` are those that are not compared.

    `silent` counts the units without a value: not reported, nothing to divide by, or withheld.
    """

    indicator: Indicator
    mean: Number | None
    ranked: tuple[Ranked, ...]
    few: tuple[Ranked, ...]
    silent: int

    @property
    def above_mean(self) -> int:
        """How many of the ranked stand at the pooled mean or above."""
        mean = self.mean.value if self.mean else None
        return sum(mean is None or _value(unit.number) >= mean for unit in self.ranked)


def rankings(view: SummaryView) -> tuple[Ranking, ...]:
    """Return the rankings of the key figures that are rates of what units did."""
    rates = [i for i in view.key_figures if i.format == "percent" and not _on_reporting(i)]
    found = (rank_units(view, indicator) for indicator in rates)
    return tuple(ranking for ranking in found if ranking.ranked or ranking.few)


def rank_units(view: SummaryView, indicator: Indicator) -> Ranking:
    """Return the direct children in the order of a rate."""
    told: list[tuple[str, str, Number]] = []
    few: list[tuple[str, str, Number]] = []
    for code, name in view.unit_names.items():
        number = view.current.numbers.get((indicator.id, BY_UNIT, code))
        if number is not None and number.value is not None:
            into = few if view.rests_on_few(indicator, code) else told
            into.append((code, name, number))
    told.sort(key=lambda unit: -_value(unit[2]))
    places: dict[Value, int] = {}
    for place, (*_, number) in enumerate(told, start=1):
        places.setdefault(_value(number), place)
    return Ranking(
        indicator,
        view.current.numbers.get((indicator.id, "", "")),
        tuple(Ranked(places[_value(unit[2])], *unit) for unit in told),
        tuple(Ranked(None, *unit) for unit in few),
        len(view.unit_names) - len(told) - len(few),
    )


def _on_reporting(indicator: Indicator) -> bool:
    return all(not part.form for part in indicator.parts) and indicator.on_units


def _value(number: Number) -> Value:
    assert number.value is not None
    return number.value
