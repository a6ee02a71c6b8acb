"""Bytes are kept once, whole, under their digest, and never touched again."""

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.intake.scan import Found
from pipeline.records import archive as archive_module
from pipeline.records.archive import Archive, Kept, Left
from pipeline.records.names import receipt_path, safe_stem

A, B = b"workbook a", b"workbook b" * 300_000  # the second takes several reads


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    path = tmp_path / "inbox"
    path.mkdir()
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "state")


def drop(inbox: Path, name: str, content: bytes) -> Found:
    path = inbox / name
    path.write_bytes(content)
    status = path.stat()
    stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
    return Found(name, path, datetime(2026, 10, 10), *stamp)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def archived(tmp_path: Path) -> dict[str, bytes]:
    top = tmp_path / "state" / "archive"
    return {p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob("*") if p.is_file()}


def test_bytes_are_kept_under_their_digest(tmp_path: Path, inbox: Path, archive: Archive) -> None:
    files = [drop(inbox, "a.xlsx", A), drop(inbox, "b.xlsx", B)]
    assert archive.keep(files) == [Kept(files[0], sha256(A)), Kept(files[1], sha256(B))]
    digests = (sha256(A), sha256(B))
    assert archived(tmp_path) == {
        f"{digest[:2]}/{digest}": content for digest, content in zip(digests, (A, B), strict=True)
    }
    assert archive.path_of(sha256(B)).read_bytes() == B


def test_the_inbox_is_not_touched(inbox: Path, archive: Archive) -> None:
    archive.keep([drop(inbox, "a.xlsx", A)])
    assert (inbox / "a.xlsx").read_bytes() == A


def test_the_same_bytes_are_kept_once(tmp_path: Path, inbox: Path, archive: Archive) -> None:
    files = [drop(inbox, "a.xlsx", A), drop(inbox, "a - 副本.xlsx", A)]
    assert archive.keep(files) == [Kept(file, sha256(A)) for file in files]
    before = archive.path_of(sha256(A)).stat()
    archive.keep([drop(inbox, "again.xlsx", A)])
    after = archive.path_of(sha256(A)).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert len(archived(tmp_path)) == 1


def test_an_archived_file_of_the_wrong_size_is_mended(inbox: Path, archive: Archive) -> None:
    file = drop(inbox, "a.xlsx", A)
    archive.keep([file])
    archive.path_of(sha256(A)).write_bytes(A[:3])
    archive.keep([file])
    assert archive.path_of(sha256(A)).read_bytes() == A


def test_what_an_interrupted_run_left_is_cleared(
    tmp_path: Path, inbox: Path, archive: Archive
) -> None:
    incoming = tmp_path / "state" / "archive" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "0").write_bytes(b"half")
    (incoming / "7").write_bytes(b"half")
    archive.keep([drop(inbox, "a.xlsx", A)])
    assert list(archived(tmp_path)) == [f"{sha256(A)[:2]}/{sha256(A)}"]


def test_a_file_changed_since_the_scan_is_left(
    tmp_path: Path, inbox: Path, archive: Archive
) -> None:
    file = drop(inbox, "a.xlsx", A)
    drop(inbox, "a.xlsx", A + b"more")
    assert archive.keep([file]) == [Left(file, "changed")]
    assert archived(tmp_path) == {}


