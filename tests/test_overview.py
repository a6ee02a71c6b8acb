"""The overview: what changed and why in sentences and charts, trends, like for like, and its cost."""

from __future__ import annotations

import io
import re
import time
import zipfile
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import openpyxl
import pytest
from conftest import CONFIG
from summary_size import large_view
from summary_views import Union, open_issues

from pipeline.summaries.bridge import Bridge, BridgePart, Contribution
from pipeline.summaries.coverage import Coverage, LikeForLike
from pipeline.summaries.evidence import PlanItem
from pipeline.summaries.highlights import highlights
from pipeline.summaries.read_indicators import read_indicators
from pipeline.summaries.restate import Cause, Restatement
from pipeline.summaries.sheets.bridges import plan_bridges
from pipeline.summaries.view import SummaryView
from pipeline.summaries.workbook import write_summary

DUES = Bridge(
    "D02", "value", "YG", Decimal(1000), Decimal(1150),
    (
        BridgePart("both", Decimal(-50), 3), BridgePart("new", Decimal(300), 1),
        BridgePart("missing", Decimal(-100), 1), BridgePart("corrected", Decimal(0), 0),
        BridgePart("tree", Decimal(0), 0),
    ),
    (Contribution("YG02", "第一中学工会", Decimal(300), "new"),
     Contribution("YG03", "第二中学工会", Decimal(-100), "missing")),
)  # fmt: skip


@pytest.fixture(scope="module")
def view(forms):
    """Three schools, one missing, with all that a run knows of the change."""
    union = Union(forms, read_indicators(CONFIG / "indicators.toml", forms), 3, missing=(2,))
    made = union.view(issues=open_issues())
    dues = made.current.numbers["D02", "", ""]
    pair = LikeForLike(replace(dues, value=Decimal(1100)), replace(dues, value=Decimal(1000)), 2)
    return replace(
        made,
        coverage=Coverage(2, 3, 96, 100, 0),
        like_for_like={"D02": pair},
        bridges=(DUES,),
        trend=(made.year_ago, made.previous, made.current),
        plan=(
            PlanItem("YG02", "v1 0", 7, "培训", "2026-07", "2026-09", 3, 1),
            PlanItem("YG01", "v1 0", 8, "培训", "2026-07", "2026-09", 1, 1),
        ),
    )


def opened(view: SummaryView, lang="zh"):
    return openpyxl.load_workbook(io.BytesIO(write_summary(view, lang)))


def test_a_change_is_told_with_its_reasons_and_the_units_that_made_it(view):
    dues, plan, faults = highlights(view, "zh")
    assert dues.startswith("实缴 1,150.00 元，比上季度 ")
    assert dues.endswith(
        "（两季都报的 2 个单位 +10.0%）。原因：两季都报的单位 −50.00、本季新报的单位 +300.00、"
        "本季未报的单位 −100.00；变化最大的：第一中学工会 +300.00、第二中学工会 −100.00。"
    )
    assert plan == "到期计划 2 项，完成 1 项，未完成 1 项：第一中学工会。"
    assert faults == "1 个单位的报表里还有没改的错误或提醒，见《待处理问题》。"


def test_what_is_withheld_is_not_told(view):
    hidden = replace(DUES, before=0, after=0, parts=(), top=(), withheld=True)
    assert not any("实缴" in said for said in highlights(replace(view, bridges=(hidden,)), "zh"))
    assert plan_bridges(replace(view, bridges=(hidden,)), "zh") == ()


def test_the_columns_of_a_bridge_lead_from_one_quarter_to_the_other(view):
    (plan,) = plan_bridges(view, "zh")
    assert plan.categories == ("上季度", "都报的", "新报", "未报", "本期")
    base, ends, rises, falls = (series.values for series in plan.series)
    assert ends == (1000.0, None, None, None, 1150.0)
    level = ends[0]
    for low, rise, fall in list(zip(base, rises, falls, strict=True))[1:-1]:
        assert low == min(level, level + (rise or 0) - (fall or 0))
        level += (rise or 0) - (fall or 0)
    assert level == ends[-1]


def test_an_axis_above_zero_is_said_and_no_column_lies_below_it(view):
    (plan,) = plan_bridges(view, "zh")
    assert plan.floor > 0
    assert f"（纵轴从 {plan.floor:,.0f} 起）" in plan.title
    assert plan.floor < min(v for s in plan.series for v in s.values if v is not None and v > 500)
    large = replace(DUES, parts=(BridgePart("new", Decimal(3000), 1),), after=Decimal(4000))
    (plan,) = plan_bridges(replace(view, bridges=(large,)), "zh")
    assert (plan.floor, "纵轴" in plan.title) == (0.0, False)


