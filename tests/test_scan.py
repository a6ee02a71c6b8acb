"""What is found in the inbox, what is left alone, and when it was received."""

import errno
import hashlib
import os
import socket
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.intake.removal import finish_removing, remove_taken
from pipeline.intake.scan import Found, Scan, display_path, scan_inbox

WALL = datetime(2026, 10, 10, 12, 0, tzinfo=UTC).timestamp()
NOW = datetime(2026, 10, 10, 12, 0)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files or names")


def drop(inbox: Path, name: str, *, age: float = 3600, content: bytes = b"x") -> Path:
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (WALL - age, WALL - age))
    return path


def scan(inbox: Path, **changed: object) -> Scan:
    usual: dict[str, object] = {"now": NOW, "wall_now": WALL, "settle_seconds": 60, "zone": UTC}
    return scan_inbox(inbox, **(usual | changed))


def names(found: Scan) -> list[str]:
    return [file.path for file in found.found]


def test_files_are_found_at_any_depth_oldest_first_then_by_path(tmp_path: Path) -> None:
    drop(tmp_path, "b.xlsx", age=100)
    drop(tmp_path, "华为/三组/a.xlsx", age=100)
    drop(tmp_path, "a.xlsx", age=100)
    drop(tmp_path, "z.xls", age=5000)
    assert names(scan(tmp_path)) == ["z.xls", "a.xlsx", "b.xlsx", "华为/三组/a.xlsx"]


def test_what_is_found_carries_its_stamp(tmp_path: Path) -> None:
    path = drop(tmp_path, "组/a.xlsx", age=100, content=b"four")
    status = path.stat()
    received = datetime(2026, 10, 10, 11, 58, 20)
    expected = Found("组/a.xlsx", path, received, 4, status.st_mtime_ns, status.st_ino)
    assert scan(tmp_path).found == (expected,)


@pytest.mark.parametrize(
    "name",
    [
        "~$季报.xlsx",
        ".季报.xlsx",
        ".~lock.季报.xlsx#",
        "季报.tmp",
        "季报.TMP",
        "Thumbs.db",
        "THUMBS.DB",
        "Desktop.ini",
        "组/desktop.ini",
        "__MACOSX/季报.xlsx",
        "__MacOSX/季报.xlsx",
        "组/.隐藏/季报.xlsx",
    ],
)
def test_left_alone_without_a_word(tmp_path: Path, name: str) -> None:
    drop(tmp_path, name)
    assert scan(tmp_path) == Scan((), ())


@pytest.mark.parametrize("name", ["季报~$.xlsx", "a.tmp.xlsx", "thumbs.db.xlsx", "MACOSX/a.xlsx"])
def test_near_misses_are_taken(tmp_path: Path, name: str) -> None:
    drop(tmp_path, name)
    assert names(scan(tmp_path)) == [name]


@pytest.mark.parametrize(
    ("age", "settle", "taken"),
    [
        (59, 60, False),
        (60, 60, True),
        (0, 0, True),
        (-30, 60, False),  # stamped by a clock slightly ahead
        (-10 * 365 * 86400, 60, True),  # stamped by a clock that says nothing
    ],
)
def test_settling_is_measured_by_the_machines_clock(
    tmp_path: Path, age: float, settle: int, taken: bool
) -> None:
    drop(tmp_path, "a.xlsx", age=age)
    result = scan(tmp_path, settle_seconds=settle)
    assert names(result) == (["a.xlsx"] if taken else [])
    assert [item.reason for item in result.skipped] == ([] if taken else ["settling"])


@pytest.mark.parametrize("today", [datetime(2020, 1, 1), datetime(2030, 1, 1)])
def test_todays_date_does_not_decide_what_has_settled(tmp_path: Path, today: datetime) -> None:
    drop(tmp_path, "old.xlsx", age=3600)
    drop(tmp_path, "young.xlsx", age=1)
    assert names(scan(tmp_path, now=today)) == ["old.xlsx"]


