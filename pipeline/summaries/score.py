"""The 「五有」 self-check and a score: facts of a unit in, points with their reasons out.

A `Sheet` (of `config/score.toml`) has items, each with checks. A check gives all its points where a
value reaches `full`, none at `zero` or below, in proportion between, rounded half up to a tenth.
What has no value is no fault: it is left out, and the rest is scaled to 100.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pipeline.summaries.numbers import Value, round_half_up
from pipeline.texts import Text

Standing = Literal["yes", "partly", "no", "unknown"]

STANDINGS: Mapping[Standing, Text] = {
    "yes": Text("有", "yes"),
    "partly": Text("不全", "partly"),
    "no": Text("没有", "no"),
    "unknown": Text("看不出", "unknown"),
}
_ENOUGH = Fraction(6, 10)  # of an item's points, for 有


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is asked: an indicator, the count of some activities, or the plan."""

    label: Text
    points: int
    zero: Fraction
    full: Fraction
    indicator: str = ""
    activities: tuple[str, ...] = ()

    def earned(self, value: Value) -> Decimal:
        """Return the points for a value.

        >>> Check(Text("", ""), 10, Fraction(8, 10), Fraction(98, 100)).earned(Fraction(89, 100))
        Decimal('5.0')
        """
        reach = (Fraction(value) - self.zero) / (self.full - self.zero)
        return round_half_up(min(max(reach, Fraction(0)), Fraction(1)) * self.points, 1)


@dataclass(frozen=True, slots=True)
class Item:
    """One of the five: its checks, and what they can and cannot know of it."""

    key: str
    label: Text
    note: Text
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """What is asked, how many quarters of activities are looked at, and what the stars cost."""

    quarters: int
    stars: tuple[int, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A value and where it comes from, as a reader can look it up."""

    value: Value
    shown: Text
    source: Text


@dataclass(frozen=True, slots=True)
class Point:
    """What one check gave; `earned` is None where there was nothing to judge."""

    check: Check
    earned: Decimal | None
    fact: Fact | None


@dataclass(frozen=True, slots=True)
class ItemScore:
    """What one of the five came to."""

    item: Item
    points: tuple[Point, ...]

    @property
    def earned(self) -> Decimal:
        """The points that were given."""
        return sum((p.earned for p in self.points if p.earned is not None), Decimal(0))

    @property
    def possible(self) -> int:
        """The points of what could be judged."""
        return sum(p.check.points for p in self.points if p.earned is not None)

    @property
    def standing(self) -> Standing:
        """Whether the unit has it, as far as records know."""
        if not self.possible:
            return "unknown"
        if not self.earned:
            return "no"
        return "yes" if Fraction(self.earned) >= _ENOUGH * self.possible else "partly"


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one unit out of 100; None where nothing could be judged."""

    unit: str
    name: str
    items: tuple[ItemScore, ...]
    total: Decimal | None
    stars: int


def score_unit(sheet: ScoreSheet, unit: str, name: str, facts: Mapping[Check, Fact]) -> Score:
    """Return the score of a unit from the facts that are known of it, by check."""
    items = tuple(
        ItemScore(item, tuple(_point(check, facts.get(check)) for check in item.checks))
        for item in sheet.items
    )
    possible = sum(item.possible for item in items)
    earned = sum((item.earned for item in items), Decimal(0))
    total = round_half_up(Fraction(earned) * 100 / possible, 1) if possible else None
    return Score(unit, name, items, total, _stars(total, sheet.stars))


def _point(check: Check, fact: Fact | None) -> Point:
    return Point(check, None if fact is None else check.earned(fact.value), fact)


def _stars(total: Decimal | None, steps: Sequence[int]) -> int:
    return (1 + sum(total >= step for step in steps)) if total else 0
