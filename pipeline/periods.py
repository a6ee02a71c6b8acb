"""Reporting periods: codes in, days and neighbours out.

A quarter (`2026Q3`) is what groups report on; a year (`2026`) is the period of a plan workbook.
Summaries also look at longer spans: a half (`2026H1`), a year, a school year (`2025-2026`) and its
terms (`2025-2026S1`), whose first days are set (`Terms`). All are spans of whole days. A code that
names no real span (`2026Q5`) is None, never a guess.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pipeline.texts import Text

_QUARTER = re.compile(
    r"(?P<year>(?:19|20)\d{2})\s*(?:Q|年?\s*第?\s*)(?P<quarter>[1-4一二三四])\s*(?:季度|季)?", re.I
)
_NEEDS_WORD = re.compile(r"Q|季", re.I)
_YEAR = re.compile(r"(?P<year>(?:19|20)\d{2})\s*(?:年度|年)?")
_HALF = re.compile(
    r"(?P<year>(?:19|20)\d{2})\s*(?:H(?P<number>[12])|年?\s*(?P<word>[上下])半年)", re.I
)
_SCHOOL_YEAR = re.compile(
    r"(?P<year>(?:19|20)\d{2})\s*[-—–~]\s*(?P<next>(?:19|20)\d{2})\s*(?:学年)?"
    r"\s*(?:(?:S|第)(?P<term>[12一二])\s*(?:学期)?)?",
    re.I,
)
_DIGIT = {"一": 1, "二": 2, "三": 3, "四": 4}
_ORDINAL = "一二三四"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A span of whole days with a code; periods of one kind sort in time.

    >>> Period.quarter(2026, 3)
    Period(start=datetime.date(2026, 7, 1), end=datetime.date(2026, 9, 30), code='2026Q3')
    """

    start: date
    end: date
    code: str

    @classmethod
    def quarter(cls, year: int, number: int) -> Period:
        """Return quarter `number` (1 to 4) of `year`."""
        start = date(year, 3 * number - 2, 1)
        after = date(year + 1, 1, 1) if number == 4 else date(year, 3 * number + 1, 1)
        return cls(start, after - timedelta(days=1), f"{year}Q{number}")

    @classmethod
    def year(cls, year: int) -> Period:
        """Return the calendar year, the period of a plan workbook."""
        return cls(date(year, 1, 1), date(year, 12, 31), str(year))

    @classmethod
    def half(cls, year: int, number: int) -> Period:
        """Return half `number` (1 or 2) of `year`."""
        first, last = cls.quarter(year, 2 * number - 1), cls.quarter(year, 2 * number)
        return cls(first.start, last.end, f"{year}H{number}")

    @property
    def is_quarter(self) -> bool:
        """Whether this is a quarter and no other span."""
        return "Q" in self.code

    @property
    def months(self) -> tuple[str, ...]:
        """The months of the period in order, as `2026-07`, those it begins or ends within too."""
        first = 12 * self.start.year + self.start.month - 1
        last = 12 * self.end.year + self.end.month - 1
        return tuple(f"{month // 12}-{month % 12 + 1:02d}" for month in range(first, last + 1))

    @property
    def quarters(self) -> tuple[Period, ...]:
        """The quarters of which the period has a day, in order.

        >>> [quarter.code for quarter in Period.half(2026, 2).quarters]
        ['2026Q3', '2026Q4']
        """
        found = [_period_of(self.start, quarterly=True)]
        while found[-1].end < self.end:
            found.append(found[-1].following())
        return tuple(found)

    def has(self, day: date) -> bool:
        """Whether a day is one of the period's."""
        return self.start <= day <= self.end

    def covers(self, other: Period) -> bool:
        """Whether all days of another period are this one's too."""
        return self.start <= other.start and other.end <= self.end

    @property
    def label(self) -> Text:
        """The period as people write it."""
        year, number = self.start.year, int(self.code[-1])
        if "-" in self.code:
            years = f"{self.code[:4]}—{self.code[5:9]}"
            term = "S" in self.code
            zh = f"第{_ORDINAL[number - 1]}学期" if term else ""
            return Text(f"{years}学年{zh}", f"School year {years}" + f", term {number}" * term)
        if "H" in self.code:
            return Text(f"{year}年{'上下'[number - 1]}半年", f"H{number} {year}")
        if not self.is_quarter:
            return Text(f"{year}年度", f"Year {year}")
        return Text(f"{year}年第{_ORDINAL[number - 1]}季度", f"Q{number} {year}")

    def previous(self) -> Period:
        """Return the period of the same kind just before."""
        if "H" in self.code:
            half = int(self.code[-1])
            return Period.half(self.start.year - (half == 1), 3 - half)
        if "S" in self.code:
            return self._previous_term()
        if "-" in self.code:
            return self.year_ago()
        return _period_of(self.start - timedelta(days=1), self.is_quarter)

    def following(self) -> Period:
        """Return the quarter, or year, just after."""
        return _period_of(self.end + timedelta(days=1), self.is_quarter)

    def year_ago(self) -> Period:
        """Return the same period of last year."""
        if self.is_quarter or self.code.isdigit():
            return _period_of(self.start.replace(year=self.start.year - 1), self.is_quarter)
        after = self.end + timedelta(days=1)
        code = re.sub(r"\d{4}", lambda year: str(int(year[0]) - 1), self.code)
        return Period(_year_before(self.start), _year_before(after) - timedelta(days=1), code)

    def _previous_term(self) -> Period:
        """The term before ends the day before, and began a year before this one is over."""
        first, last = int(self.code[:4]), int(self.code[-1])
        year = first - (last == 1)
        start = _year_before(self.end + timedelta(days=1))
        return Period(start, self.start - timedelta(days=1), f"{year}-{year + 1}S{3 - last}")

    def due(self, due_days: int) -> datetime:
        """Return the last moment that is on time: `due_days` after the end, end of day, local."""
        return datetime.combine(self.end + timedelta(days=due_days), time(23, 59, 59, 999999))


