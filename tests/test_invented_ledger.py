"""A ledger added by TOML alone: template, validation, storage, receipt, numbers, trace."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from books import COVER
from workspaces import NOW, drop, make_workspace, opened, run_once

from pipeline.forms.workbook import write_template
from pipeline.handouts import write_templates
from pipeline.periods import Period
from pipeline.queries import trace_number

LEDGER = """
key = "proposals"
kind = "ledger"
label = { zh = "提案台账", en = "Proposals" }
nil = "nil_proposals"

[parameters]
most = 200

[[fields]]
key = "date"
label = { zh = "提交日期", en = "Submitted" }
type = "date"
required = true
examples = ["2026-09-02", "2026-09-03"]

[[fields]]
key = "kind"
label = { zh = "提案类型", en = "Kind" }
type = "choice"
choices = ["提案", "金点子"]
required = true
examples = ["提案", "金点子"]

[[fields]]
key = "collected"
label = { zh = "征集条数", en = "Collected" }
type = "int"
required = true
examples = ["12", "6"]

[[fields]]
key = "adopted"
label = { zh = "采纳条数", en = "Adopted" }
type = "int"
examples = ["3", ""]

[[rules]]
id = "T-01"
severity = "error"
rule = "adopted <= collected"
title = { zh = "采纳多于征集", en = "More adopted than collected" }
message = { zh = "采纳 {adopted} 条，多于征集 {collected} 条。请核对。", en = "{adopted} adopted of {collected}. Check both." }

[[rules]]
id = "T-02"
severity = "warning"
rule = "collected <= most"
title = { zh = "条数异常", en = "Unusual count" }
message = { zh = "征集 {collected} 条，超过 {most} 条。请核对。", en = "{collected} collected, over {most}. Check it." }
"""
TICK = """
[[fields]]
key = "nil_proposals"
label = { zh = "提案零报告", en = "No proposals" }
type = "flag"
"""
NUMBERS = """
[[indicators]]
id = "T01"
group = "A"
label = { zh = "征集条数", en = "Collected" }
unit = { zh = "条", en = "items" }
kind = "sum"
form = "proposals"
value = "collected"
format = "count"
breakdowns = ["kind"]

[[indicators]]
id = "T02"
group = "A"
label = { zh = "采纳率", en = "Adopted" }
unit = { zh = "%", en = "%" }
kind = "ratio"
numerator = { form = "proposals", value = "adopted" }
denominator = "T01"
format = "percent"

[[breakdowns]]
dimension = "kind"
form = "proposals"
field = "kind"
label = { zh = "提案类型", en = "Kind" }
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace to whose configuration only TOML was added."""
    folder = make_workspace(tmp_path / "ws")
    config = folder / "config"
    (config / "forms" / "proposals.toml").write_text(LEDGER, "utf-8")
    append(config / "forms" / "cover.toml", TICK, before="\n[[checks]]")
    append(config / "workbooks" / "quarterly.toml", ', "proposals"]', before="]\nnotes", drop=1)
    append(config / "indicators.toml", NUMBERS)
    return folder


def append(path: Path, text: str, before: str = "", drop: int = 0) -> None:
    old = path.read_text("utf-8")
    place = old.index(before) if before else len(old)
    path.write_text(old[:place] + text + old[place + drop :], "utf-8")


def workbook(workspace: Path, *rows: dict[str, Any]) -> bytes:
    asked = opened(workspace)
    cover = {**COVER, "nil_activities": True, "nil_dues": True, "nil_visits": True}
    return write_template(
        asked.forms.workbooks["quarterly"],
        asked.tree.units["U1"],
        Period.quarter(2026, 3),
        rows=5,
        cover={**cover, "nil_proposals": not rows},
        records={"proposals": rows},
    )


ROW = {"date": datetime(2026, 9, 2).date(), "kind": "提案", "collected": 12, "adopted": 3}


def test_it_is_in_the_template(workspace: Path) -> None:
    (path,) = write_templates(opened(workspace), NOW, "2026Q3", "U1")
    book = openpyxl.load_workbook(path)
    headings = [cell.value for cell in book["提案台账"][3]]
    assert headings[:5] == ["核对", "提交日期*", "提案类型*", "征集条数*", "采纳条数"]
    labels = [row[0] for row in book["封面"].iter_rows(values_only=True)]
    assert "提案零报告" in labels


def test_it_is_validated_and_comes_back_marked(workspace: Path) -> None:
    content = workbook(workspace, {**ROW, "adopted": 13}, {**ROW, "collected": 300, "kind": "提安"})
    drop(workspace, "1.xlsx", content)
    (stored,) = (report := run_once(workspace)).files
    assert (stored.status, stored.errors, stored.warnings) == ("rejected", 2, 1)
    sheet = openpyxl.load_workbook(workspace / report.receipts[0])["提案台账"]
    assert "采纳 13 条，多于征集 12 条" in sheet["E4"].comment.text
    assert "“提案”" in sheet["C5"].comment.text
    assert "超过 200 条" in sheet["D5"].comment.text


def test_a_nil_tick_belongs_to_it(workspace: Path) -> None:
    drop(workspace, "1.xlsx", workbook(workspace))
    (stored,) = run_once(workspace).files
    assert (stored.status, stored.nil) == ("accepted", True)


def test_it_is_stored_added_up_broken_down_and_traced(workspace: Path) -> None:
    idea = {**ROW, "kind": "金点子", "collected": 8, "adopted": None}
    drop(workspace, "1.xlsx", workbook(workspace, ROW, idea))
    assert [stored.status for stored in run_once(workspace).files] == ["accepted"]
    path = workspace / "outputs/2026Q3/summary_U0_2026Q3.xlsx"
    rows = openpyxl.load_workbook(path)["数据"].iter_rows(min_row=2, values_only=True)
    found = {(row[2], row[3] or "", row[4] or ""): row[5] for row in rows}
    assert found["T01", "", ""] == 20
    assert found["T02", "", ""] == pytest.approx(3 / 20)
    assert found["T01", "kind", "提案"] == 12
    assert found["T01", "kind", "金点子"] == 8
    assert found["T01", "unit", "S"] == 20
    behind = trace_number(opened(workspace), "2026Q3", "S", "T01")
    assert [(row.sheet, row.row, row.value) for row in behind.rows] == [
        ("提案台账", 4, 12),
        ("提案台账", 5, 8),
    ]


def test_a_field_that_is_added_later_joins_what_is_stored(workspace: Path) -> None:
    drop(workspace, "1.xlsx", workbook(workspace, ROW))
    run_once(workspace)
    field = (
        '[[fields]]\nkey = "owner"\nlabel = { zh = "承办部门", en = "Owner" }\ntype = "text"\n\n'
    )
    append(workspace / "config/forms/proposals.toml", field, before="[[rules]]")
    drop(workspace, "2.xlsx", workbook(workspace, {**ROW, "owner": "总务处"}))
    assert [stored.version for stored in run_once(workspace).files] == [2]
