"""What is still wrong in the newest workbooks: kinds of faults by unit, without what was typed."""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.issues import SEVERITY_LABELS
from pipeline.summaries.compare import WITHHELD
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.reporting import CODE
from pipeline.summaries.sheets.tables import TOTAL, write_header
from pipeline.summaries.sheets.units import UNIT
from pipeline.summaries.view import OpenIssue
from pipeline.texts import Text

NAME: Final = Text("待处理问题", "Open issues")
HEADINGS = (
    UNIT,
    CODE,
    Text("工作表", "Sheet"),
    Text("规则", "Rule"),
    Text("级别", "Severity"),
    Text("问题", "Problem"),
    Text("处数", "Places"),
    Text("单元格", "Cells"),
)
AND_MORE = Text("{cells} 等 {n} 处", "{cells} and more, {n} in all")
NONE = Text("没有待处理的问题。", "No open issues.")

_WIDTHS: Final = (28, 12, 16, 9, 9, 36, 8, 28)
_COUNT: Final = 6
_MOST_CELLS: Final = 8


def add_issues_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet = canvas.add_sheet(NAME, landscape=True)
    for col, width in enumerate(_WIDTHS):
        sheet.set_column(col, col, width)
    row = canvas.write_heading(sheet, canvas.say(NAME))
    issues = canvas.view.issues
    if not issues:
        canvas.text(sheet, row, 0, canvas.say(NONE))
        return sheet
    write_header(canvas, sheet, row, [heading[canvas.lang] for heading in HEADINGS])
    sheet.repeat_rows(row)
    for offset, issue in enumerate(issues, start=1):
        _write_issue(canvas, sheet, row + offset, issue)
    sheet.autofilter(row, 0, row + len(issues), len(HEADINGS) - 1)
    counts = [issue.count for issue in issues]
    told = [count for count in counts if count is not None]
    total = sum(told) if len(told) == len(counts) else None
    _write_total(canvas, sheet, row + len(issues) + 1, total)
    return sheet


def _write_issue(canvas: Canvas, sheet: Worksheet, row: int, issue: OpenIssue) -> None:
    title, cells = issue.title[canvas.lang], _cells(canvas, issue)
    wraps = {issue.name: _WIDTHS[0], title: _WIDTHS[5], cells: _WIDTHS[7]}
    canvas.fit_row(sheet, row, {text: width - 3 for text, width in wraps.items()})
    canvas.text(sheet, row, 0, issue.name, "cell", "wrap", "indent")
    canvas.text(sheet, row, 1, issue.unit, "cell", "center", "fit")
    canvas.text(sheet, row, 2, _sheet(canvas, issue.sheet), "cell", "center", "fit")
    canvas.text(sheet, row, 3, issue.code, "cell", "center")
    tone = ("alarm",) if issue.severity == "error" else ()
    severity = SEVERITY_LABELS[issue.severity]
    canvas.text(sheet, row, 4, severity[canvas.lang], "cell", "center", *tone)
    canvas.text(sheet, row, 5, title, "cell", "wrap", "indent")
    _write_count(canvas, sheet, row, issue.count, "cell", "center")
    canvas.text(sheet, row, 7, cells, "cell", "wrap", "indent")


def _write_total(canvas: Canvas, sheet: Worksheet, row: int, count: int | None) -> None:
    for col in range(len(HEADINGS)):
        canvas.text(sheet, row, col, "", "cell", "total")
    canvas.text(sheet, row, 0, canvas.say(TOTAL), "cell", "total", "indent")
    _write_count(canvas, sheet, row, count, "cell", "total", "center")


def _write_count(
    canvas: Canvas, sheet: Worksheet, row: int, count: int | None, *styles: str
) -> None:
    if count is None:
        canvas.text(sheet, row, _COUNT, canvas.say(WITHHELD), *styles)
    else:
        sheet.write_number(row, _COUNT, count, canvas.styles(*styles, number="#,##0"))


def _cells(canvas: Canvas, issue: OpenIssue) -> str:
    shown = issue.cells[:_MOST_CELLS]
    listed = canvas.join(Text(cell, cell) for cell in shown)
    if shown and issue.count is not None and issue.count > len(shown):
        return canvas.say(AND_MORE, cells=listed, n=issue.count)
    return listed


def _sheet(canvas: Canvas, name: str) -> str:
    labels = {form.label.zh: form.label for form in canvas.view.forms.forms.values()}
    return labels[name][canvas.lang] if name in labels else name
