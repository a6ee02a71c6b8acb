"""Files taken in: from the inbox into the archive, through the workers, into the database, and out
of the inbox, each with its receipt.

The order makes every step repeatable: bytes safe in the archive, then verdict and rows in one
transaction, then the file's line in the chronicle and its receipt, then it leaves the inbox, then
it is settled. What a run that died left unsettled, the next one finishes before it begins its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from time import time
from typing import TypeVar

from pipeline.books.refusals import CRASHED, OUT_OF_MEMORY, TIMED_OUT
from pipeline.brief import brief_of
from pipeline.config import WorkerSettings
from pipeline.files import write_files
from pipeline.forms.expressions import reads_today
from pipeline.forms.model import Forms
from pipeline.intake.identity import Folders, is_about_owner
from pipeline.intake.removal import finish_removing, remove_taken
from pipeline.intake.scan import Found, Reason, Skipped, bound_of, scan_inbox
from pipeline.logs import LOG
from pipeline.receipts.verdict import Verdict
from pipeline.receipts.write import write_receipt
from pipeline.records.archive import Archive, Kept, Left
from pipeline.records.chronicle import Chronicle, catch_up
from pipeline.records.journal import Held, closed_periods, last_scan, read_held
from pipeline.records.lifecycle import Run, Stored, Taken
from pipeline.records.store import Store
from pipeline.records.taking import record, seen, settle, unsettled
from pipeline.texts import Text
from pipeline.workers import Brief, Job, Outcome, judge_files
from pipeline.workspace import Workspace

_BATCH = 200  # files a transaction and a wait for the disk
_LATER: tuple[Reason, ...] = ("settling", "unreadable", "changed")  # may be ready another time

Watch = Callable[[int, int], None]  # files done, files in all
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run took in, and what it left alone; `held` of this may still be taken later."""

    files: tuple[Stored, ...]
    skipped: tuple[Skipped, ...]
    held: Held


