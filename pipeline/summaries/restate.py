"""Figures that were published and are no longer so: sums at two moments in, what changed and
whose workbook did it out.

A workbook that comes late or corrects an earlier one restates what readers were told; one that
comes for the first time and in time does not, it was waited for. Between two editions of a summary
each cause takes the figure one step on, in the order in which the workbooks came, so that the first
step begins with what was published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from pipeline.periods import Period
from pipeline.records.lifecycle import ACCEPTED
from pipeline.records.tables import Tables
from pipeline.summaries.aggregate import number_of
from pipeline.summaries.indicators import EXPECTED, REPORTED, Indicator, Part
from pipeline.summaries.numbers import Value
from pipeline.summaries.sums import Sums, Tally, parts_of


@dataclass(frozen=True, slots=True)
class Cause:
    """A workbook that came `late`, or corrects an earlier one; `file` is its number in the log."""

    file: int
    unit: str
    version: int
    late: bool
    when: datetime


@dataclass(frozen=True, slots=True)
class Restatement:
    """One figure of a published summary, as it was and as the `cause` leaves it."""

    period: str
    unit: str
    indicator: str
    old: Value | None
    new: Value | None
    cause: Cause
    cause_name: str

    @property
    def cause_unit(self) -> str:
        """The unit whose workbook it was."""
        return self.cause.unit

    @property
    def version(self) -> int:
        """The version of that workbook."""
        return self.cause.version

    @property
    def when(self) -> datetime:
        """When it was received."""
        return self.cause.when


def read_causes(connection: Connection, tables: Tables, period: Period) -> list[Cause]:
    """Return the workbooks that restate figures of a quarter, in the order in which they came.

    A plan is that of the quarter's year, or of the school year that began before it.
    """
    files = tables.files.c
    years = [str(period.start.year), str(period.start.year - 1)]
    query = (
        select(files.id, files.unit, files.version, files.received_at)
        .where(files.status.in_(ACCEPTED), files.period.in_([period.code, *years]))
        .where(or_(files.version > 1, files.on_time == 0))
        .order_by(files.id)
    )
    return [
        Cause(
            row.id, row.unit, row.version, row.version == 1, datetime.fromisoformat(row.received_at)
        )
        for row in connection.execute(query)
    ]


def restate(
    unit: str,
    below: Sequence[str],
    indicators: Iterable[Indicator],
    then: Sums,
    since: Sums,
    causes: Iterable[Cause],
    names: Mapping[str, str],
) -> Iterator[Restatement]:
    """Yield how the causes have changed the figures of a unit between two moments."""
    wanted = list(indicators)
    parts = (EXPECTED, REPORTED, *parts_of(wanted))
    running = {part: sum(then.of(code, part) for code in below) for part in parts}
    newest = {cause.unit: cause for cause in causes if cause.unit in below}
    for cause in sorted(newest.values(), key=lambda cause: cause.file):
        before = dict(running)
        _move(running, cause.unit, parts, then, since)
        for indicator in wanted:
            old, new = (number_of(indicator, tally).value for tally in (before, running))
            if old != new:
                yield Restatement(
                    then.period.code, unit, indicator.id, old, new, cause, names[cause.unit]
                )


def _move(running: Tally, unit: str, parts: Iterable[Part], then: Sums, since: Sums) -> None:
    for part in parts:
        running[part] += since.of(unit, part) - then.of(unit, part)
