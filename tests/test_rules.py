"""Every rule of the contract's section 6: what violates it, and what just does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from books import ROWS, faults, judge, plan_book, quarterly_book

from pipeline.forms.model import Forms

D = date


def column(forms: Forms, form: str, key: str) -> str:
    return "ABCDEFGHIJKLMNOPQR"[forms.forms[form].positions[key]]


# rule, severity, ledger, marked field, what violates it, what just does not
LEDGER_RULES: list[tuple[str, str, str, str, dict[str, Any], dict[str, Any]]] = [
    ("A-01", "E", "activities", "date_end", {"date_end": D(2026, 9, 17)}, {"date_end": D(2026, 9, 18)}),
    ("A-02", "E", "activities", "date_end", {"date_end": D(2026, 10, 1)}, {"date_end": D(2026, 9, 30)}),
    ("A-02", "E", "activities", "date_start", {"date_start": D(2026, 6, 30)}, {"date_start": D(2026, 7, 1)}),
    ("A-03", "E", "activities", "attended", {"attended": 41}, {"attended": 40}),
    ("A-03", "E", "activities", "attended", {"attended": 81, "sessions": 2}, {"attended": 80, "sessions": 2}),
    ("A-04", "E", "activities", "attended_female", {"attended_female": 39}, {"attended_female": 38}),
    ("A-05", "E", "activities", "fund", {"cost": 0.01}, {"cost": 0}),
    ("A-05", "E", "activities", "fund", {"cost": 10}, {"cost": 10, "fund": "会费"}),
    ("A-06", "W", "activities", "cost", {"budget": 100, "cost": 110.01, "fund": "会费"}, {"budget": 100, "cost": 110, "fund": "会费"}),
    ("A-06", "W", "activities", "cost", {"budget": 1, "cost": 2, "fund": "会费"}, {"budget": 0, "cost": 2, "fund": "会费"}),
    ("A-07", "W", "activities", "result", {"result": "圆满成功，反响热烈。"}, {"result": "圆满成功，12 组参赛"}),
    ("A-07", "W", "activities", "result", {"result": "三组得第一"}, {"result": "三组得了第一"}),
    ("D-01", "E", "dues", "month", {"month": "2026-06"}, {"month": "2026-06", "pay_type": "补缴"}),
    ("D-01", "E", "dues", "month", {"month": "2026-10"}, {"month": "2026-10", "pay_type": "预缴"}),
    ("D-03", "W", "dues", "due", {"base": 4567.89, "due": 22.86, "paid": 22.86}, {"base": 4567.89, "due": 22.85, "paid": 22.85}),
    ("D-03", "W", "dues", "due", {"base": 4567.89, "due": 22.74, "paid": 22.74}, {"base": 4567.89, "due": 22.75, "paid": 22.75}),
    ("D-03", "W", "dues", "due", {"base": 4000, "due": 0, "paid": 0}, {"base": 4000, "due": 0, "paid": 0, "status": "退休"}),
    ("D-04", "E", "dues", "paid", {"paid": 22.81}, {"paid": 22.80}),
    ("D-04", "E", "dues", "paid", {"paid": 30}, {"paid": 30, "pay_type": "预缴"}),
    ("D-05", "W", "dues", "reason", {"paid": 22.79}, {"paid": 22.79, "reason": "月底补交"}),
    ("D-06", "E", "dues", "due", {"status": "停薪"}, {"status": "停薪", "due": 0, "paid": 0}),
    ("D-07", "E", "dues", "paid", {"paid": -5, "reason": "退"}, {"paid": -5, "reason": "退", "pay_type": "退费"}),
    ("D-07", "E", "dues", "paid", {"paid": 0, "reason": "退", "pay_type": "退费"}, {"paid": -0.01, "reason": "退", "pay_type": "退费"}),
    ("V-01", "E", "visits", "date", {"date": D(2026, 10, 1)}, {"date": D(2026, 9, 30)}),
    ("V-01", "E", "visits", "date", {"date": D(2026, 6, 30)}, {"date": D(2026, 7, 1)}),
    ("V-02", "E", "visits", "persons", {"persons": 0}, {"persons": 1}),
    ("V-03", "E", "visits", "fund", {"fund": None}, {"fund": None, "cash": 0}),
    ("V-03", "E", "visits", "fund", {"fund": None, "cash": 0, "goods_value": 1}, {"fund": None, "cash": 0, "goods_value": 0}),
    ("V-04", "E", "visits", "event_date", {"event_date": D(2026, 8, 7)}, {"event_date": D(2026, 8, 6)}),
    ("V-05", "W", "visits", "date", {"event_date": D(2026, 7, 29)}, {"event_date": D(2026, 7, 30)}),
    ("V-06", "W", "visits", "cash", {"visit_type": "节日慰问"}, {"visit_type": "送温暖"}),
    ("V-06", "W", "visits", "cash", {"visit_type": "生日慰问", "cash": 1}, {"visit_type": "生日慰问", "cash": 0, "goods_value": 100}),
    ("V-08", "W", "visits", "cash", {"cash": 100000.01}, {"cash": 100000}),
    ("V-08", "W", "visits", "cash", {"cash": 0.99}, {"cash": 1}),
    ("V-08", "W", "visits", "goods_value", {"goods_value": 200000}, {"goods_value": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "severity", "ledger", "field", "violates", "_near"), LEDGER_RULES)
def test_a_violation_is_marked_at_its_cell(
    forms: Forms,
    rule: str,
    severity: str,
    ledger: str,
    field: str,
    violates: dict[str, Any],
    _near: dict[str, Any],
) -> None:
    book = quarterly_book(forms, **{ledger: whole(ledger, violates)})
    place = f"{forms.forms[ledger].label.zh}!{column(forms, ledger, field)}3"
    assert f"{rule} {severity} {place}" in faults(judge(forms, book))


@pytest.mark.parametrize(("rule", "_s", "ledger", "_f", "_violates", "near"), LEDGER_RULES)
def test_a_near_miss_is_no_violation(
    forms: Forms,
    rule: str,
    _s: str,
    ledger: str,
    _f: str,
    _violates: dict[str, Any],
    near: dict[str, Any],
) -> None:
    submission = judge(forms, quarterly_book(forms, **{ledger: whole(ledger, near)}))
    assert rule not in [issue.code for issue in submission.issues]
    assert submission.status != "rejected", faults(submission)


def whole(ledger: str, change: dict[str, Any]) -> list[dict[str, Any]]:
    """One changed row; for dues also the other months, so that no month is missing."""
    rows = [{**ROWS[ledger], **change}]
    if ledger == "dues":
        months = ("2026-07", "2026-08", "2026-09")
        rows += [{**ROWS[ledger], "month": m, "member_id": "M9"} for m in months]
    return rows


def test_clean_rows_have_no_issues(forms: Forms) -> None:
    ledgers = {key: whole(key, {}) for key in ("activities", "dues", "visits")}
    submission = judge(forms, quarterly_book(forms, **ledgers))
    assert submission.issues == ()
    assert submission.status == "accepted"


@pytest.mark.parametrize(
    ("code", "ledger", "change", "cell"),
    [
        ("A-08 W", "activities", {"place": "礼堂"}, "活动台账!A4"),
        ("D-02 E", "dues", {"paid": 0}, "会费台账!B7"),
        ("V-07 W", "visits", {"cash": 600}, "走访慰问台账!C4"),
    ],
)
def test_a_double_is_marked_at_the_later_row(
    forms: Forms, code: str, ledger: str, change: dict[str, Any], cell: str
) -> None:
    rows = [*whole(ledger, {}), {**ROWS[ledger], **change}]
    book = quarterly_book(forms, **{ledger: rows})
    found = [fault for fault in faults(judge(forms, book)) if fault.startswith(code)]
    assert found == [f"{code} {cell}"]


@pytest.mark.parametrize(
    ("ledger", "change"),
    [
        ("activities", {"date_start": D(2026, 9, 19)}),
        ("dues", {"pay_type": "补缴"}),
        ("visits", {"visit_type": "家访"}),
    ],
)
def test_rows_that_differ_in_one_key_are_no_double(
    forms: Forms, ledger: str, change: dict[str, Any]
) -> None:
    book = quarterly_book(forms, **{ledger: [*whole(ledger, {}), {**ROWS[ledger], **change}]})
    assert not {"A-08", "D-02", "V-07"} & {i.code for i in judge(forms, book).issues}


def test_d08_names_the_months_without_dues(forms: Forms) -> None:
    book = quarterly_book(forms, dues=[{**ROWS["dues"], "month": "2026-08"}])
    (issue,) = [i for i in judge(forms, book).issues if i.code == "D-08"]
    assert (issue.severity, issue.cell) == ("warning", "A2")
    assert "2026-07、2026-09" in issue.message.zh
    assert "2026-07, 2026-09" in issue.message.en


def test_d08_counts_rows_of_any_kind(forms: Forms) -> None:
    rows = [
        {**ROWS["dues"], "month": m, "pay_type": "预缴"} for m in ("2026-07", "2026-08", "2026-09")
    ]
    assert judge(forms, quarterly_book(forms, dues=rows)).issues == ()


def test_d08_says_nothing_under_a_nil_tick(forms: Forms) -> None:
    assert judge(forms, quarterly_book(forms)).issues == ()


@pytest.mark.parametrize(
    ("rule", "violates", "near"),
    [
        ("C-03 E 封面!B12", {"members_female": 49}, {"members_female": 48}),
        ("C-04 E 封面!B9", {"fill_date": D(2026, 10, 11)}, {"fill_date": D(2026, 10, 10)}),
        ("C-05 W 封面!B9", {"fill_date": D(2026, 9, 29)}, {"fill_date": D(2026, 9, 30)}),
        ("C-06 W 封面!B3", {"unit_name": "甲学校"}, {"unit_name": "甲小工会"}),
        ("C-02 E 封面!B4", {"period": "2027Q1"}, {"period": "2026Q4"}),
        ("C-01 E 封面!B2", {"unit": "U9"}, {"unit": "U1"}),
        ("C-01 E 封面!B2", {"unit": "U0"}, {"unit": "U1"}),
        ("C-01 E 封面!B2", {"unit": "OLD"}, {"unit": "OLD", "period": "2026Q2"}),
    ],
)
def test_cover_rules(
    forms: Forms, rule: str, violates: dict[str, Any], near: dict[str, Any]
) -> None:
    assert rule in faults(judge(forms, quarterly_book(forms, violates)))
    assert rule not in faults(judge(forms, quarterly_book(forms, near)))


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"unit": "U1", "period": "2026Q3"}, []),
        ({"unit": "U2", "period": "2026Q3"}, ["C-07 E 封面!B2"]),
        ({"unit": "U1", "period": "2026Q2"}, ["C-07 W 封面!B4"]),
        ({"unit": "NEW", "period": "2026Q3"}, ["C-07 W 封面!B4"]),
    ],
)
def test_c07_cover_against_template(
    forms: Forms, meta: dict[str, str], expected: list[str]
) -> None:
    assert faults(judge(forms, quarterly_book(forms, meta=meta))) == expected


def test_p01_and_p02(forms: Forms) -> None:
    row = ROWS["plan"]
    swapped = {**row, "plan_id": "P2", "month_start": "2026-10"}
    school_year = {**row, "plan_id": "P3", "month_end": "2027-01"}
    book = plan_book(forms, [row, swapped, school_year, row])
    assert faults(judge(forms, book)) == ["P-02 E 年度计划!E4", "P-01 E 年度计划!A6"]


def test_a_plan_may_be_filled_before_its_year_is_over(forms: Forms) -> None:
    assert judge(forms, plan_book(forms, [ROWS["plan"]])).issues == ()


@pytest.mark.parametrize(
    ("ledgers", "tick", "found"),
    [
        ({}, "是", False),
        ({}, "否", True),
        ({}, None, True),
        ({"visits": [ROWS["visits"]]}, "是", True),
        ({"visits": [ROWS["visits"]]}, "否", False),
        ({"visits": [ROWS["visits"]]}, None, False),
    ],
)
def test_r12_rows_and_nil_tick(
    forms: Forms, ledgers: dict[str, Any], tick: str | None, found: bool
) -> None:
    submission = judge(forms, quarterly_book(forms, {"nil_visits": tick}, **ledgers))
    assert ("R-12 E 封面!B19" in faults(submission)) is found


def test_an_unreadable_cell_is_named_once_and_no_rule_speaks_of_it(forms: Forms) -> None:
    row = {**ROWS["activities"], "attended": "若干", "cost": "1O"}
    book = quarterly_book(forms, activities=[row])
    assert faults(judge(forms, book)) == ["R-02 E 活动台账!G3", "R-02 E 活动台账!K3"]
