"""Numbers as people read them in a sentence or a mail; workbooks format their own cells."""

from __future__ import annotations

from fractions import Fraction

from pipeline.summaries.compare import NOTHING
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.numbers import Number, Value, round_half_up
from pipeline.texts import Lang, Text

TOO_FEW = Text("人数少，不公布", "withheld: too few persons")


def value_text(indicator: Indicator, number: Number | None, lang: Lang) -> str:
    """Return a number with its unit of measure, "—" where it is undefined; say if it is withheld."""
    if number and number.withheld:
        return TOO_FEW[lang]
    value = number.value if number else None
    if value is None:
        return NOTHING[lang]
    if indicator.format == "percent":
        return plain_text(indicator, value)
    return f"{plain_text(indicator, value)} {indicator.unit[lang]}".rstrip()


def plain_text(indicator: Indicator, value: Value) -> str:
    """Return a value alone: thousands separated, money with two decimals, rates with one.

    Rounded half up, as everywhere.
    """
    match indicator.format:
        case "count":
            return f"{value:,}"
        case "money":
            return f"{round_half_up(Fraction(value), 2):,}"
        case "percent":
            return f"{round_half_up(Fraction(value) * 100, 1)}%"
        case "average":
            return f"{round_half_up(Fraction(value), 2):,}"
