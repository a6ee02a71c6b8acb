"""What one stored cell of an `.xlsx` means: the same for the fast and the slow lane.

In: a cell's type, style and text as they stand in the XML. Out: a raw value. The rule that is not
obvious: a formula whose result is the empty string is blank, a formula with no result at all was
never calculated; Excel tells them apart by `t="str"` with an empty `<v>`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache

from pipeline.books import refusals
from pipeline.books.raw import CellFault, Raw
from pipeline.books.refusals import refuse
from pipeline.books.serials import DateKind, to_moment
from pipeline.books.xmltext import unescape_control

UNCALCULATED = CellFault("uncalculated", "")
_FLAGS = {"1": True, "true": True, "0": False, "false": False}
_WHOLE_LIMIT = 10**15  # beyond it a float shows digits that nobody typed
_MOST_DIGITS = 4300  # Python converts no more
_DIGITS = re.compile(r"-[0-9]+")


@dataclass(frozen=True, slots=True)
class Values:
    """What the cells of one workbook refer to: shared strings and date styles, by their index.

    The indexes are digits as they stand in the XML, so that a cell finds its value in one step.
    """

    strings: dict[str, str | None]
    date_styles: Mapping[str, DateKind]
    date1904: bool = False

    def read(self, kind: str, style: str, text: str | None, is_formula: bool) -> Raw:
        """Return the value of a cell; `text` is None where it has no `<v>` or `<is>` at all.

        An index beyond the shared strings raises `Refused`: any text put there is wrong.
        """
        if not text:
            return UNCALCULATED if is_formula and is_uncalculated(kind, text) else None
        if kind == "n":
            return self._number(text, style)
        if kind == "s":
            return self._shared(text)
        if kind == "b":
            return _FLAGS.get(text.strip(), text)
        if kind == "e":
            return CellFault("error", text.strip())
        if kind == "d":
            return _iso_moment(text.strip())
        return unescape_control(text)

    def _shared(self, text: str) -> Raw:
        if (index := text.strip()) not in self.strings:
            raise refuse(refusals.DAMAGED)
        return self.strings[index]

    def _number(self, text: str, style: str) -> Raw:
        number = read_number(text)
        if isinstance(number, str) or (kind := self.date_styles.get(style)) is None:
            return number or (None if number == "" else number)
        return to_moment(number, kind, self.date1904)


def is_uncalculated(kind: str | None, text: str | None) -> bool:
    """Tell whether a formula whose result is no text or an empty one was never calculated."""
    return kind != "str" or text is None


def read_number(text: str) -> int | float | str:
    """Return a stored number, whole ones as int; what is none stays the text that it is.

    >>> read_number("1200.0"), read_number("0.1"), read_number("1e999")
    (1200, 0.1, '1e999')
    """
    if text.isdecimal() and len(text) <= _MOST_DIGITS:
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number) or "_" in text:
        return text
    if not number.is_integer():
        return number
    if abs(number) < _WHOLE_LIMIT:
        return int(number)
    return int(text) if _DIGITS.fullmatch(text) else number


@cache
def column_number(letters: str) -> int:
    """Return the 1-based number of a column of up to three letters: A is 1, XFD is 16384."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _iso_moment(text: str) -> Raw:
    """Read the ISO dates of Strict workbooks; a midnight is a day, and what is none stays text."""
    try:
        if "T" not in text and ":" in text:
            return time.fromisoformat(text.removesuffix("Z"))
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text
    return moment.date() if moment.time() == time() else moment
