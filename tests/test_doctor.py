"""`doctor` finds what is broken, says what to do about it, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections import namedtuple
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock
import pytest
from databases import lose_database
from mailserver import Mailbox, serving
from workspaces import (
    SETTINGS,
    activity,
    copied,
    drop,
    make_workspace,
    quarterly,
    records,
    run_once,
    snapshot,
    write_settings,
)

from pipeline.cli import main
from pipeline.config import PASSWORD_VARIABLE
from pipeline.doctor import clock, folders
from pipeline.doctor.check import Check
from pipeline.doctor.examine import examine

NOW = datetime(2026, 10, 10, 9, 0)
OF_FILE = pytest.mark.sqlite_file
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a night has been."""
    folder = make_workspace(tmp_path_factory.mktemp("doctor") / "ws")
    drop(folder, "1.xlsx", quarterly(activities=[activity()]))
    run_once(folder, datetime(2026, 10, 10, 2))
    return folder


@pytest.fixture
def workspace(lived_in: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    folder = copied(lived_in, tmp_path / "ws")
    (folder / "state").chmod(0o700)
    return folder


def found(workspace: Path, level: str, now: datetime = NOW) -> list[Check]:
    checks, _ = examine(workspace, now, None)
    return [check for check in checks if check.level == level]


def faults(workspace: Path) -> list[str]:
    return [check.says.zh for check in found(workspace, "fault")]


def notes(workspace: Path, now: datetime = NOW) -> list[str]:
    return [f"{check.name}: {check.says.zh}" for check in found(workspace, "attention", now)]


def with_mail(workspace: Path, **settings: object) -> None:
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
    write_settings(workspace, SETTINGS + "[mail]\n" + lines + "\n")


def test_a_workspace_that_works_has_no_fault(workspace: Path) -> None:
    assert faults(workspace) == []
    assert notes(workspace) == ["mail: 没有设置邮件服务器，信件留在发件箱"]
    assert {check.name for check in found(workspace, "ok")} >= {
        "program", "config", "folder", "space", "clock", "zone", "lock", "database",
        "archive", "nights",
    }  # fmt: skip


def test_looking_changes_nothing(workspace: Path) -> None:
    before = snapshot(workspace)
    faults(workspace)
    assert snapshot(workspace).keys() == before.keys()
    assert {k: v[0] for k, v in snapshot(workspace).items()} == {k: v[0] for k, v in before.items()}


def test_looking_at_a_new_workspace_makes_nothing(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    before = snapshot(workspace)
    assert faults(workspace) == []
    assert snapshot(workspace) == before
    assert not (workspace / "state").exists()


def break_config(workspace: Path) -> None:
    (workspace / "config/forms/visits.toml").write_text("key = 1\n", "utf-8")


def break_units(workspace: Path) -> None:
    (workspace / "config/orgunits.csv").write_text("code\n", "utf-8")


def break_inbox(workspace: Path) -> None:
    shutil.rmtree(workspace / "inbox")
    (workspace / "inbox").write_bytes(b"no folder")


def nest_state(workspace: Path) -> None:
    write_settings(workspace, SETTINGS + '[paths]\nstate = "inbox/state"\n')


def damage_database(workspace: Path) -> None:
    (workspace / "state/records.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)


def change_records(workspace: Path, statement: str) -> None:
    with records(workspace) as store, store.writing() as connection:
        connection.exec_driver_sql(statement)


def no_database(workspace: Path) -> None:
    lose_database(workspace / "state")


def age_database(workspace: Path) -> None:
    change_records(workspace, "DELETE FROM files")


def newer_database(workspace: Path) -> None:
    change_records(workspace, "UPDATE meta SET value = '999' WHERE key = 'schema_version'")


def lose_original(workspace: Path) -> None:
    for path in (workspace / "state/archive").glob("??/*"):
        path.unlink()


@pytest.mark.parametrize(
    ("break_it", "says", "todo"),
    [
        (break_config, "visits.toml", "doctor"),
        (break_units, "orgunits.csv", "doctor"),
        (break_inbox, "inbox：不能建、改名或删除文件", "权限"),
        (nest_state, "state 在 inbox 里面", "[paths]"),
        pytest.param(damage_database, "数据库已损坏", "rebuild", marks=OF_FILE),
        pytest.param(no_database, "state/records.sqlite 不见了", "rebuild", marks=OF_FILE),
        (age_database, "数据库比存档旧", "rebuild"),
        (newer_database, "newer program", "提示"),
        (lose_original, "存档里少了 1 份原件", "state/archive"),
    ],
)
def test_what_is_broken_is_a_fault_with_what_to_do(
    workspace: Path, break_it: Any, says: str, todo: str
) -> None:
    break_it(workspace)
    told = found(workspace, "fault")
    assert any(says in check.says.zh and todo in check.todo.zh for check in told), told
    assert all(check.todo.zh and check.todo.en for check in told)


def unsettle(workspace: Path) -> None:
    change_records(workspace, "UPDATE files SET settled = 0")


def refuse_letters(workspace: Path) -> None:
    change_records(workspace, "UPDATE messages SET state = 'refused' WHERE unit = 'U1'")


def lay_old_file(workspace: Path) -> None:
    drop(workspace, "旧/季报.xlsx", b"x", datetime(2020, 1, 1))


def lay_link(workspace: Path) -> None:
    (workspace / "inbox/link.xlsx").symlink_to("/etc/passwd")


def open_state(workspace: Path) -> None:
    (workspace / "state").chmod(0o755)


def spoil_address(workspace: Path) -> None:
    path = workspace / "config/orgunits.csv"
    path.write_text(path.read_text("utf-8").replace("u3@example.com", "a@b; c@d"), "utf-8")


def other_zone(workspace: Path) -> None:
    zone = '[schedule]\ntimezone = "Pacific/Kiritimati"\n'  # 14 hours from Greenwich
    write_settings(workspace, SETTINGS + zone)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (unsettle, "unfinished: 1 份文件上次没有处理完：1.xlsx"),
        (refuse_letters, "outbox: 1 封信被拒收：U1"),
        (lay_old_file, "inbox: inbox 里有 1 份文件放了两天以上：旧/季报.xlsx"),
        (lay_link, "inbox: inbox 里有 1 个不收的东西（link）"),
        (open_state, "privacy: state：本机所有用户都能看"),
        (spoil_address, "addresses: 这些单位的 email 不是一个邮件地址：U3"),
        (other_zone, "zone: 设置的时区是 Pacific/Kiritimati"),
    ],
)
def test_what_somebody_should_look_at_is_no_fault(workspace: Path, spoil: Any, says: str) -> None:
    spoil(workspace)
    assert faults(workspace) == []
    assert any(note.startswith(says) for note in notes(workspace)), notes(workspace)


@pytest.mark.parametrize(
    ("now", "level", "says"),
    [
        (datetime(2019, 1, 1), "fault", "现在是 2019-01-01"),
        (datetime(2026, 10, 1), "attention", "而已有的记录到 2026-10-10 02:00"),
        (datetime(2026, 10, 20), "attention", "最近一次汇总：2026-10-10 02:00"),
    ],
)
def test_an_unlikely_time_is_noticed(workspace: Path, now: datetime, level: str, says: str) -> None:
    assert any(says in check.says.zh for check in found(workspace, level, now))


def test_a_share_whose_clock_goes_wrong_is_noticed(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "time", lambda: 1_000.0)
    assert any("时钟与本机相差" in note for note in notes(workspace))


@pytest.mark.parametrize(
    ("free", "level"), [(100 << 20, "fault"), (1 << 30, "attention"), (9 << 30, "ok")]
)
def test_a_full_disk_is_told_in_time(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr(folders.shutil, "disk_usage", lambda _: Usage(0, 0, free))
    (space,) = [check for check in examine(workspace, NOW, None)[0] if check.name == "space"]
    assert space.level == level


def test_a_database_on_a_network_disk_is_told(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_remote_kind", lambda _: "cifs")
    assert "disk: state 在网络盘上（cifs）" in notes(workspace)


def test_another_run_is_told_of(workspace: Path) -> None:
    with filelock.FileLock(workspace / "state/run.lock"):
        assert "lock: 另一个任务正在运行" in notes(workspace)


def test_the_mail_server_is_tried_and_no_message_sent(workspace: Path) -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        with_mail(workspace, host="127.0.0.1", port=port, security="none", sender="a@example.com")
        checks, _ = examine(workspace, NOW, None)
    assert {check.level for check in checks} == {"ok"}
    assert (mailbox.connections, mailbox.received) == (1, [])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"security": "starttls"}, "STARTTLS"),
        ({"security": "none", "username": "a"}, PASSWORD_VARIABLE),
        ({"security": "none", "port": 1}, "连不上邮件服务器"),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_a_fault(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], says: str
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    with serving(Mailbox()) as port:
        with_mail(
            workspace, **{"host": "127.0.0.1", "port": port, "sender": "a@example.com", **settings}
        )
        (told,) = faults(workspace)
    assert says in told


def test_a_sender_that_the_server_refuses_is_a_fault(workspace: Path) -> None:
    mailbox = Mailbox()
    mailbox.at_mail = "553 not yours"
    with serving(mailbox) as port:
        with_mail(workspace, host="127.0.0.1", port=port, security="none", sender="a@example.com")
        assert faults(workspace) == ["邮件服务器不接受发件人（553 not yours）"]


def test_the_command_in_both_languages_and_its_exit_status(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--workspace", str(workspace), "--today", "2026-10-10T09:00", "doctor"]
    assert main(command) == 0
    assert "0 处故障，1 处注意。" in capsys.readouterr().out
    lose_original(workspace)
    assert main([*command, "--lang", "en"]) == 1
    out = capsys.readouterr().out
    assert "FAULT  1 originals are missing" in out
    assert "→ Bring state/archive/ back" in out
    assert main([*command, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {"check", "level", "message", "todo"} == set(told[0])
    assert "archive" in [check["check"] for check in told if check["level"] == "fault"]


def test_no_workspace_is_a_fault_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--workspace", str(tmp_path), "doctor"]) == 1
    assert "init" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows asks its own way")
def test_the_nearest_mount_tells_the_kind_of_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "a share"
    share.mkdir()
    place = str(share.resolve()).replace(" ", "\\040")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\n//nas/x {place} cifs rw 0 0\n", "utf-8")
    monkeypatch.setattr(folders, "_MOUNTS", mounts)
    assert (folders._remote_kind(tmp_path), folders._remote_kind(share)) == ("", "cifs")
