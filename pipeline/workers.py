"""Files judged in worker processes: jobs in, outcomes out in the same order, whatever a file does.

The processes are this machine's or those of a dask cluster. A worker reads the bytes, screens, parses, judges and marks the receipt; it writes nothing. The
rule: a file that ends its worker (see `sandbox`) is quarantined by name, and the rest goes on.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.books.grid import Book
from pipeline.books.read import read_book
from pipeline.books.refusals import CRASHED, OUT_OF_MEMORY, TIMED_OUT, Refused, refuse
from pipeline.books.screen import Limits
from pipeline.forms.load import read_forms
from pipeline.intake.findings import refusal_issue
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.submission import Submission, as_stored
from pipeline.orgunits import read_orgunits
from pipeline.sandbox import Bounds, Ending, run_sandboxed
from pipeline.texts import Lang

if TYPE_CHECKING:
    from pipeline.config import WorkerSettings


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
    digest: str = ""  # of all this, so that a worker that stays up notices a change


@dataclass(frozen=True, slots=True)
class Job:
    """One file to judge: where its bytes are, and the name it was dropped under.

    `folder` is the unit whose folder of the inbox it lies in, "" for nobody's. `today` is another
    day than the brief's, for a file that is read again.
    """

    path: Path
    name: str
    folder: str = ""
    today: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file; the values of `submission` are as the database keeps them.

    `receipt` is its marked copy with the suffix, where it needs one; `trouble` the traceback of a
    fault of our own on it, for the log, without a value of the file.
    """

    submission: Submission
    receipt: bytes | None = None
    suffix: str = ""
    trouble: str = ""


def judge_files(
    jobs: Iterable[Job], brief: Brief, crew: WorkerSettings, *, fork: bool = False
) -> Iterator[Outcome]:
    """Yield the outcome of every job, in order; at most a few batches are held at a time.

    `fork` is for a file or two, see `run_sandboxed`.
    """
    work, lost = partial(judge_file, brief=brief), partial(lost_outcome, brief=brief)
    bounds = Bounds(brief.seconds_per_file)
    if crew.engine == "processes":
        yield from run_sandboxed(work, jobs, lost, bounds, crew.processes, fork=fork)
        return
    from pipeline.cluster import run_on_cluster

    waiting = iter(jobs)
    first = next(waiting, None)
    if first is not None:  # without a file to read nobody need be asked
        seen = (brief.config, brief.orgunits, first.path)
        every = chain([first], waiting)
        yield from run_on_cluster(work, every, lost, bounds, crew.address, seen)


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
        setup = replace(_setup(brief), folder=job.folder, today=job.today or brief.today)
        outcome = _with_receipt(data, job, book, judge_book(book, setup), brief)
        return replace(outcome, submission=as_stored(outcome.submission, setup.forms))
    except Refused as refused:
        return refused_outcome(refused)
    except MemoryError:
        return refused_outcome(refuse(OUT_OF_MEMORY))
    except Exception as error:  # a fault of ours must cost this file alone, and be seen
        return replace(refused_outcome(refuse(CRASHED)), trouble=_trouble(error))


def lost_outcome(_job: Job, ending: Ending, brief: Brief) -> Outcome:
    """Return the outcome of a file that ended its worker."""
    match ending:
        case "memory":
            return refused_outcome(refuse(OUT_OF_MEMORY))
        case "time":
            return refused_outcome(refuse(TIMED_OUT, seconds=brief.seconds_per_file))
    return refused_outcome(refuse(CRASHED))


def refused_outcome(refused: Refused) -> Outcome:
    """Return the outcome of a file that cannot be read: quarantined, with the reason."""
    issue = refusal_issue(refused.refusal)
    return Outcome(Submission("", "", None, "quarantined", (issue,)))


def _trouble(error: Exception) -> str:
    """Return where a fault of ours struck; its own words might quote a cell."""
    frames = traceback.format_tb(error.__traceback__)
    return "".join([*frames, type(error).__name__])


def _with_receipt(
    data: bytes, job: Job, book: Book, submission: Submission, brief: Brief
) -> Outcome:
    if submission.withheld or all(issue.severity == "info" for issue in submission.issues):
        return Outcome(submission)  # a short text will do, or must
    from pipeline.receipts.verdict import Verdict  # a good file need not wait for it to be loaded
    from pipeline.receipts.write import write_receipt

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
