"""What is stored, published: numbers of a period in; workbooks, narratives, messages, the page out.

A summary is rendered only if something it shows has changed since it was last rendered; that is
told by a digest of all it shows. The file is written first, then noted in one transaction with the
message that carries it, so that a run that dies between writes the same file again.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Literal

from pipeline.copies import Job, Ready, do_in_copies
from pipeline.deliver.compose import Attachment, Draft
from pipeline.deliver.outbox import queue, sent_messages
from pipeline.errors import ConfigError
from pipeline.files import scratch, write_file
from pipeline.letter import summary_letter
from pipeline.narrate import Narrator
from pipeline.periods import Period
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
from pipeline.showing import read_views
from pipeline.summaries.dashboard.page import NAME as PAGE
from pipeline.summaries.dashboard.page import write_dashboard
from pipeline.summaries.evidence import MOST_LINES
from pipeline.summaries.history import History
from pipeline.summaries.numbers import Figures
from pipeline.summaries.read_evidence import EvidenceReader, open_evidence
from pipeline.summaries.view import SummaryView
from pipeline.summaries.workbook import write_summary
from pipeline.workspace import Workspace


def unwatched(_done: int, _all: int) -> None:
    """Tell nobody how much of the work is done."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file of a period: where it lies, whose view it shows, and the digest of all it rests on."""

    kind: Literal["summary", "narrative", "page"]
    path: Path
    view: SummaryView
    digest: str


