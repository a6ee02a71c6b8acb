"""What may be told of a view: the units' accounts in, the rows chosen and how many there are out.

Chosen once for each narrative, the most worth telling first, as much as the longest one tells; a
shorter one tells the first of them. Whoever publishes a text of these rows masks it with the
masker of its unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.summaries.masking import Masker
from pipeline.summaries.narrative.accounts import Accounts, Activity, Glance, PlanItem, Problem
from pipeline.summaries.narrative.choose import Praise, praise_of, said_plainly, typical
from pipeline.summaries.narrative.limits import Limits
from pipeline.summaries.view import SummaryView

_SHORTEST_PROBLEM = 2  # characters; less names none


@dataclass(frozen=True, slots=True)
class Undone:
    """A plan item that was not done, and what its unit `said` of the `reason`, if anything."""

    item: PlanItem
    reason: Problem | None
    said: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Plan items of the same wording that come next: the first, whose they are, how many."""

    item: PlanItem
    units: Sequence[str]
    count: int


@dataclass(frozen=True, slots=True)
class Told:
    """What is chosen, and of how many: activities `held`, problems `named`, plan items that were
    `left` undone and that are `ahead`.
    """

    activities: Sequence[Activity]
    held: int
    problems: Sequence[tuple[Activity, str]]
    named: int
    undone: Sequence[Undone]
    left: int
    coming: Sequence[Coming]
    ahead: int
    maskers: Mapping[str, Masker]
    praise: Praise

    def said(self, text: str) -> str:
        """Return a text without praise."""
        return said_plainly(text, self.praise)


def choose(view: SummaryView, accounts: Accounts, limits: Limits) -> Told:
    """Return what may be told of a view."""
    return _Chooser(view, accounts, limits).told()


class _Chooser:
    def __init__(self, view: SummaryView, accounts: Accounts, limits: Limits) -> None:
        self.view, self.accounts, self.limits = view, accounts, limits
        self.units = [status.unit for status in view.statuses]
        self.reported = [s.unit for s in view.statuses if s.state != "missing"]
        self.praise = praise_of(view.forms.forms.get("activities"))
        self.held = 0

    def told(self) -> Told:
        glances = typical(self._counted(), self.limits.activities, self.praise)
        problems = self.accounts.problems(self.reported)
        named = self._named(problems)
        first = sorted(named.items(), key=lambda pair: pair[1].date_end)[: self.limits.problems]
        chosen = {(glance.unit, glance.row) for glance in glances}
        chosen |= {(problem.unit, problem.row) for _, problem in first}
        rows = self.accounts.activities(chosen)
        undone, left = self._undone(problems)
        coming, ahead = self._coming()
        quoted = [row.unit for row in rows.values()]
        quoted += [found.item.unit for found in undone] + [group.item.unit for group in coming]
        return Told(
            activities=[rows[glance.unit, glance.row] for glance in glances],
            held=self.held,
            problems=[(rows[p.unit, p.row], said) for said, p in first],
            named=len(named),
            undone=undone,
            left=left,
            coming=coming,
            ahead=ahead,
            maskers=self.accounts.maskers(quoted),
            praise=self.praise,
        )

    def _counted(self) -> Iterator[Glance]:
        for glance in self.accounts.glances(self.reported):
            self.held += 1
            yield glance

    def _named(self, problems: Sequence[Problem]) -> dict[str, Problem]:
        """Return what is named as a problem with the first row that does so."""
        named = dict[str, Problem]()
        for problem in reversed(problems):
            if said := self._said(problem):
                named[said] = problem
        return named

    def _undone(self, problems: Sequence[Problem]) -> tuple[list[Undone], int]:
        """Return the first plan items that were due and not done, and how many there are."""
        first, last = self.view.period.months[0], self.view.period.months[-1]
        due = [
            item
            for unit in self.reported
            for item in self.accounts.plan.get(unit, ())
            if first <= item.month_end <= last and not item.done
        ]
        due.sort(key=lambda item: (item.month_end, item.unit, item.row))
        chosen = due[: self.limits.undone]
        return [self._with_reason(item, problems) for item in chosen], len(due)

    def _with_reason(self, item: PlanItem, problems: Sequence[Problem]) -> Undone:
        reasons = (
            (problem, said)
            for problem in problems
            if (problem.unit, problem.plan_id or "") == (item.unit, item.plan_id)
            and (said := self._said(problem))
        )
        return Undone(item, *next(reasons, (None, "")))

    def _coming(self) -> tuple[list[Coming], int]:
        """Return what comes next, the items that most units have first, and how many there are."""
        following = self.view.period.following().months
        ahead = [
            item
            for unit in self.units
            for item in self.accounts.plan.get(unit, ())
            if item.month_start <= following[-1]
            and item.month_end >= following[0]
            and not item.done
        ]
        ahead.sort(key=lambda item: (item.month_end, item.month_start))
        alike = defaultdict[str, list[PlanItem]](list)
        for item in ahead:
            alike[item.item].append(item)
        most = sorted(alike.values(), key=lambda items: -len(items))
        return [_group(items) for items in islice(most, self.limits.coming)], len(ahead)

    def _said(self, problem: Problem) -> str:
        return said_plainly(problem.text, self.praise, _SHORTEST_PROBLEM)


def _group(items: Sequence[PlanItem]) -> Coming:
    return Coming(items[0], list(dict.fromkeys(item.unit for item in items)), len(items))
