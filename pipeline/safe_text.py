"""Foreign text made harmless before it is written anywhere: cells, comments, plain text.

In: what somebody typed or named a file, or a sentence that quotes it. Out: text that is legal
in XML, is one line and cannot be taken for anything but text. It is not escaped here: whoever
writes markup escapes as well.
"""

from __future__ import annotations

import re
import unicodedata

CELL_LIMIT = 32767  # UTF-16 units that Excel keeps in one cell or comment

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_UNDECODED = re.compile("[\udc80-\udcff]")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def one_line(text: str, limit: int = CELL_LIMIT) -> str:
    r"""Return `text` as one legal line of at most `limit` characters, "…" at the end if cut.

    Bytes of a file name that no encoding explains become `\xNN`. Marks that turn the direction
    of writing are dropped: they make `fdp.exe` read as `exe.pdf`.

    >>> one_line("  第一行\n第二行\x0b ")
    '第一行 第二行'
    >>> one_line("2000000", limit=4)
    '200…'
    """
    if text.isprintable() and len(text) <= limit and "  " not in text:
        return text.strip()  # as nearly every text is: printable ones hold nothing of the below
    text = _UNDECODED.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", text[: 4 * limit])
    text = " ".join(_TURNING.sub("", drop_illegal(text)).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def spreadsheet_text(text: str) -> str:
    """Return `text` with `_x0041_` written so that a spreadsheet shows it and not the letter A.

    >>> spreadsheet_text("_x0041_")
    '_x005F_x0041_'
    """
    return _ESCAPE.sub("_x005F_", text)


def utf16_length(text: str) -> int:
    """Return the length of `text` as Excel counts it: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def lines_needed(text: str, letters: int) -> int:
    """Return how many lines of `letters` half-width letters hold `text`; a 汉字 takes two.

    >>> lines_needed("会费", 4), lines_needed("会费台账", 4), lines_needed("", 4)
    (1, 2, 1)
    """
    return 1 if 2 * len(text) <= letters else max(1, -(-shown_width(text) // letters))


def shown_width(text: str) -> int:
    """Return the width of `text` in half-width letters."""
    if text.isascii():
        return len(text)
    widths = list(map(unicodedata.east_asian_width, text))
    return len(text) + widths.count("W") + widths.count("F")


def drop_illegal(text: str) -> str:
    """Remove the characters that no XML document, and so no workbook, may hold."""
    return _ILLEGAL.sub("", text)
