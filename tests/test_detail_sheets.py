"""The sheets of rows: each figure links to a sum, each sum agrees, and no one is named."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import openpyxl
import pytest
from all_evidence import read_evidence
from conftest import CONFIG
from databases import empty_database
from generated_union import PERIOD, generate_union, store_union
from office import Job, work
from openpyxl.utils import range_boundaries

from pipeline.records.tables import build_tables
from pipeline.summaries.aggregate import figures
from pipeline.summaries.draw_together import Drawn
from pipeline.summaries.evidence import MOST_LINES, Line
from pipeline.summaries.privacy import suppress
from pipeline.summaries.read_evidence import read_plan_items
from pipeline.summaries.read_indicators import read_indicators
from pipeline.summaries.view import SummaryView, UnitStatus
from pipeline.summaries.workbook import write_summary

DETAILS = ["单位明细", "活动台账明细", "会费台账明细", "走访慰问台账明细", "计划明细"]


@pytest.fixture(scope="module")
def views(forms):
    """The summary of a generated union's root, as it is and with k = 5."""
    indicators, tables = read_indicators(CONFIG / "indicators.toml", forms), build_tables(forms)
    union = generate_union(14)
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        source = (connection, tables, forms, indicators, union.tree, PERIOD)
        told = figures(*source)
        codes = [unit.code for unit in union.tree.reporting("R", PERIOD.end)]
        found = {}
        for k, shown in ((1, told), (5, suppress(told, indicators, 5))):
            evidence = read_evidence(*source, shown if k > 1 else None)
            reported = {line.unit for line in evidence.units.lines if line.amounts[1]}
            items = read_plan_items(connection, tables, PERIOD)
            children = union.tree.children("R", PERIOD.end)
            found[k] = SummaryView(
                "总工会", shown["R"], None, None, indicators, forms, children,
                tuple(UnitStatus(c, f"工会{c}", "on_time", nil=False) for c in codes), (), None, k,
                plan=tuple(i for c in codes if c in reported for i in items.get(c, ())),
                evidence=evidence.of(codes),
                branches={
                    c.code: tuple(u.code for u in union.tree.reporting(c.code, PERIOD.end))
                    for c in children
                },
            )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def book(views):
    return opened(views[1])


def opened(view: SummaryView, lang="zh", *, values=False):
    return openpyxl.load_workbook(io.BytesIO(write_summary(view, lang)), data_only=values)


def test_the_rows_stand_between_the_issues_and_the_numbers(book):
    assert book.sheetnames[-7:] == ["待处理问题", *DETAILS, "数据"]


def test_every_sum_is_excels_own_and_agrees_with_the_figure(views, book):
    values = opened(views[1], values=True)
    checked = 0
    for name in DETAILS:
        sheet, shown = book[name], values[name]
        for col in range(1, sheet.max_column + 1):
            formula = sheet.cell(5, col).value
            if col > 1 and formula:
                added = sum_of(shown, re.fullmatch(r"=SUM\((.*)\)", formula)[1])
                assert shown.cell(5, col).value == pytest.approx(added)
                assert shown.cell(6, col).value == pytest.approx(added)
                assert shown.cell(7, col).value == pytest.approx(added)
                assert shown.cell(8, col).value == "相符"
                checked += 1
    assert checked == 34


def sum_of(sheet, cells: str) -> float:
    left, top, right, bottom = range_boundaries(cells)
    rows = sheet.iter_rows(top, bottom, left, right, values_only=True)
    return sum(value for row in rows for value in row if value is not None)


def test_a_figure_links_to_the_sum_of_its_rows(book):
    sheet = book["会费"]
    (cell,) = [row[1] for row in sheet.iter_rows() if row[0].value == "实缴（元）"]
    name, place = re.fullmatch(r"'(.*)'!([A-Z]+\d+)", cell.hyperlink.location).groups()
    assert (name, book[name][place[:-1] + "9"].value) == ("会费台账明细", "实缴")
    assert cell.data_type == "n"


