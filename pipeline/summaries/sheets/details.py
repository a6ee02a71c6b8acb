"""The rows behind the figures: a sheet for the units, one for each ledger, one for the plan.

Above the rows each column has its sum by Excel's own SUM, the sum of what a filter leaves, and the
summary's figure beside them, with a cell that says whether they agree. The formulas carry their
values, so that programs which do not calculate show them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.utility import xl_range, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.compare import WITHHELD
from pipeline.summaries.evidence import (
    MOST_LINES,
    Amount,
    Dimension,
    Line,
    Listing,
    PlanItem,
)
from pipeline.summaries.numbers import Value
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.detail_plans import (
    FIRST_ROW,
    OF_PLANS,
    PLAN_COLS,
    SUM_ROW,
    DetailPlan,
)
from pipeline.summaries.sheets.long_sheet import Cell
from pipeline.summaries.sheets.reporting import CODE
from pipeline.summaries.sheets.styles import NOTHING, NUMBER_FORMATS
from pipeline.summaries.sheets.tables import write_header
from pipeline.summaries.sheets.units import UNIT
from pipeline.summaries.view import month_label
from pipeline.texts import Text

FILE = Text("报表", "Workbook")
ROW = Text("行", "Row")
ROWS = Text("行数", "Rows")
SUMS = (
    Text("合计 SUM", "Total (SUM)"),
    Text("筛选后合计 SUBTOTAL", "Filtered (SUBTOTAL)"),
    Text("汇总表的数", "In the summary"),
    Text("核对", "Check"),
)
AGREES = Text("相符", "agrees")
DIFFERS = Text("不符", "differs")
NOT_GIVEN = Text("未填", "Not given")
FEW = Text("少数行", "a few")
TOGETHER = Text("合并", "together")
NO_ROWS = Text("没有行。", "No rows.")
NOTE = Text(
    "“报表” 是版本和文件指纹（与回执文件名末尾的相同），“行” 是原表的行号。不含姓名、文字和文件名。",
    "“Workbook” is its version and fingerprint, as at the end of its receipt's name; “row” is the"
    " row on the sheet. No names, no texts, no file names.",
)
NOTE_UNITS = Text(
    "每个单位一行：报没报，封面上填的数。不含姓名和文件名。",
    "A line a unit: whether it reported, and what its cover says. No names of persons or files.",
)
NOTE_WAGES = Text(
    "逐人的金额能推出工资，所以只列到单位和月份；有的月份行数太少时，各月合并。逐行的用 trace 查。",
    "Amounts of single members would tell their wages, so these are sums of a unit's month; months"
    " of few rows are put together. For single rows use trace.",
)
NOTE_LONG = Text(
    "共 {n} 行，多于 {most} 行，这里按报表合计；逐行的用 trace 查。",
    "{n} rows, more than {most}: here they are summed by workbook. For single rows use trace.",
)
NOTE_PRIVATE = Text(
    "涉及个人的台账不列行，只列各单位合计；不足 {k} 人或可推算的不公布（*）。",
    "Ledgers of persons are not listed, only what each unit adds; counts below {k} are withheld (*).",
)
NOTE_PLAN = Text(
    "本期到期的计划项目，一行一项；“行” 是年度计划表的行号。已办场次取写了计划编号、在起止月内结束的活动。",
    "Plan items due in this period; “row” is that of the plan's sheet. Sessions held are those of"
    " activities with the item's number that ended within its months.",
)
PLAN_HEADINGS = (
    UNIT, CODE, FILE, ROW,
    Text("类别", "Category"), Text("起月", "From"), Text("止月", "To"),
    Text("目标场次", "Target"), Text("已办场次", "Held"),
    Text("到期", "Due"), Text("完成", "Done"),
)  # fmt: skip

_WIDTHS: Final = (24, 11, 14)
_PLACE_WIDTH: Final = 9
_DIMENSION_WIDTH: Final = 13
_AMOUNT_WIDTH: Final = 13
_COUNT: Final = NUMBER_FORMATS["count"]
_MONEY: Final = NUMBER_FORMATS["money"]


def add_detail_sheet(canvas: Canvas, plan: DetailPlan) -> Worksheet:
    """Add the rows of a listing and return the sheet."""
    listing = plan.listing
    sheet = canvas.add_long_sheet(Text(plan.name, plan.name), landscape=True)
    headings = [
        *_place_headings(canvas, listing),
        *(d.label[canvas.lang] for d in listing.dimensions),
    ]
    _set_widths(sheet, len(headings), len(listing.shares), len(listing.dimensions))
    canvas.write_heading(sheet, plan.name)
    canvas.text(sheet, 2, 0, " ".join(_notes(canvas, plan)), "muted", "small")
    sheet.set_row(2, 18)
    write_header(
        canvas, sheet, FIRST_ROW - 1, [*headings, *(s.label[canvas.lang] for s in listing.shares)]
    )
    sheet.set_row(FIRST_ROW - 1, 34)
    formats = [_MONEY if share.money else _COUNT for share in listing.shares]
    sums = [_Sum() for _ in listing.shares]
    cells_of, lines = _LineWriter(canvas, plan, formats), 0
    for lines, line in enumerate(listing.lines, start=1):
        sheet.add_row(FIRST_ROW + lines - 1, cells_of(line))
        for place, added in enumerate(sums):
            added.add(line.amounts[place], withheld=place in line.withheld)
    for place, (share, added) in enumerate(zip(listing.shares, sums, strict=True)):
        total = share.total(canvas.view.current)
        _write_sum(
            canvas, sheet, plan.first_share + place, lines, added, total, formats[place]
        )  # fmt: skip
    _finish(canvas, sheet, lines, plan.first_share + len(formats) - 1)
    return sheet


def add_plan_detail(canvas: Canvas) -> Worksheet:
    """Add the plan items that were due, and return the sheet."""
    sheet, items = canvas.add_long_sheet(OF_PLANS, landscape=True), canvas.view.plan
    for col, width in enumerate((*_WIDTHS, 7, 14, 10, 10, 10, 10, 9, 9)):
        sheet.set_column(col, col, width)
    canvas.write_heading(sheet, canvas.say(OF_PLANS))
    canvas.text(sheet, 2, 0, canvas.say(NOTE_PLAN), "muted", "small")
    sheet.set_row(2, 18)
    sums = (len(items), sum(item.done for item in items))
    for (name, col), added in zip(PLAN_COLS.items(), sums, strict=True):
        total = _plan_total(canvas, name)
        _write_sum(canvas, sheet, col, len(items), _Sum(added), total, _COUNT)
    write_header(canvas, sheet, FIRST_ROW - 1, [h[canvas.lang] for h in PLAN_HEADINGS])
    names = {status.unit: status.name for status in canvas.view.statuses}
    for offset, item in enumerate(items):
        sheet.add_row(FIRST_ROW + offset, _item_cells(canvas, item, names))
    _finish(canvas, sheet, len(items), len(PLAN_HEADINGS) - 1)
    return sheet


def category_label(canvas: Canvas, category: str) -> str:
    """Return a plan item's category as people read it."""
    field = canvas.view.forms.forms["plan"].field("category")
    labels = {choice.value: choice.label for choice in field.choices}
    return labels[category][canvas.lang] if category in labels else category


