"""Units compared: rankings with the pooled mean, the map of months, who owes what."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction

import openpyxl
import pytest
from conftest import CONFIG
from summary_views import Union, open_issues

from pipeline.summaries.evidence import Dimension, Evidence, Line, Listing, PlanItem, shares_of
from pipeline.summaries.months import month_maps
from pipeline.summaries.numbers import Figures
from pipeline.summaries.ranking import rank_units, rankings
from pipeline.summaries.read_indicators import read_indicators
from pipeline.summaries.view import SummaryView
from pipeline.summaries.workbook import write_summary
from pipeline.texts import Text


@pytest.fixture(scope="module")
def union(forms):
    indicators = read_indicators(CONFIG / "indicators.toml", forms)

    def make(**how):
        return Union(forms, indicators, **how)

    return make


@pytest.fixture(scope="module")
def view(union):
    """Five schools, the fifth of which has not reported."""
    return union(children=5, missing=(4,)).view(issues=open_issues())


def small(view: SummaryView, code: str, members: int) -> SummaryView:
    """The view with a unit of few members, who were also all that were invited."""
    numbers = dict(view.current.numbers)
    for name in ("O02", "A04"):
        at = (name, "unit", code)
        numbers[at] = replace(numbers[at], value=members, denominator=members)
    return replace(view, current=Figures(view.unit, view.period, numbers))


def opened(view: SummaryView, lang="zh"):
    return openpyxl.load_workbook(io.BytesIO(write_summary(view, lang)))


# Rankings


def test_units_stand_in_the_order_of_a_rate(view):
    ranking = rank_units(view, view.indicators.by_id["A04"])
    values = [unit.number.value for unit in ranking.ranked]
    assert values == sorted(values, reverse=True)
    assert [unit.place for unit in ranking.ranked] == [1, 2, 3, 4]
    assert ranking.silent == 1


def test_equal_rates_share_a_place(view):
    numbers = dict(view.current.numbers)
    for code in ("YG01", "YG02", "YG03"):
        at = ("A04", "unit", code)
        numbers[at] = replace(numbers[at], value=Fraction(1) if code != "YG02" else Fraction(1, 2))
    ranking = rank_units(
        replace(view, current=Figures(view.unit, view.period, numbers)),
        view.indicators.by_id["A04"],
    )
    places = {unit.code: unit.place for unit in ranking.ranked}
    assert (places["YG01"], places["YG03"]) == (1, 1)
    assert places["YG02"] in (3, 4)


@pytest.mark.parametrize("name", ["A04", "D04", "P03"])
def test_a_unit_of_few_persons_is_not_ranked(view, name):
    ranking = rank_units(small(view, "YG02", 9), view.indicators.by_id[name])
    assert [(unit.code, unit.place) for unit in ranking.few] == [("YG02", None)]
    assert "YG02" not in {unit.code for unit in ranking.ranked}
    assert not rank_units(small(view, "YG02", 10), view.indicators.by_id[name]).few


def test_a_rate_of_few_persons_has_no_bar_and_is_grey(view):
    book = opened(small(view, "YG02", 9))
    chart = next(
        c for c in book["总览"]._charts if "各单位参与率" in str(c.title.tx.rich.p[0].r[0].t)
    )
    cells = chart.series[0].val.numRef.f.rsplit("!")[-1].replace("$", "")
    bars = [cell.value for (cell,) in book["总览"][cells]]
    assert bars[2] is None and bars[1] is not None
    sheet = book["各单位对比"]
    col = next(c.column for c in sheet[5] if str(c.value).startswith("参与率"))
    assert sheet.cell(8, col).font.color.rgb != sheet.cell(7, col).font.color.rgb


def test_the_mean_stands_between_those_above_and_below_it(view):
    sheet = opened(view)["排名"]
    rows = [[sheet.cell(row, col).value for col in (2, 3)] for row in range(6, 12)]
    values = [value for _, value in rows[:5]]
    assert values == sorted(values, reverse=True)
    assert [name for name, _ in rows].index("总体（合并计算）") in (1, 2, 3)
    assert rows[5][0] == "1 个单位没有这个数"


def test_a_long_ranking_is_cut_and_the_rest_counted(union):
    sheet = opened(union(children=55).view())["排名"]
    said = [cell.value for cell in sheet["B"] if "见《各单位对比》" in str(cell.value)]
    assert said[0] == "其余 15 个单位见《各单位对比》"


def test_rates_of_what_units_did_are_ranked_not_of_who_reported(view):
    assert [ranking.indicator.id for ranking in rankings(view)] == ["A04", "D04", "V06", "P03"]


# The map of months


@pytest.fixture(scope="module")
def mapped(view):
    """The view with rows behind it: two activities of YG01, dues of YG02 by month."""
    shares = {share.part: share for share in shares_of(view.indicators)}
    of = {name: view.indicators.by_id[name] for name in ("A01", "D01", "D02", "D03")}
    activities = Listing(
        "activities",
        (shares[of["A01"].numerator],),
        (Dimension("activities", "date_end", Text("月份", "Month"), monthly=True),),
        tuple(Line("YG01", "v1 0", n, n, 1, ("2026-08",), (1,)) for n in (2, 3)),
    )
    dues = Listing(
        "dues",
        tuple(shares[of[name].numerator] for name in ("D01", "D02", "D03")),
        (Dimension("dues", "month", Text("月份", "Month"), monthly=True),),
        (
            Line("YG02", "v1 0", 2, 9, 8, ("2026-07",), (100, 75, 25)),
            Line("YG02", "v1 0", 9, 9, 1, ("",), (7, 7, 0)),
        ),
        by_row=False,
    )
    units = Listing("", ())
    plan = (
        PlanItem("YG03", "v1 0", 7, "培训", "2026-07", "2026-09", 3, 1),
        PlanItem("YG03", "v1 0", 8, "培训", "2026-07", "2026-09", 1, 1),
    )
    return replace(view, evidence=Evidence(units, (activities, dues)), plan=plan)


def test_a_unit_that_reported_and_did_nothing_has_a_zero_one_that_did_not_has_none(mapped):
    activities, _ = month_maps(mapped)
    assert activities.values["YG01", "2026-08"] == 2
    assert activities.values["YG02", "2026-08"] == 0
    assert activities.values["", "2026-08"] == 2
    assert ("YG05", "2026-08") not in activities.values


def test_a_rate_by_month_is_pooled_and_months_drawn_together_are_left_out(mapped):
    _, dues = month_maps(mapped)
    assert dues.values == {("YG02", "2026-07"): Fraction(3, 4), ("", "2026-07"): Fraction(3, 4)}


def test_the_map_is_coloured_but_for_the_total_and_small_units(mapped):
    sheet = opened(small(mapped, "YG02", 3))["月度热力图"]
    scales = [str(area.sqref) for area in sheet.conditional_formatting]
    assert scales == ["B7:D11", "E7:G11"]
    assert [cell.value for cell in sheet[8]][4:6] == ["75.0%", "—"]
    assert [cell.value for cell in sheet[7]][:4] == ["实验小学工会", 0, 2, 0]
    assert "不足 10 人" in sheet["A3"].value


# Who owes what


def test_who_owes_what_begins_with_those_who_have_not_reported(mapped):
    sheet = opened(mapped)["待办"]
    rows = [[cell.value for cell in row[:7]] for row in sheet.iter_rows(min_row=6, max_row=10)]
    assert rows[0][:3] == ["师范附属幼儿园工会", "YG05", "未报"]
    owed = {row[1]: row[3:] for row in rows if row[1]}
    assert owed["YG03"][2] == 1
    assert owed["YG02"][3] == 25
    assert "YG01" not in owed
    assert "另有 1 个单位没有待办。" in {row[0] for row in rows}


def test_plan_items_not_done_are_listed_with_what_is_missing(mapped):
    sheet = opened(mapped)["待办"]
    (row,) = [[cell.value for cell in row] for row in sheet.iter_rows() if row[1].value == "7"]
    assert row[:8] == ["第二中学工会", "7", "培训", "2026-07", "2026-09", 3, 1, 2]
    assert "到期的计划都完成了。" in {
        cell.value for cell in opened(replace(mapped, plan=()))["待办"]["A"]
    }


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_same_view_gives_the_same_bytes(mapped, lang):
    assert write_summary(mapped, lang) == write_summary(mapped, lang)
