"""What every sheet of the summary is drawn with: sheets ready to print, typed cells, changes.

Text goes in by `write_string` alone, so that a unit called `=1+1` stays a name. What is undefined
prints "—". A cell shows the exact number with a format that rounds it half up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.compare import WITHHELD, Change
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.numbers import Number, round_half_up
from pipeline.summaries.sheets.detail_plans import Links
from pipeline.summaries.sheets.long_sheet import LongSheet
from pipeline.summaries.sheets.styles import FONT, NOTHING, NUMBER_FORMATS, Styles, display_width
from pipeline.summaries.view import SummaryView, turnout
from pipeline.texts import Lang, Text, header_text

PAGES = Text("第 &P 页 共 &N 页", "Page &P of &N")
CUT_OFF = Text("数据截至 {at}", "Data as of {at}")
NO_CUT_OFF = Text("尚无已收的报表", "No workbook taken yet")
POINTS = Text(" 百分点", " pp")
WITHHELD_NOTE = Text("* 人数少于 {k} 或可推算，不公布", "* withheld: fewer than {k} persons")
COVERAGE = Text("已报 {covered}", "Reported: {covered}")
COVERED = Text("已报 {reported}/{expected} 个单位", "{reported} of {expected} units reported")

LINKED = Text("点开看是哪些行", "See the rows behind it")

HEADING_ROWS: Final = 3

_A4: Final = 9
_ROW: Final = 15.75  # points; 15, the stock height, is tight for the font
_LINE: Final = 14.5  # points, of a line in the normal size
_TIGHT: Final = {"left": 0.5, "right": 0.5, "top": 0.7, "bottom": 0.65}


@dataclass(frozen=True, slots=True)
class Canvas:
    """One workbook in the making, what it shows and in which language."""

    book: Workbook
    styles: Styles
    view: SummaryView
    lang: Lang
    links: Links = field(default_factory=Links)

    def add_sheet(self, name: Text, *, landscape: bool = False, pages_high: int = 0) -> Worksheet:
        """Return a new A4 sheet, one page wide, with union and period above and pages below."""
        sheet = self.book.add_worksheet(_sheet_name(name[self.lang]))
        self._set_up(sheet, landscape=landscape, pages_high=pages_high)
        return sheet

    def add_long_sheet(self, name: Text, *, landscape: bool = False) -> LongSheet:
        """Return a new sheet of the same kind whose rows are not held."""
        sheet = self.book.add_worksheet(_sheet_name(name[self.lang]), LongSheet)
        self._set_up(sheet, landscape=landscape, pages_high=0)
        return cast(LongSheet, sheet)

    def _set_up(self, sheet: Worksheet, *, landscape: bool, pages_high: int) -> None:
        sheet.set_default_row(_ROW)
        sheet.set_paper(_A4)
        if landscape:
            sheet.set_landscape()
        sheet.set_margins(**_TIGHT)
        sheet.center_horizontally()
        sheet.fit_to_pages(1, pages_high)
        small = f'&"{FONT},{"Regular" if self.lang == "en" else "常规"}"&8'
        unit = header_text(self.view.unit.name, 60)
        period = self.view.period.label[self.lang]
        sheet.set_header(f"&L{small} {unit}&R{small} {period} · {sheet.name}")
        sheet.set_footer(f"&L{small} {self.cut_off()}&R{small} {PAGES[self.lang]}")

    def write_heading(self, sheet: Worksheet, title: str) -> int:
        """Write title, period and coverage, kept in sight and repeated on every page.

        Returns the row on which the sheet goes on.
        """
        sheet.set_row(0, 30)
        self.text(sheet, 0, 0, title, "title")
        self.text(sheet, 1, 0, self.subtitle(), "muted")
        sheet.set_row(2, 8)
        sheet.repeat_rows(0, HEADING_ROWS - 1)
        sheet.freeze_panes(HEADING_ROWS, 1)
        return HEADING_ROWS

    def subtitle(self) -> str:
        """Say whose figures these are, of when, and how much they cover."""
        period = self.view.period.label[self.lang]
        said = (self.view.unit.name, period, self.covered(), self.cut_off(), self.withheld())
        return " · ".join(filter(None, said))

    def withheld(self) -> str:
        """Say what "*" means, where counts of persons may be withheld."""
        return self.say(WITHHELD_NOTE, k=self.view.k) if self.view.k > 1 else ""

    def covered(self) -> str:
        """Say how many of the units that owe a workbook stand behind the figures."""
        if self.view.coverage:
            return self.say(COVERAGE, covered=self.view.coverage.text[self.lang])
        units = turnout(self.view.current)
        return self.say(COVERED, reported=units.reported, expected=units.expected)

    def say(self, text: Text, **values: object) -> str:
        """Return a wording in the language of the workbook, its placeholders filled."""
        return text.format(**values)[self.lang] if values else text[self.lang]

    def join(self, texts: Iterable[Text]) -> str:
        """Return wordings one after the other, as they are listed in the language."""
        return ("、" if self.lang == "zh" else ", ").join(text[self.lang] for text in texts)

    def cut_off(self) -> str:
        """Say until when workbooks were counted."""
        return self.say(CUT_OFF, at=self.received()) if self.view.cut_off else self.received()

    def received(self) -> str:
        """Return when the newest workbook that counts was received."""
        at = self.view.cut_off
        return f"{at:%Y-%m-%d %H:%M}" if at else self.say(NO_CUT_OFF)

    def fit_row(
        self, sheet: Worksheet, row: int, texts: Mapping[str, float], *, lowest: float = _ROW
    ) -> None:
        """Make a row high enough for its texts, see `height_for`."""
        sheet.set_row(row, height_for(texts, lowest))

    def text(self, sheet: Worksheet, row: int, col: int, text: str, *styles: str) -> None:
        """Write a text, whatever it looks like, as a text; "" makes a blank cell."""
        if text:
            sheet.write_string(row, col, text, self.styles(*styles))
        else:
            sheet.write_blank(row, col, None, self.styles(*styles))

    def value(
        self,
        sheet: Worksheet,
        row: int,
        col: int,
        indicator: Indicator,
        number: Number | None,
        *styles: str,
        link: str = "",
    ) -> None:
        """Write the value of a number in its format; "—" where there is none, "*" where withheld.

        With a `link` the number leads to the rows behind it.
        """
        if number is None or number.value is None:
            hidden = number is not None and number.withheld
            self.text(sheet, row, col, self.say(WITHHELD) if hidden else NOTHING, "right", *styles)
        else:
            shown = NUMBER_FORMATS[indicator.format]
            sheet.write_number(row, col, float(number.value), self.styles(*styles, number=shown))
            if link:
                _add_link(sheet, row, col, link, self.say(LINKED))

    def change(
        self, sheet: Worksheet, row: int, col: int, change: Change, *styles: str, lead: str = ""
    ) -> None:
        """Write a change as a number with its sign, or 新增, "—" or "*"; `lead` stands before it.

        What rounds to zero has no sign.
        """
        if change.kind in ("new", "none", "withheld"):
            self.text(sheet, row, col, lead + change.text[self.lang], *styles)
            return
        percent = change.kind == "percent"
        tail = "" if percent else f'"{self.say(POINTS)}"'
        shown = "0.0%" if percent else "0.0"
        mark = f'"{lead}"' if lead else ""
        signs = ("+", "-", "") if round_half_up(change.amount * 100, 1) else ("", "", "")
        number = ";".join(f"{mark}{sign}{shown}{tail}" for sign in signs)
        amount = float(change.amount if percent else change.amount * 100)
        sheet.write_number(row, col, amount, self.styles(*styles, number=number))


def height_for(texts: Mapping[str, float], lowest: float = _ROW) -> float:
    """Return how high a row is for texts that wrap in columns of so many characters, in points.

    Programs other than Excel do not find out by themselves when they open a file.
    """
    lines = max(
        (math.ceil(display_width(text) / width) for text, width in texts.items()), default=1
    )
    return max(lowest, _LINE * lines + 2)


def _add_link(sheet: Worksheet, row: int, col: int, link: str, tip: str) -> None:
    """Make a cell that has been written a link; `write_url` alone would write its address over it."""
    sheet.ignore_write_string = True
    sheet.write_url(row, col, link, tip=tip)
    sheet.ignore_write_string = False


def _sheet_name(name: str) -> str:
    """Return what Excel takes as the name of a sheet: 31 characters, none of `[]:*?/\\`."""
    return "".join("_" if char in "[]:*?/\\" else char for char in name)[:31].strip("'")
