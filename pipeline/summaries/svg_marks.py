"""The strokes that charts are drawn with: positions and words in, SVG elements as text out.

Only attributes, no `style` and no ids, so that several charts stand in one page under a strict
content policy. Numbers have one decimal, so that the same chart is the same bytes everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Final, Literal

from markupsafe import escape

from pipeline.safe_text import one_line, shown_width
from pipeline.summaries.sheets.styles import INK

FONTS: Final = "'Noto Sans SC','PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC',sans-serif"
SIZE: Final = 12.0  # of letters; a chart is drawn as wide as a telephone shows it

_EM: Final = 0.58  # width of a half-width letter, in parts of its size; rather too wide

_HEIGHT: Final = re.compile(r'<svg [^>]*? height="([\d.]+)"')
_DESCRIPTION: Final = re.compile(r"<desc>(.*?)</desc>")

Anchor = Literal["start", "middle", "end"]


def document(width: float, height: float, title: str, description: str, marks: str) -> str:
    """Return a whole chart; a screen reader says its title and description, not its marks."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {num(width)} {num(height)}"'
        f' width="{num(width)}" height="{num(height)}" font-family="{FONTS}" font-size="{num(SIZE)}"'
        f' fill="{INK}"><title>{plain(title)}</title><desc>{plain(description)}</desc>{marks}</svg>'
    )


def place_at(x: float, y: float, chart: str) -> str:
    """Return a whole chart as a part of another picture."""
    return f'<g transform="translate({num(x)} {num(y)})">{chart}</g>'


def height_of(chart: str) -> float:
    """Return how high a whole chart is."""
    found = _HEIGHT.search(chart)
    return float(found[1]) if found else 0.0


def description_of(chart: str) -> str:
    """Return what a whole chart says in words."""
    found = _DESCRIPTION.search(chart)
    return unescape(found[1]) if found else ""


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: Anchor = "start",
    fill: str = "",
    size: float = 0,
    bold: bool = False,
) -> str:
    """Return words whose baseline is at `y`."""
    given = (
        ("text-anchor", "" if anchor == "start" else anchor),
        ("fill", fill),
        ("font-size", num(size) if size else ""),
        ("font-weight", "600" if bold else ""),
    )
    return f'<text x="{num(x)}" y="{num(y)}"{_attributes(given)}>{plain(words)}</text>'


def rect(x: float, y: float, width: float, height: float, fill: str, stroke: str = "") -> str:
    """Return a filled box."""
    at = f'x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}"'
    return f'<rect {at} fill="{fill}"{_attributes([("stroke", stroke)])}/>'


def line(
    x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1, dashes: str = ""
) -> str:
    """Return a straight line."""
    at = f'x1="{num(x1)}" y1="{num(y1)}" x2="{num(x2)}" y2="{num(y2)}"'
    rest = _attributes([("stroke-dasharray", dashes)])
    return f'<line {at} stroke="{stroke}" stroke-width="{num(width)}"{rest}/>'


def path(points: Iterable[tuple[float, float]], stroke: str, width: float = 2) -> str:
    """Return a line through several points."""
    shown = " ".join(f"{num(x)},{num(y)}" for x, y in points)
    return (
        f'<polyline points="{shown}" fill="none" stroke="{stroke}" stroke-width="{num(width)}"'
        ' stroke-linejoin="round" stroke-linecap="round"/>'
    )


def dot(x: float, y: float, fill: str, radius: float = 3) -> str:
    """Return a filled circle."""
    return f'<circle cx="{num(x)}" cy="{num(y)}" r="{num(radius)}" fill="{fill}"/>'


def width_of(words: str, size: float = SIZE) -> float:
    """Return about how wide words are drawn."""
    return shown_width(words) * size * _EM


def shorten(words: str, width: float, size: float = SIZE) -> str:
    """Return words cut with "…" to what fits into a width."""
    words = one_line(words)
    if width_of(words, size) <= width:
        return words
    while words and width_of(words + "…", size) > width:
        words = words[:-1]
    return words + "…"


def num(value: float) -> str:
    """Return a position with one decimal at most.

    >>> num(12.0), num(3.14159), num(-0.01)
    ('12', '3.1', '0')
    """
    shown = f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def plain(words: str) -> str:
    """Return words as they may stand in markup."""
    return str(escape(one_line(words)))


def _attributes(given: Iterable[tuple[str, str]]) -> str:
    return "".join(f' {name}="{value}"' for name, value in given if value)