@pytest.mark.parametrize(
    ("modified", "last_scan", "now", "received"),
    [
        ("10-08 09:00", None, "10-10 12:00", "10-08 09:00"),
        ("10-08 09:00", "10-07 02:00", "10-10 12:00", "10-08 09:00"),
        ("10-08 09:00", "10-09 02:00", "10-10 12:00", "10-09 02:00"),  # an old copy, dropped now
        ("10-08 09:00", None, "10-01 12:00", "10-01 12:00"),  # --today before the file
        ("10-08 09:00", "10-09 02:00", "10-07 12:00", "10-07 12:00"),  # the clock was put back
    ],
)
def test_received_at_is_the_modification_time_clamped(
    tmp_path: Path, modified: str, last_scan: str | None, now: str, received: str
) -> None:
    moment = at(modified).replace(tzinfo=UTC).timestamp()
    drop(tmp_path, "a.xlsx", age=WALL - moment)
    result = scan(tmp_path, now=at(now), last_scan=at(last_scan) if last_scan else None)
    assert [file.received_at for file in result.found] == [at(received)]


@pytest.mark.parametrize(
    ("held", "received"),
    [
        ({}, "10-10 11:00"),
        ({"组/a.xlsx": "10-09 02:00"}, "10-10 09:00"),
        ({"组/a.xlsx": None}, "10-10 09:00"),
        ({"组": "10-09 02:00"}, "10-10 09:00"),  # the whole folder could not be read
        ({"组/a.xlsx": "10-10 10:00"}, "10-10 10:00"),
        ({"组/b.xlsx": "10-09 02:00", "a.xlsx": None}, "10-10 11:00"),
    ],
)
def test_a_scan_that_left_a_file_alone_does_not_bound_its_time(
    tmp_path: Path, held: dict[str, str | None], received: str
) -> None:
    drop(tmp_path, "组/a.xlsx", age=3 * 3600)
    bounds = {path: at(bound) if bound else None for path, bound in held.items()}
    result = scan(tmp_path, last_scan=at("10-10 11:00"), held=bounds)
    assert [file.received_at for file in result.found] == [at(received)]


@pytest.mark.parametrize("call", ["lstat", "scandir"])
def test_a_share_that_fails_once_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    for name in ("组/a.xlsx", "组/b.xlsx", "c.xlsx"):
        drop(tmp_path, name)
    real, asked = getattr(os, call), []

    def fail_at_first(path: str, **options: object) -> object:
        asked.append(path)
        if asked.count(path) == 1:
            raise OSError(errno.EIO, "Input/output error")
        return real(path, **options)

    monkeypatch.setattr(os, call, fail_at_first)
    assert sorted(names(scan(tmp_path))) == ["c.xlsx", "组/a.xlsx", "组/b.xlsx"]


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M")


def test_received_at_is_local_time(tmp_path: Path) -> None:
    drop(tmp_path, "a.xlsx", age=3600)
    beijing = timezone(timedelta(hours=8))
    result = scan(tmp_path, now=datetime(2026, 10, 10, 20, 0), zone=beijing)
    assert [file.received_at for file in result.found] == [datetime(2026, 10, 10, 19, 0)]


