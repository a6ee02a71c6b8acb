"""Files judged in worker processes: jobs in, outcomes out in the same order, whatever a file does.

A worker reads the bytes, screens, parses, judges and marks the receipt; it writes nothing. Files go
out in batches, since one file a task would eat the gain. A worker that dies or hangs costs one
file: the pool is rebuilt and the files of the lost batch are judged alone, each in a process of
its own, so that the one that kills is known; it is quarantined and the rest goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path

from pipeline.forms.load import read_forms
from pipeline.intake.findings import refusal_issue
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.receipt import write_receipt
from pipeline.intake.refusals import CRASHED, OUT_OF_MEMORY, TIMED_OUT, Refused, refuse
from pipeline.intake.screen import Limits
from pipeline.intake.sheets import Book, read_book
from pipeline.intake.submission import Submission
from pipeline.intake.verdict import Verdict
from pipeline.orgunits import read_orgunits
from pipeline.texts import Lang

BATCH = 50
_AHEAD = 4  # batches in flight a worker: enough to keep it busy, few enough to keep memory flat


@dataclass(frozen=True, slots=True)
class Brief:
    """What a worker must know, in a form that travels: paths and plain values, no closures."""

    config: Path
    orgunits: Path
    root: str
    today: date
    closed: frozenset[str]
    limits: Limits
    seconds_per_file: int
    lang: Lang


@dataclass(frozen=True, slots=True)
class Job:
    """One file to judge: where its bytes are, and the name it was dropped under.

    `today` is another day than the brief's, for a file that is read again.
    """

    path: Path
    name: str
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    `receipt` is its marked copy with the suffix, where it needs one; `trouble` the traceback of a
    fault of our own on it, for the log.
    """

    submission: Submission
    receipt: bytes | None = None
    suffix: str = ""
    trouble: str = ""


def judge_files(jobs: Iterable[Job], brief: Brief, workers: int) -> Iterator[Outcome]:
    """Yield the outcome of every job, in order; at most a few batches are held at a time."""
    pool = _Pool(brief, workers)
    try:
        yield from pool.run(iter(jobs))
    finally:
        pool.stop()


def judge_file(job: Job, brief: Brief) -> Outcome:
    """Judge one file in this process. An archive that cannot be read is no fault of the file: that
    is an OSError, which ends the run."""
    try:
        data = job.path.read_bytes()
    except MemoryError:
        return refused_outcome(refuse(OUT_OF_MEMORY))
    return judge_bytes(data, job, brief)


def judge_bytes(data: bytes, job: Job, brief: Brief) -> Outcome:
    """Judge the content of a file; whatever it makes the code raise, it is an outcome."""
    try:
        book = read_book(data, brief.limits)
        setup = _setup(brief)
        submission = judge_book(book, replace(setup, today=job.today or setup.today))
        return _with_receipt(data, job, book, submission, brief)
    except Refused as refused:
        return refused_outcome(refused)
    except MemoryError:
        return refused_outcome(refuse(OUT_OF_MEMORY))
    except Exception:  # a fault of ours must cost this file alone, and be seen
        return replace(refused_outcome(refuse(CRASHED)), trouble=traceback.format_exc())


def refused_outcome(refused: Refused) -> Outcome:
    """Return the outcome of a file that cannot be read: quarantined, with the reason."""
    issue = refusal_issue(refused.refusal)
    return Outcome(Submission("", "", None, "quarantined", (issue,)))


def _with_receipt(
    data: bytes, job: Job, book: Book, submission: Submission, brief: Brief
) -> Outcome:
    if all(issue.severity == "info" for issue in submission.issues):
        return Outcome(submission)
    setup = _setup(brief)
    unit = setup.tree.units.get(submission.unit)
    workbook = setup.forms.workbooks[submission.workbook]
    verdict = Verdict(
        file=job.name,
        unit=submission.unit,
        unit_name=unit.name if unit else "",
        period=submission.period.code if submission.period else "",
        workbook=workbook.label,
        status=submission.status,
        issues=submission.issues,
    )
    names = submission.sheet_names or {}
    sheets = [(sheet.name, sheet.rows) for sheet in book.sheets]
    receipt, suffix = write_receipt(data, book.kind, verdict, sheets, names, brief.lang)
    return Outcome(submission, receipt, suffix)


@lru_cache(maxsize=1)
def _setup(brief: Brief) -> Setup:
    """Load forms and units once a process; a changed brief loads them anew."""
    tree = read_orgunits(brief.orgunits, brief.root)
    return Setup(read_forms(brief.config), tree, brief.today, brief.closed)


def _judge_batch(jobs: Sequence[Job], brief: Brief) -> list[Outcome]:
    return [judge_file(job, brief) for job in jobs]


class _Pool:
    """A process pool that outlives its processes."""

    def __init__(self, brief: Brief, workers: int) -> None:
        self._brief = brief
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None

    def run(self, jobs: Iterator[Job]) -> Iterator[Outcome]:
        waiting: deque[tuple[list[Job], Future[list[Outcome]]]] = deque()
        while True:
            while len(waiting) < self._workers * _AHEAD and (batch := list(islice(jobs, BATCH))):
                waiting.append((batch, self._submit(batch)))
            if not waiting:
                return
            batch, future = waiting.popleft()
            outcomes = self._result(future, len(batch))
            if outcomes is None:
                outcomes = [self._judge_alone(job) for job in batch]
                # The pool died under the other batches too; they start again, in order.
                waiting = deque((jobs_, self._submit(jobs_)) for jobs_, _ in waiting)
            yield from outcomes

    def stop(self) -> None:
        """End the processes, busy or not."""
        if self._executor is not None:
            processes = list((self._executor._processes or {}).values())
            self._executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            for process in processes:
                process.join()
            self._executor = None

    def _submit(self, batch: list[Job]) -> Future[list[Outcome]]:
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self._workers, context, _limit_process, (2**31,))
        return self._executor.submit(_judge_batch, batch, self._brief)

    def _result(self, future: Future[list[Outcome]], count: int) -> list[Outcome] | None:
        """Return a batch's outcomes, or None when its process died or hung; then the pool is gone."""
        try:
            return future.result(timeout=self._brief.seconds_per_file * max(count, 2))
        except (BrokenProcessPool, TimeoutError):
            self.stop()
            return None

    def _judge_alone(self, job: Job) -> Outcome:
        alone = _Pool(self._brief, 1)
        future = alone._submit([job])
        try:
            # The process has to start and load the forms before the file's own time begins.
            return future.result(timeout=self._brief.seconds_per_file + 10)[0]
        except BrokenProcessPool:
            return refused_outcome(refuse(CRASHED))
        except TimeoutError:
            return refused_outcome(refuse(TIMED_OUT, seconds=self._brief.seconds_per_file))
        finally:
            alone.stop()


def _limit_process(memory: int) -> None:
    """Bound this worker's memory, where the system can; elsewhere the wall clock remains."""
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
