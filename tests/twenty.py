"""A night of twenty files of every kind, on a workspace with a past; and all that it leaves behind.

The union has handed in before: versions that count, a refused file, a closed quarter. In the night
come clean files and doubtful ones, corrections of the same night and of the last, copies, files
that nobody can read, plans, a report of a closed period and one from a clock that has stopped.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping, Set
from datetime import date, datetime
from pathlib import Path
from typing import Any

from handmade import ole_of
from workspaces import SETTINGS, UNITS, activity, drop, make_workspace, plan, quarterly

from pipeline.records.chronicle import Chronicle

# A narrative goes the way of the page, and takes longer to write than all the rest of the night.
_MAIL = """[narrative]
length = "none"
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "union@example.com"
"""
EARLIER = "2026-10-08T02:00"
TONIGHT, AN_HOUR_LATER = "2026-10-20T02:00", "2026-10-20T03:00"
_RUN_ONLY = {
    "files": {"run_id", "taken_at"},
    "editions": {"at"},
    "messages": {"queued_at", "tried_at", "sent_at", "attempts", "error"},
}
_NOT_BYTES = ("records.sqlite", "run.lock", "logs", "archive/chronicle.jsonl")
_DATE = re.compile(rb"(?m)^Date: [^\r]*\r\n")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of October 2026."""
    return datetime(2026, 10, day, hour, minute)


def make_past(folder: Path, port: int) -> Path:
    """Return a workspace with what was handed in before an earlier night; mail goes to `port`."""
    root = make_workspace(folder, UNITS, SETTINGS + _MAIL.format(port=port))
    spring = {"fill_date": date(2026, 7, 3)}
    drop(root, "甲/季报.xlsx", quarterly(activities=[activity()]), at(7, 9))
    drop(root, "甲/二季.xlsx", quarterly(period="2026Q2", cover=spring), at(7, 10))
    drop(root, "丙.xlsx", quarterly("U3", activities=[activity(attended="若干")]), at(7, 11))
    return root


def drop_twenty(root: Path) -> None:
    """Drop the twenty files, and some that are to be left alone."""
    spring = {"fill_date": date(2026, 7, 3)}
    dues = [{"month": f"2026-0{m}", "member_id": "M1", "name": "甲一"} for m in (7, 8, 9)]
    paid = [row | {"due": 22.8, "paid": 22.8} for row in dues]
    clean = quarterly("U2", activities=[activity(title="拔河", cost=80, fund="会费")])
    item = {"plan_id": "P1", "item": "运动会", "category": "文体活动", "target": 1}
    months = {"month_start": "2026-09", "month_end": "2026-12"}
    files: list[tuple[str, bytes, datetime]] = [
        ("甲/更正.xlsx", quarterly(activities=[activity(attended=39)]), at(9, 8)),
        ("甲/更正(1).xlsx", quarterly(activities=[activity(attended=39)], dues=paid), at(9, 9)),
        ("乙/三季度.xlsx", clean, at(9, 8, 1)),
        ("乙/三季度 - 副本.xlsx", clean, at(9, 8, 2)),
        ("乙/再改.xlsx", quarterly("U2", activities=[activity(result="圆满成功")]), at(9, 8, 3)),
        ("丙/错.xlsx", quarterly("U3", activities=[activity(attended=99)]), at(9, 8, 4)),
        ("丙/对.xlsx", quarterly("U3", activities=[activity(attended=9)]), at(17, 9)),
        ("城区片.xlsx", quarterly("S", activities=[activity(result="圆满成功")]), at(18, 8)),
        ("甲/旧.xlsx", quarterly(activities=[activity()]), at(9, 8, 7)),
        ("丙/旧错.xlsx", quarterly("U3", activities=[activity(attended="若干")]), at(9, 8, 8)),
        ("网页.xlsx", b"<html><table><tr><td>1</td></tr></table></html>", at(9, 8, 9)),
        ("半截.xlsx", clean[:900], at(9, 8, 10)),
        ("加密.xlsx", ole_of("EncryptionInfo", "EncryptedPackage"), at(9, 8, 11)),
        ("无期.xlsx", quarterly(cover={"period": "2026Q5"}), at(9, 8, 12)),
        ("无此单位.xlsx", quarterly("U9"), at(9, 8, 13)),
        ("甲/计划.xlsx", plan("U1", "2026", [item | months]), at(9, 8, 14)),
        ("丙/计划.xlsx", plan("U3", "2026", [item | months, item | months]), at(9, 8, 15)),
        ("丙/二季.xlsx", quarterly("U3", "2026Q2", spring), at(9, 8, 16)),
        ("丙/钟停.xlsx", quarterly("U3", activities=[activity(attended=8)]), datetime(1975, 1, 1)),
        ("-怪名;$(x).xlsx", quarterly("S", cover={"staff": "约60"}), at(19, 8)),
    ]
    for name, content, moment in files:
        drop(root, name, content, moment)
    drop(root, "甲/~$更正.xlsx", b"lock", at(9, 8))
    drop(root, "半路.tmp", b"half", at(9, 8))
    (root / "inbox" / "链接.xlsx").symlink_to(root / "config" / "union.toml")


