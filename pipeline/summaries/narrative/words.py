"""Words of the narrative that no layout holds: days, months, lists of units."""

from __future__ import annotations

from datetime import date

from pipeline.texts import Lang, Text

LISTED = Text("、", ", ")
AND_OTHERS = Text("{names}等{n}个单位", "{names} and others, {n} units in all")

# What the annex shows of each unit.
UNIT_COLUMNS = ("A01", "A03", "D02", "D04", "V01", "V03", "P03")

_ORDINALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


class Numbering:
    """Numbers headings as they are met, so that sections may be moved, left out or added.

    >>> number = Numbering("zh")
    >>> f"{number} {number}"
    '一 二'
    """

    def __init__(self, lang: Lang) -> None:
        self._ordinals = iter(_ORDINALS if lang == "zh" else _ROMAN)

    def __str__(self) -> str:
        return next(self._ordinals, "…")


def day(day: date) -> Text:
    """Return a day in full, without leading zeros.

    >>> day(date(2026, 7, 5))
    Text(zh='2026年7月5日', en='5 July 2026')
    """
    month = _MONTHS[day.month - 1]
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {month} {day.year}")


def days(first: date, last: date) -> Text:
    """Return the days of an activity without the year, which the period tells.

    >>> days(date(2026, 7, 5), date(2026, 7, 5)), days(date(2026, 7, 5), date(2026, 7, 9)).en
    (Text(zh='7月5日', en='5 July'), '5–9 July')
    """
    since, until = _MONTHS[first.month - 1], _MONTHS[last.month - 1]
    if first >= last:
        return Text(f"{first.month}月{first.day}日", f"{first.day} {since}")
    if (first.year, first.month) == (last.year, last.month):
        return Text(
            f"{first.month}月{first.day}日至{last.day}日", f"{first.day}–{last.day} {until}"
        )
    return Text(
        f"{first.month}月{first.day}日至{last.month}月{last.day}日",
        f"{first.day} {since} – {last.day} {until}",
    )


def months(first: str, last: str) -> Text:
    """Return the months of a plan item, with a year only where it changes.

    >>> months("2026-09", "2026-11").zh, months("2026-11", "2027-01").zh
    ('9月至11月', '11月至2027年1月')
    """
    (year, start), (end_year, end) = ((int(n) for n in m.split("-")) for m in (first, last))
    since, until = _MONTHS[start - 1], _MONTHS[end - 1]
    if first == last:
        return Text(f"{start}月", since)
    if year == end_year:
        return Text(f"{start}月至{end}月", f"{since} to {until}")
    return Text(f"{start}月至{end_year}年{end}月", f"{since} to {until} {end_year}")
