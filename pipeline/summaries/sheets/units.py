"""The units compared: every indicator by direct child, with the pooled total above them.

Three blocks of the same shape stand below each other: now, the change since the previous quarter,
the change since a year ago. One heading serves them all, on screen and on paper, and the filter in
the second column picks a block. Pages break between groups of indicators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.indicators import BY_UNIT, Indicator
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.tables import TOTAL, periods
from pipeline.texts import Text

NAME: Final = Text("各单位对比", "Units")
UNIT = Text("单位", "Unit")
BLOCK = Text("比较", "View")
ITSELF = Text("{name}（本级）", "{name} (itself)")
BLOCKS = (0, 2, 4)  # of the periods: now, since the one before, since last year

_NAME_WIDTH: Final = 24
_BLOCK_WIDTH: Final = 11
_WIDTHS: Final = {"count": 8.0, "average": 8.0, "percent": 10.5, "money": 13.0}
_ENGLISH_WIDTH: Final = 2.0  # more, for its longer words
_PAGE_WIDTH: Final = 108.0  # characters beside the two repeated columns
_PRINT_SCALE: Final = 79  # what makes such a page fit on A4 landscape with a margin for other fonts
_FIRST_ROW: Final = 5
_MOST_LINKED: Final = 100  # units; Excel opens slowly with tens of thousands of links
_FEW_UNITS: Final = 8  # three blocks of these fit on one page


def add_units_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet = canvas.add_sheet(NAME, landscape=True)
    indicators = tuple(canvas.view.indicators)
    canvas.write_heading(sheet, canvas.say(NAME))
    # The two repeated columns alone carry the heading on the pages to the right.
    sheet.merge_range(1, 0, 1, 1, "", canvas.styles("muted", "small", "wrap"))
    canvas.text(sheet, 1, 0, canvas.subtitle(), "muted", "small", "wrap")
    canvas.fit_row(sheet, 1, {canvas.subtitle(): _NAME_WIDTH + _BLOCK_WIDTH})
    _write_headings(canvas, sheet, indicators)
    lines = _lines(canvas)
    for line, (key, name) in enumerate(lines):
        rows = [_FIRST_ROW + block * len(lines) + line for block in range(len(BLOCKS))]
        _write_unit(canvas, sheet, rows, indicators, key, name)
    last = _FIRST_ROW + len(BLOCKS) * len(lines) - 1
    sheet.autofilter(_FIRST_ROW - 1, 0, last, 1 + len(indicators))
    sheet.freeze_panes(_FIRST_ROW, 2)
    _set_up_print(canvas, sheet, len(lines))
    return sheet


def unit_name(canvas: Canvas, code: str, name: str) -> str:
    """Return a unit's name; the summary's own unit among its children is marked as itself."""
    return canvas.say(ITSELF, name=name) if code == canvas.view.unit.code else name


def _lines(canvas: Canvas) -> list[tuple[str, str]]:
    """Key and name of every line of a block; the total has no key."""
    names = canvas.view.unit_names.items()
    return [("", canvas.say(TOTAL)), *((code, unit_name(canvas, code, n)) for code, n in names)]


def _write_headings(canvas: Canvas, sheet: Worksheet, indicators: Sequence[Indicator]) -> None:
    top, row = _FIRST_ROW - 2, _FIRST_ROW - 1
    sheet.set_row(row, 46)
    sheet.set_column(0, 0, _NAME_WIDTH)
    sheet.set_column(1, 1, _BLOCK_WIDTH)
    for col, heading in enumerate((UNIT, BLOCK)):
        canvas.text(sheet, top, col, "", "header")
        canvas.text(sheet, row, col, heading[canvas.lang], "header")
    col = 2
    for group, members in groupby(indicators, key=lambda indicator: indicator.group):
        first = col
        for indicator in members:
            sheet.set_column(col, col, _width(canvas, indicator))
            canvas.text(sheet, top, col, "", "header")
            named = _two_lines(indicator)[canvas.lang]
            canvas.text(sheet, row, col, named, "header", "small")
            col += 1
        # Across the selection, not merged: a merged heading would tie columns together in sorts.
        label = canvas.view.indicators.groups[group][canvas.lang]
        canvas.text(sheet, top, first, label, "header", "across")
        for blank in range(first + 1, col):
            sheet.write_blank(top, blank, None, canvas.styles("header", "across"))


def _write_unit(
    canvas: Canvas,
    sheet: Worksheet,
    rows: Sequence[int],
    indicators: Sequence[Indicator],
    key: str,
    name: str,
) -> None:
    """Write a unit's line in each of the blocks."""
    styles = ("cell", "fit") if key else ("cell", "fit", "total")
    linked = not key or len(canvas.view.unit_names) <= _MOST_LINKED
    labels = [periods(canvas.view)[place] for place in BLOCKS]
    for row, label in zip(rows, labels, strict=True):
        canvas.fit_row(sheet, row, {name: _NAME_WIDTH - 3})
        canvas.text(sheet, row, 0, name, "wrap", "indent", *styles)
        canvas.text(sheet, row, 1, label[canvas.lang], *styles, "muted", "center")
    for col, indicator in enumerate(indicators, start=2):
        entry = canvas.view.entry(indicator, BY_UNIT if key else "", key)
        link = canvas.links.of(indicator, key) if linked else ""
        few = key and indicator.denominator and canvas.view.rests_on_few(indicator, key)
        tone = ("muted",) if few else ()
        canvas.value(sheet, rows[0], col, indicator, entry.number, *styles, *tone, link=link)
        for row, change in zip(rows[1:], entry.changes, strict=True):
            canvas.change(sheet, row, col, change, *styles, "right")


def _set_up_print(canvas: Canvas, sheet: Worksheet, lines: int) -> None:
    # Excel ignores page breaks on a sheet that is fitted to pages, so this one has a scale.
    sheet.set_print_scale(_PRINT_SCALE)
    sheet.print_across()
    sheet.repeat_rows(0, _FIRST_ROW - 1)
    sheet.repeat_columns(0, 1)
    sheet.set_v_pagebreaks(list(_page_starts(canvas)))
    if lines > _FEW_UNITS:
        sheet.set_h_pagebreaks([_FIRST_ROW + lines, _FIRST_ROW + 2 * lines])


def _width(canvas: Canvas, indicator: Indicator) -> float:
    return _WIDTHS[indicator.format] + (_ENGLISH_WIDTH if canvas.lang == "en" else 0)


def _two_lines(indicator: Indicator) -> Text:
    label, unit = indicator.label, indicator.unit
    return Text(f"{label.zh}\n（{unit.zh}）", f"{label.en}\n({unit.en})")


def _page_starts(canvas: Canvas) -> Iterator[int]:
    """Yield the columns that begin a page: whole groups, as many as go on one."""
    col, filled = 2, 0.0
    for _, members in groupby(canvas.view.indicators, key=lambda indicator: indicator.group):
        widths = [_width(canvas, indicator) for indicator in members]
        if filled and filled + sum(widths) > _PAGE_WIDTH:
            yield col
            filled = 0.0
        filled += sum(widths)
        col += len(widths)
