"""What a workbook reader hands over for one cell, before anything is read into it.

In: whatever the file holds. Out: a `Raw` value, whether it is blank, and how people see it.
Invisible is blank: a cell of ideographic or zero-width spaces holds nothing. Zero is not blank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from pipeline.safe_text import drop_illegal
from pipeline.texts import fold


@dataclass(frozen=True, slots=True)
class CellFault:
    """A cell without a usable value: an error value such as `#REF!`, or a formula never run."""

    kind: Literal["error", "uncalculated"]
    text: str = ""


Raw = None | str | int | float | bool | datetime | date | time | timedelta | CellFault

EXACT_BELOW = 10**15  # Excel keeps 15 digits of a number; a longer one is damaged in the file


def is_blank(raw: Raw) -> bool:
    """Tell whether nothing was typed, or nothing that can be seen.

    >>> is_blank("\\u3000\\u200b"), is_blank(0), is_blank("无")
    (True, False, False)
    """
    return raw is None or (isinstance(raw, str) and not trim(raw))


def is_blank_mark(raw: Raw) -> bool:
    """Tell whether the text is a mark for "nothing", such as `—`, `/`, `无` or `N/A`.

    >>> [is_blank_mark(raw) for raw in ("——", "／", "暂无", "n/a", "无锡", 0)]
    [True, True, True, True, False, False]
    """
    return isinstance(raw, str) and len(raw) < 20 and bool(_BLANK_MARK.fullmatch(fold(trim(raw))))


def as_typed(raw: Raw) -> str:
    """Return the cell as a person sees it: no `.0` or float noise, ISO dates, no edge spaces.

    >>> as_typed(46.0), as_typed(0.1 + 0.2), as_typed(datetime(2026, 7, 15)), as_typed(True)
    ('46', '0.3', '2026-07-15', 'TRUE')
    """
    if isinstance(raw, str):
        return trim(drop_illegal(raw))
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float):
        return f"{raw:.0f}" if raw.is_integer() and abs(raw) < 1e20 else f"{raw:.15g}"
    if isinstance(raw, int):  # `str` itself refuses an int of more than 4300 digits
        return str(raw) if abs(raw) < 10**20 else f"{Decimal(raw):.6e}"
    if isinstance(raw, datetime):
        return raw.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    if isinstance(raw, CellFault):
        return raw.text
    if isinstance(raw, timedelta):
        minutes, seconds = divmod(int(raw.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return "" if raw is None else str(raw)


def trim(text: str) -> str:
    """Strip spaces of every width, line breaks and invisible characters from both ends."""
    return text.strip(_EDGE)


_BLANK_MARK = re.compile(r"[-‐-―−─]+|/|无|暂无|空|n/a")
# All that `str.isspace` knows, the control characters, and what has no width: soft hyphen,
# zero-width spaces and joiners, direction marks (pasted along from file dialogs), BOM.
_EDGE_RANGES = (
    *((0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x1680, 0x1680), (0x2000, 0x200F)),
    *((0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_EDGE = "".join(chr(code) for first, last in _EDGE_RANGES for code in range(first, last + 1))
