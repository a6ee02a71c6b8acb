"""A blank workbook in the making: what all its sheets share, and how they look.

In: what to write, for whom and in which language. Out: cell styles and page set-ups of one look.
Deep red on white, always with a `*` or a difference in lightness beside it, so that nothing hangs
on telling red from green or on a colour printer.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.forms.model import Workbook
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period
from pipeline.texts import Lang, Text, header_text

if TYPE_CHECKING:
    from xlsxwriter import Workbook as Book
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# Every Excel and WPS in China has it; LibreOffice takes any Chinese font in its stead.
FONT = "微软雅黑"

RED = "#9E1B32"
BLACK = "#262626"
GREY = "#767171"
WHITE = "#FFFFFF"
BORDER = "#C9BDB8"
PALE = "#F4EAE7"
FILLED = "#EDE9E3"
WRONG, ODD, WELL = "#FFC8CD", "#FFE9A3", "#E3F1E1"  # the first two as on receipts
DARK_RED, BROWN, GREEN = "#9C0F24", "#7A5200", "#2F6B34"

_BOXED: Mapping[str, Any] = {"border": 1, "border_color": BORDER, "valign": "vcenter"}
_HEADING: Mapping[str, Any] = {**_BOXED, "bold": True, "align": "center", "text_wrap": True}
_HEAD: Mapping[str, Any] = {"bg_color": WHITE, "valign": "vcenter"}  # no grid behind long lines
_STYLES: Mapping[str, Mapping[str, Any]] = {
    "title": {**_HEAD, "bold": True, "font_size": 16, "font_color": RED},
    "cover title": {"bold": True, "font_size": 20, "font_color": RED, "valign": "vcenter"},
    "subtitle": {**_HEAD, "font_color": GREY, "font_size": 10},
    "section": {"bold": True, "font_size": 12, "font_color": RED, "valign": "vcenter"},
    "band": {"bold": True, "font_color": WHITE, "bg_color": RED, "valign": "vcenter", "indent": 1},
    "required": {**_HEADING, "font_color": WHITE, "bg_color": RED},
    "optional": {**_HEADING, "font_color": BLACK, "bg_color": PALE},
    "required head": {**_HEADING, "font_size": 10, "font_color": WHITE, "bg_color": RED},
    "optional head": {**_HEADING, "font_size": 10, "font_color": BLACK, "bg_color": PALE},
    "required label": {**_BOXED, "bold": True, "font_color": RED, "bg_color": PALE, "indent": 1},
    "optional label": {**_BOXED, "font_color": BLACK, "bg_color": PALE, "indent": 1},
    "hint": {"font_color": GREY, "font_size": 10, "valign": "vcenter", "indent": 1,
             "text_wrap": True},
    "column hint": {**_BOXED, "font_color": GREY, "font_size": 9, "text_wrap": True, "indent": 1},
    "line": {"valign": "vcenter", "text_wrap": True},
    "line title": {"bold": True, "font_color": RED, "valign": "vcenter"},
    "example": {**_BOXED, "font_size": 10, "text_wrap": True, "indent": 1},
    "example number": {**_BOXED, "font_size": 10, "align": "right", "indent": 1},
    "entry": {"valign": "vcenter", "locked": False},
    "boxed entry": {**_BOXED, "locked": False, "align": "left", "indent": 1},
    "filled entry": {**_BOXED, "bg_color": FILLED, "align": "left", "indent": 1},
    "row in use": {"border": 1, "border_color": BORDER},
    "unlocked": {"locked": False},
    "head row": _HEAD,
    "status": {"font_size": 9, "valign": "vcenter", "locked": False},
    "summary": {**_HEAD, "bold": True},
    "light": {"bold": True, "font_size": 14, "valign": "vcenter", "indent": 1},
    "sheet line": {"valign": "vcenter", "indent": 1},
    # With borders, since LibreOffice shows one conditional format a cell, and not "row in use" too.
    "wrong": {"bg_color": WRONG, "border": 1, "border_color": BORDER},
    "odd": {"bg_color": ODD, "border": 1, "border_color": BORDER},
    "odd head": {"bg_color": ODD, "font_color": BROWN},
    "says wrong": {"font_color": DARK_RED},
    "says odd": {"font_color": BROWN},
    "says well": {"font_color": GREEN},
    "stop": {"bg_color": WRONG, "font_color": DARK_RED},
    "look": {"bg_color": ODD, "font_color": BROWN},
    "go": {"bg_color": WELL, "font_color": GREEN},
}  # fmt: skip

_PAGES = Text("第 &P 页，共 &N 页", "Page &P of &N")


@dataclass(frozen=True, slots=True)
class Draft:
    """What every sheet of one blank workbook needs to know.

    `lists` gives the defined name of a drop-down's range by the words it offers.
    """

    book: Book
    workbook: Workbook
    unit: OrgUnit
    period: Period
    lang: Lang
    lists: Mapping[tuple[str, ...], str]
    _styles: dict[tuple[object, ...], Format] = field(default_factory=dict)

    @property
    def whose(self) -> str:
        """Whose workbook it is and for when, in one line."""
        return f"{self.unit.name} · {self.period.label[self.lang]}"

    def style(self, name: str, **extra: Any) -> Format:
        """Return the named cell style, with further XlsxWriter format properties."""
        key = (name, *extra.items())
        if key not in self._styles:
            self._styles[key] = self.book.add_format({**_STYLES[name], **extra})
        return self._styles[key]

    def set_page(self, sheet: Worksheet, title: Text, *, pages_high: int = 0) -> None:
        """Print A4 landscape, one page across, with unit, period, sheet and page numbers.

        A sheet of any number of pages, `pages_high` 0, has its title at the head of each.
        """
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, pages_high)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        font = f'&9&"{FONT},Regular"'
        unit, name = (header_text(text, 80) for text in (self.unit.name, title[self.lang]))
        headline = "" if pages_high else f'&C&14&"{FONT},Bold"{name}'
        sheet.set_header(f"&L{font}{unit}{headline}&R{font}{self.period.label[self.lang]}")
        sheet.set_footer(f"&L{font}{name}&R{font}{_PAGES[self.lang]}")

    def protect(self, sheet: Worksheet) -> None:
        """Lock what is not to be filled, without a password; rows may come, go and be sorted."""
        allowed = ("format_columns", "format_rows", "insert_rows", "delete_rows", "sort")
        sheet.protect("", dict.fromkeys((*allowed, "autofilter"), True))


def write_words(sheet: Worksheet, row: int, column: int, words: str, style: Format) -> None:
    """Write a text as a text, whatever it looks like; nothing as a blank cell."""
    if words:
        sheet.write_string(row, column, words, style)
    else:
        sheet.write_blank(row, column, None, style)


def count_lines(words: str, width: float) -> int:
    """Return about how many lines a text takes in a column `width` characters wide, at least 1."""
    # Two characters of the width go to margins and indent.
    # Curly quotes and the like count as wide too: a Chinese font draws them so.
    wide = sum(unicodedata.east_asian_width(char) in "WFA" for char in words)
    return max(1, math.ceil((len(words) + wide) / (width - 2)))
