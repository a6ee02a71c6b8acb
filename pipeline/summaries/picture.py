"""A chart as a picture: SVG text in, the bytes of a PNG out, the same on every machine.

The letters are those of a font that comes with the program: what people write every day. Where a
name has a rarer character, the machine's own fonts are asked as well.
"""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Final

FONT: Final = "Noto Sans CJK SC"

_FILE: Final = Path(__file__).parent / "fonts" / "charts.otf"
_SYMBOLS: Final = frozenset("—…–·×÷±≤≥％‰℃°“”‘’、。，；：？！（）【】《》￥→←↑↓✓✗　")
_FIRST_LEVEL: Final = range(0xB0, 0xD8)  # of GB 2312: 3,755 characters in everyday use
_TEXT: Final = re.compile(r"<text[^>]*>([^<]*)</text>")


def draw_png(svg: str, *, zoom: float = 2) -> bytes:
    """Return the picture of a chart, `zoom` times as large for sharp screens and print."""
    import resvg_py  # a picture is made now and then, the module is loaded every time

    known = all(is_in_font(char) for words in _TEXT.findall(svg) for char in unescape(words))
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        background="#ffffff",
        zoom=zoom,
        skip_system_fonts=known,
        font_files=[str(_FILE)],
        font_family=FONT,
        sans_serif_family=FONT,
    )
    return bytes(drawn)


def is_in_font(char: str) -> bool:
    """Tell whether the program's own font has a character.

    >>> [is_in_font(char) for char in "季A—镕"]
    [True, True, True, False]
    """
    if " " <= char <= "~" or char in _SYMBOLS:
        return True
    try:
        return char.encode("gb2312")[0] in _FIRST_LEVEL
    except UnicodeEncodeError:
        return False
