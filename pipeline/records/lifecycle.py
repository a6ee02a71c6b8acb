"""What becomes of each file: verdicts in, statuses and versions out. Nothing here touches a disk.

Files are decided one after the other, in the order in which they were received, so that a file
sees what the one before it in the same night has changed. The rule: bytes that were accepted once
are a duplicate for ever; bytes that were refused are one only while everything their verdict
rested on is the same, the day too where the day alone can change it. A file of a closed period
leaves no trace that could make another a duplicate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal

from pipeline.intake.submission import Judgement, Submission
from pipeline.issues import count_severity
from pipeline.records.names import UNIDENTIFIED, receipt_path

Status = Judgement | Literal["duplicate"]
ACCEPTED: tuple[Status, ...] = ("accepted", "accepted_with_warnings")
REFUSED: tuple[Status, ...] = ("rejected", "quarantined")

Key = tuple[str | None, str | None, str | None]  # unit, period, workbook


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its id, its clock, and the digest of what its verdicts rest on.

    `judged_under` covers forms, units, settings and the program itself.
    """

    id: str
    now: datetime
    judged_under: str

    def key(self, clock_dependent: bool) -> str:
        """Return the key under which a verdict of this run is kept."""
        day = f"@{self.now.date()}" if clock_dependent else ""
        return self.judged_under + day

    def holds(self, key: str) -> bool:
        """Tell whether a verdict kept under `key` would be the same in this run."""
        return key in (self.key(False), self.key(True))


@dataclass(frozen=True, slots=True)
class Taken:
    """One file, archived and judged.

    `submission` is None for bytes known to be a duplicate, which need no reading. `folder` is the
    unit whose folder of the inbox it lies in, `owner` the one whose receipts folder gets the
    receipt, "" for none. `due` is the end of the period's due
    day. `clock_dependent` says that another day alone might change the verdict. Identical bytes
    taken twice in one run carry the same submission twice; the second becomes a duplicate here.
    """

    path: str
    sha256: str
    size: int
    mtime_ns: int
    received_at: datetime
    submission: Submission | None = None
    folder: str = ""
    owner: str = ""
    due: datetime | None = None
    receipt_suffix: str = ".txt"
    clock_dependent: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a duplicate equals; `counted` says whether it counted at that moment."""

    id: int
    path: str
    status: Status
    version: int | None
    counted: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """One file as the database knows it, in the columns of `files`.

    `version` is None but for accepted files; a duplicate's is its origin's. `current` is whether
    it counts now. `receipt` is relative to the outputs folder.
    """

    id: int
    run_id: str
    path: str
    sha256: str
    size: int
    mtime_ns: int
    received_at: datetime
    taken_at: datetime
    unit: str | None
    period: str | None
    workbook: str | None
    version: int | None
    status: Status
    errors: int
    warnings: int
    nil: bool
    on_time: bool
    current: bool
    duplicate_of: int | None
    judged_under: str
    receipt: str
    settled: bool
    origin: Origin | None = None

    @property
    def key(self) -> Key:
        """What a newer version replaces: unit, period and workbook."""
        return (self.unit, self.period, self.workbook)

    @property
    def owner(self) -> str:
        """The unit that the receipt went to, "" for none."""
        folder = PurePosixPath(self.receipt).parent.name
        return "" if folder == UNIDENTIFIED else folder

    @property
    def misplaced(self) -> bool:
        """Whether it lay in another unit's folder; it is then nobody's."""
        return self.unit is None and self.owner != ""

    @property
    def replaced(self) -> int | None:
        """The version that this one replaced; every accepted version replaces the one before."""
        return self.version - 1 if self.version and self.version > 1 else None


@dataclass
class Book:
    """What decisions look up and change: all files by their bytes, and the versions that count."""

    next_id: int = 1
    by_content: defaultdict[str, list[Stored]] = field(default_factory=lambda: defaultdict(list))
    counting: dict[Key, Stored] = field(default_factory=dict)


def find_origin(same_bytes: Iterable[Stored], run: Run, folder: str) -> Stored | None:
    """Return the file that the same bytes, dropped now, would be a duplicate of; None if new.

    `folder` is the unit whose folder they lie in now: what is right in one may be wrong in another.
    """
    refused = None
    for stored in same_bytes:
        if not _is_as_well_in(folder, stored):
            continue
        if stored.status in ACCEPTED:
            return stored
        if stored.status in REFUSED and run.holds(stored.judged_under):
            refused = stored
    return refused


def _is_as_well_in(folder: str, stored: Stored) -> bool:
    if folder and stored.owner:
        return folder == stored.owner
    return not stored.misplaced


def decide(book: Book, run: Run, taken: Taken) -> Stored:
    """Return what becomes of a file and enter it into the book.

    Raises LookupError for an unread file that is no duplicate: its caller should have read it.
    """
    origin = find_origin(book.by_content[taken.sha256], run, taken.folder)
    if origin is not None:
        stored = _duplicate(book, run, taken, origin)
    elif taken.submission is not None:
        stored = _judged(book, run, taken, taken.submission)
    else:
        raise LookupError(f"{taken.path}: neither read nor known")
    book.next_id += 1
    book.by_content[taken.sha256].append(stored)
    if stored.current:
        book.counting[stored.key] = stored
    return stored


def _judged(book: Book, run: Run, taken: Taken, submission: Submission) -> Stored:
    accepted = submission.status in ACCEPTED
    stored = replace(
        _entry(book, run, taken, taken.owner, taken.receipt_suffix),
        unit=submission.unit or None,
        period=submission.period.code if submission.period else None,
        workbook=submission.workbook or None,
        status=submission.status,
        errors=count_severity(submission.issues, "error"),
        warnings=count_severity(submission.issues, "warning"),
        nil=submission.nil,
        on_time=taken.due is not None and taken.received_at <= taken.due,
        current=accepted,
        judged_under=run.key(taken.clock_dependent),
    )
    if not accepted:
        return stored
    before = book.counting.get(stored.key)
    return replace(stored, version=(before.version or 0) + 1 if before else 1)


def _duplicate(book: Book, run: Run, taken: Taken, origin: Stored) -> Stored:
    owner = PurePosixPath(origin.receipt).parent.name
    return replace(
        _entry(book, run, taken, owner, ".txt"),
        unit=origin.unit,
        period=origin.period,
        workbook=origin.workbook,
        duplicate_of=origin.id,
    )


def _entry(book: Book, run: Run, taken: Taken, owner: str, suffix: str) -> Stored:
    name = PurePosixPath(taken.path).name
    before = len(book.by_content[taken.sha256])
    return Stored(
        id=book.next_id,
        run_id=run.id,
        path=taken.path,
        sha256=taken.sha256,
        size=taken.size,
        mtime_ns=taken.mtime_ns,
        received_at=taken.received_at,
        taken_at=run.now,
        unit=None,
        period=None,
        workbook=None,
        version=None,
        status="duplicate",
        errors=0,
        warnings=0,
        nil=False,
        on_time=False,
        current=False,
        duplicate_of=None,
        judged_under=run.judged_under,
        receipt=receipt_path(owner, name, taken.sha256, before, suffix),
        settled=False,
    )
