"""The fast lane of `.xlsx`: sheets in the plain spelling that spreadsheet programs write.

In goes a sheet part, out comes its grid, or nothing where the sheet is spelt in any
other way and the slow lane must read it. The texts of the cells are cut out first; what is left of
a row is its shape (`xlsx_shapes`). The rule: texts and shapes must account for every character
between `<sheetData>` and its end, so nothing is skipped.

The native readers for Python take as long for the same sheets once their input is screened; they
also end the whole process on a stray far cell and give '' for an error value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from pipeline.books.grid import Grid
from pipeline.books.raw import Raw
from pipeline.books.recount import count_plain
from pipeline.books.serials import to_moment
from pipeline.books.xlsx_prepared import cut_prepared
from pipeline.books.xlsx_shapes import TEXT, Shape, Shapes, shapes_of
from pipeline.books.xlsx_values import UNCALCULATED, Values, read_number
from pipeline.books.xmltext import decode_part, ends_cdata, unescape_references

_TEXT_OF_CELL = re.compile(r">([^<>]++)</(?=[vt]>)")
_ROOT = re.compile(
    r"\ufeff?(?:<\?xml[^<>]*\?>)?\s*<worksheet [^<>]*?"
    r'\bxmlns="http://schemas\.openxmlformats\.org/spreadsheetml/2006/main"'
)
_NO_CELLS = re.compile(r"<sheetData ?/>")
_COLUMN = re.compile(r"<col ([^<>]*)/?>")
_BOUND = re.compile(r'\b(min|max)="([0-9]{1,5})"')
_HIDDEN = re.compile(r'\bhidden="(?:1|true)"')
_CHUNK = 1 << 20


class _OtherSpellingError(Exception):
    """The sheet is not written in the plain spelling."""


def read_plain(part: bytes, values: Values, grid: Grid) -> bool:
    """Fill `grid` from a sheet in the plain spelling; False for any other, the grid then spoilt."""
    text = decode_part(cut_prepared(part))
    start, end = text.find("<sheetData>"), text.rfind("</sheetData>")
    head = text[:start] if 0 < start < end else text
    if not _ROOT.match(head) or "<!" in head or not text.rstrip().endswith("</worksheet>"):
        return False
    if ends_cdata(text):
        return False
    if head is text:
        return text.count("<sheetData") == 1 and _NO_CELLS.search(text) is not None
    if "<row " in head or text.find("<row ", end) >= 0:  # rows where nobody expects them
        return False
    try:
        _hide_columns(head, grid)
        for chunk in _chunks(text, start + len("<sheetData>"), end):
            _read_rows(chunk, values, grid)
    except (_OtherSpellingError, KeyError, ValueError):
        return False
    return grid.agrees_with(count_plain(part))


def _chunks(text: str, start: int, end: int) -> Iterator[str]:
    """Yield whole rows, about a megabyte at a time, so that memory stays small."""
    while start < end:
        stop = text.find("</row>", start + _CHUNK, end)
        stop = end if stop < 0 else stop + len("</row>")
        yield text[start:stop]
        start = stop


def _read_rows(chunk: str, values: Values, grid: Grid) -> None:
    """Add the rows of a chunk to the grid.

    Splitting by a pattern with a group gives what lies between two texts, then a text, and so on.
    """
    pieces = _TEXT_OF_CELL.split(chunk)
    shapes = shapes_of(f">{TEXT}</".join(pieces[::2]))
    if shapes is None:
        raise _OtherSpellingError
    cells = _read_cells(shapes, pieces[1::2], values)
    grid.stored += len(cells)
    grid.values += len(cells) - cells.count(None)
    start = 0
    for number, shape in shapes:
        end = start + len(shape.cells)
        row = cells[start:end]
        start = end
        if len(row) < shape.width:
            row = _spread(row, shape)
            grid.values += len(shape.uncalculated)
        while row and row[-1] is None:
            row.pop()
        if number <= len(grid.rows):
            raise _OtherSpellingError
        if row:
            grid.add_row(number, row, shape.hidden)


def _read_cells(shapes: Shapes, texts: list[str], values: Values) -> list[Raw]:
    """Return the values of the texts that stand in rows of these shapes.

    Nearly all cells are shared strings and numbers, which are read without a further call.
    """
    strings, dates = values.strings, values.date_styles
    cells = chain.from_iterable([shape.cells for _, shape in shapes])
    return [
        strings[text]
        if kind == "s"
        else (int(text) if text.isdecimal() else _fraction(text))
        if kind == "n" and style not in dates
        else _other(values, kind, style, text)
        for (kind, style), text in zip(cells, texts, strict=True)
    ]


def _fraction(text: str) -> int | float:
    number = read_number(text)
    if isinstance(number, str):
        raise _OtherSpellingError
    return number


def _other(values: Values, kind: str, style: str, text: str) -> Raw:
    if kind == "n" and text.isdecimal():
        return to_moment(int(text), values.date_styles[style], values.date1904)
    return values.read(kind, style, unescape_references(text), is_formula=False)


def _spread(cells: list[Raw], shape: Shape) -> list[Raw]:
    """Return the row with each value at its place."""
    row: list[Raw] = [None] * shape.width
    for column, value in zip(shape.columns, cells, strict=True):
        row[column] = value
    for column in shape.uncalculated:
        row[column] = UNCALCULATED
    return row


def _hide_columns(head: str, grid: Grid) -> None:
    if "hidden" not in head:
        return
    for tag in _COLUMN.findall(head):
        if _HIDDEN.search(tag):
            bounds = dict(_BOUND.findall(tag))
            grid.hide_columns(int(bounds["min"]), int(bounds["max"]))