def _place_headings(canvas: Canvas, listing: Listing) -> list[str]:
    headings = [UNIT, CODE, FILE]
    if listing.form:
        headings += [ROW] if listing.by_row else [ROW, ROWS]
    return [heading[canvas.lang] for heading in headings]


def _set_widths(sheet: Worksheet, before: int, shares: int, dimensions: int) -> None:
    for col in range(before + shares):
        width: float = _AMOUNT_WIDTH
        if col < len(_WIDTHS):
            width = _WIDTHS[col]
        elif col < before - dimensions:
            width = _PLACE_WIDTH
        elif col < before:
            width = _DIMENSION_WIDTH
        sheet.set_column(col, col, width)


def _notes(canvas: Canvas, plan: DetailPlan) -> list[str]:
    listing, k = plan.listing, canvas.view.k
    said = [canvas.say(NOTE if listing.form else NOTE_UNITS)]
    if plan.drawn_together:
        said.append(canvas.say(NOTE_LONG, n=f"{plan.drawn_together:,}", most=f"{MOST_LINES:,}"))
    elif listing.form and not listing.by_row:
        said = [canvas.say(NOTE_WAGES)]
    if not listing.form and k > 1:
        said.append(canvas.say(NOTE_PRIVATE, k=k))
    return said


@dataclass(slots=True)
class _Sum:
    """What a column comes to while its rows go by; None where no row tells an amount."""

    amount: Amount | None = None
    withheld: bool = False

    def add(self, amount: Amount | None, *, withheld: bool) -> None:
        if amount is not None:
            self.amount = amount if self.amount is None else self.amount + amount
        self.withheld = self.withheld or withheld


def _write_sum(
    canvas: Canvas,
    sheet: Worksheet,
    col: int,
    lines: int,
    column: _Sum,
    total: Value | None,
    shown: str,
) -> None:
    """Write a column's sum, the filtered sum, the summary's figure and whether they agree."""
    for offset, label in enumerate(SUMS):
        canvas.text(sheet, SUM_ROW + offset, 0, canvas.say(label), "cell", "strong", "indent")
    cells = xl_range(FIRST_ROW, col, FIRST_ROW + max(lines, 1) - 1, col)
    added = float(column.amount or 0)
    bold, plain = canvas.styles("cell", "strong", number=shown), canvas.styles("cell", number=shown)
    sheet.write_formula(SUM_ROW, col, f"=SUM({cells})", bold, added)
    sheet.write_formula(SUM_ROW + 1, col, f"=SUBTOTAL(109,{cells})", plain, added)
    hidden = canvas.say(WITHHELD) if column.withheld else NOTHING
    if total is None:
        canvas.text(sheet, SUM_ROW + 2, col, hidden, "cell", "right")
    else:
        sheet.write_number(SUM_ROW + 2, col, float(total), plain)
    if column.withheld or total is None:
        canvas.text(sheet, SUM_ROW + 3, col, hidden, "cell", "right")
        return
    here, there = (xl_rowcol_to_cell(SUM_ROW + offset, col) for offset in (0, 2))
    words = [canvas.say(word) for word in (AGREES, DIFFERS)]
    verdict = f'=IF(ROUND({here}-{there},2)=0,"{words[0]}","{words[1]}")'
    agrees = round(added - float(total), 2) == 0
    style = canvas.styles("cell", "right")
    sheet.write_formula(SUM_ROW + 3, col, verdict, style, words[0] if agrees else words[1])


