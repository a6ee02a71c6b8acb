"""Fonts, colours and number formats of the summary: names of styles in, XlsxWriter formats out.

Every workbook has one `Styles`, which makes each combination of styles once.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, Final
from unicodedata import east_asian_width

from xlsxwriter import Workbook
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.theme import THEME_XML_2007

from pipeline.summaries.indicators import Format

FONT: Final = "微软雅黑"  # Excel and WPS ship it; by family and charset others find their own
NOTHING: Final = "—"

# Okabe and Ito's palette: told apart by the colour-blind, and dark, middle and light in grey print.
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
VERMILION: Final = "#D55E00"
INK: Final = "#1F2A37"
GREY: Final = "#5F6B7A"
REST: Final = "#9AA5B1"
RULE: Final = "#BFC7D1"
WASH: Final = "#EAF1F8"
PALE: Final = "#F4F6F8"

NUMBER_FORMATS: Final[Mapping[Format, str]] = {
    "count": "#,##0",
    "money": "#,##0.00",
    "percent": "0.0%",
    "average": "#,##0.00",
}

_BASE: Final = {
    "font_name": FONT,
    "font_size": 10,
    "font_family": 2,  # swiss
    "font_charset": 134,  # GB2312
    "font_scheme": "none",
    "font_color": INK,
    "valign": "vcenter",
}
_STYLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "plain": {},
    "cell": {"border": 1, "border_color": RULE},
    "total": {"bold": True, "bg_color": PALE},
    "header": {
        "bold": True,
        "bg_color": WASH,
        "border": 1,
        "border_color": RULE,
        "align": "center",
        "text_wrap": True,
    },
    "left": {"align": "left"},
    "right": {"align": "right"},
    "fit": {"shrink": True},  # a large number gets smaller, not ####
    "center": {"align": "center"},
    "across": {"align": "center_across"},
    "wrap": {"text_wrap": True},
    "indent": {"indent": 1},
    "muted": {"font_color": GREY},
    "small": {"font_size": 9},
    "strong": {"bold": True},
    "alarm": {"font_color": VERMILION, "bold": True},
    "link": {"font_color": BLUE, "underline": 1},
    "title": {"font_size": 16, "bold": True},
    "section": {"font_size": 12, "bold": True, "font_color": BLUE},
    "cover_title": {"font_size": 24, "bold": True, "align": "center", "text_wrap": True},
    "cover_period": {"font_size": 16, "align": "center", "font_color": BLUE},
    "card": {"bg_color": PALE, "indent": 1},
    "card_top": {"top": 5, "top_color": BLUE},
    "figure": {"font_size": 17, "bold": True, "align": "left"},
}


class Styles:
    """The formats of one workbook, made when first asked for."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, ...], CellFormat] = {}

    def __call__(self, *names: str, number: str = "") -> CellFormat:
        """Return the format that combines these styles, later ones first, and a number format."""
        key = (*names, number)
        if key not in self._made:
            properties: dict[str, Any] = dict(_BASE)
            for name in names:
                properties |= _STYLES[name]
            if number:
                properties["num_format"] = number
            self._made[key] = self._book.add_format(properties)
        return self._made[key]


def display_width(text: str) -> int:
    """Return how many digits a text is as wide as; a Chinese character counts two."""
    return sum(2 if east_asian_width(char) in "WFA" else 1 for char in text)


def theme() -> StringIO:
    """Return the theme that gives charts their Chinese font.

    A chart names only a Latin font; its Chinese characters take the theme's East Asian one, which
    the stock theme leaves to Excel (宋体).
    """
    return StringIO(THEME_XML_2007.replace('<a:ea typeface=""/>', f'<a:ea typeface="{FONT}"/>'))
