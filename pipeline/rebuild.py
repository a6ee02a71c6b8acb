"""The database made again: archive and chronicle in, ledgers out, equal to those that were lost.

What became of each file is a fact and stays as it was told: status, version, moment. What a file
reports is read from its bytes again, under the forms as they are now. Where that comes to other
numbers than then, nothing is changed until somebody has said so (`accept`); where only the verdict
would be another one today, that is told, and nothing else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection

from pipeline.brief import brief_of
from pipeline.errors import UsageError
from pipeline.intake.identity import Folders
from pipeline.intake.submission import Submission
from pipeline.logs import LOG, log_to
from pipeline.records.archive import Archive
from pipeline.records.backup import BACKUPS, back_up, is_sound, put_aside
from pipeline.records.chronicle import Chronicle, Fact, History
from pipeline.records.journal import Output
from pipeline.records.lifecycle import ACCEPTED, Stored
from pipeline.records.restore import (
    clear_ledgers,
    restore_files,
    restore_findings,
    restore_history,
    restore_outputs,
)
from pipeline.records.store import SCHEMA_VERSION, Store, database_file, open_store
from pipeline.records.tables import WHOLE
from pipeline.records.totals import ROWS, Totals, control_totals, differing
from pipeline.texts import Text
from pipeline.workers import Job, judge_files
from pipeline.workspace import Workspace, hold

_BATCH = 200
_ROWS = Text("行数", "rows")
_SUM = Text("{label}合计", "sum of {label}")
_FILLED = Text("{label}已填的格数", "cells filled of {label}")

Watch = Callable[[int, int], None]  # files read, files in all


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that a file came to when it was taken, and comes to now; money in yuan."""

    file: str
    form: Text
    what: Text
    then: Decimal
    now: Decimal


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A file that would be judged otherwise today; its recorded status stays."""

    file: str
    then: str
    now: str


@dataclass
class Rebuilt:
    """What a rebuilding came to.

    `lost` are files whose bytes are not in the archive as they were; `untold` the numbers of files
    that the chronicle should tell of and does not; `aside` is where a damaged database was put.
    `done` says whether the database is the rebuilt one now.
    """

    files: int = 0
    differences: list[Difference] = field(default_factory=list)
    otherwise: list[Otherwise] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    untold: list[int] = field(default_factory=list)
    aside: Path | None = None
    done: bool = False

    @property
    def is_equal(self) -> bool:
        """Whether every number is what it was."""
        return not (self.differences or self.lost or self.untold)


class _Undo(Exception):
    """Leaves the database as it was."""


def rebuild(
    workspace: Workspace,
    now: datetime,
    watch: Watch,
    *,
    rehearse: bool = False,
    accept: bool = False,
) -> Rebuilt:
    """Fill the database again from the archive.

    A damaged database is put aside first, any other is copied to the backups. Nothing is changed
    where `rehearse`, or where a number differs and that is not accepted. Raises UsageError where
    there is no chronicle, WorkspaceBusy, ConfigError.
    """
    state = workspace.paths.state
    with nullcontext() if rehearse else hold(workspace):
        history = _read_history(state)
        store, aside = _open(workspace, now, rehearse)
        try:
            with nullcontext() if rehearse else log_to(state):
                return _rebuild(workspace, store, history, watch, rehearse, accept, aside)
        finally:
            store.close()


def _rebuild(
    workspace: Workspace,
    store: Store,
    history: History,
    watch: Watch,
    rehearse: bool,
    accept: bool,
    aside: Path | None,
) -> Rebuilt:
    found = Rebuilt(untold=history.missing, aside=aside)
    changed: list[Fact] = []
    facts = [fact for _, fact in sorted(history.files.items())]
    with suppress(_Undo):
        with store.writing() as connection:
            clear_ledgers(connection, store.tables)
            files = restore_files(connection, store, facts, set(_lying(workspace, facts)))
            found.files = len(files)
            for read in _read_again(workspace, files, found, watch):
                restore_findings(connection, store, read)
            restore_history(connection, store, history)
            restore_outputs(connection, store, _summaries(workspace))
            changed += _compare(connection, store, facts, found)
            if rehearse or not (found.is_equal or accept):
                raise _Undo
        found.done = True
        Chronicle(workspace.paths.state).append(changed)
    LOG.info(
        "rebuild: files=%d differing=%d otherwise=%d lost=%d untold=%d done=%s",
        *(found.files, len(changed), len(found.otherwise), len(found.lost)),
        *(len(found.untold), found.done),
    )
    return found


def _read_history(state: Path) -> History:
    chronicle = Chronicle(state)
    history = chronicle.read()
    if not history.files:
        raise UsageError(
            f"{chronicle.path}: 没有可供重建的记录 (nothing to rebuild from)。"
            "存档里的原件还在的话，复制回收件文件夹再运行 run 即可重新收下。"
        )
    return history


def _open(workspace: Workspace, now: datetime, rehearse: bool) -> tuple[Store, Path | None]:
    """Return the store to fill, and where a damaged database was put to make room for it."""
    state, aside = workspace.paths.state, None
    if rehearse:
        return open_store("sqlite://", workspace.forms, state, rehearse=True), None
    url = workspace.settings.database.url
    database = database_file(url, state)
    if database is not None and database.exists():
        if is_sound(database):
            back_up(database, state / BACKUPS, SCHEMA_VERSION, now)
        else:
            aside = put_aside(database, state / BACKUPS, now)
    return open_store(url, workspace.forms, state, now=now), aside


def _lying(workspace: Workspace, facts: Iterable[Fact]) -> Iterator[int]:
    """Yield the numbers of the files that a run was killed before it could take them away."""
    for fact in facts:
        try:
            status = os.lstat(workspace.paths.inbox / fact["path"])
        except (OSError, ValueError):
            continue
        if (status.st_size, status.st_mtime_ns) == (fact["size"], fact["mtime_ns"]):
            yield fact["id"]


def _read_again(
    workspace: Workspace, files: Sequence[Stored], found: Rebuilt, watch: Watch
) -> Iterator[list[tuple[Stored, Submission]]]:
    """Yield what the workbooks say, batch by batch; note in `found` what is lost or otherwise."""
    archive, folders = Archive(workspace.paths.state), Folders(workspace.tree)
    there = []
    for stored in files:
        if not _is_whole(archive.path_of(stored.sha256), stored.sha256):
            found.lost.append(stored.path)
        elif stored.status != "duplicate":
            there.append(stored)
    jobs = (
        Job(
            archive.path_of(stored.sha256),
            PurePosixPath(stored.path).name,
            folders.owner(stored.path),
            stored.taken_at.date(),
        )
        for stored in there
    )
    brief = brief_of(workspace, there[-1].taken_at.date()) if there else None
    outcomes = judge_files(jobs, brief, workspace.settings.workers) if brief else iter(())
    read = zip(there, (outcome.submission for outcome in outcomes), strict=True)
    for done in range(0, len(there), _BATCH):
        watch(done, len(there))
        batch = list(islice(read, _BATCH))
        found.otherwise.extend(_otherwise(batch))
        yield batch


def _otherwise(batch: Iterable[tuple[Stored, Submission]]) -> Iterator[Otherwise]:
    for stored, submission in batch:
        if stored.status not in (submission.status, "closed"):
            yield Otherwise(stored.path, stored.status, submission.status)


def _summaries(workspace: Workspace) -> Iterator[Output]:
    """Yield the summaries that lie there; what they were made from nobody knows any more."""
    outputs = workspace.paths.outputs
    for path in sorted(outputs.glob("*/summary_*.xlsx")):
        period = path.parent.name
        unit = path.stem.removeprefix("summary_").removesuffix(f"_{period}")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield Output(path.relative_to(outputs).as_posix(), period, unit, "", digest)


def _compare(
    connection: Connection, store: Store, facts: Iterable[Fact], found: Rebuilt
) -> Iterator[Fact]:
    """Note what comes to other numbers than then; yield what is to be told of it from now on."""
    accepted = (fact for fact in facts if fact["status"] in ACCEPTED)
    while batch := list(islice(accepted, _BATCH)):
        totals = control_totals(connection, store.tables, [fact["id"] for fact in batch])
        for fact in batch:
            differences = list(_differences(fact, totals[fact["id"]], store))
            if differences:
                found.differences += differences
                yield fact | {"totals": totals[fact["id"]]}


def _differences(fact: Fact, now: Totals, store: Store) -> Iterator[Difference]:
    for key, column, before, after in differing(fact["totals"], now):
        form = store.forms.forms[key]
        what, places = _ROWS, 0
        if column != ROWS:
            field = form.field(column)
            measure = _SUM if field.type in WHOLE else _FILLED
            what = Text(
                measure.zh.format(label=field.label.zh), measure.en.format(label=field.label.en)
            )
            places = -2 if field.type == "money" else 0
        yield Difference(
            fact["path"], form.label, what,
            Decimal(before).scaleb(places), Decimal(after).scaleb(places),
        )  # fmt: skip


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False
