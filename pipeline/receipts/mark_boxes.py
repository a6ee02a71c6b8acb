"""The boxes of a sheet's comments: a VML drawing, edited as text.

In: the drawing as it is and where the box of each comment belongs. Out: the drawing with boxes
added or gone. VML is often not well-formed XML, so it is never parsed; what we add declares its
own namespaces where the drawing does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from pipeline.books.grid import MAX_COLUMN, MAX_ROW
from pipeline.receipts.addresses import Address
from pipeline.receipts.mark_cells import SheetCells
from pipeline.receipts.packing import CannotMark
from pipeline.safe_text import lines_needed

_NAMESPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_EMPTY = (
    f'<xml {_NAMESPACES}><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="{{clusters}}"/>'
    "</o:shapelayout></xml>"
)
_SHAPE_TYPE = """\
<v:shapetype{xmlns} id="_x0000_t202" coordsize="21600,21600" o:spt="202" \
path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>\
<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>"""
_NOTE = """\
<v:shape{xmlns} id="_x0000_s{id}" type="#_x0000_t202" \
style="position:absolute;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">\
<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>\
<v:path o:connecttype="none"/>\
<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>\
<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>\
<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData>\
</v:shape>"""
_CLUSTER = 1024  # shape ids come in clusters of this size, which a drawing reserves
_CLUSTERS_A_DRAWING = 1000  # so many that those of two drawings of ours never meet

_ROOT = re.compile(rb"<xml\b[^>]*>")
_SHAPE = re.compile(rb"<(\w*:?)shape\b.*?</\1shape>", re.DOTALL)
_HAS_TYPE = re.compile(rb"""\bid\s*=\s*["']_x0000_t202["']""")
_IS_NOTE = re.compile(rb"""ObjectType\s*=\s*["']Note["']""")
_ROW = re.compile(rb"<(?:\w+:)?Row>\s*(\d+)\s*<")
_COLUMN = re.compile(rb"<(?:\w+:)?Column>\s*(\d+)\s*<")
_ANCHOR = re.compile(rb"(<(?:\w+:)?Anchor>)[^<]*")
_SHAPE_ID = re.compile(rb"_x0000_s(\d+)")
_RESERVED = re.compile(rb"""idmap[^>]*\bdata\s*=\s*["'](\d+)""")

_BOX_WIDTH, _LINE_HEIGHT, _ROW_HEIGHT = 300, 16, 20  # pixels; a row is at least so high
_LETTERS_A_LINE = 46  # half-width ones
_MAX_LINES = 24


def new_drawing(number: int, boxes: int) -> bytes:
    """Return drawing `number` of a workbook, still empty, with room for `boxes`."""
    first = number * _CLUSTERS_A_DRAWING
    clusters = (str(first + n) for n in range(boxes // _CLUSTER + 1))
    return _EMPTY.format(clusters=",".join(clusters)).encode()


def redraw(vml: bytes, gone: Set[Address], amended: Mapping[Address, str]) -> bytes:
    """Return the drawing without the boxes of `gone` and with those of `amended` at new anchors."""

    def keep(found: re.Match[bytes]) -> bytes:
        address = _note_address(found[0])
        if address in gone:
            return b""
        if address is None or address not in amended:
            return found[0]
        return _ANCHOR.sub(rb"\g<1>" + amended[address].encode(), found[0])

    return _SHAPE.sub(keep, vml)


def add_boxes(vml: bytes, anchors: Mapping[Address, str]) -> bytes:
    """Return the drawing with a box for every comment of `anchors` that has none."""
    drawn = {_note_address(found[0]) for found in _SHAPE.finditer(vml)}
    missing = sorted(anchors.keys() - drawn)
    if not missing:
        return vml
    root, end = _ROOT.search(vml), vml.rfind(b"</xml>")
    if not root or end < root.end():
        raise CannotMark("a drawing that is no VML")
    declared = all(namespace.encode() in root[0] for namespace in _NAMESPACES.split())
    xmlns = "" if declared else f" {_NAMESPACES}"
    parts = [] if _HAS_TYPE.search(vml) else [_SHAPE_TYPE.format(xmlns=xmlns)]
    for number, (row, column) in enumerate(missing, _free_id(vml)):
        anchor = anchors[row, column]
        values = {"id": number, "anchor": anchor, "row": row - 1, "column": column - 1}
        parts.append(_NOTE.format(xmlns=xmlns, **values))
    return vml[:end] + "".join(parts).encode() + vml[end:]


def anchor_of(cells: SheetCells, address: Address, text: str) -> str:
    """Return the place of a box to the right of its cell, large enough for its text."""
    row, column = address
    lines = sum(lines_needed(line, _LETTERS_A_LINE) for line in text.split("\n"))
    height = _LINE_HEIGHT * min(lines, _MAX_LINES) + 12
    left, top = min(column + 1, MAX_COLUMN - 64), min(max(row - 1, 1), MAX_ROW - 64)
    rows = (height - 1) // _ROW_HEIGHT
    bottom = (top + rows, height - rows * _ROW_HEIGHT)
    edges = ((left, 12), (top, 4), _right_edge(cells, left), bottom)
    return ", ".join(f"{number - 1}, {offset}" for number, offset in edges)


def _free_id(vml: bytes) -> int:
    reserved = _RESERVED.search(vml)
    first = _CLUSTER * int(reserved[1]) if reserved else 0
    return max(first, *(int(number) for number in _SHAPE_ID.findall(vml)), 0) + 1


def _note_address(shape: bytes) -> Address | None:
    row, column = _ROW.search(shape), _COLUMN.search(shape)
    if not _IS_NOTE.search(shape) or not row or not column:
        return None
    return int(row[1]) + 1, int(column[1]) + 1


def _right_edge(cells: SheetCells, left: int) -> tuple[int, int]:
    """Return the column in which a box that begins with `left` ends, and how far into it."""
    column, pixels = left, float(_BOX_WIDTH)
    while pixels > (width := 7 * cells.column_width(column) + 5) and column < left + 64:
        column, pixels = column + 1, pixels - width
    return column, int(min(pixels, width))
