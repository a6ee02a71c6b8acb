"""What a blank workbook knows beforehand: the unit's own past, and nobody else's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from books import ROWS
from conftest import CONFIG
from workspaces import activity, drop, make_workspace, plan, quarterly, records, run_once

from pipeline.errors import ConfigError
from pipeline.forms.known import NOTHING, Known
from pipeline.forms.load import read_forms
from pipeline.periods import Period
from pipeline.prefill import known_of

QUARTER = Period.quarter(2026, 3)


def member(member_id: str, month: str, **change: Any) -> dict[str, Any]:
    return {
        **ROWS["dues"],
        "member_id": member_id,
        "month": month,
        "name": f"{member_id}号",
        **change,
    }


def known(
    workspace: Path, unit: str = "U1", period: Period = QUARTER, kind: str = "quarterly"
) -> Known:
    with records(workspace, rehearse=True) as store:
        return known_of(store, store.forms.workbooks[kind], unit, period)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "ws")


def take(workspace: Path, *contents: bytes, expect: str = "accepted") -> None:
    for number, content in enumerate(contents):
        drop(workspace, f"{number}.xlsx", content)
    statuses = {stored.status for stored in run_once(workspace, render=False).files}
    assert all(status.startswith(expect) for status in statuses), statuses


def roster(found: Known) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in found.rows.get("dues", ())]


def test_without_records_nothing_is_known(workspace: Path) -> None:
    assert known(workspace) == NOTHING


def test_figures_and_contacts_are_carried_and_what_must_be_stated_afresh_is_not(
    workspace: Path,
) -> None:
    cover = {"staff": 51, "members": 49, "joined": 3, "phone": "0571", "reviewer": "乙二"}
    take(workspace, quarterly(period="2026Q2", cover=cover))
    found = known(workspace)
    assert found.cover == {"phone": "0571", "reviewer": "乙二", "staff": 51, "members": 49}
    assert found.period == Period.quarter(2026, 2)


def test_totals_are_those_of_the_last_accepted_workbook(workspace: Path) -> None:
    rows = [activity(title="甲", attended=30, cost=100.1, fund="会费"), activity(title="乙")]
    for row in rows:
        row["date_start"] = row["date_start"].replace(month=5)
    take(workspace, quarterly(period="2026Q2", activities=rows))
    totals = known(workspace).totals
    assert (totals["activities"].rows, totals["visits"].rows) == (2, 0)
    assert totals["activities"].values == {"attended": 68, "cost": Decimal("100.10")}
    assert totals["visits"].values == {"persons": None, "cash": None}
    assert totals["cover"].values["joined"] == 1


def test_the_roster_has_everybody_once_a_month_in_the_order_of_the_last_ledger(
    workspace: Path,
) -> None:
    dues = [
        member("M2", "2026-04", base=3980, due=19.9, paid=19.9),
        member("M1", "2026-04", status="新入会"),
        member("M2", "2026-05", base=4200, due=21, paid=21),
        member("M3", "2026-05"),
        member("M3", "2026-06", status="转出", due=0, paid=0),
        member("M4", "2026-06", status="退休", due=0, paid=0),
    ]
    take(workspace, quarterly(period="2026Q2", dues=dues))
    people = [
        ("M2", "M2号", "正常", Decimal("4200.00")),
        ("M1", "M1号", "正常"),
        ("M4", "M4号", "退休"),
    ]
    assert roster(known(workspace)) == [
        (month, *person) for month in ("2026-07", "2026-08", "2026-09") for person in people
    ]


def test_only_the_last_accepted_workbook_before_the_period_speaks(workspace: Path) -> None:
    take(workspace, quarterly(period="2026Q1", cover={"staff": 11, "members": 10}))
    take(workspace, quarterly(period="2026Q2", cover={"staff": 22, "members": 20}))
    take(workspace, quarterly(period="2026Q2", cover={"staff": 23, "members": 20}))
    take(workspace, quarterly(period="2026Q3", cover={"staff": 33, "members": 30}))
    wrong = {"staff": 44, "members": 45, "members_female": 46}
    take(workspace, quarterly(period="2026Q2", cover=wrong), expect="rejected")
    assert known(workspace).cover["staff"] == 23
    assert known(workspace, period=Period.quarter(2026, 4)).cover["staff"] == 33
    assert known(workspace, period=Period.quarter(2026, 1)) == NOTHING


def test_a_unit_knows_only_its_own(workspace: Path) -> None:
    other = quarterly("U2", "2026Q2", dues=[member("X9", "2026-05", name="别处的人")])
    items = [{**ROWS["plan"], "plan_id": "乙-1"}]
    take(workspace, other, quarterly("U1", "2026Q2"), plan("U2", "2026", items))
    found = known(workspace)
    assert "别处的人" not in str(found)
    assert "乙-1" not in str(found)
    assert roster(known(workspace, "U2"))[0][:2] == ("2026-07", "X9")
    assert known(workspace, "U3") == NOTHING


def test_plan_items_are_offered_where_their_months_meet_the_quarter(workspace: Path) -> None:
    def item(plan_id: str, start: str, end: str) -> dict[str, Any]:
        months = {"month_start": start, "month_end": end}
        return {**ROWS["plan"], "plan_id": plan_id, "item": f"{plan_id}的事", **months}

    take(
        workspace,
        plan("U1", "2025", [item("学年", "2025-09", "2026-07"), item("旧", "2025-03", "2025-12")]),
        plan(
            "U1", "2026",
            [item("全年", "2026-01", "2026-12"), item("秋", "2026-09", "2027-01"), item("冬", "2026-10", "2026-12")],
        ),
    )  # fmt: skip
    found = known(workspace)
    assert found.offers == {
        ("activities", "plan_id"): {"学年": "学年的事", "全年": "全年的事", "秋": "秋的事"}
    }
    assert found.cover == {}


def test_a_plan_workbook_knows_nothing_of_quarters(workspace: Path) -> None:
    take(workspace, quarterly(period="2025Q4", cover={"phone": "0571"}))
    assert known(workspace, period=Period.year(2026), kind="plan") == NOTHING


# What is wrong in the configuration is told when the forms are read.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('by = "member_id"', 'by = "member"'), "“member_id”"),
        (lambda text: text.replace('by = "member_id"', 'by = "paid"'), "carry"),
        (lambda text: text.replace('month = "month"', 'month = "paid"'), "不是月份"),
        (lambda text: text.replace('["转出"]', '["走了"]'), "走了"),
        (lambda text: text.replace('"新入会" = "正常"', '"新入会" = "好"'), "好"),
        (lambda text: text.replace("leave_out = { status", "leave_out = { reason"), "carry"),
        (lambda text: text.replace("leave_out", "leaveout"), "leave_out"),
    ],
)
def test_a_wrong_roster_is_one_line(
    tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    path = config / "forms" / "dues.toml"
    text = path.read_text("utf-8")
    assert change(text) != text
    path.write_text(change(text), "utf-8")
    with pytest.raises(ConfigError, match=message):
        read_forms(config)


@pytest.mark.parametrize(("old", "new"), [('"plan"', '"plans"'), ('"item"', '"items"')])
def test_an_offer_that_no_form_has_is_one_line(tmp_path: Path, old: str, new: str) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    path = config / "forms" / "activities.toml"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(ConfigError, match=new.strip('"')):
        read_forms(config)