@dataclass(frozen=True)
class Collector:
    """What taking in needs to know; `rehearse` leaves everything on disk as it is."""

    workspace: Workspace
    store: Store
    run: Run
    rehearse: bool = False

    @cached_property
    def archive(self) -> Archive:
        """The archive of original bytes."""
        return Archive(self.workspace.paths.state)

    @cached_property
    def chronicle(self) -> Chronicle:
        """What is told of every file beside its bytes."""
        return Chronicle(self.workspace.paths.state)

    def collect(self, watch: Watch) -> Collected:
        """Take in everything that lies ready, in order of receipt."""
        paths, settings = self.workspace.paths, self.workspace.settings
        if not self.rehearse:
            paths.inbox.mkdir(parents=True, exist_ok=True)
        before, held = last_scan(self.store, self.run.now), read_held(self.store)
        scan = scan_inbox(
            paths.inbox,
            now=self.run.now,
            wall_now=time(),
            settle_seconds=settings.intake.settle_seconds,
            last_scan=before,
            held=held,
            zone=self.workspace.zone,
        )
        found = self._finish_interrupted(scan.found)
        skipped = list(scan.skipped)
        taken: list[Stored] = []
        watch(0, len(found))
        judged = self._judged(iter(found), skipped)
        while batch := list(islice(judged, _BATCH)):
            taken += self._record(batch)
            watch(len(taken), len(found))
        later = [item.path for item in skipped if item.reason in _LATER]
        return Collected(
            tuple(taken),
            tuple(skipped),
            {path: bound_of(path, before, held) for path in later},
        )

    def _finish_interrupted(self, found: Sequence[Found]) -> list[Found]:
        """Finish files that an earlier run committed but did not settle; return the others.

        A file that only looks like one of these, by name, size and time, is another one.
        """
        files = [] if self.rehearse else unsettled(self.store)
        left = {(_stamp(stored), stored.sha256): stored for stored in files}
        stamps = {stamp for stamp, _ in left}
        looks = self.archive.look(file for file in found if _stamp(file) in stamps)
        unread = {_stamp(x.found) for x in looks if isinstance(x, Left)}
        lying = {
            left[key].id: x.found
            for x in looks
            if isinstance(x, Kept) and (key := (_stamp(x.found), x.sha256)) in left
        }
        ready = (stored for (stamp, _), stored in left.items() if stamp not in unread)
        for brief, batch in self._as_then(ready):
            jobs = (self._job(self.archive.path_of(x.sha256), x.path) for x in batch)
            outcomes = judge_files(jobs, brief, self._crew)
            self._hand_back(
                (stored, outcome, lying.get(stored.id))
                for stored, outcome in zip(batch, outcomes, strict=True)
            )
        finished = {id(file) for file in lying.values()}
        return [x for x in found if id(x) not in finished and _stamp(x) not in unread]

    def _as_then(self, files: Iterable[Stored]) -> Iterator[tuple[Brief, list[Stored]]]:
        """Yield files with a brief under which their verdict comes out again: as it was on the day
        on which they were taken, and closed for those that found their period closed."""
        for (day, _), group in groupby(
            files, key=lambda s: (s.taken_at.date(), s.status == "closed")
        ):
            while batch := list(islice(group, _BATCH)):
                closed = {stored.period for stored in batch if stored.status == "closed"}
                yield replace(self._brief(day), closed=frozenset(filter(None, closed))), batch

    def _judged(
        self, found: Iterator[Found], skipped: list[Skipped]
    ) -> Iterator[tuple[Kept, Outcome | None]]:
        """Yield the archived files in order, each with its outcome; None where none is needed.

        What has to be left for the next scan is added to `skipped`.
        """
        waiting: deque[tuple[Kept, bool]] = deque()

        def jobs() -> Iterator[Job]:
            while batch := list(islice(found, _BATCH)):
                kept = self._keep(batch, skipped)
                marks = [(item.sha256, self._folders.owner(item.found.path)) for item in kept]
                known = seen(self.store, self.run, marks)
                for item, mark in zip(kept, marks, strict=True):
                    waiting.append((item, mark not in known))
                    if mark not in known:
                        yield self._job(self._bytes_of(item), item.found.path)

        for outcome in judge_files(jobs(), self._brief(self.run.now.date()), self._crew):
            while not waiting[0][1]:
                yield waiting.popleft()[0], None
            yield waiting.popleft()[0], outcome
        yield from ((item, None) for item, _ in waiting)

    def _record(self, batch: Sequence[tuple[Kept, Outcome | None]]) -> list[Stored]:
        clock_codes = codes_of_the_day(self.workspace.forms)
        taken = [self._taken(kept, outcome, clock_codes) for kept, outcome in batch]
        stored = record(self.store, self.run, taken)
        if not self.rehearse:
            catch_up(self.store, self.chronicle)
            self._hand_back(
                (entry, outcome, kept.found)
                for entry, (kept, outcome) in zip(stored, batch, strict=True)
            )
        return stored

    @cached_property
    def _folders(self) -> Folders:
        return Folders(self.workspace.tree)

    def _job(self, source: Path, shown: str) -> Job:
        return Job(source, PurePosixPath(shown).name, self._folders.owner(shown))

    def _taken(self, kept: Kept, outcome: Outcome | None, clock_codes: frozenset[str]) -> Taken:
        found = kept.found
        submission = outcome.submission if outcome else None
        period = submission.period if submission else None
        unit = submission.unit if submission else ""
        folder = self._folders.owner(found.path)
        owner = unit if unit in self.workspace.tree.units and period else ""
        if submission and submission.withheld and not unit:
            owner = folder
        return Taken(
            path=found.path,
            sha256=kept.sha256,
            size=found.size,
            mtime_ns=found.mtime_ns,
            received_at=found.received_at,
            submission=submission,
            folder=folder,
            owner=owner,
            due=period.due(self.workspace.settings.periods.due_days) if period else None,
            receipt_suffix=outcome.suffix if outcome and outcome.receipt else ".txt",
            clock_dependent=submission is not None
            and any(issue.code in clock_codes for issue in submission.issues),
        )

    def _hand_back(self, files: Iterable[tuple[Stored, Outcome | None, Found | None]]) -> None:
        """Write the receipts of committed files, take these out of the inbox and settle them.

        Where the system does not let a file go, such as one open in Excel on Windows, it is not
        settled; the next run tries again.
        """
        lying: list[tuple[Stored, Found | None]] = []
        receipts: dict[Path, bytes] = {}
        for stored, outcome, found in files:
            receipts[self.workspace.paths.outputs / stored.receipt] = self._receipt(stored, outcome)
            lying.append((stored, found))
            if stored.status == "quarantined":
                self.archive.quarantine(stored.sha256, PurePosixPath(stored.path).name)
        write_files(receipts)
        settle(self.store, [stored.id for stored, found in lying if self._let_go(stored, found)])

    def _let_go(self, stored: Stored, found: Found | None) -> bool:
        if found is not None:
            return remove_taken(found)
        source = self.workspace.paths.inbox / stored.path
        return finish_removing(source, stored.size, stored.mtime_ns, stored.sha256)

    def _receipt(self, stored: Stored, outcome: Outcome | None) -> bytes:
        if outcome is not None and outcome.trouble:
            trouble = {"trouble": outcome.trouble}
            LOG.error("file: %s broke the reader", stored.path, extra=trouble)
        if outcome is not None and outcome.receipt and stored.status != "duplicate":
            return outcome.receipt
        verdict = self._verdict(stored, outcome)
        return write_receipt(b"", None, verdict, (), {}, self.workspace.lang)[0]

    def _verdict(self, stored: Stored, outcome: Outcome | None) -> Verdict:
        workspace = self.workspace
        unit = workspace.tree.units.get(stored.unit or stored.owner)
        workbook = workspace.forms.workbooks.get(stored.workbook or "")
        issues = outcome.submission.issues if outcome and stored.status != "duplicate" else ()
        if outcome and outcome.submission.withheld:
            issues = tuple(filter(is_about_owner, issues))
        return Verdict(
            file=PurePosixPath(stored.path).name,
            unit=stored.unit or stored.owner,
            unit_name=unit.name if unit else "",
            period=stored.period or "",
            workbook=workbook.label if workbook else Text("", ""),
            status=stored.status,
            issues=issues,
            version=stored.version,
            note=duplicate_note(stored),
        )

    def _keep(self, files: Sequence[Found], skipped: list[Skipped]) -> list[Kept]:
        outcomes = self.archive.look(files) if self.rehearse else self.archive.keep(files)
        skipped += [Skipped(x.found.path, x.reason) for x in outcomes if isinstance(x, Left)]
        return [item for item in outcomes if isinstance(item, Kept)]

    def _bytes_of(self, kept: Kept) -> Path:
        return kept.found.source if self.rehearse else self.archive.path_of(kept.sha256)

    @property
    def _crew(self) -> WorkerSettings:
        return self.workspace.settings.workers

    def _brief(self, today: date) -> Brief:
        return brief_of(self.workspace, today, closed_periods(self.store))


