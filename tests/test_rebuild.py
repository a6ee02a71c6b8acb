"""The database lost and made again from the archive: equal, or it is said in what it differs."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import lose_database, read_table
from workspaces import (
    NOW,
    activity,
    copied,
    drop,
    make_workspace,
    opened,
    plan,
    quarterly,
    run_once,
    snapshot,
)

from pipeline.cli import main
from pipeline.errors import UsageError
from pipeline.nightly import decide_period
from pipeline.rebuild import Rebuilt, rebuild
from pipeline.records.chronicle import Chronicle
from pipeline.records.tables import build_tables

DATABASE = "state/records.sqlite"
LEDGERS = ("files", "issues", "runs", "decisions", "meta")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a history: versions, refusals, duplicates, a plan, a closed period."""
    folder = make_workspace(tmp_path_factory.mktemp("history") / "ws")
    first = quarterly(activities=[activity(cost=120.5, fund="会费"), activity(title="另一场")])
    drop(folder, "1.xlsx", first)
    drop(folder, "坏.xlsx", quarterly("U2", activities=[activity(attended="若干")]))
    drop(folder, "乱.xlsx", b"<html></html>")
    drop(folder, "计划.xlsx", plan("U1", "2026", [plan_item()]))
    run_once(folder, datetime(2026, 10, 10, 2))
    early = {"fill_date": datetime(2026, 10, 30).date()}
    drop(folder, "早.xlsx", quarterly("U3", cover=early))  # refused for the day alone
    drop(folder, "2.xlsx", quarterly(activities=[activity(attended=39)]))
    drop(folder, "再.xlsx", first)
    run_once(folder, datetime(2026, 10, 11, 2))
    decide_period(opened(folder), NOW, "2026Q2", "close")
    drop(folder, "旧.xlsx", quarterly(period="2026Q2", activities=[activity()]))
    run_once(folder, datetime(2026, 10, 12, 2))
    return folder


@pytest.fixture
def workspace(history: Path, tmp_path: Path) -> Path:
    """A copy of that workspace, to be spoilt."""
    return copied(history, tmp_path / "ws")


def plan_item() -> dict[str, Any]:
    months = {"month_start": "2026-09", "month_end": "2026-09"}
    return {"plan_id": "P1", "item": "运动会", "category": "文体活动", "target": 1, **months}


