"""The chronicle tells all that the database knows beside the bytes, and is never ahead of it."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import lose_database
from workspaces import (
    NOW,
    activity,
    copied,
    drop,
    make_workspace,
    opened,
    quarterly,
    records,
    run_once,
    snapshot,
)

from pipeline.deliver.outbox import mark, waiting
from pipeline.errors import ConfigError
from pipeline.nightly import decide_period, send_waiting, summarize
from pipeline.records import chronicle as chronicle_module
from pipeline.records.chronicle import Chronicle


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "ws")


def facts(workspace: Path) -> list[dict[str, Any]]:
    lines = Chronicle(workspace / "state").path.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_file_is_told_of_with_all_that_its_bytes_do_not_say(workspace: Path) -> None:
    drop(workspace, "甲/1.xlsx", quarterly(activities=[activity(cost=12.5, fund="会费")]))
    run_once(workspace)
    (told,) = [fact for fact in facts(workspace) if "id" in fact]
    assert {key: told[key] for key in ("id", "path", "unit", "version", "status", "on_time")} == {
        "id": 1,
        "path": "甲/1.xlsx",
        "unit": "U1",
        "version": 1,
        "status": "accepted",
        "on_time": 1,
    }
    totals = told["totals"]["activities"]
    assert (totals["rows"], totals["cost"], totals["title"], totals["budget"]) == (1, 1250, 1, 0)
    assert told["totals"]["dues"] == {"rows": 0}


def test_a_file_is_told_of_before_it_leaves_the_inbox(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, "1.xlsx", quarterly())

    def die(_: object) -> bool:
        assert [fact["path"] for fact in facts(workspace) if "id" in fact] == ["1.xlsx"]
        raise SystemExit("killed")

    monkeypatch.setattr("pipeline.collect.remove_taken", die)
    with pytest.raises(SystemExit):
        run_once(workspace)
    assert (workspace / "inbox/1.xlsx").exists()


def test_what_a_killed_run_did_not_tell_the_next_one_does(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, "1.xlsx", quarterly())
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.collect.catch_up", lambda *_: exit("killed"))
        with pytest.raises(SystemExit):
            run_once(workspace)
    assert (workspace / "inbox/1.xlsx").exists()
    run_once(workspace)
    assert [fact["path"] for fact in facts(workspace) if "id" in fact] == ["1.xlsx"]


def mark_sent(workspace: Path, identity: str, moment: str) -> None:
    with records(workspace) as store, store.writing() as connection:
        sent_at = f"2026-10-10T{moment}:00+08:00"
        mark(connection, store.tables.messages, identity, state="sent", sent_at=sent_at)


def test_messages_that_a_killed_run_did_not_tell_of_the_next_one_tells(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly())
    run_once(workspace)
    with records(workspace) as store, store.reading() as connection:
        letters = waiting(connection, store.tables.messages)
    first, second, third = (letter.message_id for letter in letters)
    mark_sent(workspace, first, "02:00")
    for _ in range(2):
        run_once(workspace, mail=False)
        assert [fact["message_id"] for fact in facts(workspace) if "message_id" in fact] == [first]
    mark_sent(workspace, second, "02:00")
    mark_sent(workspace, third, "03:00")
    for _ in range(2):
        run_once(workspace, mail=False)
        told = [fact["message_id"] for fact in facts(workspace) if "message_id" in fact]
        assert sorted(told) == sorted((first, second, third))


def test_a_line_cut_short_does_not_take_the_next_one_with_it(tmp_path: Path) -> None:
    chronicle = Chronicle(tmp_path)
    chronicle.append([{"id": 1, "path": "甲"}])
    with chronicle.path.open("ab") as file:
        file.write('{"id": 2, "path": "乙'.encode()[:-1])
    assert chronicle.last_file() == {"id": 1, "path": "甲"}
    chronicle.append([{"id": 2, "path": "乙"}])
    assert chronicle.last_file() == {"id": 2, "path": "乙"}
    history = chronicle.read()
    assert (list(history.files), history.unreadable, history.missing) == ([1, 2], 1, [])


@pytest.mark.parametrize("step", [1, 7, 64, 1 << 16])
def test_the_newest_file_is_found_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    chronicle = Chronicle(tmp_path)
    assert chronicle.last_file() is None
    chronicle.append([{"run_id": "r1"}])
    assert chronicle.last_file() is None
    chronicle.append([{"id": n, "path": "文" * n} for n in range(1, 4)])
    chronicle.append([{"run_id": f"r{n}"} for n in range(20)])
    monkeypatch.setattr(chronicle_module, "_TAIL", step)
    assert chronicle.last_file() == {"id": 3, "path": "文文文"}


def test_a_lost_database_is_not_begun_anew_unseen(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    run_once(workspace)
    drop(workspace, "2.xlsx", quarterly("U2"))
    lose_database(workspace / "state")
    before = snapshot(workspace / "outputs"), snapshot(workspace / "inbox")
    for command in (
        lambda: run_once(workspace),
        lambda: summarize(opened(workspace), NOW, "2026Q3"),
        lambda: send_waiting(opened(workspace), NOW),
        lambda: decide_period(opened(workspace), NOW, "2026Q3", "close"),
    ):
        with pytest.raises(ConfigError, match="rebuild"):
            command()
    assert (snapshot(workspace / "outputs"), snapshot(workspace / "inbox")) == before


def test_an_older_database_put_back_is_noticed(workspace: Path, tmp_path: Path) -> None:
    drop(workspace, "1.xlsx", quarterly())
    run_once(workspace)
    older = copied(workspace, tmp_path / "older")
    drop(workspace, "2.xlsx", quarterly("U2"))
    run_once(workspace, NOW + timedelta(days=1))
    archive = "state/archive"
    shutil.copytree(workspace / archive, older / archive, dirs_exist_ok=True)
    with pytest.raises(ConfigError, match="older than the archive"):
        run_once(older, NOW + timedelta(days=2))


def test_a_lost_chronicle_is_written_again(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    run_once(workspace)
    drop(workspace, "2.xlsx", quarterly("U2", activities=[activity(attended="若干")]))
    run_once(workspace, NOW + timedelta(days=1))
    decide_period(opened(workspace), NOW, "2026Q2", "close")
    chronicle = Chronicle(workspace / "state")
    before = chronicle.read()
    chronicle.path.unlink()
    run_once(workspace, NOW + timedelta(days=2))
    after = chronicle.read()
    assert after.files == before.files
    assert after.decisions == before.decisions
    assert before.runs.keys() < after.runs.keys()


def test_a_rehearsal_tells_nothing(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly())
    run_once(workspace, dry_run=True)
    assert not Chronicle(workspace / "state").path.exists()


def test_a_mark_that_was_taken_back_stays_away(tmp_path: Path) -> None:
    chronicle = Chronicle(tmp_path)
    chronicle.append([{"run_id": "1", "marks": {"held": "{}", "receipts": "7"}}])
    chronicle.append([{"run_id": "2", "marks": {"receipts": "8"}}])
    chronicle.append([{"run_id": "3"}])
    assert chronicle.read().marks == {"receipts": "8"}
