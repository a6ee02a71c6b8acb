"""Who has reported: the figures on reporting, then every unit that owes a workbook.

Only units stand here. Who to ask (a unit's contact) is for `status`, not for what goes upward.
"""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.periods import parse_period
from pipeline.summaries.compare import WITHHELD
from pipeline.summaries.restate import Restatement
from pipeline.summaries.sheets.canvas import Canvas, height_for
from pipeline.summaries.sheets.groups import REPORTING
from pipeline.summaries.sheets.long_sheet import Cell, serial_of
from pipeline.summaries.sheets.styles import NOTHING
from pipeline.summaries.sheets.tables import (
    INDICATOR,
    write_header,
    write_section,
    write_totals,
)
from pipeline.summaries.sheets.units import UNIT
from pipeline.summaries.view import UnitStatus
from pipeline.summaries.wording import plain_text
from pipeline.texts import Text

NAME: Final = Text("报送情况", "Reporting")
FIGURES = Text("报送数字", "Figures")
UNITS = Text("逐个单位", "Unit by unit")
CODE = Text("单位编码", "Code")
HEADINGS = (
    UNIT,
    CODE,
    Text("状态", "State"),
    Text("收到时间", "Received"),
    Text("版本", "Version"),
    Text("零报告", "Nil return"),
    Text("错误", "Errors"),
    Text("提醒", "Warnings"),
)
STATES = {
    "on_time": Text("按时", "On time"),
    "late": Text("迟报", "Late"),
    "missing": Text("未报", "Missing"),
}
YES = Text("是", "Yes")
RESTATED = Text("已公布又更改的数", "Published figures that have changed")
RESTATED_HEADINGS = (
    UNIT,
    Text("原因", "Why"),
    HEADINGS[4],
    HEADINGS[3],
    Text("报告期", "Period"),
    INDICATOR,
    Text("原来", "Was"),
    Text("现在", "Is"),
)
LATE = Text("迟报", "Late")
CORRECTED = Text("更正", "Corrected")
MORE_RESTATED = Text("另有 {n} 处更改。", "{n} more.")
MOST_RESTATED: Final = 40

_WIDTHS: Final = (28, 14, 14, 17, 14, 17, 13, 13, 16)


def add_reporting_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet = canvas.add_long_sheet(NAME, landscape=True)
    for col, width in enumerate(_WIDTHS):
        sheet.set_column(col, col, width)
    row = canvas.write_heading(sheet, canvas.say(NAME))
    row = write_section(canvas, sheet, row, canvas.say(FIGURES))
    row = write_totals(canvas, sheet, row, canvas.view.of_group(REPORTING)) + 1
    row = _write_restatements(canvas, sheet, row)
    row = write_section(canvas, sheet, row, canvas.say(UNITS))
    write_header(canvas, sheet, row, [heading[canvas.lang] for heading in HEADINGS])
    for offset, status in enumerate(canvas.view.statuses, start=1):
        height = height_for({status.name: _WIDTHS[0] - 3})
        sheet.add_row(row + offset, _status_cells(canvas, status), height)
    sheet.autofilter(row, 0, row + max(1, len(canvas.view.statuses)), len(HEADINGS) - 1)
    sheet.repeat_rows(row)
    return sheet


def _write_restatements(canvas: Canvas, sheet: Worksheet, row: int) -> int:
    """List which published figures have changed, if any; return the row below."""
    found = canvas.view.restatements
    if not found:
        return row
    row = write_section(canvas, sheet, row, canvas.say(RESTATED))
    write_header(canvas, sheet, row, [heading[canvas.lang] for heading in RESTATED_HEADINGS])
    for restated in found[:MOST_RESTATED]:
        row += 1
        _write_restatement(canvas, sheet, row, restated)
    if len(found) > MOST_RESTATED:
        row += 1
        canvas.text(sheet, row, 0, canvas.say(MORE_RESTATED, n=len(found) - MOST_RESTATED), "muted")
    return row + 2


def _write_restatement(canvas: Canvas, sheet: Worksheet, row: int, restated: Restatement) -> None:
    indicator = canvas.view.indicators.by_id[restated.indicator]
    period, cause = parse_period(restated.period), restated.cause
    canvas.text(sheet, row, 0, restated.cause_name, "cell", "indent", "fit")
    canvas.text(sheet, row, 1, canvas.say(LATE if cause.late else CORRECTED), "cell", "center")
    canvas.text(sheet, row, 2, f"v{restated.version}", "cell", "center")
    shown = canvas.styles("cell", "center", number="yyyy-mm-dd hh:mm")
    sheet.write_datetime(row, 3, restated.when.replace(tzinfo=None), shown)
    label = period.label[canvas.lang] if period else restated.period
    canvas.text(sheet, row, 4, label, "cell", "center", "fit")
    canvas.text(sheet, row, 5, indicator.label[canvas.lang], "cell", "center", "fit")
    for col, value in enumerate((restated.old, restated.new), start=6):
        text = NOTHING if value is None else plain_text(indicator, value)
        canvas.text(sheet, row, col, text, "cell", "right", "fit")


def _status_cells(canvas: Canvas, status: UnitStatus) -> list[Cell]:
    style = canvas.styles
    tone = {"on_time": (), "late": ("strong",), "missing": ("alarm",)}[status.state]
    centered, nothing = style("cell", "center"), (NOTHING, style("cell", "center"))
    came = status.received_at
    cells: list[Cell] = [
        (status.name, style("cell", "wrap", "indent")),
        (status.unit, style("cell", "center", "fit")),
        (canvas.say(STATES[status.state]), style("cell", "center", *tone)),
        nothing,
        _count(canvas, status.version, NOTHING),
        (canvas.say(YES) if status.nil else "", centered),
        nothing,
        nothing,
    ]
    if came is not None:
        shown = style("cell", "center", number="yyyy-mm-dd hh:mm")
        cells[3] = serial_of(came.replace(tzinfo=None)), shown
        cells[6:] = (
            _count(canvas, count, canvas.say(WITHHELD))
            for count in (status.errors, status.warnings)
        )
    return cells


def _count(canvas: Canvas, count: int | None, mark: str) -> Cell:
    if count is None:
        return mark, canvas.styles("cell", "center")
    return count, canvas.styles("cell", "center", number="#,##0")
