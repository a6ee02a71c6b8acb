"""The map of months: units down, months across, a block each for what they did; darker is more.

The scale of colours is Excel's own conditional format, a block having its own. The pooled line on
top is outside it, and so are units of few members: their rate is printed grey.
"""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.months import MonthMap, month_maps
from pipeline.summaries.numbers import Value
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.styles import NOTHING, NUMBER_FORMATS
from pipeline.summaries.sheets.tables import TOTAL, measured
from pipeline.summaries.sheets.units import UNIT, unit_name
from pipeline.summaries.view import month_label
from pipeline.texts import Text

NAME: Final = Text("月度热力图", "Months")
NOTE = Text(
    "颜色越深，数越大；每一块自己定标。“—” 是没有数（未报，或行数太少不分月）。",
    "Darker is more, in each block by itself. “—” is no value: not reported, or too few rows to be"
    " told by month.",
)
FEW = Text(
    "会员不足 {n} 人的单位，比率印灰字、不着色。",
    "Rates of units with fewer than {n} members are grey and have no colour.",
)
REST = Text("其余 {n} 个单位见《各单位对比》。", "{n} other units: see the sheet Units.")
NO_ROWS = Text("没有按月的数。", "Nothing is told by month.")

MOST_UNITS: Final = 60
_NAME_WIDTH: Final = 26
_WIDTH: Final = 11.5
_LOW, _HIGH = "#FFFFFF", "#7FBCE4"


def add_heatmap_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    maps = month_maps(canvas.view)
    sheet = canvas.add_sheet(NAME, landscape=len(maps) * len(canvas.view.period.months) > 9)
    sheet.set_column(0, 0, _NAME_WIDTH)
    row = canvas.write_heading(sheet, canvas.say(NAME))
    canvas.text(sheet, 2, 0, _note(canvas), "muted", "small")
    sheet.set_row(2, 18)
    if not maps:
        canvas.text(sheet, row, 0, canvas.say(NO_ROWS), "muted")
        return sheet
    units = [("", canvas.say(TOTAL)), *list(canvas.view.unit_names.items())[:MOST_UNITS]]
    for place, found in enumerate(maps):
        _write_block(canvas, sheet, row, 1 + place * len(canvas.view.period.months), found, units)
    for offset, (code, name) in enumerate(units, start=row + 2):
        shown = unit_name(canvas, code, name) if code else name
        canvas.text(sheet, offset, 0, shown, "cell", "indent", "fit", *(() if code else ("total",)))
    rest = len(canvas.view.unit_names) - MOST_UNITS
    if rest > 0:
        canvas.text(sheet, row + 2 + len(units), 0, canvas.say(REST, n=rest), "muted")
    sheet.freeze_panes(row + 2, 1)
    sheet.repeat_rows(row, row + 1)
    return sheet


def _note(canvas: Canvas) -> str:
    return f"{canvas.say(NOTE)} {canvas.say(FEW, n=canvas.view.rank_from)}"


def _write_block(
    canvas: Canvas,
    sheet: Worksheet,
    row: int,
    col: int,
    found: MonthMap,
    units: list[tuple[str, str]],
) -> None:
    months = canvas.view.period.months
    sheet.set_column(col, col + len(months) - 1, _WIDTH)
    for heading, at in ((UNIT, row + 1), (Text("", ""), row)):
        canvas.text(sheet, at, 0, heading[canvas.lang], "header")
    for offset, month in enumerate(months):
        canvas.text(sheet, row, col + offset, "", "header", "across")
        canvas.text(
            sheet, row + 1, col + offset, month_label(month)[canvas.lang], "header", "small"
        )
    canvas.text(sheet, row, col, measured(found.indicator)[canvas.lang], "header", "across")
    for line, (code, _) in enumerate(units, start=row + 2):
        for offset, month in enumerate(months):
            value = found.values.get((code, month))
            _write_value(canvas, sheet, line, col + offset, found, code, value)
    if len(units) > 1:
        sheet.conditional_format(
            row + 3, col, row + 1 + len(units), col + len(months) - 1,
            {"type": "2_color_scale", "min_color": _LOW, "max_color": _HIGH},
        )  # fmt: skip


def _write_value(
    canvas: Canvas,
    sheet: Worksheet,
    row: int,
    col: int,
    found: MonthMap,
    code: str,
    value: Value | None,
) -> None:
    indicator, shown = found.indicator, NUMBER_FORMATS[found.indicator.format]
    if value is None:
        canvas.text(sheet, row, col, NOTHING, "cell", "center", "muted")
    elif code and indicator.denominator and canvas.view.rests_on_few(indicator, code):
        percent = f"{float(value):.1%}"  # a text: numbers alone are coloured
        canvas.text(sheet, row, col, percent, "cell", "center", "muted")
    else:
        tone = () if code else ("total",)
        style = canvas.styles("cell", "center", *tone, number=shown)
        sheet.write_number(row, col, float(value), style)
