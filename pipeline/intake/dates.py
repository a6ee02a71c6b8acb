"""Days and months as people write them: `2026.7.15`, `7月15日`, `二〇二六年七月`, `202607`.

In: the text of a cell, folded by `texts.fold`, or its number, and the period of the workbook.
Out: a `date`, a month as `2026-07`, or the reason why there is none, as a predicate whose subject
is the quoted value.

What could be two days is none: `07/08/2026` and the number 7.1 are refused. Without a year, the
day or month is taken from the period; if it does not occur there, from the year the period ends in.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from pipeline.intake.numerals import chinese_value, join_spaced
from pipeline.texts import Text

NOT_A_DATE = Text(
    "不是日期。请填成 {example} 的样子。", "is not a date. Please write it like {example}."
)
NOT_A_MONTH = Text(
    "不是月份。请填成 {example} 的样子。", "is not a month. Please write it like {example}."
)
_FIRST_DAY, _LAST_DAY = date(1950, 1, 1), date(2100, 12, 31)


def parse_date(text: str, start: date, end: date) -> date | Text:
    """Return the day that folded `text` names, or the predicate that says why there is none.

    >>> parse_date("七月十五日", date(2026, 7, 1), date(2026, 9, 30))
    datetime.date(2026, 7, 15)
    """
    plain, example = _plain(text), start.isoformat()
    for pattern in _DAYS:
        if match := pattern.fullmatch(plain):
            parts = match.groupdict()
            month, day = int(parts["month"]), int(parts["day"])
            if not parts.get("year"):
                return _day(_year_of((month, day), start, end), month, day, start)
            year = _full_year(parts["year"])
            if pattern is _SHORT_YEAR and abs(year - end.year) > _NEAR_YEARS:
                return _YEAR_UNCLEAR.format(example=example)
            return _day(year, month, day, start)
    return _refusal(plain, _DATE_SLIPS, NOT_A_DATE, example)


def parse_month(text: str, start: date, end: date) -> str | Text:
    """Return the month that folded `text` names as `2026-07`, or why there is none.

    >>> parse_month("7月", date(2026, 7, 1), date(2026, 9, 30))
    '2026-07'
    """
    plain, example = _plain(text), start.isoformat()[:7]
    for pattern in _MONTHS:
        if match := pattern.fullmatch(plain):
            year, month = match.groupdict().get("year"), int(match["month"])
            return _month(
                _full_year(year) if year else _year_of((month,), start, end), month, example
            )
    for pattern in _FULL_DAYS:
        if match := pattern.fullmatch(plain):
            day = _day(_full_year(match["year"]), int(match["month"]), int(match["day"]), start)
            return day if isinstance(day, Text) else day.isoformat()[:7]
    return _refusal(plain, _MONTH_SLIPS, NOT_A_MONTH, example)


def date_of_number(number: float, start: date) -> date | Text:
    """Return the day of a 1900-system serial number or of digits such as 20260715.

    A serial number may carry a time of day, which is dropped.

    >>> date_of_number(46218, date(2026, 7, 1)), date_of_number(20260715.0, date(2026, 7, 1))
    (datetime.date(2026, 7, 15), datetime.date(2026, 7, 15))
    """
    if _FIRST_SERIAL <= number < _LAST_SERIAL + 1:
        return _SERIAL_ZERO + timedelta(days=int(number))
    if number == int(number) and 19000101 <= number <= 99991231:
        digits = str(int(number))
        return _day(int(digits[:4]), int(digits[4:6]), int(digits[6:]), start)
    slip = _NUMBER_AS_DAY if 1 <= number < 13 and number != int(number) else _NUMBER_NO_DATE
    return slip.format(example=start.isoformat())


def month_of_number(number: float, start: date, end: date) -> str | Text:
    """Return the month of a number such as 7 or 202607; never of a fraction such as 7.5."""
    example = start.isoformat()[:7]
    if number == int(number) and 100000 <= number <= 999999:
        return _month(int(number) // 100, int(number) % 100, example)
    if number == int(number) and 0 <= number <= 99:
        month = int(number)
        return _month(_year_of((month,), start, end), month, example)
    return NOT_A_MONTH.format(example=example)


def keep_plausible(day: date, start: date) -> date | Text:
    """Return `day`, or the predicate that says it cannot be meant: before 1950 or after 2100."""
    if _FIRST_DAY <= day <= _LAST_DAY:
        return day
    return _OUT_OF_REACH.format(example=start.isoformat())


_SERIAL_ZERO = date(1899, 12, 30)  # holds from 1900-03-01 on; Excel counts a 29th of February 1900
_FIRST_SERIAL, _LAST_SERIAL = (_FIRST_DAY - _SERIAL_ZERO).days, (_LAST_DAY - _SERIAL_ZERO).days
_NEAR_YEARS = 5  # 15.7.26 is hardly the year 2015
_LONGEST = 40

_DASHES = re.compile(r"[‐-―\N{MINUS SIGN}]")
_HAN_NUMBER = re.compile(r"([〇零一二三四五六七八九十]+)(?=([年月日号]))")
_HAN_YEAR = str.maketrans("〇零一二三四五六七八九", "00123456789")
_TAIL = re.compile(
    r"(?<=[0-9日号])"
    r"(?:[\s,]*\(?(?:星期|周|礼拜)[一二三四五六日天]\)?)?"
    r"(?:[\s,]*(?:上午|下午|早上|中午|晚上))?"
    r"(?:(?:[\s,]+|t|(?<=[日号午上一二三四五六天)]))"
    r"[0-9]{1,2}(?:(?::[0-9]{2}){1,2}(?:\.[0-9]+)?z?|[时点](?:[0-9]{1,2}分?|半)?))?$"
)
_D, _M, _Y = "(?P<day>[0-9]{1,2})", "(?P<month>[0-9]{1,2})", "(?P<year>[0-9]{4})"
_FULL_DAYS = (
    re.compile(rf"{_Y}(?P<mark>[-/.]){_M}(?P=mark){_D}[日号]?"),
    re.compile(rf"(?P<year>[0-9]{{4}}|[0-9]{{2}})年{_M}月{_D}[日号]?"),
    re.compile(rf"{_Y}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})"),
)
_SHORT_YEAR = re.compile(rf"(?P<year>[0-9]{{2}})(?P<mark>[-.]){_M}(?P=mark){_D}")
_DAYS = (
    *_FULL_DAYS,
    _SHORT_YEAR,
    re.compile(rf"{_M}月{_D}[日号]?"),
    re.compile(rf"{_M}\.{_D}"),
)
_MONTHS = (
    re.compile(rf"{_Y}[-/.]{_M}月?"),
    re.compile(rf"(?P<year>[0-9]{{4}}|[0-9]{{2}})年{_M}月份?"),
    re.compile(rf"{_Y}(?P<month>[0-9]{{2}})"),
    re.compile(rf"{_M}(?:月份?)?"),
)

_SEVERAL = re.compile(
    r"[~至到、,和及][0-9]|[日号月份年]-[0-9]|[./][0-9]+-[0-9]|(?:-[0-9]+){3}|^[0-9]+-[0-9]+[月日]"
)
_Slips = tuple[tuple[re.Pattern[str], Text], ...]

_NUMBER_NO_DATE = Text(
    "是数字，不是日期。请填成 {example} 的样子。",
    "is a number, not a date. Please write it like {example}.",
)
_NUMBER_AS_DAY = Text(
    "是数字，看不出是哪一天（7.1 可能是 7 月 1 日，也可能是 7 月 10 日）。请填成 {example} 的样子。",
    "is a number and could be two days (7.1 may be the 1st or the 10th of July). "
    "Please write it like {example}.",
)
_YEAR_UNCLEAR = Text(
    "看不出是哪一年。请写四位年份，例如 {example}。",
    "does not show which year. Please write the year in four digits, e.g. {example}.",
)
_YEAR_LAST = Text(
    "分不清月和日。请把年份写在最前面，例如 {example}。",
    "does not show which is the month. Please put the year first, e.g. {example}.",
)
_OUT_OF_REACH = Text(
    "的年份不在 1950 到 2100 之间。请核对后重填，例如 {example}。",
    "is not between the years 1950 and 2100. Please check and enter it again, e.g. {example}.",
)
_NO_SUCH_MONTH = Text(
    "写了 {month} 月，没有这个月。请核对后重填，例如 {example}。",
    "names month {month}, which does not exist. Please check and enter it again, e.g. {example}.",
)
_NO_SUCH_DAY = Text(
    "写错了：{year} 年 {month} 月没有 {day} 日。请核对后重填，例如 {example}。",
    "is wrong: month {month} of {year} has no day {day}. Please check and enter it again, "
    "e.g. {example}.",
)
_RANGE = Text(
    "写了不止一个日期或月份。请只填一个，例如 {example}。",
    "holds more than one date or month. Please enter one only, e.g. {example}.",
)
_DATE_SLIPS: _Slips = (
    (re.compile(r"[0-9x×某]*[x×某]+[0-9]*年?"), _YEAR_UNCLEAR),
    (
        re.compile(r"农历|阴历|正月|腊月|初[一二三四五六七八九十]|除夕|廿"),
        Text(
            "是农历日期。请填公历日期，例如 {example}。",
            "is a lunar date. Please enter the calendar date, e.g. {example}.",
        ),
    ),
    (
        re.compile(r"旬|[月年]初|[月年]底|[月年]末|[月年]中|前后|左右"),
        Text(
            "没有写明是哪一天。请填具体日期，例如 {example}。",
            "does not say which day. Please enter the exact date, e.g. {example}.",
        ),
    ),
    (re.compile(r"^[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{4}$"), _YEAR_LAST),
    (re.compile(r"^[0-9]{2}/[0-9]{1,2}/[0-9]{1,2}$"), _YEAR_UNCLEAR),
    (
        re.compile(r"^[0-9]{1,2}[-/][0-9]{1,2}$"),
        Text(
            "没有年份，分不清月和日。请填完整日期，例如 {example}。",
            "has no year and does not show which is the month. Please enter the full date, "
            "e.g. {example}.",
        ),
    ),
    (
        re.compile(r"^(?:[0-9]{4}[-/.年])?[0-9]{1,2}(?:月份?)?$|^[0-9]{4}[年月]?$|^[0-9]{6}$"),
        Text(
            "没有写明是哪一天。请填完整日期，例如 {example}。",
            "does not say which day. Please enter the full date, e.g. {example}.",
        ),
    ),
    (_SEVERAL, _RANGE),
)
_MONTH_SLIPS: _Slips = (
    (
        re.compile(r"季|q[1-4]|半年|学期"),
        Text(
            "不是一个月份。请一行填一个月，例如 {example}。",
            "is not one month. Please enter one month a row, e.g. {example}.",
        ),
    ),
    (re.compile(r"[0-9x×某]*[x×某]+[0-9]*年?"), _YEAR_UNCLEAR),
    (re.compile(r"^[0-9]{1,2}[-/.][0-9]{4}$"), _YEAR_LAST),
    (_SEVERAL, _RANGE),
)


def _plain(text: str) -> str:
    """Return the text with Arabic digits and plain dashes, without weekday and time of day.

    What is too long to be a date is nothing.
    """
    if len(text) > _LONGEST:
        return ""
    text = _DASHES.sub("-", _TAIL.sub("", text))
    text = join_spaced(text).replace("元月", "1月")
    return _HAN_NUMBER.sub(_arabic, text)


def _arabic(match: re.Match[str]) -> str:
    words, unit = match[1], match[2]
    if unit == "年":
        return words.translate(_HAN_YEAR)
    value = chinese_value(words)
    return words if value is None else str(value)


def _full_year(year: str) -> int:
    return int(year) if len(year) == 4 else 2000 + int(year)


def _year_of(rest: tuple[int, ...], start: date, end: date) -> int:
    """Return the year in which the month, or month and day, of `rest` occurs in the period."""
    first, last = start.timetuple()[: len(rest) + 1], end.timetuple()[: len(rest) + 1]
    years = range(start.year, end.year + 1)
    return next((year for year in years if first <= (year, *rest) <= last), end.year)


def _day(year: int, month: int, day: int, start: date) -> date | Text:
    example = start.isoformat()
    if not _FIRST_DAY.year <= year <= _LAST_DAY.year:
        return _OUT_OF_REACH.format(example=example)
    if not 1 <= month <= 12:
        return _NO_SUCH_MONTH.format(month=month, example=example)
    if not 1 <= day <= monthrange(year, month)[1]:
        return _NO_SUCH_DAY.format(year=year, month=month, day=day, example=example)
    return date(year, month, day)


def _month(year: int, month: int, example: str) -> str | Text:
    if not _FIRST_DAY.year <= year <= _LAST_DAY.year:
        return _OUT_OF_REACH.format(example=example)
    if not 1 <= month <= 12:
        return _NO_SUCH_MONTH.format(month=month, example=example)
    return f"{year}-{month:02d}"


def _refusal(text: str, slips: _Slips, otherwise: Text, example: str) -> Text:
    found = (reason for pattern, reason in slips if pattern.search(text))
    return next(found, otherwise).format(example=example)