@pytest.mark.parametrize("seconds", [0, -(2**31), 2**33, 2**60 // 10**9])
def test_no_modification_time_is_beyond_reading(tmp_path: Path, seconds: int) -> None:
    path = drop(tmp_path, "a.xlsx")
    os.utime(path, (seconds, seconds))
    assert names(scan(tmp_path)) == ["a.xlsx"]


@POSIX
def test_links_pipes_and_sockets_are_named_and_never_followed(tmp_path: Path) -> None:
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    drop(outside, "secret.xlsx")
    inbox.mkdir()
    (inbox / "file.xlsx").symlink_to(outside / "secret.xlsx")
    (inbox / "folder").symlink_to(outside, target_is_directory=True)
    (inbox / "loop").symlink_to(inbox, target_is_directory=True)
    (inbox / "broken.xlsx").symlink_to(outside / "nothing")
    (inbox / "device.xlsx").symlink_to("/dev/zero")
    os.mkfifo(inbox / "pipe.xlsx")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(inbox / "socket.xlsx"))  # such addresses are short
        result = scan(inbox)
    assert result.found == ()
    assert {item.path: item.reason for item in result.skipped} == {
        "file.xlsx": "link",
        "folder": "link",
        "loop": "link",
        "broken.xlsx": "link",
        "device.xlsx": "link",
        "pipe.xlsx": "pipe",
        "socket.xlsx": "socket",
    }


def test_a_folder_named_like_a_workbook_is_a_folder(tmp_path: Path) -> None:
    drop(tmp_path, "x.xlsx/y.xlsx")
    assert names(scan(tmp_path)) == ["x.xlsx/y.xlsx"]


@POSIX
def test_a_name_that_is_no_text_is_shown_and_still_opens(tmp_path: Path) -> None:
    source = os.fsencode(tmp_path) + b"/\xbc\xbe\xb1\xa8.xlsx"  # 季报 in GB18030
    with open(source, "wb") as file:  # noqa: PTH123  # a path of bytes
        file.write(b"x")
    os.utime(source, (WALL - 3600, WALL - 3600))
    (found,) = scan(tmp_path).found
    assert found.path == r"\xbc\xbe\xb1\xa8.xlsx"
    assert found.source.read_bytes() == b"x"


def test_shown_names_can_always_be_stored() -> None:
    assert display_path("a\udcff\ud800.xlsx") == r"a\xff\ud800.xlsx"


@POSIX
def test_an_unreadable_folder_is_named_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(tmp_path, "locked/a.xlsx")
    drop(tmp_path, "b.xlsx")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything
    result = scan(tmp_path)
    assert names(result) == ["b.xlsx"]
    assert [(item.path, item.reason) for item in result.skipped] == [("locked", "unreadable")]


def test_a_missing_inbox_is_no_empty_inbox(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="收件文件夹"):
        scan(tmp_path / "gone")


def test_a_taken_file_is_removed(tmp_path: Path) -> None:
    drop(tmp_path, "a.xlsx")
    (found,) = scan(tmp_path).found
    assert remove_taken(found)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changed_since_stays(tmp_path: Path) -> None:
    path = drop(tmp_path, "a.xlsx")
    (found,) = scan(tmp_path).found
    drop(tmp_path, "a.xlsx", content=b"xy")
    assert remove_taken(found)
    assert path.read_bytes() == b"xy"


def test_a_file_replaced_by_one_with_the_same_size_and_time_stays(tmp_path: Path) -> None:
    path = drop(tmp_path, "a.xlsx", content=b"old")
    (found,) = scan(tmp_path).found
    drop(tmp_path, "b", content=b"new").replace(path)
    assert remove_taken(found)
    assert path.read_bytes() == b"new"


def test_a_file_already_gone_is_no_fault(tmp_path: Path) -> None:
    path = drop(tmp_path, "a.xlsx")
    (found,) = scan(tmp_path).found
    path.unlink()
    assert remove_taken(found)


def test_a_file_that_takes_the_name_at_the_last_moment_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop(tmp_path, "a.xlsx", content=b"old")
    (found,) = scan(tmp_path).found
    rename = Path.rename

    def rename_after_a_replacement(source: Path, target: Path) -> Path:
        drop(tmp_path, "b", content=b"new").replace(path)
        return rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename_after_a_replacement)
        assert remove_taken(found)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a.xlsx": b"new"}


@pytest.mark.parametrize("links", [True, False])
def test_a_file_put_back_overwrites_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    path = drop(tmp_path, "a.xlsx", content=b"old")
    (found,) = scan(tmp_path).found
    lstat = os.lstat
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links")))

    def another_comes(asked: Path) -> os.stat_result:
        if Path(asked).name.endswith(".taken.tmp"):
            Path(asked).write_bytes(b"second")
            path.write_bytes(b"third")
        return lstat(asked)

    monkeypatch.setattr(os, "lstat", another_comes)
    assert remove_taken(found)
    left = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert left == {"a.xlsx": b"third", "a(1).xlsx": b"second"}


@pytest.mark.parametrize(("content", "left"), [(b"old", {}), (b"new", {"a.xlsx": b"new"})])
def test_a_removal_that_was_interrupted_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, left: dict[str, bytes]
) -> None:
    drop(tmp_path, "a.xlsx", content=b"old")
    (found,) = scan(tmp_path).found
    rename = Path.rename

    def die(source: Path, target: Path) -> None:
        rename(source, target)
        if content != b"old":
            target.write_bytes(content)
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        with pytest.raises(SystemExit):
            remove_taken(found)
    assert scan(tmp_path) == Scan((), ())
    for _ in range(2):
        digest = hashlib.sha256(b"old").hexdigest()
        assert finish_removing(found.source, found.size, found.mtime_ns, digest)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == left


def test_a_file_held_by_the_system_must_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(tmp_path, "a.xlsx")
    (found,) = scan(tmp_path).found

    def held(path: Path) -> None:
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr(Path, "unlink", held)
    assert not remove_taken(found)