def codes_of_the_day(forms: Forms) -> frozenset[str]:
    """Return the ids of rules, checks and refusals whose verdict another day alone may change."""
    rules = (
        rule.id for form in forms.forms.values() for rule in form.rules if reads_today(rule.node)
    )
    checks = (
        check.id
        for form in forms.forms.values()
        for check in form.checks
        if check.check == "period_begun"
    )
    ours = (CRASHED.code, OUT_OF_MEMORY.code, TIMED_OUT.code)  # another night may go better
    return frozenset((*rules, *checks, *ours))


def duplicate_note(stored: Stored) -> Text | None:
    """Return which file a duplicate equals and whether that still counts."""
    origin = stored.origin
    if stored.status != "duplicate" or origin is None:
        return None
    if origin.version is None:
        return Text(
            f"它与退回过的“{PurePosixPath(origin.path).name}”相同，需要改正后再交。",
            f"It equals “{PurePosixPath(origin.path).name}”, which was returned; mend it first.",
        )
    if origin.counted:
        return Text(
            f"它与第 {origin.version} 版相同，那一版正在计入汇总，不用再交。",
            f"It equals version {origin.version}, which counts; nothing more is needed.",
        )
    return Text(
        f"它与第 {origin.version} 版相同，那一版已被后来的版本取代，不再计入。"
        "要恢复那一版的内容，请改动后（例如更新填报日期）重新保存再交。",
        f"It equals version {origin.version}, which a later version has replaced. To bring its "
        "content back, change something (the date of report), save and drop it again.",
    )


def _stamp(file: Found | Stored) -> tuple[str, int, int]:
    return (file.path, file.size, file.mtime_ns)
