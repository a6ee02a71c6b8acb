"""What is still wrong in the newest workbooks: kinds of faults by unit, without what was typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.issues import SEVERITY_LABELS
from pipeline.summaries.compare import WITHHELD
from pipeline.summaries.sheets.canvas import Canvas, height_for
from pipeline.summaries.sheets.long_sheet import Cell
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
    sheet = canvas.add_long_sheet(NAME, landscape=True)
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
        sheet.add_row(row + offset, *_issue_row(canvas, issue))
    sheet.autofilter(row, 0, row + len(issues), len(HEADINGS) - 1)
    counts = [issue.count for issue in issues]
    told = [count for count in counts if count is not None]
    total = sum(told) if len(told) == len(counts) else None
    sheet.add_row(row + len(issues) + 1, _total_cells(canvas, total))
    return sheet


def _issue_row(canvas: Canvas, issue: OpenIssue) -> tuple[Iterable[Cell], float]:
    """Return the cells of a kind of faults, and how high their row is."""
    title, cells, style = issue.title[canvas.lang], _cells(canvas, issue), canvas.styles
    wraps = {issue.name: _WIDTHS[0], title: _WIDTHS[5], cells: _WIDTHS[7]}
    tone = ("alarm",) if issue.severity == "error" else ()
    wrapped, centered = style("cell", "wrap", "indent"), style("cell", "center")
    fitted = style("cell", "center", "fit")
    row: list[Cell] = [
        (issue.name, wrapped),
        (issue.unit, fitted),
        (_sheet(canvas, issue.sheet), fitted),
        (issue.code, centered),
        (SEVERITY_LABELS[issue.severity][canvas.lang], style("cell", "center", *tone)),
        (title, wrapped),
        _count(canvas, issue.count, "cell", "center"),
        (cells, wrapped),
    ]
    return row, height_for({text: width - 3 for text, width in wraps.items()})


def _total_cells(canvas: Canvas, count: int | None) -> list[Cell]:
    blank = canvas.styles("cell", "total")
    cells: list[Cell] = [("", blank)] * len(HEADINGS)
    cells[0] = (canvas.say(TOTAL), canvas.styles("cell", "total", "indent"))
    cells[_COUNT] = _count(canvas, count, "cell", "total", "center")
    return cells


def _count(canvas: Canvas, count: int | None, *styles: str) -> Cell:
    if count is None:
        return canvas.say(WITHHELD), canvas.styles(*styles)
    return count, canvas.styles(*styles, number="#,##0")


def _cells(canvas: Canvas, issue: OpenIssue) -> str:
    shown = issue.cells[:_MOST_CELLS]
    listed = canvas.join(Text(cell, cell) for cell in shown)
    if shown and issue.count is not None and issue.count > len(shown):
        return canvas.say(AND_MORE, cells=listed, n=issue.count)
    return listed


def _sheet(canvas: Canvas, name: str) -> str:
    labels = {form.label.zh: form.label for form in canvas.view.forms.forms.values()}
    return labels[name][canvas.lang] if name in labels else name