def test_a_published_figure_that_has_changed_is_told_with_whose_workbook_did_it(view):
    cause = Cause(9, "YG02", 2, late=False, when=datetime(2026, 10, 20, 9, 0))
    changed = Restatement("2026Q3", "YG", "D02", Decimal(1), Decimal(2), cause, "第一中学工会")
    told = replace(view, restatements=(changed,) * 41)
    assert "已公布的数有 41 处更改，由 第一中学工会的报表引起，见《报送情况》。" in highlights(
        told, "zh"
    )
    sheet = opened(told)["报送情况"]
    rows = [[cell.value for cell in row[:8]] for row in sheet.iter_rows()]
    first = next(row for row in rows if row[1] == "更正")
    assert first == [
        "第一中学工会", "更正", "v2", datetime(2026, 10, 20, 9, 0), "2026年第三季度", "实缴",
        "1.00", "2.00",
    ]  # fmt: skip
    assert "另有 1 处更改。" in {row[0] for row in rows}


def test_a_bridge_below_zero_is_not_drawn(view):
    parts = (BridgePart("missing", Decimal(-1200), 1), BridgePart("new", Decimal(1350), 1))
    assert plan_bridges(replace(view, bridges=(replace(DUES, parts=parts),)), "zh") == ()


def test_the_overview_shows_coverage_sentences_and_the_bridge_on_one_page(view):
    book = opened(view)
    sheet = book["总览"]
    assert sheet["B2"].value.startswith("已报 2/3 个单位，会员覆盖 96%")
    assert "到期计划 2 项" in sheet["B5"].value
    titles = ["".join(r.t for p in c.title.tx.rich.p for r in p.r or ()) for c in sheet._charts]
    assert titles[1].startswith("实缴为什么变")
    assert len(titles) == 6
    assert sheet.page_setup.fitToHeight is None


def test_totals_are_compared_like_for_like(view):
    sheet = opened(view)["会费"]
    (row,) = [row for row in sheet.iter_rows() if row[0].value == "实缴（元）"]
    heads = next(r for r in sheet.iter_rows() if r[0].value == "指标")
    assert heads[9].value == "可比口径比上季度"
    assert row[9].value == pytest.approx(0.1)


def test_the_trend_has_every_key_figure_of_every_quarter(view):
    sheet = opened(view)["趋势"]
    assert [cell.value for cell in sheet[4]][2:5] == [
        "2025年第三季度", "2026年第二季度", "2026年第三季度",
    ]  # fmt: skip
    rows = {row[0].value: [cell.value for cell in row[2:5]] for row in sheet.iter_rows(5, 16)}
    assert len(rows) == 12
    assert rows["实缴（元）"] == [float(past.value("D02")) for past in view.trend]
    assert len(sheet._charts) == 4


def test_sparklines_show_the_rows_of_the_trend(view):
    with zipfile.ZipFile(io.BytesIO(write_summary(view, "zh"))) as package:
        overview = package.read("xl/worksheets/sheet2.xml").decode()
    ranges = re.findall(r"<xm:f>(.*?)</xm:f>", overview)
    assert sorted(ranges) == sorted(f"'趋势'!C{row}:E{row}" for row in range(5, 17))


def test_one_quarter_is_no_trend(view):
    sheet = opened(replace(view, trend=view.trend[-1:]))["趋势"]
    assert sheet["A4"].value == "只有一个季度的数，还看不出趋势。"


def test_english_says_it_in_english(view):
    said = highlights(view, "en")
    assert all(not re.search("[\u4e00-\u9fff]", re.sub("第.中学工会", "", text)) for text in said)
    assert opened(view, "en")["Overview"]["B2"].value.startswith("Reported: 2 of 3 units, 96%")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_same_view_gives_the_same_bytes(view, lang):
    assert write_summary(view, lang) == write_summary(view, lang)


def test_time_and_size_grow_with_the_units_no_faster():
    """500 units take under 5 s of one core (`python tests/summary_size.py 500`), a tenth here."""
    view = large_view(50)
    begun = time.process_time()
    content = write_summary(view, "zh")
    assert time.process_time() - begun < 2
    assert len(content) < 500_000
    assert Fraction(len(content), 50) < 10_000
