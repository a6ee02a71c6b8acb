"""Who owes what: a line for each unit with anything left to do, then the plan items not done.

The most urgent first: units that have not reported, then errors, then the rest, each in the order
of the tree. A unit that owes nothing is only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.compare import WITHHELD
from pipeline.summaries.evidence import Amount
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.details import PLAN_HEADINGS, category_label
from pipeline.summaries.sheets.reporting import CODE, HEADINGS, STATES
from pipeline.summaries.sheets.styles import NUMBER_FORMATS
from pipeline.summaries.sheets.tables import measured, write_header, write_section
from pipeline.summaries.sheets.units import UNIT
from pipeline.summaries.view import SummaryView, UnitStatus
from pipeline.texts import Text

NAME: Final = Text("待办", "To do")
BY_UNIT = Text("谁还欠什么", "Who owes what")
NOT_DONE = Text("到期没有完成的计划", "Plan items due and not done")
PLAN_LEFT = Text("未完成计划（项）", "Plan items left")
NOTHING_LEFT = Text("都没有待办。", "Nobody has anything left to do.")
REST = Text("另有 {n} 个单位没有待办。", "{n} other units have nothing left to do.")
MORE = Text(
    "另有 {n} 行没有列出，见《计划明细》《报送情况》。", "{n} more lines are not listed here."
)
ALL_DONE = Text("到期的计划都完成了。", "All plan items that were due are done.")
SHORT = Text("还差（场）", "Short by")
ARREARS: Final = "D03"

MOST_LINES: Final = 200
_WIDTHS: Final = (26, 12, 14, 12, 12, 18, 14, 14)


@dataclass(frozen=True, slots=True)
class _Owing:
    status: UnitStatus
    plan: int
    arrears: Amount | None

    @property
    def urgency(self) -> int:
        if self.status.state == "missing":
            return 0
        return 1 if self.status.errors != 0 else 2


def add_todo_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet = canvas.add_sheet(NAME, landscape=True)
    for col, width in enumerate(_WIDTHS):
        sheet.set_column(col, col, width)
    row = canvas.write_heading(sheet, canvas.say(NAME))
    row = write_section(canvas, sheet, row, canvas.say(BY_UNIT))
    row = _write_units(canvas, sheet, row) + 1
    row = write_section(canvas, sheet, row, canvas.say(NOT_DONE))
    _write_plan(canvas, sheet, row)
    return sheet


def owing_units(view: SummaryView) -> int:
    """Return how many units have anything left to do."""
    return sum(1 for _ in _owing(view))


def _owing(view: SummaryView) -> Iterator[_Owing]:
    left = Counter(item.unit for item in view.plan if not item.done)
    arrears = _sums(view, view.indicator(ARREARS))
    for status in view.statuses:
        owed = arrears.get(status.unit)
        found = _Owing(status, left[status.unit], owed if owed and owed > 0 else None)
        open_issues = status.errors != 0 or status.warnings != 0
        if found.urgency == 0 or open_issues or found.plan or found.arrears:
            yield found


def _sums(view: SummaryView, indicator: Indicator | None) -> dict[str, Amount]:
    """Return what each unit adds to an indicator, as the rows tell it."""
    found: dict[str, Amount] = {}
    if indicator is None or view.evidence is None:
        return found
    for listing in (view.evidence.units, *view.evidence.ledgers):
        for place, share in enumerate(listing.shares):
            if share.part == indicator.numerator:
                for line in listing.lines:
                    found[line.unit] = found.get(line.unit, 0) + (line.amounts[place] or 0)
    return found


def _write_units(canvas: Canvas, sheet: Worksheet, row: int) -> int:
    owing = sorted(_owing(canvas.view), key=lambda found: found.urgency)
    if not owing:
        canvas.text(sheet, row, 0, canvas.say(NOTHING_LEFT), "muted", "indent")
        return row + 1
    arrears = canvas.view.indicator(ARREARS) if canvas.view.evidence else None
    headings = [UNIT, CODE, HEADINGS[2], *HEADINGS[6:], PLAN_LEFT]
    headings += [measured(arrears)] if arrears else []
    write_header(canvas, sheet, row, [heading[canvas.lang] for heading in headings])
    sheet.set_row(row, 34)
    for found in owing[:MOST_LINES]:
        row += 1
        _write_unit(canvas, sheet, row, found, with_arrears=arrears is not None)
    row += 1
    rest = len(canvas.view.statuses) - len(owing)
    for said, n in ((MORE, len(owing) - MOST_LINES), (REST, rest)):
        if n > 0:
            canvas.text(sheet, row, 0, canvas.say(said, n=n), "muted", "indent")
            row += 1
    return row


def _write_unit(
    canvas: Canvas, sheet: Worksheet, row: int, found: _Owing, *, with_arrears: bool
) -> None:
    status = found.status
    tone = {"on_time": (), "late": ("strong",), "missing": ("alarm",)}[status.state]
    canvas.text(sheet, row, 0, status.name, "cell", "indent", "fit")
    canvas.text(sheet, row, 1, status.unit, "cell", "center", "fit")
    canvas.text(sheet, row, 2, canvas.say(STATES[status.state]), "cell", "center", *tone)
    for col, (count, alarm) in enumerate(
        ((status.errors, "alarm"), (status.warnings, "plain"), (found.plan, "plain")), start=3
    ):
        if count is None:
            canvas.text(sheet, row, col, canvas.say(WITHHELD), "cell", "center")
        elif count:
            style = canvas.styles("cell", "center", alarm, number=NUMBER_FORMATS["count"])
            sheet.write_number(row, col, count, style)
        else:
            canvas.text(sheet, row, col, "", "cell")
    if with_arrears and found.arrears:
        style = canvas.styles("cell", number=NUMBER_FORMATS["money"])
        sheet.write_number(row, 6, float(found.arrears), style)
    elif with_arrears:
        canvas.text(sheet, row, 6, "", "cell")


def _write_plan(canvas: Canvas, sheet: Worksheet, row: int) -> None:
    left = [item for item in canvas.view.plan if not item.done]
    if not left:
        canvas.text(sheet, row, 0, canvas.say(ALL_DONE), "muted", "indent")
        return
    unit, _, _, number, category, start, end, target, held, *_ = PLAN_HEADINGS
    headings = (unit, number, category, start, end, target, held, SHORT)
    write_header(canvas, sheet, row, [heading[canvas.lang] for heading in headings])
    names = {status.unit: status.name for status in canvas.view.statuses}
    for item in left[:MOST_LINES]:
        row += 1
        canvas.text(sheet, row, 0, names.get(item.unit, item.unit), "cell", "indent", "fit")
        texts = (str(item.row), category_label(canvas, item.category), item.start, item.end)
        for col, text in enumerate(texts, start=1):
            canvas.text(sheet, row, col, text, "cell", "center", "fit")
        for col, count in enumerate((item.target, item.held, item.target - item.held), start=5):
            style = canvas.styles("cell", "center", number=NUMBER_FORMATS["count"])
            sheet.write_number(row, col, count, style)
    if len(left) > MOST_LINES:
        more = canvas.say(MORE, n=len(left) - MOST_LINES)
        canvas.text(sheet, row + 1, 0, more, "muted", "indent")
