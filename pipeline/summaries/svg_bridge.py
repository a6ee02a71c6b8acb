"""A bridge: what a figure was, what made it more or less, and what it is now; SVG text out.

The bars of the two ends begin at zero, or, where all lies far above it, behind a gap that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from pipeline.summaries.sheets.styles import BLUE, REST, RULE, SKY, VERMILION
from pipeline.summaries.svg import WIDTH, Amount, Bar, told
from pipeline.summaries.svg_marks import document, line, rect, shorten, text, width_of

_ROW: Final = 26.0
_THICK: Final = 17.0
_SMALL: Final = 11.0
_FAR: Final = 0.6  # the lowest level above which the axis is cut, as a part of the highest


def draw_bridge(
    title: str, before: Bar, parts: Sequence[Bar], after: Bar, *, width: float = WIDTH
) -> str:
    """Return the bridge from `before` over all `parts` to `after`; they must add up."""
    bars = [before, *parts, after]
    left = min(max(width_of(bar.label) for bar in bars) + 10, width * 0.41)
    shares = [_float(bar.amounts[0]) for bar in parts]
    levels = list(accumulate(shares, initial=_float(before.amounts[0])))
    low, high = min(*levels, 0.0), max(*levels, 0.0)
    is_cut = min(levels) > _FAR * high
    if is_cut:
        low = min(levels) - (high - min(levels) or high) * 0.5
    words = max(width_of(bar.amounts[0].words, _SMALL) for bar in bars) + 8
    per_unit = (width - left - words) / ((high - low) or 1)

    def at(value: float) -> float:
        return left + (value - low) * per_unit

    marks = []
    start_of_ends = low if is_cut else 0.0
    spans = [(start_of_ends, levels[0]), *pairwise(levels), (start_of_ends, levels[-1])]
    for row, (bar, (start, end)) in enumerate(zip(bars, spans, strict=True)):
        y = row * _ROW
        is_end = row in (0, len(bars) - 1)
        fill = (BLUE if row else REST) if is_end else (SKY if end >= start else VERMILION)
        marks.append(
            text(left - 8, y + 13, shorten(bar.label, left - 8), anchor="end", bold=is_end)
        )
        first, last = sorted((at(start), at(end)))
        if last - first > 0.05:
            marks.append(rect(first, y, last - first, _THICK, fill))
        if is_cut and is_end:
            marks.append(rect(first + 6, y, 3, _THICK, "#FFFFFF"))
        marks.append(text(last + 5, y + 13, bar.amounts[0].words, size=_SMALL))
        if row < len(bars) - 1:
            marks.append(line(at(end), y + _THICK, at(end), y + _ROW, RULE))
    return document(width, len(bars) * _ROW - 8, title, told(bars, ()), "".join(marks))


def _float(amount: Amount) -> float:
    return float(amount.value or 0)
