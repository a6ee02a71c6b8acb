"""The commands as they are typed: exit statuses, JSON, one clear line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from workspaces import activity, drop, make_workspace, opened, quarterly

from pipeline.cli import main
from pipeline.workspace import hold

TODAY = "2026-10-10T02:00"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "ws")


@pytest.fixture
def typed(workspace: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """Type a command in the workspace; return status, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, "--workspace", str(workspace), "--today", TODAY])
        captured = capfd.readouterr()
        return status, captured.out, captured.err

    return run


def test_run_json(workspace: Path, typed: Any) -> None:
    drop(workspace, "好.xlsx", quarterly(activities=[activity(attended="３８")]))
    drop(workspace, "坏/坏.xlsx", quarterly("U2", activities=[activity(attended="若干")]))
    status, out, _ = typed("run", "--json", "--no-mail")
    assert status == 0
    found = json.loads(out)
    assert set(found) == {
        "run_id", "period", "periods", "files", "counts", "outputs", "mail", "problems",
    }  # fmt: skip
    assert (found["period"], found["periods"]) == ("2026Q3", ["2026Q3"])
    assert found["counts"] == {
        "accepted": 1,
        "accepted_with_warnings": 0,
        "rejected": 1,
        "duplicate": 0,
        "quarantined": 0,
        "closed": 0,
    }
    by_file = {file["file"]: file for file in found["files"]}
    assert set(by_file) == {"好.xlsx", "坏/坏.xlsx"}
    good = by_file["好.xlsx"]
    assert set(good) == {
        "file", "sha256", "unit", "period", "version", "status", "errors", "warnings", "receipt",
    }  # fmt: skip
    assert (good["unit"], good["period"], good["version"], good["status"]) == (
        "U1", "2026Q3", 1, "accepted",
    )  # fmt: skip
    for file in found["files"]:
        assert (workspace / file["receipt"]).is_file()
    assert "outputs/2026Q3/summary_U0_2026Q3.xlsx" in found["outputs"]
    # The receipt of U1 and the summaries of U0 and S; U2 has no address.
    assert found["mail"] == {"queued": 3, "sent": 0, "failed": 0}


def test_check_json_and_exit_status(workspace: Path, typed: Any, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    good.write_bytes(quarterly(activities=[activity(attended="３８")]))
    bad.write_bytes(quarterly(activities=[activity(cost="12O")]))
    status, out, _ = typed("check", str(good), "--json")
    (found,) = json.loads(out)
    assert (status, found["status"], found["unit"], found["period"]) == (
        0, "accepted", "U1", "2026Q3",
    )  # fmt: skip
    assert [issue["code"] for issue in found["issues"]] == ["R-08"]
    status, out, _ = typed("check", str(good), str(bad), "--json")
    issue = json.loads(out)[1]["issues"][0]
    assert status == 1
    assert set(issue) == {
        "code", "severity", "sheet", "cell", "row", "field", "column", "value", "message",
    }  # fmt: skip
    assert (issue["sheet"], issue["cell"], issue["row"], issue["value"]) == (
        "活动台账", "L4", 4, "12O",
    )  # fmt: skip
    assert not (workspace / "state").exists()


def test_check_speaks_english(typed: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(quarterly(activities=[activity(cost="12O")]))
    _, out, _ = typed("check", str(bad), "--lang", "en")
    assert "Error R-02 活动台账!L4" in out
    assert "number" in out


def test_status_json(workspace: Path, typed: Any) -> None:
    drop(workspace, "1.xlsx", quarterly())
    typed("run", "--no-mail")
    found = json.loads(typed("status", "--json")[1])
    assert {key: found[key] for key in ("period", "expected", "reported", "on_time", "nil")} == {
        "period": "2026Q3",
        "expected": 4,
        "reported": 1,
        "on_time": 1,
        "nil": 1,
    }
    assert found["reporting_rate"] == 0.25
    unit = next(unit for unit in found["units"] if unit["unit"] == "U1")
    assert unit == {
        "unit": "U1",
        "name": "甲小学工会",
        "state": "on_time",
        "nil": True,
        "status": "accepted",
        "version": 1,
        "received_at": "2026-10-09T10:00:00",
        "errors": 0,
        "warnings": 0,
    }


def test_status_before_anything_has_happened_changes_nothing(workspace: Path, typed: Any) -> None:
    status, out, _ = typed("status")
    assert status == 0
    assert "未报 4" in out
    assert "丙三 1003" in out
    assert not (workspace / "state").exists()


def test_trace_json(workspace: Path, typed: Any) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity(cost=10.25, fund="会费")]))
    typed("run", "--no-mail")
    found = json.loads(typed("trace", "A07", "--period", "2026Q3", "--unit", "U0", "--json")[1])
    assert (found["indicator"], found["value"]) == ("A07", 10.25)
    (row,) = found["rows"]
    assert (row["unit"], row["file"], row["sheet"], row["row"]) == ("U1", "1.xlsx", "活动台账", 4)
    assert (row["field"], row["value"]) == ("cost", 10.25)


