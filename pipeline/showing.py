"""The records of a period in, what each of its summaries shows out, for publishing.

Read once for all units that are wanted, and taken apart for each. Nothing of a unit's contact or
address goes in, and with [privacy] k above 1 no count of persons below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from pipeline.forms.model import Workbook
from pipeline.periods import Period
from pipeline.records import status as standing
from pipeline.records.editions import read_editions
from pipeline.records.store import Store
from pipeline.summaries.evidence import PlanItem
from pipeline.summaries.history import History
from pipeline.summaries.privacy import suppress_faults, suppress_issues
from pipeline.summaries.read_evidence import read_marks, read_plan_items
from pipeline.summaries.read_score import SCORE_FILE, scores_of_period
from pipeline.summaries.statements import months_of
from pipeline.summaries.view import OpenIssue, SummaryView, UnitStatus
from pipeline.workspace import Workspace

Marks = Mapping[str, str]  # unit -> how its workbook that counts is named
Items = Mapping[str, Sequence[PlanItem]]  # unit -> its plan items that are due


def read_views(
    workspace: Workspace, store: Store, history: History, period: Period, units: frozenset[str]
) -> Iterator[SummaryView]:
    """Yield what the summaries of a period show: those of `units`, of all that the settings name
    where there are none."""
    return _Reader(workspace, store, history).views(period, units)


def reported_workbook(workspace: Workspace) -> Workbook:
    """Return the kind of workbook that units owe every quarter."""
    return next(w for w in workspace.forms.workbooks.values() if w.every == "quarter")


@dataclass(frozen=True)
class _Reader:
    workspace: Workspace
    store: Store
    history: History

    def views(self, period: Period, units: frozenset[str]) -> Iterator[SummaryView]:
        workspace, tree = self.workspace, self.workspace.tree
        inner = tree.inner(period.end) or (tree.root,)
        if workspace.settings.union.summaries == "root" and not units:
            inner = (tree.root,)
        wanted = [unit for unit in inner if not units or unit.code in units]
        history, codes = self.history, frozenset(unit.code for unit in wanted)
        periods = (period, period.previous(), period.year_ago())
        now, before, year_ago = (history.figures(quarter, codes) for quarter in periods)
        with self.store.reading() as connection:
            earlier, editions = (
                read_editions(connection, self.store.tables, quarter.code)
                for quarter in (period.previous(), period)
            )
        statuses, counted = self._statuses(period), self._received(period)
        issues = self._open_issues(list(statuses), period)
        filed = list(self._filed(period))
        with_scores = workspace.settings.score.publish and period.is_quarter
        inner_codes = frozenset(unit.code for unit in inner)
        scored = with_scores and scores_of_period(
            self.store, workspace.paths.config / SCORE_FILE, workspace.indicators, tree, period,
            history.figures(period, inner_codes),
        )  # fmt: skip
        for unit in wanted:
            children = tree.children(unit.code, period.end)
            reporting = tree.reporting(unit.code, period.end)
            below = [u.code for u in reporting if u.code in statuses]
            reported = (_without_contact(statuses[code]) for code in below)
            yield SummaryView(
                union=workspace.settings.union.name or tree.root.name,
                current=now[unit.code],
                previous=before.get(unit.code),
                year_ago=year_ago.get(unit.code),
                indicators=workspace.indicators,
                forms=workspace.forms,
                children=children,
                statuses=tuple(suppress_faults(s, issues.get(s.unit, ())) for s in reported),
                issues=tuple(issue for code in below for issue in issues.get(code, ())),
                cut_off=max((counted[code] for code in below if code in counted), default=None),
                k=workspace.settings.privacy.k,
                coverage=history.coverage(period, unit.code),
                like_for_like=history.like_for_like(period, unit.code),
                bridges=history.bridges(period, unit.code, earlier.get(unit.code, ())),
                restatements=history.restatements(
                    period, unit.code, editions.get(unit.code, ()), earlier.get(unit.code, ())
                ),
                trend=history.trend(period, unit.code, codes),
                plan=tuple(
                    item
                    for marks, items in filed
                    for code in below
                    if code in marks
                    for item in items.get(code, ())
                ),
                sources=tuple(marks.get(code, "") for marks, _ in filed for code in below),
                scores=tuple(scored[code] for code in below) if scored else (),
                rank_from=workspace.settings.summary.rank_from,
                branches={
                    child.code: tuple(u.code for u in tree.reporting(child.code, period.end))
                    for child in children
                },
            )

    def _filed(self, period: Period) -> Iterator[tuple[Marks, Items]]:
        """Yield what units have filed for each quarter: their workbooks, the plan items due."""
        tables, forms = self.store.tables, self.workspace.forms
        with self.store.reading() as connection:
            for quarter in period.quarters:
                marks = read_marks(connection, tables, forms, quarter)
                months = months_of(period, quarter)
                due = read_plan_items(connection, tables, quarter).items()
                yield marks, {code: [i for i in items if i.end in months] for code, items in due}

    def _statuses(self, period: Period) -> dict[str, standing.UnitStatus]:
        workbook = reported_workbook(self.workspace)
        found = standing.read_status_over(self.store, self.workspace.tree, period, workbook.key)
        return {status.unit: status for status in found.units}

    def _received(self, period: Period) -> dict[str | None, datetime]:
        """Return when each unit's workbook that counts was received."""
        files = self.store.tables.files.c
        counting = select(files.unit, files.received_at).where(
            files.current == 1,
            files.workbook == reported_workbook(self.workspace).key,
            files.period.in_([quarter.code for quarter in period.quarters]),
        )
        with self.store.reading() as connection:
            received = [
                (datetime.fromisoformat(at), unit) for unit, at in connection.execute(counting)
            ]
        return {unit: at for at, unit in sorted(received)}

    def _open_issues(self, units: list[str], period: Period) -> dict[str, tuple[OpenIssue, ...]]:
        """Return what each unit has still to look at, as it may be published."""
        workspace, k = self.workspace, self.workspace.settings.privacy.k
        names = workspace.tree.units
        found: dict[str, list[OpenIssue]] = {}
        codes = [quarter.code for quarter in period.quarters]
        for issue in standing.read_open_issues_over(self.store, units, codes):
            found.setdefault(issue.unit, []).append(
                OpenIssue(
                    issue.unit,
                    names[issue.unit].name,
                    issue.sheet,
                    issue.code,
                    issue.severity,
                    issue.title,
                    issue.count,
                    issue.cells,
                )
            )
        return {
            unit: suppress_issues(issues, workspace.indicators, workspace.forms, k)
            for unit, issues in found.items()
        }


def _without_contact(status: standing.UnitStatus) -> UnitStatus:
    return UnitStatus(
        status.unit,
        status.name,
        status.state,
        status.nil,
        status.version,
        status.received_at,
        status.errors,
        status.warnings,
    )
