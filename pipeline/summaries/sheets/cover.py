"""The cover: whose summary this is, what it covers, and where to find what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.overview import standing
from pipeline.texts import Text

NAME: Final = Text("封面", "Cover")
TITLE = Text("工会工作季度汇总表", "Quarterly union summary")
TITLE_OF_SPAN = Text("工会工作汇总表", "Union summary")
FACTS = {
    "unit": Text("汇总单位", "Summary of"),
    "union": Text("编制", "Made by"),
    "period": Text("报告期", "Period"),
    "reported": Text("报送情况", "Reporting"),
    "cut_off": Text("数据截止", "Cut-off"),
}
SPAN = Text("{label}（{start} 至 {end}）", "{label} ({start} to {end})")
CONTENTS = Text("目录", "Contents")
NOTES = Text(
    "各数为已报单位的合计；比率由分子、分母分别相加后再相除，不取各单位比率的平均。\n"
    "“—” 表示没有数（分母为零或没有单位报送），与 0 不同；“新增” 表示对比期没有。\n"
    "金额以元为单位。本表不含个人姓名、电话和工资。",
    "Figures are sums over the units that reported; rates are pooled, never means of rates.\n"
    "“—” is no value (zero denominator, or nobody reported), which is not 0; “new” means that there"
    " was nothing to compare with.\nAmounts are in yuan. No names, phones or wages of persons.",
)
WITHHELD_NOTE = Text(
    "\n“*” 是不公布的人数：不足 {k} 人，或能由它推算出这样的人数；由它得出的比率、变化和图也不给出。0 照常公布。",
    "\n“*” is a count of persons that is withheld: below {k}, or telling of one that is. Rates, changes"
    " and charts made from it are withheld too. 0 is published.",
)

_WIDE: Final = 62


def add_cover(canvas: Canvas) -> Worksheet:
    """Add the sheet without its contents, which are known when all other sheets are there."""
    sheet = canvas.add_sheet(NAME, pages_high=1)
    sheet.hide_gridlines(2)
    for col, width in enumerate((4, 20, _WIDE, 4)):
        sheet.set_column(col, col, width)
    title = TITLE if canvas.view.period.is_quarter else TITLE_OF_SPAN
    sheet.set_row(0, 60)
    _write_across(canvas, sheet, 1, canvas.view.unit.name, 40, "cover_title")
    _write_across(canvas, sheet, 2, canvas.say(title), 40, "cover_title")
    _write_across(canvas, sheet, 3, canvas.view.period.label[canvas.lang], 32, "cover_period")
    sheet.set_row(4, 24)
    for row, (label, fact) in enumerate(_facts(canvas), start=5):
        canvas.fit_row(sheet, row, {fact: _WIDE - 2}, lowest=26)
        canvas.text(sheet, row, 1, label, "cell", "header")
        canvas.text(sheet, row, 2, fact, "cell", "indent", "wrap")
    return sheet


def write_contents(
    canvas: Canvas, sheet: Worksheet, sheets: Sequence[tuple[Worksheet, str]]
) -> None:
    """Write the contents: a link to every sheet, and what it shows."""
    row = 6 + len(FACTS)
    sheet.set_row(row, 24)
    canvas.text(sheet, row, 1, canvas.say(CONTENTS), "section")
    for line, (target, shows) in enumerate(sheets, start=row + 1):
        name = str(target.name)
        sheet.set_row(line, 21)
        quoted = name.replace("'", "''")
        sheet.write_url(
            line, 1, f"internal:'{quoted}'!A1", canvas.styles("cell", "link", "indent"), name
        )
        canvas.text(sheet, line, 2, shows, "cell", "indent")
    below = row + 2 + len(sheets)
    notes, height = canvas.say(NOTES), 66
    if canvas.view.k > 1:
        notes, height = notes + canvas.say(WITHHELD_NOTE, k=canvas.view.k), 96
    _write_across(canvas, sheet, below, notes, height, "wrap", "muted", "small")
    sheet.print_area(0, 0, below, 3)  # with both margins, so that it stands in the middle


def _facts(canvas: Canvas) -> list[tuple[str, str]]:
    view, period = canvas.view, canvas.view.period
    values = {
        "unit": f"{view.unit.name}（{view.unit.code}）",
        "union": view.union or view.unit.name,
        "period": canvas.say(
            SPAN, label=period.label[canvas.lang], start=period.start, end=period.end
        ),
        "reported": standing(canvas),
        "cut_off": canvas.received(),
    }
    return [(label[canvas.lang], values[key]) for key, label in FACTS.items()]


def _write_across(
    canvas: Canvas, sheet: Worksheet, row: int, text: str, height: int, *styles: str
) -> None:
    sheet.set_row(row, height)
    sheet.merge_range(row, 1, row, 2, "", canvas.styles(*styles))
    canvas.text(sheet, row, 1, text, *styles)
