"""Cells that are simply what they should be, which nearly all are: a field in, a quick reader out.

A quick reader returns the value, or None where the cell is anything but plain; then the full
reading of `cells` decides, and says what it did. So this module may only ever say "plain" of what
the full reading would take without a word; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache

from pipeline.books.raw import Raw
from pipeline.forms.model import Field, Value
from pipeline.intake.cells import read_money

Plain = Callable[[Raw], Value]

_COUNT_BELOW = 10**9
_MONEY_BELOW = 10**9
_SHORT = 8  # marks for "nothing" such as `无` or `N/A` are shorter
_FIRST_DAY, _LAST_DAY = date(1950, 1, 1), date(2100, 12, 31)
_MONTHS = frozenset(f"{month:02d}" for month in range(1, 13))
_CENTURIES = ("19", "20")


def plain_reader(field: Field) -> Plain:
    """Return the quick reader of a field."""
    match field.type:
        case "int":
            return _counts(int(field.minimum) if field.minimum is not None else -_COUNT_BELOW)
        case "money":
            return _amounts(field.minimum if field.minimum is not None else Decimal(-_MONEY_BELOW))
        case "date":
            return _day
        case "month":
            return _month
        case "choice":
            listed = ((word, c.value) for c in field.choices for word in (c.value, c.label.en))
            return _choices(dict(listed))
        case "text":
            return _words if field.required else _long_words
    return _never


def _counts(least: int) -> Plain:
    def read(raw: Raw) -> Value:
        if type(raw) is float and least <= raw < _COUNT_BELOW and raw.is_integer():
            return int(raw)
        return raw if type(raw) is int and least <= raw < _COUNT_BELOW else None

    return read


def _amounts(least: Decimal) -> Plain:
    def read(raw: Raw) -> Value:
        if type(raw) is float or type(raw) is int:  # a bool is an int, and no amount
            value = _amount(float(raw)) if -_MONEY_BELOW < raw < _MONEY_BELOW else None
            return value if value is not None and value >= least else None
        return None

    return read


@lru_cache(maxsize=16384)  # the same dues and prices come again in every workbook
def _amount(raw: float) -> Decimal | None:
    reading = read_money(raw)
    return reading.value if isinstance(reading.value, Decimal) and not reading.code else None


def _choices(values: Mapping[str, str]) -> Plain:
    return lambda raw: values.get(raw) if type(raw) is str else None


def _words(raw: Raw) -> Value:
    # Printable text has no line break, no invisible or control character, no space but U+0020.
    if type(raw) is str and raw and raw.isprintable() and raw[0] != " " and raw[-1] != " ":
        return raw if raw[0] != "#" else None  # `#REF!` typed out is an error value
    return None


def _long_words(raw: Raw) -> Value:
    return _words(raw) if type(raw) is str and len(raw) >= _SHORT else None


def _day(raw: Raw) -> Value:
    return raw if type(raw) is date and _FIRST_DAY <= raw <= _LAST_DAY else None


def _month(raw: Raw) -> Value:
    if type(raw) is str and len(raw) == 7 and raw.isascii() and raw[:2] in _CENTURIES:
        return raw if raw[2:4].isdigit() and raw[4] == "-" and raw[5:] in _MONTHS else None
    return None


def _never(_raw: Raw) -> Value:
    return None
