"""What has changed: a number now and the same number of an earlier period in, a `Change` out.

Amounts change by per cent, rates by percentage points. Where there was nothing, there is nothing
to compare with, and the number is new. A change from or to a number that is withheld would give
it away, so it is withheld too.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pipeline.summaries.indicators import Indicator
from pipeline.summaries.numbers import Number, Value, round_half_up
from pipeline.texts import Text

NOTHING = Text("—", "—")
NEW = Text("新增", "new")
WITHHELD = Text("*", "*")  # what it means is said beside it


@dataclass(frozen=True, slots=True)
class Change:
    """How a number has changed; `amount` is a fraction, 0.123 for +12.3 % or +12.3 points."""

    kind: Literal["percent", "points", "new", "none", "withheld"]
    amount: Fraction = Fraction(0)

    @property
    def text(self) -> Text:
        """The change as people read it, with one decimal.

        >>> Change("percent", Fraction(123, 1000)).text.zh, Change("points", Fraction(-12, 1000)).text
        ('+12.3%', Text(zh='-1.2 个百分点', en='-1.2 pp'))
        """
        if self.kind == "new":
            return NEW
        if self.kind == "none":
            return NOTHING
        if self.kind == "withheld":
            return WITHHELD
        shown = _signed(round_half_up(self.amount * 100, 1))
        if self.kind == "percent":
            return Text(f"{shown}%", f"{shown}%")
        return Text(f"{shown} 个百分点", f"{shown} pp")


def change(indicator: Indicator, now: Number | None, before: Number | None) -> Change:
    """Return the change of a number since an earlier period, in which it may not have been there.

    A rate of 0 % is something where somebody reported; an amount of 0 is nothing. Of an amount
    below zero (a net loss of members) no percentage can be told.
    """
    value, earlier = _value(now), _value(before)
    if any(number and number.withheld for number in (now, before)):
        return Change("withheld")
    if indicator.compare == "none" or value is None:
        return Change("none")
    if earlier is None or (earlier == 0 and not _is_rate_of_some(indicator, before)):
        return Change("new" if value > 0 else "none")
    if indicator.compare == "points":
        return Change("points", Fraction(value) - Fraction(earlier))
    if earlier < 0:
        return Change("none")
    return Change("percent", Fraction(value) / Fraction(earlier) - 1)


def _value(number: Number | None) -> Value | None:
    return number.value if number else None


def _is_rate_of_some(indicator: Indicator, number: Number | None) -> bool:
    return indicator.compare == "points" and number is not None and number.reported > 0


def _signed(number: Decimal) -> str:
    return f"{number:+}" if number else f"{number}"
