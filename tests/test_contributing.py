"""CONTRIBUTING.md carried out as it stands: a field, a rule, an indicator and a ledger by TOML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from books import COVER, ROWS
from conftest import ROOT
from workspaces import NOW, activity, drop, make_workspace, opened, quarterly, run_once

from pipeline.forms.workbook import write_template
from pipeline.handouts import write_templates
from pipeline.periods import Period

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
BLOCK = re.compile(
    r"<!-- (into|new file) (\S+)(?: (?:before (\S+)|at the end))? -->\n```toml\n(.*?)```", re.S
)
REPLACE = re.compile(r"<!-- replace in (\S+) (.+) with (.+) -->")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace changed as the examples say."""
    folder = make_workspace(tmp_path / "ws")
    blocks = BLOCK.findall(TEXT)
    assert len(blocks) == 6
    for _, name, before, toml in blocks:
        path = folder / name
        old = path.read_text("utf-8") if path.exists() else ""
        place = old.index(before) if before else len(old)
        path.write_text(f"{old[:place]}\n{toml}\n{old[place:]}", "utf-8")
    for name, old, new in REPLACE.findall(TEXT):
        path = folder / name
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return folder


def workbook(workspace: Path, **activity: Any) -> bytes:
    asked = opened(workspace)
    ticks = {"nil_dues": True, "nil_visits": True}
    return write_template(
        asked.forms.workbooks["quarterly"],
        asked.tree.units["U1"],
        Period.quarter(2026, 3),
        rows=5,
        cover={**COVER, **ticks},
        records={
            "activities": [{**ROWS["activities"], **activity}],
            "awards": [{"name": "先进集体", "level": "区级"}],
        },
    )


def test_the_field_and_the_ledger_are_in_the_blank_workbook(workspace: Path) -> None:
    (path,) = write_templates(opened(workspace), NOW, "2026Q3", "U1")
    book = openpyxl.load_workbook(path)
    cells = {cell.value for sheet in book for row in sheet.iter_rows(max_row=5) for cell in row}
    assert "获奖台账" in book.sheetnames
    assert {"主办方", "荣誉名称*", "级别*"} <= cells


def test_the_rule_speaks(workspace: Path) -> None:
    drop(workspace, "1.xlsx", workbook(workspace, cost=1001, fund="会费"))
    (stored,) = run_once(workspace).files
    assert (stored.status, stored.warnings) == ("accepted_with_warnings", 1)


def test_the_indicator_counts_and_the_ledger_is_stored(workspace: Path) -> None:
    drop(workspace, "1.xlsx", workbook(workspace, cost=1001, fund="会费", organizer="工会办公室"))
    assert [stored.status for stored in run_once(workspace).files] == ["accepted"]
    path = workspace / "outputs/2026Q3/summary_U0_2026Q3.xlsx"
    rows = openpyxl.load_workbook(path)["数据"].iter_rows(min_row=2, values_only=True)
    found = {(row[2], row[3] or "", row[4] or ""): row[5] for row in rows}
    assert found["X01", "", ""] == 1
    assert found["X01", "category", "文体活动"] == 1


def test_a_workbook_of_the_older_template_is_read_as_such(workspace: Path) -> None:
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    report = run_once(workspace)
    assert [stored.status for stored in report.files] == ["accepted"]
    text = (workspace / report.receipts[0]).read_text("utf-8-sig")
    assert "第 1 版模板，现在是第 2 版" in text
    assert "旧版模板没有“主办方”，按“工会”计" in text
