"""The whole job on a small workspace: life of a file, receipts, summaries, idempotence."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from workspaces import (
    NOW,
    activity,
    drop,
    make_workspace,
    opened,
    plan,
    quarterly,
    run_once,
    snapshot,
)

from pipeline.errors import UsageError, WorkspaceBusy
from pipeline.nightly import decide_period, summarize
from pipeline.queries import ask_status, trace_number
from pipeline.workspace import hold


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "ws")


def statuses(report: object) -> list[tuple[str, str, int | None]]:
    return [(s.path, s.status, s.version) for s in report.files]  # type: ignore[attr-defined]


def figures(
    workspace: Path, unit: str, period: str = "2026Q3"
) -> dict[tuple[str, str, str], object]:
    path = workspace / "outputs" / period / f"summary_{unit}_{period}.xlsx"
    rows = openpyxl.load_workbook(path)["数据"].iter_rows(min_row=2, values_only=True)
    return {(str(r[2]), str(r[3] or ""), str(r[4] or "")): r[5] for r in rows}


def test_an_accepted_workbook_counts_upward_and_leaves_a_text_receipt(workspace: Path) -> None:
    drop(workspace, "甲小学/季报.xlsx", quarterly(activities=[activity(cost=120.5, fund="会费")]))
    report = run_once(workspace, in_workers=True)
    assert statuses(report) == [("甲小学/季报.xlsx", "accepted", 1)]
    assert not list((workspace / "inbox").rglob("*.xlsx"))
    (receipt,) = (workspace / "outputs/receipts/U1").iterdir()
    assert receipt.suffix == ".txt"
    assert report.as_json()["files"][0]["receipt"] == f"outputs/receipts/U1/{receipt.name}"  # type: ignore[index]
    for unit in ("U0", "S"):
        found = figures(workspace, unit)
        assert found["A01", "", ""] == 1
        assert found["A07", "", ""] == 120.5
        assert found["A07", "unit", "U1" if unit == "S" else "S"] == 120.5
    assert figures(workspace, "U0")["Q01", "", ""] == 4


def test_a_rejected_workbook_comes_back_marked_and_nothing_of_it_counts(workspace: Path) -> None:
    drop(workspace, "季报.xlsx", quarterly(activities=[activity(attended="若干")]))
    report = run_once(workspace)
    assert statuses(report) == [("季报.xlsx", "rejected", None)]
    (receipt,) = (workspace / "outputs/receipts/U1").iterdir()
    book = openpyxl.load_workbook(receipt)
    assert book.sheetnames[0] == "需修改"
    sheet = book["活动台账"]
    assert "若干" in sheet["H4"].comment.text
    assert sheet["H4"].fill.fgColor.rgb != sheet["G4"].fill.fgColor.rgb
    assert figures(workspace, "U0")["A01", "", ""] is None


def test_a_correction_replaces_the_older_version_whole(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity(), activity(title="另一场")]))
    run_once(workspace)
    drop(workspace, "2.xlsx", quarterly(activities=[activity(attended=39)]))
    report = run_once(workspace, NOW + timedelta(days=1))
    assert statuses(report) == [("2.xlsx", "accepted", 2)]
    assert figures(workspace, "U0")["A01", "", ""] == 1
    assert figures(workspace, "U0")["A03", "", ""] == 39


def test_a_rejected_correction_leaves_the_earlier_version_counting(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    drop(
        workspace,
        "2.xlsx",
        quarterly(activities=[activity(attended=99)]),
        datetime(2026, 10, 9, 11),
    )
    assert [s for _, s, _ in statuses(run_once(workspace))] == ["accepted", "rejected"]
    assert figures(workspace, "U0")["A03", "", ""] == 38


def test_the_same_bytes_again_are_a_duplicate_that_says_what_still_counts(workspace: Path) -> None:
    first = quarterly(activities=[activity()])
    drop(workspace, "1.xlsx", first)
    drop(
        workspace,
        "2.xlsx",
        quarterly(activities=[activity(attended=39)]),
        datetime(2026, 10, 9, 11),
    )
    drop(workspace, "again.xlsx", first, datetime(2026, 10, 9, 12))
    report = run_once(workspace)
    assert statuses(report) == [
        ("1.xlsx", "accepted", 1),
        ("2.xlsx", "accepted", 2),
        ("again.xlsx", "duplicate", None),
    ]
    receipt = workspace / report.receipts[2]
    assert "第 1 版相同，那一版已被后来的版本取代" in receipt.read_text("utf-8-sig")
    assert figures(workspace, "U0")["A03", "", ""] == 39


def test_a_refused_file_is_judged_anew_when_the_configuration_has_changed(workspace: Path) -> None:
    content = quarterly(activities=[activity(cost=10)])
    drop(workspace, "1.xlsx", content)
    assert [s for _, s, _ in statuses(run_once(workspace))] == ["rejected"]
    drop(workspace, "2.xlsx", content)
    assert [s for _, s, _ in statuses(run_once(workspace))] == ["duplicate"]
    form = workspace / "config/forms/activities.toml"
    text = form.read_text("utf-8")
    form.write_text(
        text.replace('id = "A-05"\nseverity = "error"', 'id = "A-05"\nseverity = "warning"'),
        "utf-8",
    )
    drop(workspace, "3.xlsx", content)
    assert [s for _, s, _ in statuses(run_once(workspace))] == ["accepted_with_warnings"]


def test_unreadable_files_are_set_aside_with_a_receipt(workspace: Path) -> None:
    drop(workspace, "a.xlsx", b"<html><table></table></html>")
    drop(workspace, "b.xlsx", quarterly(cover={"period": "2026Q5"}))
    drop(workspace, "c.xlsx", quarterly("U9"), datetime(2026, 10, 9, 11))
    report = run_once(workspace)
    assert [(s, v) for _, s, v in statuses(report)] == [
        ("quarantined", None),
        ("quarantined", None),
        ("rejected", None),
    ]
    receipts = list((workspace / "outputs/receipts/_unidentified").iterdir())
    assert len(receipts) == 3
    assert len(list((workspace / "state/quarantine").iterdir())) == 2


def test_a_closed_period_takes_nothing_until_it_is_reopened(workspace: Path) -> None:
    content = quarterly(activities=[activity()])
    decide_period(opened(workspace), NOW, "2026Q3", "close")
    drop(workspace, "1.xlsx", content)
    assert [s for _, s, _ in statuses(run_once(workspace))] == ["closed"]
    decide_period(opened(workspace), NOW, "2026Q3", "reopen")
    drop(workspace, "2.xlsx", content)
    assert [s for _, s, _ in statuses(run_once(workspace))] == ["accepted"]


def test_a_run_on_unchanged_input_changes_not_a_byte(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity(cost=10)]))
    drop(workspace, "2.xlsx", quarterly("U2", dues=[]), datetime(2026, 10, 9, 11))
    run_once(workspace)
    before = snapshot(workspace / "outputs")
    report = run_once(workspace, NOW + timedelta(days=1))
    assert snapshot(workspace / "outputs") == before
    assert sum(report.counts.values()) == 0
    assert report.outputs == ()
    assert report.periods == ("2026Q3",)


def test_a_dry_run_changes_nothing_on_disk(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    before = snapshot(workspace)
    report = run_once(workspace, dry_run=True)
    assert statuses(report) == [("1.xlsx", "accepted", 1)]
    assert snapshot(workspace) == before
    run_once(workspace)
    drop(workspace, "2.xlsx", quarterly(activities=[activity(attended=1)]))
    before = snapshot(workspace)
    assert statuses(run_once(workspace, dry_run=True)) == [("2.xlsx", "accepted", 2)]
    assert snapshot(workspace) == before


def test_timeliness_is_that_of_the_first_accepted_version(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(), datetime(2026, 10, 15, 23, 59))
    drop(workspace, "2.xlsx", quarterly("U2"), datetime(2026, 10, 16, 0, 0, 1))
    run_once(workspace, datetime(2026, 10, 20, 2))
    drop(workspace, "3.xlsx", quarterly(cover={"staff": 51}), datetime(2026, 10, 21))
    run_once(workspace, datetime(2026, 10, 22, 2))
    found = ask_status(opened(workspace), NOW, "2026Q3").as_json()
    states = {unit["unit"]: unit["state"] for unit in found["units"]}  # type: ignore[attr-defined]
    assert states == {"S": "missing", "U1": "on_time", "U2": "late", "U3": "missing"}
    assert (found["on_time"], found["late"], found["nil"]) == (1, 1, 2)
    assert {m["unit"]: m["contact"] for m in found["missing"]} == {"S": "", "U3": "丙三 1003"}  # type: ignore[attr-defined]


def test_a_late_workbook_of_an_earlier_quarter_renders_the_later_summary_too(
    workspace: Path,
) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    run_once(workspace)
    earlier = activity(date_start=datetime(2026, 5, 4).date())
    cover = {"fill_date": datetime(2026, 7, 3).date()}
    drop(workspace, "0.xlsx", quarterly(period="2026Q2", cover=cover, activities=[earlier]))
    report = run_once(workspace, NOW + timedelta(days=1))
    assert report.periods == ("2026Q2", "2026Q3")


def test_plans_count_in_the_quarter_in_which_they_end(workspace: Path) -> None:
    item = {"plan_id": "P1", "item": "运动会", "category": "文体活动", "target": 1}
    done = {**item, "month_start": "2026-09", "month_end": "2026-09"}
    later = {**item, "plan_id": "P2", "month_start": "2026-09", "month_end": "2026-12"}
    drop(workspace, "plan.xlsx", plan("U1", "2026", [done, later]))
    drop(workspace, "1.xlsx", quarterly(activities=[activity(plan_id="P1")]))
    run_once(workspace)
    found = figures(workspace, "U0")
    assert (found["P01", "", ""], found["P02", "", ""], found["P03", "", ""]) == (1, 1, 1)


def test_trace_adds_up(workspace: Path) -> None:
    rows = [activity(), activity(title="另一场", attended=12)]
    drop(workspace, "1.xlsx", quarterly(activities=rows))
    run_once(workspace)
    found = trace_number(opened(workspace), "2026Q3", "U0", "A03").as_json()
    assert found["value"] == 50
    assert [(r["file"], r["sheet"], r["row"], r["value"]) for r in found["rows"]] == [  # type: ignore[attr-defined]
        ("1.xlsx", "活动台账", 4, 38),
        ("1.xlsx", "活动台账", 5, 12),
    ]


def test_summarize_renders_again_what_was_deleted(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    run_once(workspace)
    path = workspace / "outputs/2026Q3/summary_S_2026Q3.xlsx"
    content = path.read_bytes()
    path.unlink()
    assert summarize(opened(workspace), NOW, "2026Q3", "S") == [path]
    assert path.read_bytes() == content
    with pytest.raises(UsageError, match="U1"):
        summarize(opened(workspace), NOW, "2026Q3", "U1")


def test_a_second_run_is_told_that_the_workspace_is_busy(workspace: Path) -> None:
    with hold(opened(workspace)), pytest.raises(WorkspaceBusy):
        run_once(workspace)


def test_what_a_killed_run_left_is_finished(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity(attended="若干")]))

    def die(*_: object) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.collect.write_files", die)
        with pytest.raises(SystemExit):
            run_once(workspace)
    assert (workspace / "inbox/1.xlsx").exists()
    report = run_once(workspace, NOW + timedelta(hours=1))
    assert report.files == ()
    assert not (workspace / "inbox/1.xlsx").exists()
    (receipt,) = (workspace / "outputs/receipts/U1").iterdir()
    assert receipt.suffix == ".xlsx"


def test_the_log_has_a_line_a_file_and_one_a_run_and_no_value(workspace: Path) -> None:
    drop(
        workspace,
        "1.xlsx",
        quarterly(cover={"preparer": "暗号"}, activities=[activity(result="暗号")]),
    )
    run_once(workspace)
    log = (workspace / "state/logs/pipeline.log").read_text("utf-8")
    assert log.count("file: 1.xlsx -> ") == 1
    assert log.count(" run ") == 1
    assert "暗号" not in log
