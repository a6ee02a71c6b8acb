"""Database and archive: sound, of this program, in step with each other, nothing left lying."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select

from pipeline.deliver.outbox import waiting
from pipeline.doctor.check import Check, attention, fault, fine
from pipeline.errors import PipelineError
from pipeline.records.archive import Archive
from pipeline.records.backup import is_sound
from pipeline.records.chronicle import Chronicle
from pipeline.records.journal import last_finish
from pipeline.records.store import Store, database_file, open_store
from pipeline.records.taking import unsettled
from pipeline.texts import Text
from pipeline.workspace import Workspace

_NEWEST = 200  # archived files looked at; all of them is a matter of `rebuild --dry-run`
_A_NIGHT_MISSED = timedelta(hours=36)

_REBUILD = Text(
    "请运行 rebuild，按存档重建数据库；损坏的会移到 state/backups/。",
    "Run `rebuild`: it makes the database again; a damaged one is moved to state/backups/.",
)
_LETTERS = {
    "refused": Text("被拒收", "refused"),
    "unsure": Text("不知对方是否收到", "perhaps delivered"),
    "sending": Text("上次寄到一半", "broken off"),
}


def check_records(workspace: Workspace, now: datetime) -> Iterator[Check]:
    """Yield the findings about the records; only one where the database cannot be used."""
    state = workspace.paths.state
    database = database_file(workspace.settings.database.url, state)
    if database is not None and not database.exists():
        yield _check_missing(workspace, database)
        return
    try:
        if database is not None and not is_sound(database):
            yield fault("database", Text("数据库已损坏", "The database is damaged"), _REBUILD)
            return
        store = open_store(workspace.settings.database.url, workspace.forms, state, rehearse=True)
    except PipelineError as error:
        todo = Text("请照上面的提示处理。", "See the line above.")
        yield fault("database", Text(str(error), str(error)), todo)
        return
    try:
        yield _check_step(store, state)
        yield from _check_journal_mode(database)
        yield from _check_archive(store, state)
        yield from _check_left_over(store)
        yield from _check_nights(store, now)
        yield from _check_outbox(store)
    finally:
        store.close()


def newest_record(workspace: Workspace) -> datetime | None:
    """Return the latest moment on record; None where there is none, or no database to ask."""
    database = database_file(workspace.settings.database.url, workspace.paths.state)
    if database is not None and not (database.exists() and is_sound(database)):
        return None
    try:
        url, state = workspace.settings.database.url, workspace.paths.state
        store = open_store(url, workspace.forms, state, rehearse=True)
    except PipelineError:
        return None
    try:
        with store.reading() as connection:
            found = connection.scalar(select(func.max(store.tables.runs.c.started_at)))
    finally:
        store.close()
    return datetime.fromisoformat(found) if found else None


def _check_missing(workspace: Workspace, database: Path) -> Check:
    if Chronicle(workspace.paths.state).last_file() is None:
        return fine("database", "数据库：第一次运行时会建", "Database: made by the first run")
    shown = workspace.paths.shown(database)
    return fault("database", Text(f"{shown} 不见了", f"{shown} is gone"), _REBUILD)


def _check_step(store: Store, state: Path) -> Check:
    newest = Chronicle(state).last_file()
    files = store.tables.files.c
    with store.reading() as connection:
        count = connection.scalar(select(func.count()).select_from(store.tables.files)) or 0
        known = newest and connection.scalar(select(files.sha256).where(files.id == newest["id"]))
    if newest is not None and known != newest["sha256"]:
        return fault(
            "database",
            Text("数据库比存档旧", "The database is older than the archive"),
            _REBUILD,
        )
    return fine("database", f"数据库完好，收过 {count} 份文件", f"Database sound, {count} files")


def _check_journal_mode(database: Path | None) -> Iterator[Check]:
    if database is None:
        return
    with closing(sqlite3.connect(database)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        yield attention(
            "database",
            Text(f"数据库没有用预写日志（{mode}）", f"No write-ahead log ({mode})"),
            Text(
                "多半是放在了网络盘上。请把 [paths] state 改到本机硬盘。",
                "Probably on a network disk. Put [paths] state on a local one.",
            ),
        )


def _check_archive(store: Store, state: Path) -> Iterator[Check]:
    files, archive = store.tables.files.c, Archive(state)
    query = select(files.sha256, files.size).order_by(files.id.desc()).limit(_NEWEST)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    missing = [row.sha256 for row in rows if not _has_size(archive.path_of(row.sha256), row.size)]
    if missing:
        first = " ".join(digest[:8] for digest in islice(missing, 5))
        yield fault(
            "archive",
            Text(
                f"存档里少了 {len(missing)} 份原件（{first}）",
                f"{len(missing)} originals are missing from the archive ({first})",
            ),
            Text(
                "请从备份找回 state/archive/；rebuild --dry-run 会逐份核对。",
                "Bring state/archive/ back from a copy; `rebuild --dry-run` checks every file.",
            ),
        )
    elif rows:
        yield fine(
            "archive", f"最近 {len(rows)} 份原件都在", f"The newest {len(rows)} originals are there"
        )


def _check_left_over(store: Store) -> Iterator[Check]:
    if left := unsettled(store):
        names = "、".join(stored.path for stored in left[:3])
        yield attention(
            "unfinished",
            Text(
                f"{len(left)} 份文件上次没有处理完：{names}",
                f"{len(left)} files were not finished: {names}",
            ),
            Text(
                "下次运行会接着做完；一直这样，看看文件是不是被谁打开着。",
                "The next run finishes them; if it does not, see who has them open.",
            ),
        )


def _check_nights(store: Store, now: datetime) -> Iterator[Check]:
    last = last_finish(store, now)
    if last is None:
        return
    says = Text(f"最近一次汇总：{last:%Y-%m-%d %H:%M}", f"Last run: {last:%Y-%m-%d %H:%M}")
    if now - last > _A_NIGHT_MISSED:
        yield attention(
            "nights",
            says,
            Text(
                "昨晚没有运行。请看 state/logs/pipeline.log 和定时任务；用 nightly 的看它是否还在。",
                "Last night did not run. See state/logs/pipeline.log and what should start it.",
            ),
        )
    else:
        yield fine("nights", says.zh, says.en)


def _check_outbox(store: Store) -> Iterator[Check]:
    with store.reading() as connection:
        letters = waiting(connection, store.tables.messages)
    counted = Counter(letter.state for letter in letters)
    for state, words in _LETTERS.items():
        if counted[state]:
            units = "、".join(sorted({x.unit for x in letters if x.state == state})[:5])
            yield attention(
                "outbox",
                Text(
                    f"{counted[state]} 封信{words.zh}：{units}",
                    f"{counted[state]} letters {words.en}: {units}",
                ),
                Text(
                    "用 status 看原因，核对单位表里的 email，再用 send 重寄。",
                    "See `status` for the reason, check the addresses of the units, then `send`.",
                ),
            )
    if counted["queued"]:
        yield fine(
            "outbox",
            f"{counted['queued']} 封信等着寄",
            f"{counted['queued']} letters wait to be sent",
        )


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False
