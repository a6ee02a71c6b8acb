"""Draws a planned chart: the numbers go into a range of the sheet, the native chart shows it.

Bars start at zero and carry their values, so there is no value axis and no grid. Colours are told
apart by the colour-blind and, dark against light, in grey print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from xlsxwriter.chart import Chart
from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.chart_plans import ChartPlan
from pipeline.summaries.sheets.styles import BLUE, FONT, GREY, INK, ORANGE, REST, RULE, SKY

_SMALL: Final = {"name": FONT, "size": 8, "color": INK}
_TITLE: Final = {"name": FONT, "size": 9, "bold": True, "color": INK}
_TWO: Final = ({"fill": {"color": SKY}}, {"fill": {"color": BLUE}})
_STATES: Final = (
    {"fill": {"color": BLUE}},
    {"fill": {"color": ORANGE}},
    {"fill": {"color": "#FFFFFF"}, "border": {"color": GREY, "width": 1}},
)
_BRIDGE: Final = (
    {"fill": {"none": True}, "border": {"none": True}},
    {"fill": {"color": BLUE}},
    {"fill": {"color": SKY}},
    {"fill": {"color": ORANGE}},
)
_SIGNS: Final = ("", "", "+", "-")
_HEADROOM: Final = 1.2  # for the value beside the longest bar
_STATE_LABELS: Final = ("#FFFFFF", INK, INK)


def write_series(
    canvas: Canvas, sheet: Worksheet, row: int, cols: Sequence[int], plan: ChartPlan
) -> int:
    """Write the numbers of a chart, categories in the first of `cols`; return the row below.

    A value that is not there stays blank: Excel would draw a text as zero.
    """
    canvas.text(sheet, row, cols[0], plan.title, "small", "strong")
    for col, series in zip(cols[1:], plan.series, strict=False):
        canvas.text(sheet, row + 1, col, series.name, "small", "muted", "right")
        for offset, value in enumerate(series.values, start=2):
            if value is not None:
                shown = canvas.styles("small", number=plan.number_format)
                sheet.write_number(row + offset, col, value, shown)
    for offset, category in enumerate(plan.categories, start=2):
        canvas.text(sheet, row + offset, cols[0], category, "small")
    return row + 2 + len(plan.categories)


def draw_chart(
    canvas: Canvas, sheet: Worksheet, row: int, cols: Sequence[int], plan: ChartPlan
) -> Chart:
    """Return the chart of the numbers that `write_series` has written from `row` on."""
    kind = {"type": "column" if plan.upright else "bar"}
    if plan.stacked:
        kind["subtype"] = "stacked"
    chart = cast(Chart, canvas.book.add_chart(kind))
    name, first, last = sheet.name, row + 2, row + 1 + len(plan.categories)
    for place, (col, look) in enumerate(zip(cols[1:], _looks(plan), strict=False)):
        chart.add_series(
            {
                "name": [name, row + 1, col],
                "categories": [name, first, cols[0], last, cols[0]],
                "values": [name, first, col, last, col],
                "gap": 45 if len(plan.categories) > 3 else 80,
                "overlap": 100 if plan.stacked else 0,
                "data_labels": _labels(plan, place),
                **look,
            }
        )
    _set_up(chart, plan)
    return chart


def _looks(plan: ChartPlan) -> Sequence[Mapping[str, Any]]:
    if plan.bridge:
        return _BRIDGE
    if plan.stacked:
        return _STATES[: len(plan.series)]
    if len(plan.series) == 2:
        return _TWO
    points: list[dict[str, Any] | None] = [None] * len(plan.categories)
    if plan.total_first:
        points[0] = {"fill": {"color": ORANGE}}
    if plan.rest_last:
        points[-1] = {"fill": {"color": REST}}
    return ({"fill": {"color": BLUE}, "points": points},)


def _labels(plan: ChartPlan, place: int) -> dict[str, Any]:
    labels: dict[str, Any] = {"value": True, "num_format": plan.number_format, "font": _SMALL}
    if plan.bridge:
        font = {**_SMALL, "bold": True, "color": "#FFFFFF" if place == 1 else INK}
        shown = f'"{_SIGNS[place]}"{plan.number_format}'
        return labels | {"value": place > 0, "num_format": shown, "font": font}
    if plan.stacked:
        font = {**_SMALL, "bold": True, "color": _STATE_LABELS[place]}
        return labels | {"position": "center", "font": font}
    return labels | {"position": "outside_end"}


def _set_up(chart: Chart, plan: ChartPlan) -> None:
    categories = {
        "num_font": _SMALL,
        "line": {"color": RULE},
        "major_tick_mark": "none",
        "reverse": not plan.upright,  # the first bar on top
    }
    values = {
        "min": plan.floor,
        "max": plan.floor + _HEADROOM * (_longest(plan) - plan.floor) or 1,
        "visible": False,
        "major_gridlines": {"visible": False},
    }
    if plan.upright:
        chart.set_x_axis(categories)
        chart.set_y_axis(values)
    else:
        chart.set_y_axis(categories)
        chart.set_x_axis(values)
    chart.set_title({"name": plan.title, "name_font": _TITLE, "overlay": False})
    several = len(plan.series) > 1 and not plan.bridge
    chart.set_legend({"position": "bottom", "font": _SMALL} if several else {"none": True})
    chart.set_chartarea({"border": {"color": RULE}, "fill": {"color": "#FFFFFF"}})


def _longest(plan: ChartPlan) -> float:
    columns = zip(*(series.values for series in plan.series), strict=True)
    bars = ([value or 0 for value in column] for column in columns)
    return max(sum(bar) if plan.stacked else max(bar) for bar in bars)