def dump(workspace: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all ledgers."""
    tables = build_tables(opened(workspace).forms)
    url = opened(workspace).settings.database.url or f"sqlite:///{workspace / DATABASE}"
    ledgers = [getattr(tables, name) for name in LEDGERS] + list(tables.records.values())
    return {table.name: read_table(url, table) for table in ledgers}


def lose(workspace: Path) -> None:
    lose_database(workspace / "state")


def rebuilt(workspace: Path, **options: bool) -> Rebuilt:
    return rebuild(opened(workspace), NOW, lambda _done, _all: None, **options)


def change_form(workspace: Path, form: str, old: str, new: str) -> None:
    path = workspace / f"config/forms/{form}.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_lost_database_is_made_again_equal(workspace: Path) -> None:
    before, outputs = dump(workspace), snapshot(workspace / "outputs")
    assert len(before["files"]) == 8
    assert before["rec_activities"] and before["rec_plan"] and before["issues"]
    lose(workspace)
    found = rebuilt(workspace)
    assert (found.files, found.is_equal, found.otherwise, found.done) == (8, True, [], True)
    assert dump(workspace) == before
    assert snapshot(workspace / "outputs") == outputs


def test_after_a_rebuilding_the_next_night_finds_nothing_to_do(workspace: Path) -> None:
    outputs = snapshot(workspace / "outputs")
    lose(workspace)
    rebuilt(workspace)
    report = run_once(workspace, NOW + timedelta(days=3))
    assert (report.files, report.outputs) == ((), ())
    assert snapshot(workspace / "outputs") == outputs


def test_versions_go_on_where_they_were(workspace: Path) -> None:
    lose(workspace)
    rebuilt(workspace)
    drop(workspace, "3.xlsx", quarterly(activities=[activity(attended=37)]))
    drop(workspace, "再再.xlsx", quarterly(activities=[activity(attended=39)]))
    report = run_once(workspace, NOW + timedelta(days=3))
    assert {(s.path, s.status, s.version) for s in report.files} == {
        ("3.xlsx", "accepted", 3),
        ("再再.xlsx", "duplicate", None),
    }


@pytest.mark.sqlite_file
def test_a_database_that_is_whole_comes_out_the_same_and_is_copied_first(workspace: Path) -> None:
    before = dump(workspace)
    assert rebuilt(workspace).done
    assert dump(workspace) == before
    assert [p.name for p in (workspace / "state/backups").iterdir()] == [
        "records-1-20261010T020000.sqlite"
    ]


@pytest.mark.sqlite_file
def test_a_damaged_database_is_put_aside(workspace: Path) -> None:
    before = dump(workspace)
    content = bytearray((workspace / DATABASE).read_bytes())
    content[4096:8192] = b"\xff" * 4096
    (workspace / DATABASE).write_bytes(content)
    found = rebuilt(workspace)
    assert found.aside == workspace / "state/backups/records-damaged-20261010T020000.sqlite"
    assert found.aside.read_bytes() == content
    assert dump(workspace) == before


def test_a_rehearsal_changes_nothing(workspace: Path) -> None:
    lose(workspace)
    before = snapshot(workspace)
    found = rebuilt(workspace, rehearse=True)
    assert (found.files, found.is_equal, found.done) == (8, True, False)
    assert snapshot(workspace) == before


def test_what_a_stricter_rule_would_refuse_today_still_counts_and_is_named(
    workspace: Path,
) -> None:
    before = dump(workspace)
    change_form(
        workspace,
        "activities",
        'rule = "attended <= invited * sessions"',
        'rule = "attended <= 10"',
    )
    lose(workspace)
    found = rebuilt(workspace)
    assert found.is_equal and found.done
    assert {(o.file, o.then, o.now) for o in found.otherwise} == {
        ("1.xlsx", "accepted", "rejected"),
        ("2.xlsx", "accepted", "rejected"),
    }
    after = dump(workspace)
    assert {**after, "issues": 0} == {**before, "issues": 0}


def test_numbers_that_would_change_are_named_and_kept_until_accepted(workspace: Path) -> None:
    choices = workspace / "config/choices.toml"
    choices.write_text(choices.read_text("utf-8").replace('"文体活动"', '"文娱活动"'), "utf-8")
    before = dump(workspace)
    found = rebuilt(workspace)
    assert not found.done
    told = {(d.file, d.form.zh, d.what.zh, d.then, d.now) for d in found.differences}
    assert ("1.xlsx", "活动台账", "活动类别已填的格数", 2, 0) in told
    assert dump(workspace) == before
    assert rebuilt(workspace, accept=True).done
    assert rebuilt(workspace).is_equal  # what was accepted is the measure from now on


@pytest.mark.parametrize(
    ("lang", "says"), [("zh", "合计: 120.50 → 0.00"), ("en", ": 120.50 → 0.00")]
)
def test_the_command_says_what_differs_and_what_to_do(
    workspace: Path, capsys: pytest.CaptureFixture[str], lang: str, says: str
) -> None:
    files = Chronicle(workspace / "state").read().files
    archive = workspace / "state/archive"
    (archive / files[1]["sha256"][:2] / files[1]["sha256"]).unlink()
    command = ["--workspace", str(workspace), "--lang", lang, "rebuild"]
    assert main([*command, "--dry-run"]) == 1
    assert main(command) == 1
    out = capsys.readouterr().out
    assert says in out
    assert "--accept" in out
    assert main([*command, "--accept"]) == 0
    assert "8" in capsys.readouterr().out


def test_bytes_that_are_gone_or_altered_are_named(workspace: Path) -> None:
    files = Chronicle(workspace / "state").read().files
    gone, altered = files[1], files[2]
    archive = workspace / "state/archive"
    (archive / gone["sha256"][:2] / gone["sha256"]).unlink()
    path = archive / altered["sha256"][:2] / altered["sha256"]
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    found = rebuilt(workspace)
    assert not found.done
    assert {gone["path"], altered["path"]} <= set(found.lost)


def test_a_file_that_no_line_tells_of_is_missed(workspace: Path) -> None:
    path = Chronicle(workspace / "state").path
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"id":3,' not in line), "utf-8")
    found = rebuilt(workspace)
    assert (found.untold, found.done) == ([3], False)


def test_without_a_chronicle_there_is_nothing_to_rebuild_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to rebuild from"):
        rebuilt(make_workspace(tmp_path / "ws"))


def test_a_file_still_in_the_inbox_is_finished_by_the_next_run(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, "卡.xlsx", quarterly("U2"))
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.collect.remove_taken", lambda _: exit("killed"))
        with pytest.raises(SystemExit):
            run_once(workspace, NOW + timedelta(days=3))
    lose(workspace)
    rebuilt(workspace)
    report = run_once(workspace, NOW + timedelta(days=4))
    assert report.files == ()
    assert not (workspace / "inbox/卡.xlsx").exists()
    assert len(list((workspace / "outputs/receipts/U2").iterdir())) == 2
