"""Cells that are simply what they should be, which nearly all are: a field in, a quick reader out.

A quick reader takes a whole column and returns its values, None where a cell is anything but plain;
there the full reading of `cells` decides, and says what it did. So this module may only ever say
"plain" of what the full reading would take without a word; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from math import ceil
from typing import cast

from pipeline.books.raw import Raw, is_blank_mark
from pipeline.forms.model import Field, Value
from pipeline.intake.cells import read_money
from pipeline.periods import parse_period
from pipeline.texts import remembers_short

Plain = Callable[[Sequence[Raw]], list[Value]]

_COUNT_BELOW = 10**9
_MONEY_BELOW = 10**9
_FIRST_DAY, _LAST_DAY = date(1950, 1, 1), date(2100, 12, 31)
_YEARS = range(1990, 2060)
_LONGEST = 20  # characters of a code; what hostile files could make us keep stays small


@lru_cache(maxsize=1024)
def plain_reader(field: Field) -> Plain:
    """Return the quick reader of a field."""
    match field.type:
        case "int":
            return _counts(ceil(field.minimum) if field.minimum is not None else -_COUNT_BELOW)
        case "money":
            return _amounts(field.minimum if field.minimum is not None else Decimal(-_MONEY_BELOW))
        case "date":
            return _days
        case "month":
            months = (f"{year}-{month:02d}" for year in _YEARS for month in range(1, 13))
            return _listed({month: month for month in months})
        case "choice":
            return _listed({word: c.value for c in field.choices for word in (c.value, c.label.en)})
        case "text":
            return _words if field.required else _words_but_marks
        case "period" | "year":
            return partial(_periods, quarterly=field.type == "period")
    return _never


def _counts(least: int) -> Plain:
    def read(cells: Sequence[Raw]) -> list[Value]:
        return [
            raw
            if type(raw) is int and least <= raw < _COUNT_BELOW
            else int(raw)
            if type(raw) is float and least <= raw < _COUNT_BELOW and raw.is_integer()
            else None
            for raw in cells
        ]

    return read


def _amounts(least: Decimal) -> Plain:
    @lru_cache(maxsize=4096)  # the same dues and prices come again in every workbook
    def amount(raw: float) -> Decimal | None:
        reading = read_money(float(raw)) if -_MONEY_BELOW < raw < _MONEY_BELOW else None
        if reading is None or reading.code or not isinstance(reading.value, Decimal):
            return None
        return reading.value if reading.value >= least else None

    def read(cells: Sequence[Raw]) -> list[Value]:  # a bool is an int, and no amount
        return [amount(raw) if type(raw) is int or type(raw) is float else None for raw in cells]

    return read


def _listed(values: Mapping[str, str]) -> Plain:
    return lambda cells: [values.get(raw) if type(raw) is str else None for raw in cells]


def _days(cells: Sequence[Raw]) -> list[Value]:
    return [raw if type(raw) is date and _FIRST_DAY <= raw <= _LAST_DAY else None for raw in cells]


def _periods(cells: Sequence[Raw], *, quarterly: bool) -> list[Value]:
    return [
        raw
        if type(raw) is str and len(raw) < _LONGEST and _is_code(raw, quarterly=quarterly)
        else None
        for raw in cells
    ]


@lru_cache(maxsize=256)  # all workbooks of a night are about the same few
def _is_code(text: str, *, quarterly: bool) -> bool:
    period = parse_period(text)
    return period is not None and period.is_quarter == quarterly and period.code == text


def _words(cells: Sequence[Raw]) -> list[Value]:
    texts = [raw for raw in cells if raw is not None]
    if not texts or _are_plain(texts):
        return cast(list[Value], list(cells))
    return [raw if type(raw) is str and _are_plain([raw]) else None for raw in cells]


def _words_but_marks(cells: Sequence[Raw]) -> list[Value]:
    words = _words(cells)
    if words.count(None) == len(words):
        return words
    return [None if isinstance(word, str) and _is_mark(word) else word for word in words]


def _are_plain(texts: Sequence[Raw]) -> bool:
    """Tell whether these are texts without a line break, an invisible or control character, a
    space at an end, and no error value typed out. Of texts with a bar it may say no needlessly."""
    if any(type(text) is not str for text in texts):
        return False
    line = f"|{'|'.join(cast(Sequence[str], texts))}|"  # looked at as one, which is quick
    # Printable text has no space but U+0020.
    return line.isprintable() and not any(fault in line for fault in ("||", "| ", " |", "|#"))


@remembers_short  # notes are few and the same
def _is_mark(text: str) -> bool:
    return is_blank_mark(text)


def _never(cells: Sequence[Raw]) -> list[Value]:
    return [None] * len(cells)
