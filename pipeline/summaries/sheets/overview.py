"""The overview, one A4 page: who has reported, what changed and why, twelve key figures, six charts.

Below the page, outside what is printed, stand the numbers that the charts are drawn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.highlights import highlights
from pipeline.summaries.sheets.bridges import plan_bridges
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.chart_plans import MOST_CHARTS, ChartPlan, plan_charts
from pipeline.summaries.sheets.charts import draw_chart, write_series
from pipeline.summaries.sheets.tables import measured, periods
from pipeline.summaries.sheets.trends import add_sparkline
from pipeline.summaries.view import Entry, turnout
from pipeline.texts import Text

NAME: Final = Text("总览", "Overview")
STANDING = Text(
    "应报 {expected} 个单位，已报 {reported} 个，其中按时 {on_time} 个、迟报 {late} 个，零报告 {nil} 个；{missing}",
    "{expected} units were to report; {reported} did ({on_time} on time, {late} late, {nil} nil returns); {missing}",
)
MISSING = Text("未报 {n} 个：{names}。", "{n} missing: {names}.")
NONE_MISSING = Text("全部报齐。", "none is missing.")
MORE = Text("{names}等", "{names} and others")
NOTHING_TO_DRAW = Text("本期没有可以画图的数据。", "Nothing to draw in this period.")
CHART_NUMBERS = Text(
    "图表数据（不打印，供核对）", "Numbers behind the charts (not printed, for checking)"
)
_CARD_COLS: Final = (1, 3, 5, 7)
_CARD_WIDTH: Final = 22.3
_GAP: Final = 1.2
_LAST_COL: Final = 8
_CARD_HEIGHTS: Final = (16, 25, 14, 15, 15, 6)  # label, figure, two changes, line, gap; points
_NUMBER_COLS: Final = (*_CARD_COLS, 9)  # the last one beside the page
_TEXT_WIDTH: Final = 108.0  # characters, of all cards together
_CHART_ROWS: Final = (*(15.75,) * 9, 6)  # the last one is a gap
_CHART_SIZE: Final = {"width": 335, "height": 189}  # in pixels: two cards and a gap, nine rows
_MOST_NAMES: Final = 6


def add_overview(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet = canvas.add_sheet(NAME, pages_high=1)
    sheet.hide_gridlines(2)
    for col in range(_LAST_COL + 1):
        sheet.set_column(col, col, _CARD_WIDTH if col in _CARD_COLS else _GAP)
    row = _write_head(canvas, sheet)
    row = _write_cards(canvas, sheet, row)
    plans = _plans(canvas)
    below = _write_charts(canvas, sheet, row, plans)
    sheet.print_area(0, 0, below - 1, _LAST_COL)
    return sheet


def standing(canvas: Canvas) -> str:
    """Say in a sentence how many units reported, and name the first that did not."""
    units = turnout(canvas.view.current)
    names = [status.name for status in canvas.view.statuses if status.state == "missing"]
    missing = canvas.say(NONE_MISSING)
    if names:
        comma = "、" if canvas.lang == "zh" else ", "
        listed = comma.join(names[:_MOST_NAMES])
        if len(names) > _MOST_NAMES:
            listed = canvas.say(MORE, names=listed)
        missing = canvas.say(MISSING, n=units.missing, names=listed)
    return canvas.say(
        STANDING,
        expected=units.expected,
        reported=units.reported,
        on_time=units.on_time,
        late=units.late,
        nil=units.nil,
        missing=missing,
    )


def _plans(canvas: Canvas) -> tuple[ChartPlan, ...]:
    """Return who reported, why figures changed, then what else there is to draw."""
    bridges, others = plan_bridges(canvas.view, canvas.lang), plan_charts(canvas.view, canvas.lang)
    return (*others[:1], *bridges, *others[1:])[:MOST_CHARTS]


def _write_head(canvas: Canvas, sheet: Worksheet) -> int:
    """Write title, coverage and the sentences; return the row of the cards."""
    sheet.set_row(0, 30)
    title = f"{canvas.view.unit.name} · {canvas.view.period.label[canvas.lang]}"
    canvas.text(sheet, 0, 1, title, "title")
    source = " · ".join(filter(None, (canvas.covered(), canvas.cut_off(), canvas.withheld())))
    canvas.text(sheet, 1, 1, source, "muted", "small")
    sentences = [standing(canvas), *highlights(canvas.view, canvas.lang)]
    for row, sentence in enumerate(sentences, start=2):
        sheet.merge_range(row, 1, row, _CARD_COLS[-1], "", canvas.styles("wrap"))
        canvas.text(sheet, row, 1, sentence, "wrap")
        canvas.fit_row(sheet, row, {sentence: _TEXT_WIDTH})
    sheet.set_row(2 + len(sentences), 6)
    return 3 + len(sentences)


def _write_cards(canvas: Canvas, sheet: Worksheet, row: int) -> int:
    figures = canvas.view.key_figures
    for first in range(0, len(figures), len(_CARD_COLS)):
        for offset, height in enumerate(_CARD_HEIGHTS):
            sheet.set_row(row + offset, height)
        for col, indicator in zip(_CARD_COLS, figures[first:], strict=False):
            _write_card(canvas, sheet, row, col, canvas.view.entry(indicator))
        row += len(_CARD_HEIGHTS)
    return row


def _write_card(canvas: Canvas, sheet: Worksheet, row: int, col: int, entry: Entry) -> None:
    label = measured(entry.indicator)[canvas.lang]
    canvas.text(sheet, row, col, label, "card", "card_top", "muted", "fit")
    link = canvas.links.of(entry.indicator)
    canvas.value(
        sheet, row + 1, col, entry.indicator, entry.number, "card", "fit", "figure", link=link
    )
    spans = periods(canvas.view)
    for offset, (since, change) in enumerate(
        zip((spans[2], spans[4]), entry.changes, strict=True), start=2
    ):
        lead = canvas.say(since) + " "
        canvas.change(sheet, row + offset, col, change, "card", "small", "left", lead=lead)
    canvas.text(sheet, row + 4, col, "", "card")
    add_sparkline(canvas, sheet, row + 4, col, entry.indicator)


def _write_charts(canvas: Canvas, sheet: Worksheet, row: int, plans: Sequence[ChartPlan]) -> int:
    """Write the charts two by two and their numbers below; return the row below the charts."""
    if not plans:
        canvas.text(sheet, row, 1, canvas.say(NOTHING_TO_DRAW), "muted")
        return row + 1
    below = row + len(_CHART_ROWS) * ((len(plans) + 1) // 2)
    for line in range(row, below):
        sheet.set_row(line, _CHART_ROWS[(line - row) % len(_CHART_ROWS)])
    canvas.text(sheet, below + 1, 1, canvas.say(CHART_NUMBERS), "section")
    numbers = below + 2
    for place, plan in enumerate(plans):
        chart = draw_chart(canvas, sheet, numbers, _NUMBER_COLS, plan)
        chart.set_size(_CHART_SIZE)
        top, col = row + len(_CHART_ROWS) * (place // 2), _CARD_COLS[2 * (place % 2)]
        sheet.insert_chart(top, col, chart, {"description": plan.title})
        numbers = write_series(canvas, sheet, numbers, _NUMBER_COLS, plan) + 1
    return below
