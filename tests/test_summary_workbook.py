"""The summary workbook, reopened: its sheets, numbers, charts, print set-up and manners."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet
from summary_views import PERIOD, Union, open_issues

from pipeline.summaries.indicators import Indicators
from pipeline.summaries.numbers import Figures
from pipeline.summaries.sheets.numbers import COLUMNS
from pipeline.summaries.view import SummaryView
from pipeline.summaries.workbook import write_summary
from pipeline.texts import Text

SHEETS = [
    "封面",
    "总览",
    "趋势",
    "活动",
    "会费",
    "走访慰问",
    "各单位对比",
    "排名",
    "月度热力图",
    "报送情况",
    "待办",
    "待处理问题",
    "数据",
]
ENGLISH = [
    "Cover", "Overview", "Trend", "Activities", "Dues", "Visits", "Units", "Ranking", "Months",
    "Reporting", "To do", "Open issues", "数据",
]  # fmt: skip


@pytest.fixture(scope="module")
def union(forms, indicators):
    def make(**how):
        return Union(forms, indicators, **how)

    return make


@pytest.fixture(scope="module")
def view(union):
    """Three schools, the third of which has not reported."""
    return union(children=3, missing=(2,)).view(issues=open_issues())


@pytest.fixture(scope="module")
def book(view):
    return reopened(view)


def reopened(view: SummaryView, lang="zh"):
    return openpyxl.load_workbook(io.BytesIO(write_summary(view, lang)))


def row_of(sheet: Worksheet, *labels: str) -> int:
    """The row that begins with the last label, below the rows that begin with the others."""
    rows = iter(range(1, sheet.max_row + 1))
    found = 0
    for label in labels:
        found = next(row for row in rows if sheet.cell(row, 1).value == label)
    return found


def values_of(sheet: Worksheet, *labels: str) -> list[object]:
    return [cell.value for cell in sheet[row_of(sheet, *labels)]]


def range_of(book, reference: str) -> list[object]:
    sheet, cells = reference.rsplit("!", 1)
    left, top, right, bottom = range_boundaries(cells.replace("$", ""))
    rows = book[sheet.strip("'")].iter_rows(top, bottom, left, right, values_only=True)
    return [value for row in rows for value in row]


def title_of(chart) -> str:
    return "".join(run.t for part in chart.title.tx.rich.p for run in part.r or ())


@pytest.mark.parametrize(("lang", "names"), [("zh", SHEETS), ("en", ENGLISH)])
def test_the_sheets_stand_in_the_order_of_the_contract(view, lang, names):
    assert reopened(view, lang).sheetnames == names


def test_the_contents_link_to_every_other_sheet(book):
    links = [cell.hyperlink.location for row in book["封面"] for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in SHEETS[1:]]


# Sheet 数据


def test_data_holds_every_number_of_the_period_in_order(view, book):
    rows = list(book["数据"].iter_rows(values_only=True))
    assert rows[0] == COLUMNS
    assert rows[1:] == [
        (
            "2026Q3", "YG", n.indicator, n.dimension or None, n.key or None,
            as_stored(n.value), as_stored(n.numerator), as_stored(n.denominator),
            n.reported, n.expected,
        )
        for n in view.current.numbers.values()
    ]  # fmt: skip


def test_data_cells_are_numbers_with_two_decimals_for_money_and_none_for_counts(view, book):
    shown = {int: "0", Decimal: "0.00"}
    cells = [row[5] for row in book["数据"].iter_rows(min_row=2)]
    for number, cell in zip(view.current.numbers.values(), cells, strict=True):
        if number.value is not None:
            assert cell.data_type == "n"
            assert cell.number_format == shown.get(type(number.value), "General")


def test_a_rate_is_an_unrounded_fraction(view, book):
    rate = view.current.numbers["D04", "", ""]
    stored = next(r for r in book["数据"].iter_rows(values_only=True) if r[2] == "D04")
    assert stored[5] == pytest.approx(float(rate.numerator / rate.denominator), rel=1e-15)


def as_stored(value) -> float | None:
    """A number as the file has it: 16 significant digits."""
    return None if value is None else float(f"{float(value):.16G}")


# Sheets for people


@pytest.mark.parametrize(
    ("sheet", "label", "indicator", "shown"),
    [
        ("活动", "参与人次（人次）", "A03", "#,##0"),
        ("活动", "计划完成率（%）", "P03", "0.0%"),
        ("会费", "实缴（元）", "D02", "#,##0.00"),
        ("会费", "收缴率（%）", "D04", "0.0%"),
        ("会费", "会员数（人）", "O02", "#,##0"),
        ("走访慰问", "慰问金额（元）", "V03", "#,##0.00"),
        ("报送情况", "报送率（%）", "Q05", "0.0%"),
    ],
)
def test_a_total_stands_beside_those_it_is_compared_with(
    view, book, sheet, label, indicator, shown
):
    entry = view.entry(view.indicators.by_id[indicator])
    now, before, since_before, year_ago, since_year_ago = values_of(book[sheet], label)[1:6]
    assert (now, before, year_ago) == tuple(as_stored(value) for value in entry.values)
    scale = 100 if shown == "0.0%" else 1
    assert [since_before, since_year_ago] == [
        as_stored(change.amount * scale) for change in entry.changes
    ]
    assert book[sheet].cell(row_of(book[sheet], label), 2).number_format == shown


def test_a_rate_changes_by_points_and_an_amount_by_per_cent(book):
    dues = book["会费"]
    rate, amount = row_of(dues, "收缴率（%）"), row_of(dues, "实缴（元）")
    assert dues.cell(rate, 4).number_format == '+0.0" 百分点";-0.0" 百分点";0.0" 百分点"'
    assert dues.cell(amount, 4).number_format == "+0.0%;-0.0%;0.0%"


def test_a_change_that_rounds_to_zero_has_no_sign(view):
    total = ("D02", "", "")
    now = view.current.numbers[total]
    nearly = replace(now, value=now.value + Decimal("0.01"))
    before = Figures(view.unit, PERIOD.previous(), {total: nearly})
    dues = reopened(replace(view, previous=before))["会费"]
    cell = dues.cell(row_of(dues, "实缴（元）"), 4)
    assert -0.0005 < cell.value < 0
    assert cell.number_format == "0.0%;0.0%;0.0%"


def test_what_was_not_there_before_is_new(union):
    book = reopened(union().view(earlier=False))
    assert values_of(book["会费"], "实缴（元）")[2:6] == ["—", "新增", "—", "新增"]


def test_a_month_is_compared_with_the_same_month_of_the_earlier_quarters(view, book):
    july = values_of(book["会费"], "月份", "2026年7月")
    assert [july[1], july[2], july[4]] == [
        as_stored(view.current.value("D01", "month", "2026-07")),
        as_stored(view.previous.value("D01", "month", "2026-04")),
        as_stored(view.year_ago.value("D01", "month", "2025-07")),
    ]


def test_a_breakdown_ends_with_its_total_and_the_members_add_up_to_it(view, book):
    sheet = book["活动"]
    first, last = row_of(sheet, "活动类别") + 2, row_of(sheet, "活动类别", "合计")
    members = [sheet.cell(row, 2).value for row in range(first, last)]
    assert sum(value for value in members if value != "—") == sheet.cell(last, 2).value
    assert sheet.cell(last, 2).value == view.current.value("A01")


def test_members_with_nothing_in_three_periods_are_left_out(union):
    view = union(children=1).view(earlier=False)
    alone = reopened(view)["活动"]
    first, last = row_of(alone, "活动类别") + 2, row_of(alone, "活动类别", "合计")
    held = {
        number.key
        for number in view.current.numbers.values()
        if number.indicator in ("A01", "A02") and number.dimension == "category" and number.value
    }
    assert last - first == len(held) < 19


def test_the_units_are_compared_by_every_indicator_below_the_pooled_total(view, book):
    sheet = book["各单位对比"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=6)]
    names = ["合计", "实验小学工会", "第一中学工会", "第二中学工会"]
    assert [row[0] for row in rows] == names * 3
    assert [row[1] for row in rows] == ["本期"] * 4 + ["比上季度"] * 4 + ["比去年同期"] * 4
    for row, key in zip(rows, ["", "YG01", "YG02", "YG03"], strict=False):
        dimension = "unit" if key else ""
        values = [view.current.value(i.id, dimension, key) for i in view.indicators]
        assert row[2:] == ["—" if value is None else as_stored(value) for value in values]


def test_a_unit_that_reports_itself_stands_among_its_children(view):
    own = [
        replace(number, key="YG")
        for (_, dimension, key), number in view.current.numbers.items()
        if (dimension, key) == ("unit", "YG01")
    ]
    numbers = dict(view.current.numbers) | {(n.indicator, "unit", "YG"): n for n in own}
    itself = replace(view, current=Figures(view.unit, PERIOD, numbers))
    names = [row[0].value for row in reopened(itself)["各单位对比"].iter_rows(min_row=7, max_row=8)]
    assert names == ["阳光市教育工会（本级）", "实验小学工会"]


def test_every_unit_is_listed_with_how_it_stands(view, book):
    sheet = book["报送情况"]
    top = row_of(sheet, "单位")
    rows = [[cell.value for cell in row[:8]] for row in sheet.iter_rows(min_row=top + 1)]
    assert rows == [
        ["实验小学工会", "YG01", "按时", datetime(2026, 10, 15, 23, 59), 2, None, 0, 0],
        ["第一中学工会", "YG02", "按时", datetime(2026, 10, 14, 23, 58), 1, None, 0, 1],
        ["第二中学工会", "YG03", "未报", "—", "—", None, "—", "—"],
    ]
    assert sheet.auto_filter.ref == f"A{top}:H{top + 3}"


def test_open_issues_are_listed_with_their_number(book):
    sheet = book["待处理问题"]
    assert values_of(sheet, "第一中学工会") == [
        "第一中学工会", "YG02", "会费台账", "D-04", "错误", "实缴多于应缴", 3, "G14、G15、G27",
    ]  # fmt: skip
    assert sheet.cell(6, 8).value == "M4、M5、M6、M7、M8、M9、M10、M11 等 41 处"
    assert values_of(sheet, "合计")[6] == 45


def test_no_open_issue_is_said_in_words(union):
    assert reopened(union().view())["待处理问题"]["A4"].value == "没有待处理的问题。"


def test_the_overview_says_who_reported_and_who_did_not(book):
    assert book["总览"]["B3"].value == (
        "应报 3 个单位，已报 2 个，其中按时 2 个、迟报 0 个，零报告 0 个；未报 1 个：第二中学工会。"
    )


def test_the_overview_names_a_few_of_many_missing_units_and_counts_all(union):
    said = reopened(union(children=20, missing=tuple(range(12))).view())["总览"]["B3"].value
    assert "未报 12 个：" in said
    assert said.count("、") == 6 and said.endswith("外国语学校工会等。")


def test_the_overview_shows_twelve_key_figures(view, book):
    sheet = book["总览"]
    (top,) = [cell.row for cell in sheet["B"] if cell.value == "报送率（%）"]
    cards = [
        (sheet.cell(row, col).value, sheet.cell(row + 1, col).value)
        for row in (top, top + 6, top + 12)
        for col in (2, 4, 6, 8)
    ]
    assert [label for label, _ in cards] == [
        "报送率（%）", "会员数（人）", "活动项数（项）", "参与人次（人次）",
        "参与率（%）", "活动支出（元）", "实缴（元）", "收缴率（%）",
        "走访人次（人次）", "慰问金额（元）", "办结率（%）", "计划完成率（%）",
    ]  # fmt: skip
    assert cards[6][1] == as_stored(view.current.value("D02"))


# Charts


def test_the_overview_has_six_charts_titled_by_indicator_period_and_unit_of_measure(book):
    titles = [title_of(chart) for chart in book["总览"]._charts]
    assert titles == [
        "报送情况 · 2026年第三季度 · 个单位",
        "各单位参与率 · 2026年第三季度 · %",
        "参与人次（按活动类别） · 2026年第三季度 · 人次",
        "应缴、实缴（按月份） · 2026年第三季度 · 元",
        "各单位收缴率 · 2026年第三季度 · %",
        "慰问金额（按慰问类型） · 2026年第三季度 · 元",
    ]
    assert not any(book[name]._charts for name in SHEETS if name != "总览")


@pytest.mark.parametrize("children", [1, 3, 60])
def test_charts_are_drawn_from_numbers_that_are_in_the_workbook(union, children):
    book = reopened(union(children=children, missing=(2,) if children > 2 else ()).view())
    for chart in book["总览"]._charts:
        assert chart.y_axis.scaling.min == 0
        for series in chart.series:
            categories = range_of(
                book, series.cat.strRef.f if series.cat.strRef else series.cat.numRef.f
            )
            values = range_of(book, series.val.numRef.f)
            assert len(categories) == len(values) <= 10
            assert all(isinstance(category, str) for category in categories)
            assert all(value is None or isinstance(value, (int, float)) for value in values)
            assert any(value is not None for value in values)
            assert series.dLbls.showVal


def test_a_long_list_of_units_ends_in_one_bar_for_all_others(union):
    view = union(children=60).view()
    book = reopened(view)
    (series,) = book["总览"]._charts[1].series
    assert range_of(book, series.cat.strRef.f)[-1] == "其余 52 个单位"
    rest = [view.current.numbers["A04", "unit", child.code] for child in view.children[8:]]
    pooled = sum(n.numerator for n in rest) / sum(n.denominator for n in rest)
    assert range_of(book, series.val.numRef.f)[-1] == pytest.approx(pooled)


def test_units_stand_in_the_same_order_in_charts_and_tables(view, book):
    for chart in (book["总览"]._charts[1], book["总览"]._charts[4]):
        names = range_of(book, chart.series[0].cat.strRef.f)
        assert names == ["合计", *(child.name for child in view.children)]


def test_a_unit_without_a_value_has_no_bar_rather_than_a_zero(book):
    (series,) = book["总览"]._charts[1].series
    assert range_of(book, series.val.numRef.f)[-1] is None


# Nobody reported


def test_where_nobody_reported_only_the_figures_on_reporting_are_given(union):
    book = reopened(union(children=3, missing=(0, 1, 2)).view(earlier=False))
    assert book.sheetnames == SHEETS
    assert values_of(book["报送情况"], "未报（个）")[1] == 3
    assert values_of(book["会费"], "实缴（元）")[1:6] == ["—"] * 5
    assert [title_of(chart)[:4] for chart in book["总览"]._charts] == ["报送情况"]
    assert all(
        row[2].startswith("Q") for row in book["数据"].iter_rows(min_row=2, values_only=True)
    )


# Print, properties, manners


@pytest.mark.parametrize("name", SHEETS)
def test_every_sheet_prints_on_a4_with_page_numbers(book, name):
    sheet = book[name]
    assert sheet.page_setup.paperSize == 9
    assert "第 &P 页 共 &N 页" in sheet.oddFooter.right.text
    assert "2026年第三季度" in sheet.oddHeader.right.text
    if name != "各单位对比":  # a scale of its own, so that pages break between groups
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToWidth) == (
            True,
            None,
        )


@pytest.mark.parametrize(
    ("name", "repeated", "frozen"),
    [
        ("活动", "$1:$3", "B4"),
        ("各单位对比", "$1:$5", "C6"),
        ("待处理问题", "$4:$4", "B4"),
        ("数据", "$1:$1", "A2"),
    ],
)
def test_headings_are_repeated_on_paper_and_stay_in_sight(book, name, repeated, frozen):
    assert book[name].print_title_rows == repeated
    assert book[name].freeze_panes == frozen


def test_the_comparison_of_units_breaks_pages_between_groups(book):
    sheet = book["各单位对比"]
    assert sheet.print_title_cols == "$A:$B"
    starts = [sheet.cell(4, page.id + 1).value for page in sheet.col_breaks.brk]
    assert starts == ["活动", "会费", "走访慰问"]


def test_cover_and_overview_have_no_grid_and_are_one_page(book):
    for name in ("封面", "总览"):
        assert book[name].sheet_view.showGridLines is False
        assert book[name].page_setup.fitToHeight is None  # the default: one page
        assert book[name].print_area


def test_the_numbers_behind_the_charts_are_not_printed(book):
    sheet = book["总览"]
    *_, last = range_boundaries(sheet.print_area.rsplit("!")[-1].replace("$", ""))
    numbers = [c.row for c in sheet["B"] if c.value == "图表数据（不打印，供核对）"]
    assert numbers and numbers[0] > last


def test_the_document_says_what_it_is(book):
    properties = book.properties
    assert properties.title == "阳光市教育工会 2026年第三季度 工会工作汇总表"
    assert properties.subject == "工会工作季度汇总 2026Q3"
    assert properties.creator == "阳光市教育工会"
    assert properties.created == datetime(2026, 10, 15, 23, 59)


def test_chinese_text_has_a_chinese_font_in_cells_and_charts(view):
    parts = parts_of(write_summary(view, "zh"))
    assert parts["xl/styles.xml"].count(
        '<name val="微软雅黑"/><family val="2"/><charset val="134"/>'
    )
    assert '<name val="Calibri"/>' not in parts["xl/styles.xml"]
    assert '<a:ea typeface="微软雅黑"/>' in parts["xl/theme/theme1.xml"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_same_view_gives_the_same_bytes(view, lang):
    assert write_summary(view, lang) == write_summary(view, lang)


def test_names_that_look_like_formulas_or_links_stay_names(union):
    names = ["=1+1", "http://example.org/x", "@SUM(A1)", "+7", "'quoted' & <b>", "12", "{=A1}"]
    view = union(children=len(names), names=dict(enumerate(names))).view()
    book = reopened(view)
    for sheet in book:
        for cell in (cell for row in sheet for cell in row):
            assert cell.data_type != "f"
            assert not (cell.hyperlink and cell.hyperlink.target)
    column = [book["各单位对比"].cell(row, 1).value for row in range(7, 7 + len(names))]
    assert column == names


def test_a_long_or_odd_name_of_the_union_fits_in_header_and_properties(union):
    view = union().view()
    odd = replace(view.unit, name="甲&乙" * 60)
    book = reopened(replace(view, current=Figures(odd, PERIOD, view.current.numbers)))
    assert "甲&乙甲" in book["总览"]["B1"].value


def test_no_person_and_no_address_of_a_unit_is_in_the_file(view):
    contents = "".join(parts_of(write_summary(view, "zh")).values())
    assert "阳光市教育工会" in contents
    for private in ("甲某", "13800000000", "example.org"):
        assert private not in contents


def test_an_added_group_gets_a_sheet_whatever_it_is_called(view, forms):
    extra = replace(view.indicators.by_id["A01"], id="X01", group="X")
    added = Indicators(
        {**view.indicators.groups, "X": Text("数据", "Data")},
        {**view.indicators.by_id, "X01": extra},
        view.indicators.breakdowns,
    )
    book = reopened(replace(view, indicators=added))
    assert book.sheetnames == [*SHEETS[:6], "数据 X", *SHEETS[6:]]
    assert book["数据 X"]["A1"].value == "数据"


def test_english_shows_no_chinese_but_the_names_of_units_and_of_the_last_sheet(view):
    book = reopened(view, "en")
    names = "|".join((view.unit.name, *(child.name for child in view.children), "数据"))
    for sheet in book.worksheets[:-1]:
        for cell in (cell for row in sheet for cell in row if isinstance(cell.value, str)):
            rest = re.sub(names, "", cell.value)
            assert not re.search("[\u4e00-\u9fff]", rest), f"{sheet.title}!{cell.coordinate}"


def test_libreoffice_opens_it_and_prints_every_sheet(view, soffice, tmp_path):
    (tmp_path / "summary.xlsx").write_bytes(write_summary(view, "zh"))
    done = subprocess.run(
        [
            soffice, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
            "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "summary.xlsx"),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "rror" not in done.stderr
    assert (tmp_path / "summary.pdf").stat().st_size > 20_000


def parts_of(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}
