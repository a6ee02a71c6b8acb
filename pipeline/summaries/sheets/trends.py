"""The trend: the key figures of up to eight quarters, each with a sparkline, and lines of the main ones.

A quarter for which nobody reported stays blank, in the table and in the lines; it is no zero. The
overview's sparklines are drawn from this table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from xlsxwriter.chart import Chart
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.indicators import Indicator
from pipeline.summaries.sheets.canvas import HEADING_ROWS, Canvas
from pipeline.summaries.sheets.styles import (
    BLUE,
    FONT,
    INK,
    NUMBER_FORMATS,
    ORANGE,
    RULE,
    SKY,
    VERMILION,
)
from pipeline.summaries.sheets.tables import INDICATOR, measured, write_header
from pipeline.texts import Text

NAME: Final = Text("趋势", "Trend")
LINE = Text("走势", "Course")
TOO_SHORT = Text(
    "只有一个季度的数，还看不出趋势。", "There is only one quarter yet: no trend to see."
)
RATES = Text("主要比率", "Main rates")
FROM = 2  # the column of the first quarter

_COLOURS: Final = (BLUE, ORANGE, SKY, VERMILION)
_SMALL: Final = {"name": FONT, "size": 8, "color": INK}
_TITLE: Final = {"name": FONT, "size": 9, "bold": True, "color": INK}
_SIZE: Final = {"width": 470, "height": 235}
_CHART_ROWS: Final = 12
_ALONE: Final = ("A03", "D02", "V03")
_TOGETHER: Final = ("Q05", "A04", "D04", "P03")


@dataclass(frozen=True, slots=True)
class _Lines:
    title: str
    indicators: tuple[Indicator, ...]


def add_trend_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet, trend = canvas.add_sheet(NAME, landscape=True, pages_high=1), canvas.view.trend
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 18)
    sheet.set_column(FROM, FROM + max(len(trend), 1) - 1, 13)
    row = canvas.write_heading(sheet, canvas.say(NAME))
    if len(trend) < 2:
        canvas.text(sheet, row, 0, canvas.say(TOO_SHORT), "muted")
        return sheet
    periods = [figures.period.label[canvas.lang] for figures in trend]
    write_header(canvas, sheet, row, [canvas.say(INDICATOR), canvas.say(LINE), *periods])
    sheet.set_row(row, 32)
    indicators = canvas.view.key_figures
    for offset, indicator in enumerate(indicators, start=1):
        _write_indicator(canvas, sheet, row + offset, indicator)
    top = row + len(indicators) + 2
    for place, lines in enumerate(_charts(canvas)):
        chart = _draw(canvas, sheet, lines, row, indicators)
        at = top + _CHART_ROWS * (place // 2)
        sheet.insert_chart(
            at, 0 if place % 2 == 0 else FROM + 2, chart, {"description": lines.title}
        )
    return sheet


def add_sparkline(
    canvas: Canvas, sheet: Worksheet, row: int, col: int, indicator: Indicator
) -> None:
    """Draw an indicator's quarters into a cell as columns from zero, this one marked.

    LibreOffice prints no sparkline of lines.
    """
    trend, indicators = canvas.view.trend, canvas.view.key_figures
    if len(trend) < 2 or indicator not in indicators:
        return
    of_indicator = HEADING_ROWS + 1 + indicators.index(indicator)
    cells = xl_range(of_indicator, FROM, of_indicator, FROM + len(trend) - 1)
    sheet.add_sparkline(
        row, col,
        {
            "range": f"'{canvas.say(NAME)}'!{cells}",
            "type": "column", "min": 0, "show_hidden": True,
            "series_color": SKY, "last_point": True, "last_color": BLUE,
        },
    )  # fmt: skip


def _write_indicator(canvas: Canvas, sheet: Worksheet, row: int, indicator: Indicator) -> None:
    sheet.set_row(row, 20)
    canvas.text(sheet, row, 0, measured(indicator)[canvas.lang], "cell", "indent", "fit")
    canvas.text(sheet, row, 1, "", "cell")
    add_sparkline(canvas, sheet, row, 1, indicator)
    trend = canvas.view.trend
    for col, figures in enumerate(trend, start=FROM):
        number = figures.numbers.get((indicator.id, "", ""))
        styles = ("cell", "strong") if figures is trend[-1] else ("cell",)
        if number is None or (number.value is None and not number.withheld):
            canvas.text(sheet, row, col, "", "cell")  # a text would be drawn as zero
        else:
            canvas.value(sheet, row, col, indicator, number, *styles)


def _charts(canvas: Canvas) -> list[_Lines]:
    by_id = {indicator.id: indicator for indicator in canvas.view.key_figures}
    rates = tuple(by_id[name] for name in _TOGETHER if name in by_id)
    found = [_Lines(f"{canvas.say(RATES)} · %", rates)] if rates else []
    for name in _ALONE:
        if name in by_id:
            indicator = by_id[name]
            title = f"{indicator.label[canvas.lang]} · {indicator.unit[canvas.lang]}"
            found.append(_Lines(title, (indicator,)))
    return [lines for lines in found if any(_has_values(canvas, i) for i in lines.indicators)]


def _has_values(canvas: Canvas, indicator: Indicator) -> bool:
    return any(figures.value(indicator.id) is not None for figures in canvas.view.trend)


def _within_whole(canvas: Canvas, lines: _Lines) -> bool:
    values = (f.value(i.id) for f in canvas.view.trend for i in lines.indicators)
    rates = all(indicator.format == "percent" for indicator in lines.indicators)
    return rates and all(value <= 1 for value in values if value is not None)


def _draw(
    canvas: Canvas, sheet: Worksheet, lines: _Lines, header: int, indicators: Sequence[Indicator]
) -> Chart:
    chart = cast(Chart, canvas.book.add_chart({"type": "line"}))
    last = FROM + len(canvas.view.trend) - 1
    for colour, indicator in zip(_COLOURS, lines.indicators, strict=False):
        row = header + 1 + indicators.index(indicator)
        shown = NUMBER_FORMATS[indicator.format]
        labels = {
            "value": True, "num_format": shown, "font": _SMALL, "position": "above",
            "custom": [{"delete": True}] * (last - FROM),  # all but the last
        }  # fmt: skip
        chart.add_series(
            {
                "name": indicator.label[canvas.lang],
                "categories": [sheet.name, header, FROM, header, last],
                "values": [sheet.name, row, FROM, row, last],
                "line": {"color": colour, "width": 2},
                "marker": {"type": "circle", "size": 5, "fill": {"color": colour},
                           "border": {"color": colour}},
                **({} if len(lines.indicators) > 1 else {"data_labels": labels}),
            }
        )  # fmt: skip
    money = lines.indicators[0].format == "money"
    shown = "#,##0" if money else NUMBER_FORMATS[lines.indicators[0].format]
    whole = {"max": 1} if _within_whole(canvas, lines) else {}
    chart.set_y_axis(
        {
            **whole, "min": 0, "num_format": "0%" if shown == "0.0%" else shown, "num_font": _SMALL,
            "line": {"none": True}, "major_gridlines": {"visible": True, "line": {"color": RULE}},
        }
    )  # fmt: skip
    chart.set_x_axis({"num_font": _SMALL, "line": {"color": RULE}, "major_tick_mark": "none"})
    chart.set_title({"name": lines.title, "name_font": _TITLE, "overlay": False})
    several = len(lines.indicators) > 1
    chart.set_legend({"position": "bottom", "font": _SMALL} if several else {"none": True})
    chart.set_chartarea({"border": {"color": RULE}, "fill": {"color": "#FFFFFF"}})
    chart.show_blanks_as("gap")
    chart.set_size(_SIZE)
    return chart
