"""Everything that one summary shows, as values: figures of three periods, who reported, what is
still wrong. Nothing in it names a person, a telephone number or a wage; a unit's `contact` and
`email` are never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pipeline.forms.model import Forms
from pipeline.issues import Severity
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period
from pipeline.summaries.bridge import Bridge
from pipeline.summaries.compare import Change, change
from pipeline.summaries.coverage import Coverage, LikeForLike
from pipeline.summaries.evidence import Evidence, PlanItem
from pipeline.summaries.indicators import BY_UNIT, NO_MEMBER, Breakdown, Indicator, Indicators
from pipeline.summaries.numbers import Figures, Number, Value
from pipeline.summaries.restate import Restatement
from pipeline.summaries.score import Score
from pipeline.texts import Text

State = Literal["on_time", "late", "missing"]

# What a chair reads first; the overview's cards and the mail show the same.
KEY_FIGURES = (
    "Q05", "O02", "A01", "A03",
    "A04", "A07", "D02", "D04",
    "V01", "V03", "V06", "P03",
)  # fmt: skip


MEMBERS = "O02"


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """How one reporting unit stands.

    `version` is the one that counts; `received_at`, `errors` and `warnings` are those of its newest
    file, whatever became of it. None of the last two is withheld.
    """

    unit: str
    name: str
    state: State
    nil: bool
    version: int | None = None
    received_at: datetime | None = None
    errors: int | None = 0
    warnings: int | None = 0


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """One kind of fault in one sheet of a unit's newest workbook: how often, and in which cells.

    `sheet` is the form's Chinese name, as in an `Issue`; `cells` may be the first ones only.
    `title` quotes nothing that was typed, so it may travel upward; the message may not. Without a
    `count` it is withheld how many persons it concerns.
    """

    unit: str
    name: str
    sheet: str
    code: str
    severity: Severity
    title: Text
    count: int | None
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many units owe a workbook, and how many of them reported, in time, late, with nothing."""

    expected: int
    reported: int
    nil: int
    on_time: int

    @property
    def late(self) -> int:
        """Those whose first workbook that was accepted came after the due date."""
        return self.reported - self.on_time

    @property
    def missing(self) -> int:
        """Those without a workbook that counts."""
        return self.expected - self.reported


def turnout(figures: Figures) -> Turnout:
    """Return who reported, from the figures, so that it is the same in words, tables and charts."""
    expected, reported, nil = (int(figures.value(name) or 0) for name in ("Q01", "Q02", "Q03"))
    in_time = figures.numbers.get(("Q06", "", ""))
    on_time = int(in_time.numerator or 0) if in_time else 0
    return Turnout(expected, reported, nil, min(on_time, reported))