def test_a_file_that_grows_while_it_is_read_is_left(
    tmp_path: Path, inbox: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing, still = drop(inbox, "grows.xlsx", A), drop(inbox, "still.xlsx", B)
    read = os.read

    def read_while_writing(source: int, size: int) -> bytes:
        with growing.source.open("ab") as file:
            file.write(b"!")
        return read(source, size)

    monkeypatch.setattr(archive_module.os, "read", read_while_writing)
    assert archive.keep([growing, still]) == [Left(growing, "changed"), Kept(still, sha256(B))]
    assert list(archived(tmp_path)) == [f"{sha256(B)[:2]}/{sha256(B)}"]


def test_a_file_gone_since_the_scan_stops_nothing(inbox: Path, archive: Archive) -> None:
    gone, other = drop(inbox, "gone.xlsx", B), drop(inbox, "a.xlsx", A)
    gone.source.unlink()
    assert archive.keep([gone, other]) == [Left(gone, "changed"), Kept(other, sha256(A))]


def test_a_fault_of_the_share_costs_one_file(
    inbox: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = drop(inbox, "broken.xlsx", B), drop(inbox, "a.xlsx", A)
    read = archive_module.os.read
    error = OSError(errno.EIO, "Input/output error")
    chunks = iter([B[:10], error, B[:10], error])  # the second time too

    def fail_midway(source: int, size: int) -> bytes:
        chunk = next(chunks, None)
        if isinstance(chunk, OSError):
            raise chunk
        return read(source, size) if chunk is None else chunk

    monkeypatch.setattr(archive_module.os, "read", fail_midway)
    assert archive.keep([broken, other]) == [Left(broken, "unreadable"), Kept(other, sha256(A))]


def test_a_fault_of_our_own_disk_is_raised(
    inbox: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = drop(inbox, "a.xlsx", A)

    def full(source: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive_module.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        archive.keep([file])
    assert not archive.path_of(sha256(A)).exists()
    monkeypatch.undo()
    assert archive.keep([file]) == [Kept(file, sha256(A))]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
@pytest.mark.parametrize("swap", ["link", "pipe"])
def test_what_a_file_was_swapped_for_is_not_followed(
    tmp_path: Path, inbox: Path, archive: Archive, swap: str
) -> None:
    file = drop(inbox, "a.xlsx", A)
    file.source.rename(tmp_path / "secret")
    if swap == "link":
        file.source.symlink_to(tmp_path / "secret")
    else:
        os.mkfifo(file.source)
    (outcome,) = archive.keep([file])
    assert isinstance(outcome, Left)
    assert archived(tmp_path) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows syncs no folders")
def test_bytes_and_names_are_on_the_disk_before_keep_returns(
    tmp_path: Path, inbox: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, bool]] = []  # inode, and whether the file had its name already
    fsync = archive_module.os.fsync
    target = archive.path_of(sha256(A))

    def note(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, target.exists()))
        fsync(descriptor)

    monkeypatch.setattr(archive_module.os, "fsync", note)
    archive.keep([drop(inbox, "a.xlsx", A)])
    assert synced[0] == (target.stat().st_ino, False)
    folders = (target.parent, target.parent.parent, tmp_path / "state")
    expected = {(folder.stat().st_ino, True) for folder in folders}
    assert set(synced[1:]) == expected
    synced.clear()
    archive.keep([drop(inbox, "again.xlsx", A)])  # a killed run may have left the name unsynced
    assert set(synced) == expected


@pytest.mark.parametrize("call", ["open", "read"])
def test_a_share_that_fails_once_is_asked_again(
    inbox: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    file = drop(inbox, "a.xlsx", A)
    real, errors = getattr(os, call), [OSError(errno.EIO, "Input/output error")]

    def fail_once(*asked: object) -> object:
        if errors and (call == "read" or asked[0] == file.source):
            raise errors.pop()
        return real(*asked)

    monkeypatch.setattr(archive_module.os, call, fail_once)
    assert archive.keep([file]) == [Kept(file, sha256(A))]


def test_a_look_keeps_nothing(tmp_path: Path, inbox: Path, archive: Archive) -> None:
    file, gone = drop(inbox, "a.xlsx", A), drop(inbox, "b.xlsx", B)
    gone.source.unlink()
    assert archive.look([file, gone]) == [Kept(file, sha256(A)), Left(gone, "changed")]
    assert not (tmp_path / "state").exists()


def test_quarantine_holds_a_copy_under_a_safe_name(
    tmp_path: Path, inbox: Path, archive: Archive
) -> None:
    archive.keep([drop(inbox, "a.xlsx", A)])
    copy = archive.quarantine(sha256(A), "../..\\-季报\n.XLSX")
    assert copy == tmp_path / "state" / "quarantine" / f"季报__{sha256(A)[:8]}.xlsx"
    assert archive.quarantine(sha256(A), "../..\\-季报\n.XLSX") == copy
    copy.write_bytes(b"saved over")
    assert archive.path_of(sha256(A)).read_bytes() == A


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("2026Q3 报表.xlsx", "2026Q3 报表"),
        ("季报 - 副本(1).et", "季报 - 副本(1)"),
        ("季报.final.xlsx", "季报.final"),
        ("活动7.15活动", "活动7.15活动"),
        ("é.xlsx", "é"),  # as a Mac writes it
        ('a/b\\c:d*e?f"g<h>i|j.xlsx', "a_b_c_d_e_f_g_h_i_j"),
        ("line\nbreak\ttab\x00.xlsx", "line_break_tab_"),
        ("季报\u202exslx.xlsx", "季报_xslx"),
        ("坏\udcff.xlsx", "坏_"),
        ("-rf.xlsx", "rf"),
        ("~$季报.xlsx", "季报"),
        ("con.xlsx", "_con"),
        ("COM1.季报.xlsx", "_COM1.季报"),
        ("console.xlsx", "console"),
        ("季报. .xlsx", "季报"),
        ("....", "file"),
        ("", "file"),
        ("长" * 83 + ".xlsx", "长" * 60),
        ("\U0001f600" * 60 + ".xlsx", "\U0001f600" * 45),
    ],
)
def test_foreign_names_are_made_safe(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def same_bytes_names() -> Iterator[str]:
    return (receipt_path("U01", "季报.xlsx", sha256(A), n, ".xlsx") for n in range(3))


def test_every_file_has_a_receipt_of_its_own() -> None:
    start = f"receipts/U01/季报_{sha256(A)[:8]}"
    assert list(same_bytes_names()) == [f"{start}.xlsx", f"{start}_1.xlsx", f"{start}_2.xlsx"]
    assert receipt_path("", "x", sha256(A), 0, ".txt").startswith("receipts/_unidentified/x_")
