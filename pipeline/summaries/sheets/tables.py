"""The tables of the sheets for people: totals of a group, and its breakdowns.

Both share one grid: a label, then the number now, a quarter ago, its change, a year ago, its
change. A breakdown shows two indicators side by side; members with nothing in any of the three
periods are left out, and the last row is the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.compare import WITHHELD, change
from pipeline.summaries.indicators import Breakdown, Indicator
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.styles import NOTHING, NUMBER_FORMATS
from pipeline.summaries.view import Entry, SummaryView
from pipeline.texts import Text

PERIODS = (
    Text("本期", "Now"),
    Text("上季度", "Last quarter"),
    Text("比上季度", "vs last quarter"),
    Text("去年同期", "Last year"),
    Text("比去年同期", "vs last year"),
)
SPANS = (
    PERIODS[0],
    Text("上期", "Before"),
    Text("比上期", "vs before"),
    *PERIODS[3:],
)
INDICATOR = Text("指标", "Indicator")
PARTS = (Text("分子", "Numerator"), Text("分母", "Denominator"))
COVERAGE = Text("已报/应报单位", "Reported/due")
ALIKE = Text("可比口径比上季度", "Like for like")
TOTAL = Text("合计", "Total")
BREAKDOWN = Text("按{label}：{names}", "By {label}: {names}")
EMPTY = Text("三个时期都没有数据。", "Nothing in any of the three periods.")

GRID: Final = (24, *(13, 13, 14, 13, 14) * 2)  # widths of the shared columns, in characters
SIDE_BY_SIDE: Final = 2


def periods(view: SummaryView) -> tuple[Text, ...]:
    """Return how the periods of a summary are called; only before a quarter is a quarter."""
    return PERIODS if view.period.is_quarter else SPANS


def write_totals(
    canvas: Canvas, sheet: Worksheet, row: int, indicators: Iterable[Indicator]
) -> int:
    """Write a table of totals with what ratios are made of; return the row below it.

    The last column compares like with like: the units that reported in this quarter and the last.
    """
    indicators, alike = tuple(indicators), canvas.view.like_for_like
    headings = [INDICATOR, *periods(canvas.view), *PARTS, COVERAGE]
    if any(indicator.id in alike for indicator in indicators):
        headings.append(ALIKE)
    write_header(canvas, sheet, row, [heading[canvas.lang] for heading in headings])
    for indicator in indicators:
        row += 1
        entry = canvas.view.entry(indicator)
        canvas.text(sheet, row, 0, measured(indicator)[canvas.lang], "cell", "indent", "fit")
        write_entry(canvas, sheet, row, 1, entry)
        _write_parts(canvas, sheet, row, 1 + len(PERIODS), entry)
        if pair := alike.get(indicator.id):
            since = change(indicator, pair.now, pair.before)
            canvas.change(sheet, row, len(headings) - 1, since, "cell", "right")
    return row + 1


def write_breakdown(
    canvas: Canvas,
    sheet: Worksheet,
    row: int,
    breakdown: Breakdown,
    indicators: Sequence[Indicator],
) -> int:
    """Write a breakdown of at most `SIDE_BY_SIDE` indicators; return the row below it."""
    title = BREAKDOWN.format(
        label=breakdown.label[canvas.lang].lower(), names=canvas.join(i.label for i in indicators)
    )
    row = write_section(canvas, sheet, row, title[canvas.lang])
    lines = [
        (label[canvas.lang], [canvas.view.entry(i, breakdown.dimension, key) for i in indicators])
        for key, label in canvas.view.members(breakdown).items()
    ]
    lines = [line for line in lines if not all(entry.is_empty for entry in line[1])]
    if not lines:
        canvas.text(sheet, row, 0, canvas.say(EMPTY), "muted", "indent")
        return row + 1
    row = _write_double_header(canvas, sheet, row, breakdown.label, indicators)
    for label, entries in lines:
        _write_line(canvas, sheet, row, label, entries)
        row += 1
    totals = [canvas.view.entry(indicator) for indicator in indicators]
    _write_line(canvas, sheet, row, canvas.say(TOTAL), totals, "total")
    return row + 1


def write_section(canvas: Canvas, sheet: Worksheet, row: int, title: str) -> int:
    """Write the heading of a table; return the row below it."""
    sheet.set_row(row, 22)
    canvas.text(sheet, row, 0, title, "section")
    return row + 1


def write_header(canvas: Canvas, sheet: Worksheet, row: int, labels: Iterable[str]) -> None:
    """Write a row of column headings."""
    sheet.set_row(row, 20)
    for col, label in enumerate(labels):
        canvas.text(sheet, row, col, label, "header")


def write_entry(
    canvas: Canvas, sheet: Worksheet, row: int, col: int, entry: Entry, *styles: str
) -> None:
    """Write a number, and beside it the two earlier ones with the changes since."""
    since_before, since_year_ago = entry.changes
    link = canvas.links.of(entry.indicator)
    canvas.value(
        sheet, row, col, entry.indicator, entry.number, "cell", "strong", *styles, link=link
    )
    canvas.value(sheet, row, col + 1, entry.indicator, entry.before, "cell", *styles)
    canvas.change(sheet, row, col + 2, since_before, "cell", "right", *styles)
    canvas.value(sheet, row, col + 3, entry.indicator, entry.year_ago, "cell", *styles)
    canvas.change(sheet, row, col + 4, since_year_ago, "cell", "right", *styles)


def measured(indicator: Indicator) -> Text:
    """Return an indicator's label with what it is counted in."""
    label, unit = indicator.label, indicator.unit
    return Text(f"{label.zh}（{unit.zh}）", f"{label.en} ({unit.en})")