def test_a_summary_can_be_had_again_as_it_was_sent(
    workspace: Path, typed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    typed("run", "--no-mail")
    summary = (workspace / "outputs/2026Q3/summary_U0_2026Q3.xlsx").read_bytes()
    monkeypatch.chdir(tmp_path)
    asked = ("summarize", "--period", "2026Q3", "--unit", "U0", "--as-sent")
    status, out, _ = typed(*asked, "2026-10-10")
    assert (status, out.strip()) == (0, str(tmp_path / "summary_U0_2026Q3_20261010T020000.xlsx"))
    assert (tmp_path / "summary_U0_2026Q3_20261010T020000.xlsx").read_bytes() == summary
    status, out, err = typed(*asked, "2026-10-09")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "2026-10-10T02:00" in err


def test_template_writes_one_workbook_a_reporting_unit(workspace: Path, typed: Any) -> None:
    status, out, _ = typed("template", "--period", "2026Q4")
    folder = workspace / "input_templates" / "2026Q4"
    assert status == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "S_城区片_2026Q4.xlsx",
        "U1_甲小学工会_2026Q4.xlsx",
        "U2_乙中学工会_2026Q4.xlsx",
        "U3_丙小学工会_2026Q4.xlsx",
    ]
    assert "4" in out
    typed("template", "--period", "2027", "--unit", "U1")
    assert (workspace / "input_templates/2027/U1_甲小学工会_2027.xlsx").is_file()


def test_a_template_filled_by_nobody_is_refused_kindly(workspace: Path, typed: Any) -> None:
    typed("template", "--period", "2026Q3", "--unit", "U1")
    path = workspace / "input_templates/2026Q3/U1_甲小学工会_2026Q3.xlsx"
    status, out, _ = typed("check", str(path), "--json")
    codes = [issue["code"] for issue in json.loads(out)[0]["issues"]]
    assert status == 1
    assert set(codes) == {"R-01", "R-12", "D-08"}


def test_init_makes_a_workspace_that_runs(tmp_path: Path, capfd: Any) -> None:
    folder = tmp_path / "新 工作区"
    assert main(["init", str(folder)]) == 0
    assert main(["--workspace", str(folder), "run", "--json"]) == 0
    assert main(["init", str(folder)]) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--period", "2026Q5"], "2026Q5"),
        (["run", "--period", "2026H3"], "2026Q3"),
        (["summarize", "--period", "2026Q3", "--unit", "U9"], "U"),
        (["summarize", "--period", "2026Q3", "--unit", "U1"], "U1"),
        (["trace", "A99", "--period", "2026Q3", "--unit", "U0"], "A99"),
        (["trace", "A01", "--period", "2026Q3", "--unit", "XX"], "XX"),
        (["check", "没有.xlsx"], "没有.xlsx"),
        (["template", "--unit", "U0"], "U0"),
        (["close", "--period", "abc"], "abc"),
        (["fly"], "fly"),
        (["run", "--speed", "9"], "--speed"),
        (["run", "--lang", "fr"], "fr"),
        (["trace", "A01"], "--period"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(typed: Any, arguments: list[str], says: str) -> None:
    status, out, err = typed(*arguments)
    assert status == 2
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_a_wrong_setting_is_one_line_and_status_2(workspace: Path, typed: Any) -> None:
    (workspace / "config/union.toml").write_text("[intake]\nsettle_second = 1\n", "utf-8")
    status, _, err = typed("run")
    assert status == 2
    assert "settle_seconds" in err
    assert len(err.splitlines()) == 1


def test_no_workspace_is_one_line_and_status_2(tmp_path: Path, capfd: Any) -> None:
    assert main(["--workspace", str(tmp_path), "run"]) == 2
    assert "init" in capfd.readouterr().err
    assert main(["run", "--today", "gestern"]) == 2
    assert "--today" in capfd.readouterr().err


def test_a_busy_workspace_is_status_3(workspace: Path, typed: Any) -> None:
    with hold(opened(workspace)):
        status, _, err = typed("run")
    assert status == 3
    assert len(err.splitlines()) == 1


def test_options_of_every_command_go_before_or_after(workspace: Path, capfd: Any) -> None:
    assert main(["--today", TODAY, "status", f"--workspace={workspace}", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["period"] == "2026Q3"
    assert main(["--workspace", str(workspace), "status", "--json", "--today=2026-07-02"]) == 0
    assert json.loads(capfd.readouterr().out)["period"] == "2026Q2"


def test_today_is_the_clock_of_received_at(workspace: Path, typed: Any, capfd: Any) -> None:
    drop(workspace, "1.xlsx", quarterly())
    early = ["--workspace", str(workspace), "--today", "2026-10-08T12:00"]
    assert main([*early, "run", "--no-mail"]) == 0
    assert main([*early, "status", "--json"]) == 0
    out = capfd.readouterr().out
    found = json.loads(out[out.index("{\n") :])
    unit = next(unit for unit in found["units"] if unit["unit"] == "U1")
    assert unit["received_at"] == "2026-10-08T12:00:00"
