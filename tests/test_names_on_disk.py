"""Whatever a file is called and whatever lies beside it: taken once, answered once, nothing else
read, nothing written elsewhere."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from workspaces import activity, make_workspace, quarterly, run_once

from pipeline.cli import main
from pipeline.workers import Brief, Job, Outcome, judge_file

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names, links or pipes")

TAKEN = [
    "三季度报表.xlsx".encode(),
    unicodedata.normalize("NFD", "école 가나.xlsx").encode(),  # from a Mac
    unicodedata.normalize("NFC", "école 가나.xlsx").encode(),
    ("长" * 81 + ".xlsx").encode(),
    b"a" * 250 + b".xlsx",
    b"two\nlines\r.xlsx",
    b"-rf.xlsx",
    b"--help",
    b"CON.xlsx",
    b"nul",
    "com¹.xlsx".encode(),
    "报表(1).xlsx".encode(),
    "报表 - 副本.xlsx".encode(),
    "报表 (张三的冲突副本 2026-10-09).xlsx".encode(),
    "报表.sync-conflict-20261009-101112-ABCDEF.xlsx".encode(),
    b"\xff\xfe\x80.xlsx",
    "报表".encode("gb18030") + b".xlsx",
    b" spaces .xlsx ",
    b"ends with a dot.xlsx.",
    "转向\u202efdp.xlsx".encode(),
    b"'; DROP TABLE files; --.xlsx",
    b"%s%n{0}{x}.xlsx",
    b"$(touch pwned) `id` | rm.xlsx",
    b"\x1b[31mred\x07.xlsx",
    b"a\\..\\..\\windows\\up.xlsx",
    b"=HYPERLINK(A1).xlsx",
    b"<b>&amp;.xlsx",
    "folder.xlsx/里面.xlsx".encode(),
    "深/".encode() * 40 + b"down.xlsx",
]
LEFT_ALONE = [
    "~$三季度报表.xlsx".encode(),
    ".~lock.三季度报表.xlsx#".encode(),
    b"upload.tmp",
    b"UPLOAD.XLSX.TMP",
    b"Thumbs.db",
    b"desktop.ini",
    b".DS_Store",
    b"__MACOSX/._a.xlsx",
    b".sync/a.xlsx",
]


class Watched:
    """What the program has asked of the system: reads, and changes of any kind."""

    def __init__(self) -> None:
        self.opened: list[Path] = []
        self.listed: list[Path] = []
        self.changed: list[tuple[str, Path]] = []

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, (str, bytes)):
                writing = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
                if writing:
                    self.changed.append(("write", _path(path)))
                else:
                    self.opened.append(_path(path))
        # A folder listed by its open handle was opened by its name before, which has been noted.
        elif event in ("os.listdir", "os.scandir") and not isinstance(arguments[0], int):
            self.listed.append(_path(arguments[0]))
        elif event in _CHANGES:
            self.changed += [(event, _path(p)) for p in arguments[: _CHANGES[event]]]


_CHANGES = {
    "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1,
    "os.truncate": 1, "os.chmod": 1, "os.utime": 1, "sqlite3.connect": 1,
}  # fmt: skip
_WATCHERS: list[Watched] = []


def _path(path: Any) -> Path:
    return Path(os.fsdecode(path)).absolute()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for watched in _WATCHERS:
        watched.note(event, arguments)


@contextmanager
def watching() -> Iterator[Watched]:
    """Watch what this process does; a hook cannot be taken away, so it is put up once."""
    if not getattr(watching, "is_up", False):
        sys.addaudithook(_hook)
        watching.is_up = True  # type: ignore[attr-defined]  # a note on the function itself
    _WATCHERS.append(watched := Watched())
    try:
        yield watched
    finally:
        _WATCHERS.remove(watched)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge in this process, where the hook sees it."""

    def judge(jobs: Iterable[Job], brief: Brief, _workers: int) -> Iterator[Outcome]:
        return (judge_file(job, brief) for job in jobs)

    monkeypatch.setattr("pipeline.collect.judge_files", judge)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "ws")


def put(workspace: Path, name: bytes, content: bytes) -> None:
    path = workspace / "inbox" / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    moment = datetime(2026, 10, 9, 10).timestamp()
    os.utime(path, (moment, moment))


def lying(workspace: Path) -> set[bytes]:
    """Return all files that lie in the inbox, relative to it."""
    inbox = workspace / "inbox"
    found = (path for path in inbox.rglob("*") if not path.is_dir())
    return {os.fsencode(path.relative_to(inbox)) for path in found}


def workbook(number: int) -> bytes:
    return quarterly(activities=[activity(title=f"活动{number}")])


def is_plain(name: str) -> bool:
    """Tell whether every system can have a file of this name, and no shell trips over it."""
    stem = name.split(".")[0].casefold()
    return (
        len(name.encode()) <= 255
        and not name.startswith(("-", ".", " ", "~"))
        and not set(name) & set('<>:"/\\|?*')
        and all(unicodedata.category(c)[0] != "C" for c in name)
        and stem not in ("con", "nul", "com¹")
        and not name.endswith((" ", "."))
    )