def _write_parts(canvas: Canvas, sheet: Worksheet, row: int, col: int, entry: Entry) -> None:
    number = entry.number
    parts = (number.numerator, number.denominator) if number else (None, None)
    withheld = number and number.withheld and entry.indicator.denominator is not None
    for offset, part in enumerate(parts):
        if part is None:
            mark = canvas.say(WITHHELD) if withheld else NOTHING
            canvas.text(sheet, row, col + offset, mark, "cell", "right", "muted")
        else:
            shown = NUMBER_FORMATS["money" if isinstance(part, Decimal) else "count"]
            style = canvas.styles("cell", "muted", number=shown)
            sheet.write_number(row, col + offset, float(part), style)
    covered = f"{number.reported}/{number.expected}" if number else NOTHING
    canvas.text(sheet, row, col + len(parts), covered, "cell", "right", "muted")


def _write_double_header(
    canvas: Canvas,
    sheet: Worksheet,
    row: int,
    label: Text,
    indicators: Sequence[Indicator],
) -> int:
    header = canvas.styles("header")
    sheet.merge_range(row, 0, row + 1, 0, "", header)
    canvas.text(sheet, row, 0, label[canvas.lang], "header")
    for place, indicator in enumerate(indicators):
        first = 1 + place * len(PERIODS)
        sheet.merge_range(row, first, row, first + len(PERIODS) - 1, "", header)
        canvas.text(sheet, row, first, measured(indicator)[canvas.lang], "header")
        for offset, heading in enumerate(periods(canvas.view)):
            canvas.text(sheet, row + 1, first + offset, heading[canvas.lang], "header")
    return row + 2


def _write_line(
    canvas: Canvas,
    sheet: Worksheet,
    row: int,
    label: str,
    entries: Iterable[Entry],
    *styles: str,
) -> None:
    canvas.text(sheet, row, 0, label, "cell", "indent", "fit", *styles)
    for place, entry in enumerate(entries):
        write_entry(canvas, sheet, row, 1 + place * len(PERIODS), entry, *styles)