def parse_period(text: str) -> Period | None:
    """Read a quarter or a year as people write it; None where it is neither.

    >>> parse_period("2026年第三季度").code, parse_period("２０２６年3季度").code
    ('2026Q3', '2026Q3')
    >>> parse_period("2026").code, parse_period("2026Q5")
    ('2026', None)
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    found = _QUARTER.fullmatch(folded)
    if found and _NEEDS_WORD.search(folded):
        number = found["quarter"]
        return Period.quarter(int(found["year"]), _DIGIT.get(number) or int(number))
    found = _YEAR.fullmatch(folded)
    return Period.year(int(found["year"])) if found else None


@dataclass(frozen=True, slots=True)
class Terms:
    """The first days of the two terms of a school year, as month and day; it begins with the first.

    A term ends the day before the other begins, so that no day is lost or counted twice.
    """

    first: tuple[int, int] = (9, 1)
    second: tuple[int, int] = (2, 1)

    def school_year(self, year: int) -> Period:
        """Return the school year that begins in `year`."""
        return Period(
            *_days(date(year, *self.first), date(year + 1, *self.first)), f"{year}-{year + 1}"
        )

    def term(self, year: int, number: int) -> Period:
        """Return term `number` (1 or 2) of the school year that begins in `year`."""
        first, after = date(year, *self.first), date(year + 1, *self.first)
        middle = date(year + (self.second < self.first), *self.second)
        bounds = (first, middle) if number == 1 else (middle, after)
        return Period(*_days(*bounds), f"{year}-{year + 1}S{number}")


def parse_span(text: str, terms: Terms) -> Period | None:
    """Read any span that a summary can be about; None where it is none.

    >>> [parse_span(code, Terms()).code for code in ("2026年上半年", "2025—2026学年第一学期")]
    ['2026H1', '2025-2026S1']
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    if found := _HALF.fullmatch(folded):
        half = found["number"] or ("1" if found["word"] == "上" else "2")
        return Period.half(int(found["year"]), int(half))
    if found := _SCHOOL_YEAR.fullmatch(folded):
        year, term = int(found["year"]), found["term"]
        if int(found["next"]) != year + 1:
            return None
        return terms.term(year, _DIGIT.get(term) or int(term)) if term else terms.school_year(year)
    return parse_period(text)


def last_ended(today: date) -> Period:
    """Return the newest quarter that is over on `today`."""
    return _period_of(today, quarterly=True).previous()


def _period_of(day: date, quarterly: bool) -> Period:
    if quarterly:
        return Period.quarter(day.year, (day.month + 2) // 3)
    return Period.year(day.year)


def _days(first: date, after: date) -> tuple[date, date]:
    return first, after - timedelta(days=1)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1)
