"""Workbooks as values: what a group typed, without a file around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pipeline.books.grid import Book, Sheet
from pipeline.forms.model import Form, Forms
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.submission import Submission
from pipeline.orgunits import OrgTree, OrgUnit, build_tree

TODAY = date(2026, 10, 10)

COVER = {
    "unit": "U1",
    "unit_name": "甲小学工会",
    "period": "2026Q3",
    "preparer": "甲一",
    "fill_date": date(2026, 10, 8),
    "staff": 50,
    "members": 48,
    "joined": 1,
    "left": 0,
}
PLAN_COVER = {
    "unit": "U1",
    "unit_name": "甲小学工会",
    "year": "2026",
    "preparer": "甲一",
    "fill_date": date(2026, 10, 8),
}
ROWS: dict[str, dict[str, Any]] = {
    "activities": {
        "title": "秋季运动会",
        "category": "文体活动",
        "date_start": date(2026, 9, 18),
        "place": "操场",
        "invited": 40,
        "attended": 38,
        "cost": 0,
        "result": "三组获团体第一",
    },
    "dues": {
        "month": "2026-07",
        "member_id": "M1",
        "name": "甲一",
        "due": 22.8,
        "paid": 22.8,
    },
    "visits": {
        "date": date(2026, 8, 6),
        "visit_type": "生病住院",
        "target_name": "乙二",
        "target_class": "在职职工",
        "persons": 1,
        "cash": 500,
        "fund": "工会经费",
        "visitors": "丙三",
    },
    "plan": {
        "plan_id": "P1",
        "item": "庆祝教师节",
        "category": "节日庆祝",
        "month_start": "2026-09",
        "month_end": "2026-09",
        "target": 1,
    },
}


def small_tree() -> OrgTree:
    """A district with a school that reports, one that has closed and one that does not report."""
    return build_tree(
        [
            OrgUnit("U0", "某区教育工会", "", False),
            OrgUnit("U1", "甲小学工会", "U0", True, aliases=("甲小工会",)),
            OrgUnit("U2", "乙中学工会", "U0", True),
            OrgUnit("OLD", "丙小学工会", "U0", True, active_to=date(2026, 6, 30)),
        ]
    )


def cover_rows(form: Form, values: Mapping[str, Any]) -> list[list[Any]]:
    """Return a cover as a sheet's rows: label in A, value in B, from row 2 on."""
    mark = {True: "*", False: ""}
    lines = [[f.label.zh + mark[f.required], values.get(f.key)] for f in form.fields]
    return [["季度报表"], *lines]


def ledger_rows(form: Form, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return a ledger as a sheet's rows: title, headings in row 2, data from row 3 on."""
    mark = {True: "*", False: ""}
    headings = [field.label.zh + mark[field.required] for field in form.fields]
    return [[form.label.zh], headings, *([row.get(f.key) for f in form.fields] for row in rows)]


def quarterly_book(
    forms: Forms,
    cover: Mapping[str, Any] | None = None,
    meta: Mapping[str, str] | None = None,
    **ledgers: Sequence[Mapping[str, Any]],
) -> Book:
    """Return a quarterly workbook; a ledger that is not given is ticked nil."""
    workbook = forms.workbooks["quarterly"]
    ticks = {form.nil: "是" for form in workbook.ledgers if not ledgers.get(form.key)}
    values = {**COVER, **ticks, **(cover or {})}
    sheets = [Sheet("封面", "visible", cover_rows(workbook.cover, values))]
    for form in workbook.ledgers:
        rows = ledger_rows(form, ledgers.get(form.key, ()))
        sheets.append(Sheet(form.label.zh, "visible", rows))
    sheets.append(_meta("quarterly", "2026Q3", meta))
    return Book("xlsx", tuple(sheets))


def plan_book(
    forms: Forms, rows: Sequence[Mapping[str, Any]], cover: Mapping[str, Any] | None = None
) -> Book:
    """Return a plan workbook."""
    workbook = forms.workbooks["plan"]
    values = {**PLAN_COVER, **(cover or {})}
    return Book(
        "xlsx",
        (
            Sheet("封面", "visible", cover_rows(workbook.cover, values)),
            Sheet("年度计划", "visible", ledger_rows(workbook.ledgers[0], rows)),
            _meta("plan", "2026", None),
        ),
    )


def judge(forms: Forms, book: Book, today: date = TODAY) -> Submission:
    """Judge a workbook in the small tree."""
    return judge_book(book, Setup(forms, small_tree(), today))


def faults(submission: Submission) -> list[str]:
    """Return errors and warnings as `code severity-letter cell`, in order."""
    return [
        f"{issue.code} {issue.severity[0].upper()} {issue.sheet}!{issue.cell}"
        for issue in submission.issues
        if issue.severity != "info"
    ]


def _meta(template: str, period: str, meta: Mapping[str, str] | None) -> Sheet:
    pairs = {"template": template, "version": "1", "unit": "U1", "period": period, **(meta or {})}
    return Sheet("_meta", "very hidden", [[key, value] for key, value in pairs.items()])