def world(root: Path, taken: Iterable[bytes]) -> dict[str, Any]:
    """Return all that is left after a night, `taken` by the mail server included.

    Left out is what names the run and nothing else: table `runs`; run and hour of a file; the hour
    of an edition; of a message its hours, how often it was tried and why in vain, and its header
    `Date`; and the log.
    """
    state = root / "state"
    inbox = sorted(p.relative_to(root).as_posix() for p in (root / "inbox").rglob("*"))
    kept = contents(state).items()
    return {
        "inbox": inbox,
        "outputs": contents(root / "outputs"),
        "state": {name: data for name, data in kept if not name.startswith(_NOT_BYTES)},
        "database": database(state / "records.sqlite"),
        "chronicle": chronicle(state),
        "mail": mail(taken),
    }


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def database(path: Path) -> dict[str, list[Mapping[str, object]]]:
    """Return every table but `runs`, its rows in order, without what names the run."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        names = [r["name"] for r in connection.execute("SELECT name FROM sqlite_schema"
                                                       " WHERE type = 'table' ORDER BY name")]  # fmt: skip
        return {name: _rows(connection, name) for name in names if name != "runs"}
    finally:
        connection.close()


def chronicle(state: Path) -> dict[str, object]:
    """Return what the chronicle tells beside the bytes; a later line on the same thing holds."""
    told = Chronicle(state).read()
    facts = {"files": told.files, "messages": told.messages}
    return {
        "marks": told.marks,
        "decisions": told.decisions,
        **{table: _told(found, _RUN_ONLY[table]) for table, found in facts.items()},
    }


def mail(taken: Iterable[bytes]) -> dict[str, list[bytes]]:
    """Return the messages that have arrived by Message-ID; more than one is one too many."""
    found: dict[str, list[bytes]] = {}
    for message in taken:
        identity = re.search(rb"(?m)^Message-ID: (\S+)", message)
        assert identity is not None
        found.setdefault(identity[1].decode(), []).append(_DATE.sub(b"", message))
    return found


def _told(found: Mapping[Any, Mapping[str, Any]], left_out: Set[str]) -> dict[Any, dict[str, Any]]:
    return {
        name: {key: value for key, value in fact.items() if key not in left_out}
        for name, fact in found.items()
    }


def _rows(connection: sqlite3.Connection, table: str) -> list[Mapping[str, object]]:
    left_out = _RUN_ONLY.get(table, set())
    rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2').fetchall()
    return [
        {
            key: _DATE.sub(b"", row[key]) if isinstance(row[key], bytes) else row[key]
            for key in row.keys()  # noqa: SIM118  a Row iterates over its values
            if key not in left_out
        }
        for row in rows
    ]
