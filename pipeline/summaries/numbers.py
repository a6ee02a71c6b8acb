"""The values between adding up and rendering: one `Number` a figure, one `Figures` a unit.

A number that is additive has only `value`; a ratio keeps its pooled parts, so that it can be
added up further, checked and printed as "—" where its denominator is zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipeline.orgunits import OrgUnit
from pipeline.periods import Period

Value = int | Decimal | Fraction


def round_half_up(value: Fraction, places: int) -> Decimal:
    """Return `value` with `places` decimals; a half goes away from zero, as on paper.

    >>> round_half_up(Fraction(5, 8), 2), round_half_up(Fraction(-1, 8), 2)
    (Decimal('0.63'), Decimal('-0.13'))
    """
    whole = math.floor(abs(value) * 10**places + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


@dataclass(frozen=True, slots=True)
class Number:
    """One figure. `dimension` and `key` are "" for a total.

    `value` is int for counts, Decimal yuan for money, Fraction for rates and averages, None where
    undefined. `numerator` and `denominator` are set for ratios. `reported` of `expected` units
    stand behind it. One that is `withheld` has neither value nor parts: too few persons.
    """

    indicator: str
    dimension: str
    key: str
    value: Value | None
    numerator: int | Decimal | None
    denominator: int | Decimal | None
    reported: int
    expected: int
    withheld: bool = False


@dataclass(frozen=True)
class Figures:
    """All numbers of one unit and period, by (indicator, dimension, key), in printing order."""

    unit: OrgUnit
    period: Period
    numbers: Mapping[tuple[str, str, str], Number]

    def value(self, indicator: str, dimension: str = "", key: str = "") -> Value | None:
        """Return a number's value; None where it is undefined or not there."""
        number = self.numbers.get((indicator, dimension, key))
        return number.value if number else None

    def keys(self, dimension: str, indicator: str) -> Iterator[str]:
        """Yield the members of a breakdown of an indicator, in order."""
        for name, dim, key in self.numbers:
            if name == indicator and dim == dimension:
                yield key
