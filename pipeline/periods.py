"""Reporting periods: codes in, days and neighbours out.

A quarter (`2026Q3`) is what groups report on; a year (`2026`) is the period of a plan workbook.
Both are spans of whole days. A code that names no real span (`2026Q5`) is None, never a guess.
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

    @property
    def is_quarter(self) -> bool:
        """Whether this is a quarter and not a year."""
        return "Q" in self.code

    @property
    def months(self) -> tuple[str, ...]:
        """The months of the period in order, as `2026-07`."""
        return tuple(
            f"{self.start.year}-{m:02d}" for m in range(self.start.month, self.end.month + 1)
        )

    @property
    def label(self) -> Text:
        """The period as people write it."""
        year = self.start.year
        if not self.is_quarter:
            return Text(f"{year}年度", f"Year {year}")
        number = int(self.code[-1])
        return Text(f"{year}年第{_ORDINAL[number - 1]}季度", f"Q{number} {year}")

    def previous(self) -> Period:
        """Return the period of the same kind just before."""
        return _period_of(self.start - timedelta(days=1), self.is_quarter)

    def following(self) -> Period:
        """Return the period of the same kind just after."""
        return _period_of(self.end + timedelta(days=1), self.is_quarter)

    def year_ago(self) -> Period:
        """Return the same period of last year."""
        return _period_of(self.start.replace(year=self.start.year - 1), self.is_quarter)

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


def last_ended(today: date) -> Period:
    """Return the newest quarter that is over on `today`."""
    return _period_of(today, quarterly=True).previous()


def _period_of(day: date, quarterly: bool) -> Period:
    if quarterly:
        return Period.quarter(day.year, (day.month + 2) // 3)
    return Period.year(day.year)