class _LineWriter:
    """Makes the cells of a listing's lines; what is the same in all of them is looked up once."""

    def __init__(self, canvas: Canvas, plan: DetailPlan, formats: Sequence[str]) -> None:
        self._canvas, self._listing, style = canvas, plan.listing, canvas.styles
        self._names = {status.unit: status.name for status in canvas.view.statuses}
        self._amounts = [style("cell", number=shown) for shown in formats]
        self._place, self._fitted = style("cell", "center"), style("cell", "center", "fit")
        self._count, self._blank = style("cell", number=_COUNT), style("cell")
        self._withheld = canvas.say(WITHHELD), style("cell", "right")
        self._words: dict[tuple[str, str], Cell] = {}

    def __call__(self, line: Line) -> Iterator[Cell]:
        """Yield the cells of a line, from left to right."""
        yield from _unit_cells(self._canvas, line.unit, self._names, line.file)
        if self._listing.form:
            yield from self._rows(line)
        for dimension, member in zip(self._listing.dimensions, line.members, strict=True):
            yield self._member(dimension, member)
        for place, value in enumerate(line.amounts):
            if value is not None:
                yield float(value), self._amounts[place]
            else:
                hidden = place in line.withheld
                yield self._withheld if hidden else (None, self._amounts[place])

    def _rows(self, line: Line) -> Iterator[Cell]:
        if self._listing.by_row:
            yield str(line.first), self._place
            return
        span = f"{line.first}–{line.last}" if line.rows else self._canvas.say(FEW)
        yield span, self._place
        yield (line.rows, self._count) if line.rows else ("", self._blank)

    def _member(self, dimension: Dimension, member: str) -> Cell:
        key = dimension.field, member
        if key not in self._words:
            shown = _member(
                self._canvas, self._listing, dimension.field, member, monthly=dimension.monthly
            )
            self._words[key] = shown, self._fitted
        return self._words[key]


def _item_cells(canvas: Canvas, item: PlanItem, names: Mapping[str, str]) -> Iterator[Cell]:
    yield from _unit_cells(canvas, item.unit, names, item.file)
    fitted = canvas.styles("cell", "center", "fit")
    for text in (str(item.row), category_label(canvas, item.category), item.start, item.end):
        yield text, fitted
    tone = () if item.done else ("alarm",)
    for col, count in enumerate((item.target, item.held, 1, int(item.done)), start=7):
        yield count, canvas.styles("cell", *(tone if col in (8, 10) else ()), number=_COUNT)


def _unit_cells(canvas: Canvas, code: str, names: Mapping[str, str], mark: str) -> Iterator[Cell]:
    style = canvas.styles
    yield names.get(code, code), style("cell", "indent", "fit")
    yield code, style("cell", "center", "fit")
    yield mark, style("cell", "center", "muted", "fit")


def _member(canvas: Canvas, listing: Listing, field: str, member: str, *, monthly: bool) -> str:
    if not member:
        return canvas.say(NOT_GIVEN if listing.by_row else TOGETHER)
    if monthly:
        return month_label(member)[canvas.lang]
    choices = canvas.view.forms.forms[listing.form].field(field).choices
    labels = {choice.value: choice.label for choice in choices}
    return labels[member][canvas.lang] if member in labels else member


def _plan_total(canvas: Canvas, measure: str) -> Value | None:
    for indicator in canvas.view.indicators:
        part = indicator.numerator
        if indicator.denominator is None and getattr(part, "name", "") == measure:
            return canvas.view.current.value(indicator.id)
    return None


def _finish(canvas: Canvas, sheet: Worksheet, lines: int, last_col: int) -> None:
    if not lines:
        canvas.text(sheet, FIRST_ROW, 0, canvas.say(NO_ROWS), "muted", "indent")
    sheet.autofilter(FIRST_ROW - 1, 0, FIRST_ROW + max(lines, 1) - 1, last_col)
    sheet.freeze_panes(FIRST_ROW, 1)
    sheet.repeat_rows(FIRST_ROW - 1)
    differs = {"type": "cell", "criteria": "==", "value": f'"{canvas.say(DIFFERS)}"'}
    sheet.conditional_format(
        SUM_ROW + 3, 3, SUM_ROW + 3, last_col, {**differs, "format": canvas.styles("alarm")}
    )
