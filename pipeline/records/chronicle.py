"""The chronicle: what the database knows beside the bytes, so that it can be made again.

In: files as they were decided, runs, closed periods and mail that has gone out. Out:
`archive/chronicle.jsonl`, one JSON line a fact, only ever added to; the archive and this file are
all that `rebuild` needs.

The rule: a file's line is on the disk after its verdict is committed and before the file leaves
the inbox. So the chronicle never tells of a file that the database does not know. Where it does,
the database is an older one put back, or a new one in the place of one that was lost: then nothing
is added to either until `rebuild` has run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select

from pipeline.errors import ConfigError
from pipeline.files import sync_folder
from pipeline.records.rows import FILE_COLUMNS
from pipeline.records.store import Store
from pipeline.records.totals import control_totals

FILE_NAME = "chronicle.jsonl"
FACTS = tuple(name for name in FILE_COLUMNS if name not in ("current", "settled"))
DECISION = ("period", "action", "at", "who")
MESSAGE = (
    *("message_id", "kind", "topic", "revision", "recipient", "unit", "period"),
    *("state", "attempts", "queued_at", "tried_at", "sent_at", "error"),
)

EDITION = ("path", "period", "unit", "at", "files", "tree", "sha256", "message")

_TAIL = 1 << 16  # bytes looked at in one go for the newest file
_CHUNK = 500  # files a query

Fact = dict[str, Any]


@dataclass
class History:
    """All that a chronicle tells: files by number, runs and mail by name, closings and editions in
    order, trees by digest.

    `unreadable` counts the lines that are none; one cut short by a crash is harmless, since its
    fact was written again.
    """

    files: dict[int, Fact] = field(default_factory=dict)
    runs: dict[str, Fact] = field(default_factory=dict)
    decisions: list[Fact] = field(default_factory=list)
    messages: dict[str, Fact] = field(default_factory=dict)
    editions: list[Fact] = field(default_factory=list)
    trees: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    unreadable: int = 0

    @property
    def missing(self) -> list[int]:
        """The numbers of files that no line tells of."""
        return sorted(set(range(1, max(self.files, default=0) + 1)) - self.files.keys())


class Chronicle:
    """The chronicle of one workspace."""

    def __init__(self, state: Path) -> None:
        self.path = state / "archive" / FILE_NAME

    def append(self, facts: Iterable[Fact]) -> None:
        """Add facts; they are on the disk before this returns."""
        lines = "".join(
            json.dumps(fact, ensure_ascii=False, separators=(",", ":")) + "\n" for fact in facts
        )
        if not lines:
            return
        is_new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            # A line that a crash cut short must not take the next one with it.
            end = file.seek(0, os.SEEK_END)
            cut = end and file.seek(end - 1) >= 0 and file.read(1) != b"\n"
            file.write(b"\n" * bool(cut) + lines.encode())
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self.path.parent)

    def read(self) -> History:
        """Return all that is told; a later line on the same thing holds. {} where there is none."""
        history = History()
        if self.path.exists():
            with self.path.open("rb") as file:
                for line in file:
                    _tell(history, _parse(line))
        return history

    def last_file(self) -> Fact | None:
        """Return the newest file that is told of, looking from the end; None where there is none."""
        return next((fact for fact in self._from_the_end() if "id" in fact), None)

    def last_messages(self) -> dict[str, str]:
        """Return the newest messages that are told of, those that went out at one moment, each
        with that moment."""
        found: dict[str, str] = {}
        for fact in self._from_the_end():
            if "message_id" in fact:
                if found and fact["sent_at"] not in found.values():
                    break
                found.setdefault(fact["message_id"], fact["sent_at"])
        return found

    def _from_the_end(self) -> Iterator[Fact]:
        if self.path.exists():
            with self.path.open("rb") as file:
                yield from (fact for line in _backwards(file) if (fact := _parse(line)))


def catch_up(store: Store, chronicle: Chronicle) -> None:
    """Add to the chronicle the files and messages that it does not tell of yet; everything where it
    is not there.

    Raises ConfigError where it tells of files that the database does not know.
    """
    newest = chronicle.last_file()
    with store.reading() as connection:
        if newest is not None:
            _refuse_older_database(connection, store, newest)
        elif not chronicle.path.exists():
            chronicle.append(_all_but_files(connection, store))
        chronicle.append(_messages_after(connection, store, chronicle))
        done = newest["id"] if newest else 0
        while facts := _files_after(connection, store, done):
            chronicle.append(facts)
            done = facts[-1]["id"]


def run_fact(store: Store, run_id: str) -> Fact:
    """Return what there is to tell of a run, with how far each job has got."""
    tables = store.tables
    with store.reading() as connection:
        found = select(tables.runs).where(tables.runs.c.run_id == run_id)
        fact = _told(connection.execute(found).mappings().one())
        return fact | {"marks": _marks(connection, store)}


def message_fact(store: Store, message_id: str) -> Fact:
    """Return what there is to tell of a message that has gone out."""
    messages = store.tables.messages
    found = select(*(messages.c[name] for name in MESSAGE))
    with store.reading() as connection:
        query = found.where(messages.c.message_id == message_id)
        return _told(connection.execute(query).mappings().one())


def edition_facts(store: Store, path: str) -> list[Fact]:
    """Return what there is to tell of the newest edition of a summary: its tree, then itself."""
    editions = store.tables.editions.c
    query = _editions(store).where(editions.path == path).order_by(editions.id.desc()).limit(1)
    with store.reading() as connection:
        edition = _told(connection.execute(query).mappings().one())
        same_tree = select(func.count()).where(editions.tree == edition["tree"])
        is_new = connection.scalar(same_tree) == 1  # else it has been told of
        return [*(_trees(connection, store, edition["tree"]) if is_new else ()), edition]


def _refuse_older_database(connection: Connection, store: Store, newest: Fact) -> None:
    files = store.tables.files.c
    known = connection.scalar(select(files.sha256).where(files.id == newest["id"]))
    if known != newest["sha256"]:
        raise ConfigError(
            f"数据库比存档旧：存档里记到第 {newest['id']} 份文件，数据库里没有"
            " (the database is older than the archive)。请先运行 rebuild 重建数据库。"
        )


def _files_after(connection: Connection, store: Store, done: int) -> list[Fact]:
    files = store.tables.files
    query = select(*(files.c[name] for name in FACTS)).where(files.c.id > done)
    rows = connection.execute(query.order_by(files.c.id).limit(_CHUNK)).mappings().all()
    totals = control_totals(connection, store.tables, [row["id"] for row in rows])
    return [_told(row) | ({"totals": totals[row["id"]]} if row["version"] else {}) for row in rows]


def _messages_after(connection: Connection, store: Store, chronicle: Chronicle) -> list[Fact]:
    messages = store.tables.messages
    if connection.scalar(select(func.max(messages.c.sent_at))) is None:
        return []
    told = chronicle.last_messages()
    query = select(*(messages.c[name] for name in MESSAGE))
    query = query.where(messages.c.sent_at >= max(told.values(), default=""))
    rows = connection.execute(query.order_by(messages.c.message_id)).mappings()
    return [_told(row) for row in rows if row["message_id"] not in told]


def _all_but_files(connection: Connection, store: Store) -> Iterator[Fact]:
    tables = store.tables
    for row in connection.execute(select(tables.runs).order_by(tables.runs.c.run_id)).mappings():
        yield _told(row)
    decisions = tables.decisions.c
    query = select(*(decisions[name] for name in DECISION)).order_by(decisions.id)
    yield from map(_told, connection.execute(query).mappings())
    messages = tables.messages.c
    gone = select(*(messages[name] for name in MESSAGE)).where(messages.sent_at.is_not(None))
    yield from map(_told, connection.execute(gone.order_by(messages.message_id)).mappings())
    yield from _trees(connection, store)
    for row in connection.execute(_editions(store).order_by(tables.editions.c.id)).mappings():
        yield _told(row)
    if marks := _marks(connection, store):
        yield {"marks": marks}


def _editions(store: Store) -> Select[Any]:
    return select(*(store.tables.editions.c[name] for name in EDITION))


def _trees(connection: Connection, store: Store, digest: str = "") -> Iterator[Fact]:
    trees = store.tables.trees.c
    query = select(trees.digest, trees.units).order_by(trees.digest)
    for row in connection.execute(query.where(trees.digest == digest) if digest else query):
        yield {"tree": row.digest, "units": row.units}


def _marks(connection: Connection, store: Store) -> dict[str, str]:
    meta = store.tables.meta.c
    query = select(meta.key, meta.value).where(meta.key != "schema_version").order_by(meta.key)
    return {row.key: row.value for row in connection.execute(query)}


def _told(row: RowMapping) -> Fact:
    return {name: value for name, value in row.items() if value is not None}


def _tell(history: History, fact: Mapping[str, Any] | None) -> None:
    if fact is None:
        history.unreadable += 1
        return
    known = dict(fact)
    history.marks = known.pop("marks", history.marks)  # all marks at that time: some are taken back
    if "id" in known:
        history.files[known["id"]] = known
    elif "run_id" in known:
        history.runs[known["run_id"]] = known
    elif "action" in known:
        history.decisions.append(known)
    elif "message_id" in known:
        history.messages[known["message_id"]] = known
    elif "units" in known:
        history.trees[known["tree"]] = known["units"]
    elif "tree" in known:
        history.editions.append(known)


def _parse(line: bytes) -> Fact | None:
    try:
        fact = json.loads(line)
    except ValueError:
        return None
    return fact if isinstance(fact, dict) else None


def _backwards(file: Any) -> Iterator[bytes]:
    """Yield the lines of a file, the last one first."""
    start, rest = file.seek(0, os.SEEK_END), b""
    while start:
        size = min(_TAIL, start)
        start -= size
        file.seek(start)
        rest, *lines = (file.read(size) + rest).split(b"\n")
        yield from reversed(lines)
    yield rest
