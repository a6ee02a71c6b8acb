"""When things happen in the demo: a day in, five quarters and the moments of each out.

The quarters end with the one last ended. Where hardly a day has passed since, workbooks are due
that much sooner, so that one can be late already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pipeline.periods import Period, last_ended

QUARTERS = 5

_DUE_DAYS = 15
_OPENING = time(16)
_FIRST_RUN = 0.6  # of the time from opening to due, in the newest quarter
_NIGHT = time(2)
_GRACE = timedelta(days=5)
_TO_BE_LATE = timedelta(hours=1)  # at the least, between the due date and today


@dataclass(frozen=True, slots=True)
class Window:
    """How one quarter's workbooks come in: from `opening`, on time until `due`, then late.

    `first_run` is the moment of a run in between, `last_run` that of the one after them all.
    """

    opening: datetime
    first_run: datetime
    due: datetime
    last_run: datetime

    def on_time(self, share: float) -> datetime:
        """Return a moment that is on time, `share` of the way from the opening."""
        return _at_work(self.opening, self.due, share)

    def before_first_run(self, share: float) -> datetime:
        """Return a moment before the first run, `share` of the way from the opening."""
        return _at_work(self.opening, self.first_run, share)

    def before_due(self, share: float) -> datetime:
        """Return a moment after the first run that is on time, `share` of the way to due."""
        return _at_work(self.first_run, self.due, share)

    def late(self, share: float) -> datetime:
        """Return a moment that is late, `share` of the way to the last run."""
        return _at_work(self.due, self.last_run, share)


def demo_quarters(today: datetime) -> tuple[Period, ...]:
    """Return five quarters in order, the last of them the newest that is over."""
    quarters = [last_ended((today - _TO_BE_LATE).date())]
    while len(quarters) < QUARTERS:
        quarters.insert(0, quarters[0].previous())
    return tuple(quarters)


def due_days(newest: Period, today: datetime) -> int:
    """Return after how many days workbooks are due, so that the newest quarter's are by now."""
    return min(_DUE_DAYS, ((today - _TO_BE_LATE).date() - newest.end).days - 1)


def window_of(quarter: Period, days: int, today: datetime) -> Window:
    """Return when the workbooks of `quarter` come in if they are due after `days`."""
    opening, due = datetime.combine(quarter.end, _OPENING), quarter.due(days)
    between = opening + (due - opening) * _FIRST_RUN
    first_run = max(datetime.combine(between, _NIGHT), opening + (due - opening) / 2)
    last_run = min(datetime.combine(due + _GRACE, _NIGHT), today)
    return Window(opening, first_run, due, last_run)


def _at_work(start: datetime, end: datetime, share: float) -> datetime:
    """Return the moment, moved into the working hours of its day where that is in between."""
    moment = start + (end - start) * share
    moved = moment.replace(hour=9 + moment.hour * 9 // 24, second=0, microsecond=0)
    return moved if start < moved < end else moment