def test_every_link_leads_to_a_cell_that_holds_something(book):
    seen = 0
    for sheet in book:
        for cell in (cell for row in sheet for cell in row if cell.hyperlink):
            name, place = re.fullmatch(r"'(.*)'!([A-Z]+\d+)", cell.hyperlink.location).groups()
            assert name in book.sheetnames
            if place != "A1":
                assert book[name].cell(9, book[name][place].column).value, (name, place)
                seen += 1
    assert seen > 100


def test_a_unit_links_to_its_own_first_row(book):
    sheet = book["各单位对比"]
    rows = {row[0].value: row for row in sheet.iter_rows(min_row=6, max_row=12)}
    name, row = next(
        (name, row) for name, row in rows.items() if row[9].hyperlink and name != "合计"
    )
    target = book["活动台账明细" if "活动" in row[9].hyperlink.location else "单位明细"]
    place = row[9].hyperlink.location.rsplit("!")[-1]
    code = target.cell(target[place].row, 2).value
    assert code.startswith(name.removeprefix("工会").removesuffix("（本级）"))


def test_no_file_name_and_nobody_is_in_the_rows(book):
    for name in DETAILS:
        for cell in (cell for row in book[name] for cell in row):
            assert not re.search(r"\.xlsx|甲一|乙二|丙三|M1\b", str(cell.value or "")), cell


def test_with_k_only_totals_of_units_stand_and_small_ones_are_withheld(views):
    book = opened(views[5], values=True)
    assert "会费台账明细" not in book.sheetnames and "走访慰问台账明细" not in book.sheetnames
    sheet = book["单位明细"]
    heads = [cell.value for cell in sheet[9]]
    persons = heads.index("走访人次")
    column = [row[persons].value for row in sheet.iter_rows(min_row=10)]
    assert "*" in [cell.value for row in sheet.iter_rows(min_row=10) for cell in row]
    assert all(value in (None, "*", 0) or value >= 5 for value in column)
    assert "参与人次" not in [cell.value for cell in book["活动台账明细"][9]]


def test_a_list_that_is_too_long_is_summed_by_workbook_and_says_so(views):
    view = views[1]
    ledger = view.evidence.ledgers[0]
    line = ledger.lines[0]
    many = tuple(replace(line, first=n, last=n) for n in range(2, MOST_LINES + 3))
    drawn = Drawn(MOST_LINES, {})
    drawn.read(many)
    listing = replace(ledger, lines=tuple(drawn.lines), drawn_together=drawn.count)
    evidence = replace(view.evidence, ledgers=(listing,))
    book = opened(replace(view, evidence=evidence), values=True)
    sheet = book["活动台账明细"]
    assert f"共 {MOST_LINES + 1:,} 行" in sheet["A3"].value
    assert [cell.value for cell in sheet[10]][3:5] == [f"2–{MOST_LINES + 2}", MOST_LINES + 1]
    assert sheet.max_row == 10


def test_a_difference_is_said(views):
    view = views[1]
    units = view.evidence.units
    wrong = Line("X", "v1 0", None, None, 0, (), (1,) * len(units.shares))
    evidence = replace(view.evidence, units=replace(units, lines=(*units.lines, wrong)))
    sheet = opened(replace(view, evidence=evidence), values=True)["单位明细"]
    assert {cell.value for cell in sheet[8]} - {None, "核对"} == {"不符"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_same_view_gives_the_same_bytes(views, lang):
    assert write_summary(views[1], lang) == write_summary(views[1], lang)


def test_a_changed_row_is_seen_at_once_in_libreoffice(views, tmp_path):
    """The sums are alive: add one to a row and its column no longer agrees."""
    path = tmp_path / "summary.xlsx"
    path.write_bytes(write_summary(views[1], "zh"))
    before = opened(views[1], values=True)["单位明细"]
    (found,) = work(
        tmp_path,
        [
            Job(
                path,
                [
                    ["number", "单位明细", "D10", before["D10"].value + 1],
                    ["text", "单位明细", "D5"],
                    ["text", "单位明细", "D8"],
                    ["text", "单位明细", "E8"],
                ],
            )
        ],
    )
    assert found[-3:] == [f"{before['D5'].value + 1:.0f}", "不符", "相符"]
