"""Charts: what is drawn, what is written, what a screen reader says; the same bytes every time."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.summaries.svg import Amount, Bar, draw_bars, draw_line, draw_shares, told
from pipeline.summaries.svg_bridge import draw_bridge
from pipeline.summaries.svg_marks import shorten, width_of

SVG = "{http://www.w3.org/2000/svg}"
NOW = ("本期", "上季度", "去年同期")


def bar(label: str, *values: int | None, marked: bool = False) -> Bar:
    amounts = (Amount(v, "—" if v is None else f"{v:,}") for v in values)
    return Bar(label, tuple(amounts), marked)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def lengths(svg: str, *, skip: int = 0) -> list[float]:
    """Return how long the bars are, without the boxes of the legend."""
    return [float(rect.get("width", "")) for rect in parsed(svg).iter(f"{SVG}rect")][skip:]


def written(svg: str) -> list[str]:
    return [text.text or "" for text in parsed(svg).iter(f"{SVG}text")]


def test_bars_are_as_long_as_their_amounts_and_nothing_has_none() -> None:
    svg = draw_bars("参与人次", [bar("甲", 200), bar("乙", 50), bar("丙", 0), bar("丁", None)])
    long, short = lengths(svg)
    assert long == pytest.approx(4 * short, abs=0.2)
    assert written(svg) == ["甲", "200", "乙", "50", "丙", "0", "丁", "—"]


def test_a_bar_below_zero_goes_the_other_way() -> None:
    svg = draw_bars("净增会员", [bar("甲", 6), bar("乙", -3)])
    right, left = parsed(svg).iter(f"{SVG}rect")
    zero = float(right.get("x", ""))
    assert float(left.get("x", "")) + float(left.get("width", "")) == pytest.approx(zero, abs=0.2)
    assert float(right.get("width", "")) == pytest.approx(2 * float(left.get("width", "")), abs=0.3)


def test_groups_have_a_legend_and_a_bar_for_every_period() -> None:
    svg = draw_bars("参与人次", [bar("文体活动", 30, 20, 10)], NOW)
    assert written(svg) == [*NOW, "文体活动", "30", "20", "10"]
    assert sorted(lengths(svg, skip=3), reverse=True) == lengths(svg, skip=3)


def test_shares_fill_the_bar_together_and_no_share_is_not_drawn() -> None:
    svg = draw_shares("报送情况", [bar("本期", 28, 0, 6)], ("按时", "迟报", "未报"))
    on_time, missing = lengths(svg, skip=3)
    assert on_time / missing == pytest.approx(28 / 6, rel=0.02)
    assert "0" not in written(svg)


def test_a_line_has_a_gap_where_nothing_is_known() -> None:
    quarters = [bar(f"Q{n}", v) for n, v in enumerate([5, 7, None, 9, 8])]
    lines = list(parsed(draw_line("参与人次", quarters)).iter(f"{SVG}polyline"))
    assert [len(line.get("points", "").split()) for line in lines] == [2, 2]
    assert {"8", "9", "5"} <= set(written(draw_line("参与人次", quarters)))


def test_the_scale_of_a_line_begins_at_zero_unless_all_is_far_above() -> None:
    def drop(*values: int) -> float:
        circles = parsed(draw_line("x", [bar("q", v) for v in values])).iter(f"{SVG}circle")
        first, second = (float(c.get("cy", "")) for c in circles)
        return second - first

    assert drop(100, 50) == pytest.approx(drop(10, 5), abs=0.2)
    assert drop(1000, 990) > 20  # ten of a thousand would be one point from zero


def test_a_screen_reader_hears_title_and_numbers() -> None:
    root = parsed(draw_bars("收缴率", [bar("合计", 96, 95, None)], NOW))
    assert root.get("role") == "img"
    assert [child.tag.removeprefix(SVG) for child in root][:2] == ["title", "desc"]
    assert root[0].text == "收缴率"
    assert root[1].text == "合计: 本期 96, 上季度 95, 去年同期 —"


def test_the_same_chart_is_the_same_text() -> None:
    svg = draw_bars("率", [Bar("甲", (Amount(Fraction(1, 3), "33.3%"),))], full=1)
    again = draw_bars("率", [Bar("甲", (Amount(Decimal(1) / 3, "33.3%"),))], full=1)
    assert svg == again
    assert "style=" not in svg and " id=" not in svg


def test_a_bridge_steps_from_what_was_to_what_is() -> None:
    svg = draw_bridge(
        "参与人次", bar("上季度", 100), [bar("新报", 100), bar("未报", -40)], bar("本期", 160)
    )
    boxes = [
        (float(r.get("x", "")), float(r.get("width", ""))) for r in parsed(svg).iter(f"{SVG}rect")
    ]
    (zero, was), (up, more), (down, less), (start, now) = boxes
    assert zero == start
    assert (more / was, less / was, now / was) == pytest.approx((1, 0.4, 1.6), abs=0.01)
    assert up == pytest.approx(zero + was, abs=0.2)
    assert down == pytest.approx(start + now, abs=0.2)
    assert written(svg) == ["上季度", "100", "新报", "100", "未报", "-40", "本期", "160"]


def test_a_bridge_far_above_zero_says_that_its_ends_are_cut() -> None:
    svg = draw_bridge("会员数", bar("上季度", 5000), [bar("新报", 50)], bar("本期", 5050))
    gaps = [r for r in parsed(svg).iter(f"{SVG}rect") if r.get("fill") == "#FFFFFF"]
    assert len(gaps) == 2


@pytest.mark.parametrize("draw", [draw_bars, draw_line])
def test_nothing_at_all_is_still_a_picture(draw: object) -> None:
    assert callable(draw)
    assert parsed(draw("无", [bar("甲", None)])).tag == f"{SVG}svg"
    assert parsed(draw("无", [])).tag == f"{SVG}svg"


@given(st.text(max_size=30), st.integers(-(10**9), 10**9))
def test_any_label_stays_a_label(label: str, value: int) -> None:
    for svg in (
        draw_bars(label, [bar(label, value)]),
        draw_shares(label, [bar(label, abs(value), 1)], (label, "x")),
        draw_line(label, [bar(label, value), bar(label, 0)]),
    ):
        tags = {element.tag.removeprefix(SVG) for element in parsed(svg).iter()}
        assert tags <= {"svg", "title", "desc", "rect", "text", "line", "polyline", "circle"}


def test_a_long_label_is_cut_to_its_room() -> None:
    cut = shorten("某区教育工会直属第一联合分会", 100)
    assert cut.endswith("…")
    assert width_of(cut) <= 100
    assert shorten("甲小学", 100) == "甲小学"


def test_what_is_heard_names_every_series() -> None:
    assert told([bar("甲", 1, 2)], ("a", "b")) == "甲: a 1, b 2"
