"""Numbers that a spreadsheet shows as days and times: which formats do so, and what they mean.

In: a number format, or a serial number with the kind its format gave. Out: a date, datetime, time
or timedelta. The rule: a number the calendar has no day for stays the number that it is.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

DateKind = Literal["date", "time", "elapsed"]
Moment = int | float | date | datetime | time | timedelta

# Formats that a workbook names by number without spelling them out. 27-36 and 50-58 are the
# East Asian ones: Chinese Excel and WPS use them for 2026年7月15日.
BUILT_IN: dict[int, DateKind] = {
    **dict.fromkeys((*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)), "date"),
    **dict.fromkeys((*range(18, 22), *range(32, 36), 45, 47), "time"),
    46: "elapsed",
}

_LONGEST_FORMAT = 255
_DAY_MS = 86_400_000
_LAST_SERIAL = {False: 2_958_466, True: 2_957_004}  # 10000-01-01 in either system
_LITERAL = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_GENERAL = re.compile(r"general|standard", re.IGNORECASE)
_HALF_DAY = re.compile(r"am/pm|a/p", re.IGNORECASE)


@lru_cache(maxsize=512)
def date_kind(number_format: str) -> DateKind | None:
    """Tell what a number format shows, None for numbers and text.

    >>> date_kind('yyyy"年"m"月"'), date_kind("[h]:mm"), date_kind('0.00"元/month"')
    ('date', 'elapsed', None)
    """
    shown = _LITERAL.sub("", number_format[:_LONGEST_FORMAT].partition(";")[0])
    if _ELAPSED.search(shown):
        return "elapsed"
    letters = set(_HALF_DAY.sub("h", _GENERAL.sub("", shown)).lower())
    if letters & {"y", "d"} or "aaa" in shown.lower():
        return "date"
    if letters & {"h", "s"}:
        return "time"
    return "date" if "m" in letters else None


@lru_cache(maxsize=4096)
def to_moment(serial: float, kind: DateKind, date1904: bool) -> Moment:
    """Return what a serial number shows, to the millisecond.

    A whole number is a day, a fraction below one a time of day, anything else both.

    >>> to_moment(46218, "date", False), to_moment(0.5, "time", False)
    (datetime.date(2026, 7, 15), datetime.time(12, 0))
    """
    if kind == "elapsed":
        return timedelta(milliseconds=round(serial * _DAY_MS)) if _is_modest(serial) else serial
    if not 0 <= serial < _LAST_SERIAL[date1904]:
        return serial
    days, milliseconds = divmod(round(serial * _DAY_MS), _DAY_MS)
    if days == 0 and (milliseconds or kind == "time") and not (date1904 and kind == "date"):
        return (datetime.min + timedelta(milliseconds=milliseconds)).time()
    if (day := _day(days, date1904)) is None:
        return serial
    if milliseconds == 0:
        return day
    return datetime(day.year, day.month, day.day) + timedelta(milliseconds=milliseconds)


def _day(days: int, date1904: bool) -> date | None:
    """Return the day of a whole serial; Excel counts a 29th of February 1900 that never was."""
    if date1904:
        return date(1904, 1, 1) + timedelta(days)
    if days in (0, 60):
        return None
    return date(1899, 12, 31 if days < 60 else 30) + timedelta(days)


def _is_modest(serial: float) -> bool:
    return abs(serial) < 1_000_000
