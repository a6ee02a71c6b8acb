"""A quarter's workbook with every field filled, and where its cells are in a template."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from books import COVER, TODAY, small_tree

from pipeline.books.read import read_book
from pipeline.books.screen import Limits
from pipeline.forms.anchors import anchor_name
from pipeline.forms.model import Form, Forms
from pipeline.forms.workbook import write_template
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.submission import Submission
from pipeline.periods import Period

QUARTER = Period.quarter(2026, 3)
FULL_COVER: dict[str, Any] = {
    **COVER,
    "submit_type": "更正",
    "phone": "0571-8888 0001",
    "reviewer": "乙二",
    "members_female": 30,
    "retirees": 12,
    "hardship": 0,
    "nil_activities": "否",
    "nil_dues": "否",
    "nil_visits": "否",
}
FULL_ROWS: dict[str, list[dict[str, Any]]] = {
    "activities": [
        {
            "title": "“喜迎国庆”合唱 <比赛> & 展演",
            "category": "文体活动",
            "date_start": date(2026, 9, 18),
            "date_end": date(2026, 9, 19),
            "place": "操场\n体育馆",
            "invited": 40,
            "attended": 76,
            "sessions": 2,
            "attended_female": 41,
            "budget": 1234567.89,
            "cost": 0.1,
            "fund": "工会经费",
            "result": "三组获团体第一名",
            "problem": "=1+1 写在这里的是文字",
            "plan_id": "007",
            "note": "'单引号",
        }
    ],
    "dues": [
        {
            "month": month,
            "member_id": "00123456789012345678",
            "name": "甲一",
            "status": "正常",
            "base": 4567.89,
            "due": 22.8,
            "paid": 20.05,
            "pay_type": "当月",
            "pay_date": date(2026, 9, 30),
            "reason": "月底补交",
            "note": "无",
        }
        for month in ("2026-07", "2026-08", "2026-09")
    ],
    "visits": [
        {
            "date": date(2026, 8, 6),
            "visit_type": "生病住院",
            "target_name": "乙二",
            "target_class": "在职职工",
            "households": 1,
            "persons": 1,
            "event_date": date(2026, 8, 5),
            "cash": 500,
            "goods": "水果",
            "goods_value": 99.99,
            "fund": "会费",
            "visitors": "丙三、丁四",
            "mode": "医院",
            "resolved": "已办结",
            "note": "№ 7 ①",
        }
    ],
}


def template(forms: Forms, rows: int = 5) -> bytes:
    """Return the blank workbook of U1."""
    return write_template(
        forms.workbooks["quarterly"], small_tree().units["U1"], QUARTER, rows=rows
    )


def expected(forms: Forms) -> Submission:
    """Return what the full workbook says, written by our own hand."""
    unit = small_tree().units["U1"]
    data = write_template(
        forms.workbooks["quarterly"], unit, QUARTER, rows=5, cover=FULL_COVER, records=FULL_ROWS
    )
    return judge_bytes(forms, data)


def judge_bytes(forms: Forms, data: bytes) -> Submission:
    return judge_book(read_book(data, Limits()), Setup(forms, small_tree(), TODAY))


def cells_to_fill(forms: Forms, data: bytes) -> Iterator[tuple[str, int, int, Any]]:
    """Yield sheet, 1-based row and column, and value of every cell that a person fills."""
    names = read_book(data, Limits()).names
    for form in forms.workbooks["quarterly"].forms:
        rows = [FULL_COVER] if form.kind == "cover" else FULL_ROWS[form.key]
        for number, row in enumerate(rows, start=form.kind == "ledger"):
            for key, value in row.items():
                if not form.field(key).prefill:
                    sheet, head, index = names[anchor_name(form, key)]
                    yield sheet, head + number, index + 1, value


def values_of(form: Form, submission: Submission) -> list[dict[str, Any]]:
    """Return the values of a form's rows by field key."""
    assert submission.ledgers is not None and submission.cover is not None
    rows = (
        [submission.cover.values]
        if form.kind == "cover"
        else [record.values for record in submission.ledgers[form.key]]
    )
    return [{f.key: v for f, v in zip(form.fields, row, strict=True)} for row in rows]