@POSIX
def test_a_file_of_any_name_is_taken_once_and_answered_once(workspace: Path) -> None:
    contents = {name: workbook(number) for number, name in enumerate(TAKEN)}
    for name, content in contents.items():
        put(workspace, name, content)
    for name in LEFT_ALONE:
        put(workspace, name, workbook(99))
    report = run_once(workspace, in_workers=True)
    assert {stored.status for stored in report.files} == {"accepted"}
    assert lying(workspace) == set(LEFT_ALONE)
    archived = {archived_bytes(workspace, stored.sha256) for stored in report.files}
    assert archived == set(contents.values())
    assert len(report.files) == len(set(report.receipts)) == len(TAKEN)
    receipts = workspace / "outputs/receipts/U1"
    assert {receipts / path.name for path in receipts.iterdir()} == {
        workspace / receipt for receipt in report.receipts
    }
    assert [path.name for path in receipts.iterdir() if not is_plain(path.name)] == []
    assert run_once(workspace).files == ()


def archived_bytes(workspace: Path, sha256: str) -> bytes:
    return (workspace / "state/archive" / sha256[:2] / sha256).read_bytes()


@POSIX
def test_the_log_has_one_line_a_file_whatever_it_is_called(workspace: Path) -> None:
    for number, name in enumerate(TAKEN):
        put(workspace, name, workbook(number))
    run_once(workspace, render=False)
    log = (workspace / "state/logs/pipeline.log").read_text("utf-8")
    lines = log.removesuffix("\n").split("\n")
    assert sum(" INFO file: " in line for line in lines) == len(TAKEN)
    assert all(line.startswith("2") for line in lines)  # with its date: none is cut in two
    assert all(line.isprintable() for line in lines)


@POSIX
def test_a_name_cannot_steer_the_terminal(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(workspace, b"\x1b[31m[bold]red\n\x07.xlsx", workbook(1))
    assert main(["--workspace", str(workspace), "--today", "2026-10-10", "run", "--no-mail"]) == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(r"\x1b[31m[bold]red\x0a\x07.xlsx · U1 · 2026Q3 · 已收下")


@POSIX
def test_no_file_outside_the_inbox_is_read_and_nothing_written_outside_the_workspace(
    workspace: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / "secret.xlsx"
    secret.write_bytes(workbook(7))
    os.link(secret, outside / "other name.xlsx")
    inbox = workspace / "inbox"
    (inbox / "链接.xlsx").symlink_to(secret)
    (inbox / "链接夹").symlink_to(outside, target_is_directory=True)
    (inbox / "断了.xlsx").symlink_to(outside / "gone.xlsx")
    (inbox / "自己.xlsx").symlink_to("自己.xlsx")
    (inbox / "上去").symlink_to("../..", target_is_directory=True)
    os.mkfifo(inbox / "管道.xlsx")
    (inbox / "空夹.xlsx").mkdir()
    for number, name in enumerate(TAKEN):
        put(workspace, name, workbook(number))
    put(workspace, b"bad.xlsx", b"<html></html>")
    with watching() as watched:
        report = run_once(workspace)
    assert len(report.files) == len(TAKEN) + 1
    assert not [p for p in (*watched.opened, *watched.listed) if p.is_relative_to(outside)]
    assert [what for what in watched.changed if not what[1].is_relative_to(workspace)] == []
    in_inbox = {what for what, path in watched.changed if path.is_relative_to(inbox)}
    # The inbox itself is made where it were missing; a file is set aside, looked at, then removed.
    assert in_inbox == {"os.mkdir", "os.rename", "os.remove"}
    assert not (workspace.parent / "pwned").exists()
    assert {b.name for b in inbox.iterdir()} >= {"链接.xlsx", "链接夹", "管道.xlsx", "空夹.xlsx"}
    log = (workspace / "state/logs/pipeline.log").read_text("utf-8")
    assert "left alone: 链接.xlsx (link)" in log
    assert "left alone: 管道.xlsx (pipe)" in log


def swapped(folder: Path, target: Path) -> Callable[..., Any]:
    """Return a scan after which a folder of the inbox has become a link to elsewhere."""
    from pipeline.intake.scan import scan_inbox

    def scan(*where: Any, **how: Any) -> Any:
        found = scan_inbox(*where, **how)
        folder.rename(folder.with_name(".away"))
        folder.symlink_to(target, target_is_directory=True)
        return found

    return scan


@POSIX
def test_a_folder_swapped_for_a_link_after_the_scan_leads_nowhere(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace, b"sub/a.xlsx", workbook(1))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.xlsx").write_bytes(workbook(7))
    monkeypatch.setattr("pipeline.collect.scan_inbox", swapped(workspace / "inbox/sub", outside))
    assert run_once(workspace).files == ()
    assert (outside / "a.xlsx").exists()
    archived = [p for p in (workspace / "state/archive").rglob("*") if len(p.name) == 64]
    assert archived == []


def test_what_is_watched_is_seen(tmp_path: Path) -> None:
    with watching() as watched:
        (tmp_path / "a").write_bytes(b"")
        (tmp_path / "a").rename(tmp_path / "b")
        (tmp_path / "b").read_bytes()
        (tmp_path / "b").unlink()
    assert [what for what, _ in watched.changed] == ["write", "os.rename", "os.rename", "os.remove"]
    assert tmp_path / "b" in watched.opened
