"""A disk, a permission or a database that gives out: one line that says where and what to do."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Mapping
from pathlib import Path

import nights
import pytest
from sqlalchemy import event
from workspaces import NOW, drop, make_workspace, quarterly

from pipeline.brief import brief_of
from pipeline.cli import main
from pipeline.errors import SystemFault
from pipeline.files import write_file, write_files
from pipeline.forms.model import Forms
from pipeline.logs import LOG, log_to
from pipeline.workers import Job, judge_file
from pipeline.workspace import open_workspace


def fail(number: int, path: Path | str = "x") -> OSError:
    return OSError(number, os.strerror(number), str(path))


class FullDisk(io.StringIO):
    """A log file that takes nothing more."""

    def write(self, _text: str) -> int:
        raise fail(errno.ENOSPC, "pipeline.log")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS])
def test_a_command_ends_with_one_line_and_status_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    root = make_workspace(tmp_path / "ws")
    drop(root, "1.xlsx", quarterly())

    def write(contents: Mapping[Path, bytes]) -> None:
        raise fail(number, next(iter(contents)))

    monkeypatch.setattr("pipeline.collect.write_files", write)
    assert main(["--workspace", str(root), "run", "--json", "--today", f"{NOW:%Y-%m-%d}"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith(f"{root}/outputs/receipts/U1/1_")
    assert "nothing is lost" in line
    assert "Traceback" in (root / "state/logs/pipeline.log").read_text("utf-8")


def test_a_database_that_gives_out_is_no_traceback(forms: Forms, tmp_path: Path) -> None:
    with nights.opened(forms, tmp_path) as store:

        @event.listens_for(store.engine, "before_cursor_execute")
        def fill(*_: object) -> None:
            raise store.engine.dialect.loaded_dbapi.OperationalError("database or disk is full")

        with pytest.raises(SystemFault, match="disk is full"), store.reading() as connection:
            connection.exec_driver_sql("SELECT 1")


def test_a_log_that_cannot_be_written_ends_nothing_and_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with log_to(tmp_path):
        LOG.handlers[-1].setStream(FullDisk()).close()  # type: ignore[attr-defined]
        LOG.info("one")
        LOG.info("two")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("pipeline.log：磁盘满了 (disk full)。")


def test_nothing_half_written_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync(_number: int) -> None:
        raise fail(errno.ENOSPC)

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(OSError, match="No space"):
        write_file(tmp_path / "a.txt", b"content")
    with pytest.raises(OSError, match="No space"):
        write_files({tmp_path / name: b"content" for name in ("a.txt", "b.txt")})
    assert list(tmp_path.iterdir()) == []


def test_many_files_are_written_as_each_alone(tmp_path: Path) -> None:
    long = "长" * 60
    contents = {tmp_path / "new" / f"{long}{n}.txt": b"%d" % n for n in range(20)}
    write_files(contents)
    assert {path: path.read_bytes() for path in (tmp_path / "new").iterdir()} == contents
    before = {path: path.stat().st_mtime_ns for path in contents}
    write_files(contents)
    assert {path: path.stat().st_mtime_ns for path in contents} == before


def test_an_archive_that_cannot_be_read_is_no_fault_of_the_workbook(tmp_path: Path) -> None:
    workspace = open_workspace(make_workspace(tmp_path / "ws"))
    with pytest.raises(FileNotFoundError):
        judge_file(Job(tmp_path / "gone", "1.xlsx"), brief_of(workspace, NOW.date()))