@dataclass(frozen=True)
class Publisher:
    """What publishing needs to know; `rehearse` writes no file.

    `problems` collects what kept a narrative from being written: one line each, for people.
    """

    workspace: Workspace
    store: Store
    now: datetime
    rehearse: bool = False
    watch: Callable[[int, int], None] = unwatched
    problems: list[str] = field(default_factory=list)

    def publish(self, period: Period, units: Iterable[str] = (), mail: bool = True) -> list[Path]:
        """Bring the summaries of a period up to date and return the files that changed.

        `units` are the inner units to render, all that the settings name if empty. With `mail`
        each unit with an address has its summary queued, which does nothing if it has it already.
        """
        if self.rehearse:
            return self._publish(period, frozenset(units), mail, None)
        with scratch(self.workspace.paths.state / "rendering") as folder:
            return self._publish(period, frozenset(units), mail, folder)

    def _publish(
        self, period: Period, wanted: frozenset[str], mail: bool, folder: Path | None
    ) -> list[Path]:
        noted = read_outputs(self.store, period.code)
        with self.store.reading() as connection:
            newest = newest_file(connection, self.store.tables)
        views = list(read_views(self.workspace, self.store, self._history, period, wanted))
        digests = [self._digest(view) for view in views]
        is_current = partial(self._is_current, noted)
        summaries = list(map(self._summary, views, digests))
        for piece in filter(is_current, summaries):
            if mail and piece.view.unit.email:  # who may not have it yet
                self._keep(piece, piece.path.read_bytes, newest, mail)
        jobs = self._jobs(views, summaries, wanted, folder)
        stale = deque((piece, job) for piece, job in jobs if not is_current(piece))
        written: list[Path] = []
        with closing(self._drawn(stale)) as pieces:
            for piece, drawn in pieces:
                written += self._keep(piece, drawn, newest, mail)
        return written

    def _drawn(
        self, stale: deque[tuple[_Piece, Job]]
    ) -> Generator[tuple[_Piece, Ready], None, None]:
        """Yield the files with what they hold, the page last: it goes with all others.

        A job is let go of when its file has been written, with all that it holds.
        """
        every, at_last = len(stale), []
        jobs = (stale.popleft() for _ in range(every))
        with closing(do_in_copies(jobs, self.workspace.settings.workers.processes)) as pieces:
            for done, (piece, drawn) in enumerate(pieces, 1):
                if piece.kind == "page":
                    at_last.append((piece, drawn))
                else:
                    yield piece, drawn
                self.watch(done, every)
        yield from at_last

    def _jobs(
        self,
        views: Sequence[SummaryView],
        summaries: Sequence[_Piece],
        wanted: frozenset[str],
        folder: Path | None,
    ) -> Iterator[tuple[_Piece, Job]]:
        """Yield the files of a period with what draws them, the page first, which takes longest."""
        lang = self.workspace.lang
        if not wanted:  # the page shows all units, and these are only some
            digest = hashlib.sha256(" ".join(piece.digest for piece in summaries).encode())
            path = self.workspace.paths.outputs / views[0].period.code / PAGE
            page = _Piece("page", path, views[0], digest.hexdigest())
            yield page, lambda: partial(write_dashboard, views, lang)

        @cache
        def evidence() -> EvidenceReader:  # opened only where something is drawn
            return self._evidence(views[0].period)

        for piece in summaries:
            yield piece, partial(self._prepare, piece.view, evidence, folder)
        narrator = Narrator(self.workspace, self.store, views[0].period)
        yield from self._narratives(narrator, summaries)

    def _narratives(
        self, narrator: Narrator, summaries: Sequence[_Piece]
    ) -> Iterator[tuple[_Piece, Job]]:
        """Yield the narratives that go with summaries; one that cannot be written stops nothing."""
        for summary in summaries:
            view = summary.view
            if not (narrator.wanted and view.period.is_quarter):  # it tells of a quarter's ledgers
                continue
            try:
                digest = narrator.digest(view, summary.digest)
            except ConfigError as error:
                self._tell(error)
            else:
                piece = _Piece("narrative", narrator.path(view), view, digest)
                yield piece, partial(narrator.prepare, view)

    def _prepare(
        self, view: SummaryView, evidence: Callable[[], EvidenceReader], folder: Path | None
    ) -> Ready:
        """Return what draws the summary of a view, of a quarter with the rows behind it."""
        if view.period.is_quarter:
            codes = [status.unit for status in view.statuses]
            branches = {code: child for child, below in view.branches.items() for code in below}
            with self.store.reading() as connection:
                below = evidence().of(connection, codes, MOST_LINES, branches)
            view = replace(view, evidence=below)
        return partial(write_summary, view, self.workspace.lang, folder)

    def _is_current(self, noted: Mapping[str, Output], piece: _Piece) -> bool:
        known = noted.get(self._shown(piece.path))
        return known is not None and known.digest == piece.digest and piece.path.exists()

    def _keep(self, piece: _Piece, drawn: Ready, newest: int, mail: bool) -> list[Path]:
        """Write a file and note it, a summary with the message to whom it concerns; return it if it
        changed."""
        try:
            content = drawn()
        except ConfigError as error:
            if piece.kind != "narrative":
                raise
            self._tell(error)
            return []
        changed = not self.rehearse and write_file(piece.path, content)
        sha256 = hashlib.sha256(content).hexdigest()
        view = piece.view
        output = Output(
            self._shown(piece.path), view.period.code, view.unit.code, piece.digest, sha256
        )
        if piece.kind == "summary":
            draft = self._draft(view, piece.path.name, content) if mail else None
            self._note(output, content, newest, draft)
        else:  # what was said to whom is noted of the summaries
            with self.store.writing() as connection:
                note_outputs(connection, self.store, [output])
        return [piece.path] if changed else []

    def _tell(self, problem: ConfigError) -> None:
        if str(problem) not in self.problems:
            self.problems.append(str(problem))

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
    def _tree(self) -> str:
        return tree_digest(self.workspace.tree)

    @cached_property
    def _history(self) -> History:
        workspace = self.workspace
        k = workspace.settings.privacy.k
        return History(self.store, workspace.indicators, workspace.tree, k)

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

    def _summary(self, view: SummaryView, digest: str) -> _Piece:
        return _Piece("summary", self._path(view), view, digest)

    def _path(self, view: SummaryView) -> Path:
        folder = self.workspace.paths.outputs / view.period.code
        return folder / f"summary_{view.unit.code}_{view.period.code}.xlsx"

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.workspace.paths.outputs).as_posix()

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
                self._tree,
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


def _numbers(figures: Figures | None) -> tuple[object, ...]:
    return tuple(figures.numbers.values()) if figures else ()