@dataclass(frozen=True, slots=True)
class Entry:
    """A number with the same number of the previous quarter and of a year ago, where there is."""

    indicator: Indicator
    number: Number | None
    before: Number | None
    year_ago: Number | None

    @property
    def values(self) -> tuple[Value | None, Value | None, Value | None]:
        """Its values now, a quarter ago and a year ago; None where undefined."""
        now, before, year_ago = (
            number.value if number else None for number in (self.number, self.before, self.year_ago)
        )
        return now, before, year_ago

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in any of the three; a number that is withheld is something."""
        numbers = (self.number, self.before, self.year_ago)
        return not any(number and (number.value or number.withheld) for number in numbers)

    @property
    def changes(self) -> tuple[Change, Change]:
        """How it has changed since the previous quarter and since a year ago."""
        return (
            change(self.indicator, self.number, self.before),
            change(self.indicator, self.number, self.year_ago),
        )


@dataclass(frozen=True, slots=True)
class SummaryView:
    """What a summary is rendered from.

    `children` are the direct children that are active in the period, in the order in which units
    stand everywhere; `statuses` are all units that owe a workbook, `cut_off` the newest
    `received_at` among the workbooks that count. Counts of persons below `k` are not in it.
    `plan` are the plan items that end in the period; `sources` name the workbooks that count, and
    `evidence` holds their rows, where these are to be shown. `branches` are the codes of the units
    that owe a workbook below each direct child, itself included. A rate that rests on fewer persons
    than `rank_from` is not compared.

    `coverage` says how much the totals speak for; `like_for_like` has every indicator by id, over
    the units that reported in this quarter and the last; `bridges` say why the additive key figures
    changed since what the last quarter's summary said; `restatements` which published figures late
    or corrected workbooks have changed; `trend` are the totals of up to eight
    quarters, oldest first, this one last.
    than `rank_from` is not compared. `scores` are there only where they are to be published.
    """

    union: str
    current: Figures
    previous: Figures | None
    year_ago: Figures | None
    indicators: Indicators
    forms: Forms
    children: tuple[OrgUnit, ...]
    statuses: tuple[UnitStatus, ...]
    issues: tuple[OpenIssue, ...]
    cut_off: datetime | None
    k: int = 1
    plan: tuple[PlanItem, ...] = ()
    sources: tuple[str, ...] = ()
    evidence: Evidence | None = None
    branches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coverage: Coverage | None = None
    like_for_like: Mapping[str, LikeForLike] = field(default_factory=dict)
    bridges: tuple[Bridge, ...] = ()
    restatements: tuple[Restatement, ...] = ()
    trend: tuple[Figures, ...] = ()
    rank_from: int = 10
    scores: tuple[Score, ...] = ()

    @property
    def unit(self) -> OrgUnit:
        """The unit that is summed up."""
        return self.current.unit

    @property
    def period(self) -> Period:
        """The period that is summed up."""
        return self.current.period

    def indicator(self, name: str) -> Indicator | None:
        """Return an indicator; None where the configuration has none of this id."""
        return self.indicators.by_id.get(name)

    def of_group(self, group: str) -> tuple[Indicator, ...]:
        """Return the indicators of a group, in order."""
        return tuple(i for i in self.indicators if i.group == group)

    def breakdowns(self, group: str) -> Iterator[tuple[Breakdown, tuple[Indicator, ...]]]:
        """Yield the ways in which a group's indicators are split, with those that are."""
        for breakdown in self.indicators.breakdowns:
            split = [i for i in self.indicators.of_breakdown(breakdown) if i.group == group]
            if split:
                yield breakdown, tuple(split)

    def members(self, breakdown: Breakdown) -> Mapping[str, Text]:
        """Return the wording of a breakdown's members, in the order in which they are listed.

        Choices stand in the form's order, a blank one last; months in time. A member that only
        the records know keeps its own name.
        """
        told_by = self.forms.forms[breakdown.form].field(breakdown.field)
        if told_by.type == "choice":
            known = {c.value: c.label for c in told_by.choices} | {NO_MEMBER.zh: NO_MEMBER}
        else:
            known = {month: month_label(month) for month in self.period.months}
        recorded = sorted(
            key
            for indicator in self.indicators.of_breakdown(breakdown)
            for key in self.current.keys(breakdown.dimension, indicator.id)
        )
        return known | {key: Text(key, key) for key in recorded if key not in known}

    @property
    def unit_names(self) -> Mapping[str, str]:
        """The members of the breakdown by unit: code to name, in order."""
        own = {self.unit.code: self.unit.name} if self._is_member(self.unit.code) else {}
        return own | {child.code: child.name for child in self.children}

    def units_below(self, code: str) -> tuple[str, ...]:
        """Return the units that owe a workbook under one member of the breakdown by unit."""
        return self.branches.get(code, (code,))

    def rests_on_few(self, indicator: Indicator, code: str) -> bool:
        """Whether a unit's rate rests on fewer persons than make it worth comparing.

        Where the denominator counts no persons, the unit's members are asked.
        """
        number = self.current.numbers.get((indicator.id, BY_UNIT, code))
        base: Value | None = number.denominator if number else None
        if indicator.denominator is None or not indicator.denominator.persons:
            members = self.current.numbers.get((MEMBERS, BY_UNIT, code))
            base = members.value if members else self.rank_from
            if members and members.withheld:
                return True
        return base is not None and base < self.rank_from

    @property
    def earlier(self) -> tuple[Figures | None, Figures | None]:
        """The previous quarter and the same quarter of last year."""
        return self.previous, self.year_ago

    @property
    def key_figures(self) -> list[Indicator]:
        """The key figures that this configuration has, then others up to their number."""
        return key_figures(self.indicators)

    def entry(self, indicator: Indicator, dimension: str = "", key: str = "") -> Entry:
        """Return one line of a table: a number now, with the same number before."""
        now = self.current.numbers.get((indicator.id, dimension, key))
        before = tuple(
            past.numbers.get((indicator.id, dimension, self._same_month(dimension, key, past)))
            if past
            else None
            for past in self.earlier
        )
        return Entry(indicator, now, *before)

    def _same_month(self, dimension: str, key: str, past: Figures) -> str:
        """The first month of a quarter is compared with the first month of another.

        Terms are not of one length; where the other has no such month there is nothing.
        """
        if dimension in ("", BY_UNIT):
            return key
        months = dict(zip(self.period.months, past.period.months, strict=False))
        return months.get(key, "" if key in self.period.months else key)

    def _is_member(self, code: str) -> bool:
        return any((i.id, BY_UNIT, code) in self.current.numbers for i in self.indicators)


def key_figures(indicators: Indicators) -> list[Indicator]:
    """Return the key figures that a configuration has, then others up to their number."""
    by_id = indicators.by_id
    known = [by_id[name] for name in KEY_FIGURES if name in by_id]
    others = [indicator for indicator in indicators if indicator not in known]
    return (known + others)[: len(KEY_FIGURES)]


def month_label(month: str) -> Text:
    """Return a month as people write it.

    >>> month_label("2026-07").zh
    '2026年7月'
    """
    year, number = month.split("-")
    return Text(f"{year}年{int(number)}月", month)
