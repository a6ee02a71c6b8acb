"""What is stored, published: numbers of a period in; workbooks, narratives, messages, the page out.

A summary is rendered only if something it shows has changed since it was last rendered; that is
told by a digest of all it shows. The file is written first, then noted in one transaction with the
message that carries it, so that a run that dies between writes the same file again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property, partial
from pathlib import Path

from pipeline.deliver.compose import Attachment, Draft
from pipeline.deliver.outbox import queue, sent_messages
from pipeline.errors import ConfigError
from pipeline.files import write_file
from pipeline.forms.model import Workbook
from pipeline.letter import summary_letter
from pipeline.narrate import Narrator
from pipeline.periods import Period
from pipeline.records import status as standing
from pipeline.records.chronicle import Chronicle, edition_facts
from pipeline.records.editions import (
    Edition,
    kept_path,
    last_sent,
    newest_file,
    note_edition,
    read_editions,
    tree_digest,
)
from pipeline.records.journal import Output, note_outputs, read_outputs
from pipeline.records.store import Store
from pipeline.records.taking import read_files
from pipeline.summaries.dashboard.page import NAME as PAGE
from pipeline.summaries.dashboard.page import write_dashboard
from pipeline.summaries.evidence import MOST_LINES, PlanItem
from pipeline.summaries.history import History
from pipeline.summaries.numbers import Figures
from pipeline.summaries.privacy import suppress_faults, suppress_issues
from pipeline.summaries.read_evidence import (
    EvidenceReader,
    open_evidence,
    read_marks,
    read_plan_items,
)
from pipeline.summaries.read_score import SCORE_FILE, scores_of_period
from pipeline.summaries.statements import months_of
from pipeline.summaries.view import OpenIssue, SummaryView, UnitStatus
from pipeline.summaries.workbook import write_summary
from pipeline.workspace import Workspace

Marks = Mapping[str, str]  # unit -> how its workbook that counts is named
Items = Mapping[str, Sequence[PlanItem]]  # unit -> its plan items that are due


@dataclass(frozen=True)
class Publisher:
    """What publishing needs to know; `rehearse` writes no file.

    `problems` collects what kept a narrative from being written: one line each, for people.
    """

    workspace: Workspace
    store: Store
    now: datetime
    rehearse: bool = False
    problems: list[str] = field(default_factory=list)

    def publish(self, period: Period, units: Iterable[str] = (), mail: bool = True) -> list[Path]:
        """Bring the summaries of a period up to date and return the files that changed.

        `units` are the inner units to render, all that the settings name if empty. With `mail`
        each unit with an address has its summary queued, which does nothing if it has it already.
        """
        noted = read_outputs(self.store, period.code)
        with self.store.reading() as connection:
            newest = newest_file(connection, self.store.tables)
        wanted = frozenset(units)
        views = list(self._views(period, wanted))
        digests = [self._digest(view) for view in views]
        # Before the summaries: it lets go of all texts before the rows behind the figures are read.
        narrator = Narrator(self.workspace, self.store, period)
        written = list(self._narrate(narrator, views, digests, noted))
        del narrator

        @cache
        def evidence() -> EvidenceReader:  # opened only where something is rendered
            return self._evidence(period)

        for view, digest in zip(views, digests, strict=True):
            path = self._path(view)
            known = noted.get(self._shown(path))
            if known is None or known.digest != digest or not path.exists():
                if period.is_quarter:
                    codes = [status.unit for status in view.statuses]
                    with self.store.reading() as connection:
                        below = evidence().of(connection, codes, MOST_LINES)
                    view = replace(view, evidence=below)
                content = write_summary(view, self.workspace.lang)
                if self._write(path, content):
                    written.append(path)
            elif mail and view.unit.email:
                content = path.read_bytes()
            else:
                continue
            output = Output(
                self._shown(path),
                period.code,
                view.unit.code,
                digest,
                hashlib.sha256(content).hexdigest(),
            )
            draft = self._draft(view, path.name, content) if mail else None
            self._note(output, content, newest, draft)
        if not wanted:  # the page shows all units, and these are only some
            written += self._publish_page(views, digests, noted)
        return written

    def _publish_page(
        self, views: Sequence[SummaryView], digests: Sequence[str], noted: Mapping[str, Output]
    ) -> list[Path]:
        """Bring the page of a period up to date, which shows what its summaries show."""
        path = self.workspace.paths.outputs / views[0].period.code / PAGE
        digest = hashlib.sha256(" ".join(digests).encode()).hexdigest()
        return self._renew(
            path, views[0], digest, noted, lambda: write_dashboard(views, self.workspace.lang)
        )

    def _narrate(
        self,
        narrator: Narrator,
        views: Sequence[SummaryView],
        digests: Sequence[str],
        noted: Mapping[str, Output],
    ) -> Iterator[Path]:
        """Bring the narratives up to date; one that cannot be written stops nothing."""
        for view, shown in zip(views, digests, strict=True):
            if not (narrator.wanted and view.period.is_quarter):  # it tells of a quarter's ledgers
                continue
            path, write = narrator.path(view), partial(narrator.write, view)
            try:
                yield from self._renew(path, view, narrator.digest(view, shown), noted, write)
            except ConfigError as error:
                if str(error) not in self.problems:
                    self.problems.append(str(error))

    def _renew(
        self,
        path: Path,
        view: SummaryView,
        digest: str,
        noted: Mapping[str, Output],
        render: Callable[[], bytes],
    ) -> list[Path]:
        """Write a file that goes with the summaries, if what it rests on has changed."""
        known = noted.get(self._shown(path))
        if known is not None and known.digest == digest and path.exists():
            return []
        content = render()
        changed = self._write(path, content)
        sha256 = hashlib.sha256(content).hexdigest()
        with self.store.writing() as connection:  # what was said to whom is noted of the summaries
            made = Output(self._shown(path), view.period.code, view.unit.code, digest, sha256)
            note_outputs(connection, self.store, [made])
        return [path] if changed else []

    def _views(self, period: Period, units: frozenset[str]) -> Iterator[SummaryView]:
        workspace, tree = self.workspace, self.workspace.tree
        inner = tree.inner(period.end) or (tree.root,)
        if workspace.settings.union.summaries == "root" and not units:
            inner = (tree.root,)
        wanted = [unit for unit in inner if not units or unit.code in units]
        history, codes = self._history, frozenset(unit.code for unit in wanted)
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

    def _evidence(self, period: Period) -> EvidenceReader:
        """Return what reads the rows behind the figures of a period, as they may be published."""
        workspace, published = self.workspace, None
        if workspace.settings.privacy.k > 1:
            published = self._history.figures(period, frozenset())
        with self.store.reading() as connection:
            return open_evidence(
                connection,
                self.store.tables,
                workspace.forms,
                workspace.indicators,
                workspace.tree,
                period,
                published,
            )

    @cached_property
    def _history(self) -> History:
        workspace = self.workspace
        k = workspace.settings.privacy.k
        return History(self.store, workspace.indicators, workspace.tree, k)

    def _statuses(self, period: Period) -> dict[str, standing.UnitStatus]:
        workbook = reported_workbook(self.workspace)
        found = standing.read_status_over(self.store, self.workspace.tree, period, workbook.key)
        return {status.unit: status for status in found.units}

    def _received(self, period: Period) -> dict[str | None, datetime]:
        """Return when each unit's workbook that counts was received."""
        key = reported_workbook(self.workspace).key
        files = [f for q in period.quarters for f in read_files(self.store, period=q.code)]
        counting = [stored for stored in files if stored.current and stored.workbook == key]
        newest = sorted(counting, key=lambda stored: stored.received_at)
        return {stored.unit: stored.received_at for stored in newest}

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

    def _digest(self, view: SummaryView) -> str:
        shown = (
            self.workspace.lang,
            self.workspace.published_digest,
            view.union,
            *(_numbers(f) for f in (view.current, view.previous, view.year_ago)),
            view.children,
            view.statuses,
            view.issues,
            view.cut_off,
            view.plan,
            view.sources,
            view.coverage,
            sorted(view.like_for_like.items()),
            view.bridges,
            view.restatements,
            *(_numbers(f) for f in view.trend),
            view.scores,
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()

    def _path(self, view: SummaryView) -> Path:
        folder = self.workspace.paths.outputs / view.period.code
        return folder / f"summary_{view.unit.code}_{view.period.code}.xlsx"

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.workspace.paths.outputs).as_posix()

    def _write(self, path: Path, content: bytes) -> bool:
        return not self.rehearse and write_file(path, content)

    def _note(self, output: Output, content: bytes, newest: int, draft: Draft | None) -> None:
        tables, tree = self.store.tables, self.workspace.tree
        kept = kept_path(self.workspace.paths.state, output.sha256)
        if not (self.rehearse or kept.exists()):
            write_file(kept, content)
        message = None
        with self.store.writing() as connection:
            note_outputs(connection, self.store, [output])
            if draft is not None and draft.recipient:
                message = queue(connection, tables.messages, draft, self.now)
            edition = Edition(
                output.path,
                output.period,
                output.unit,
                self.now,
                newest,
                tree_digest(tree),
                output.sha256,
                message,
            )
            is_new = note_edition(connection, tables, edition, tree)
        if is_new and not self.rehearse:
            Chronicle(self.workspace.paths.state).append(edition_facts(self.store, output.path))

    def _draft(self, view: SummaryView, name: str, content: bytes) -> Draft | None:
        reported = view.current.numbers[("Q02", "", "")].reported
        if not view.unit.email or not reported:
            return None  # a summary of nothing is no news
        sha256 = hashlib.sha256(content).hexdigest()
        with self.store.reading() as connection:
            last = last_sent(connection, self.store.tables, self._shown(self._path(view)), sha256)
        before, known = self._last_told(view, sha256), last.files if last else None
        return summary_letter(view, [Attachment(name, content)], before, self.workspace.lang, known)

    def _last_told(self, view: SummaryView, sha256: str) -> Figures | None:
        """Return the figures of the last summary that went out to its unit, if it was another."""
        with self.store.reading() as connection:
            tables, period = self.store.tables, view.period.code
            gone = sent_messages(connection, tables.messages, view.unit.code, period)
            editions = read_editions(connection, tables, period).get(view.unit.code, [])
        told = [edition for edition in editions if edition.message in gone]
        if not told or told[-1].sha256 == sha256:
            return None
        return self._history.edition(told[-1])


def reported_workbook(workspace: Workspace) -> Workbook:
    """Return the kind of workbook that units owe every quarter."""
    return next(w for w in workspace.forms.workbooks.values() if w.every == "quarter")


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


def _numbers(figures: Figures | None) -> tuple[object, ...]:
    return tuple(figures.numbers.values()) if figures else ()
