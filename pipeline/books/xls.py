"""The binary `.xls` of Excel 97 and WPS `.et`, read by xlrd.

In go the file's bytes, out come sheets. xlrd gives cached values, error codes and, with formats
loaded, hidden rows and columns. The rule: whether a number is a day is decided by our own reading
of its format, so that an `.xls` and the `.xlsx` saved from it give the same values.

The format has no formula without a value: programs that cannot calculate store 0 or "".
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import xlrd
from xlrd.biffh import XLRDError
from xlrd.book import Book as XlsBook
from xlrd.book import Name
from xlrd.compdoc import CompDoc
from xlrd.sheet import Cell
from xlrd.sheet import Sheet as XlsSheet

from pipeline.books import refusals
from pipeline.books.grid import Grid, Stored, Visibility
from pipeline.books.names import NamedCell, settle_names
from pipeline.books.raw import CellFault, Raw
from pipeline.books.recount import count_records
from pipeline.books.refusals import refuse
from pipeline.books.screen import Room
from pipeline.books.serials import BUILT_IN, DateKind, date_kind, to_moment
from pipeline.books.sniff import OLE_SIGNATURE, WORKBOOK_STREAMS, ole_refusal
from pipeline.books.xls_names import without_formula_names

_VISIBILITY: dict[int, Visibility] = {0: "visible", 1: "hidden", 2: "very hidden"}
_NOTHING = (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)
_WHOLE_LIMIT = 10**15


@dataclass(frozen=True, slots=True)
class _Styles:
    """Which cell styles show their number as a day or time, by the style's index."""

    kinds: dict[int, DateKind]
    date1904: bool


def read_xls(data: bytes, room: Room) -> Stored:
    """Return every worksheet and the names of single cells.

    Chart and macro sheets hold no cells and are left out.
    """
    stream = _workbook_stream(data) if data.startswith(OLE_SIGNATURE) else data
    book = _open(without_formula_names(stream))
    styles = _Styles(_date_kinds(book), date1904=book.datemode == 1)
    grids = [_read_grid(sheet, styles, room) for sheet in book.sheets()]
    # The records of all sheets are counted together, since a count by sheet would have to find
    # the sheets as xlrd does; two records for one cell make a difference here.
    stored = sum(grid.stored for grid in grids)
    if stored != count_records(stream) or not all(g.agrees_with(g.stored) for g in grids):
        raise refuse(refusals.DAMAGED)
    sheets = tuple(
        grid.as_sheet(_VISIBILITY.get(sheet.visibility, "visible"))
        for grid, sheet in zip(grids, book.sheets(), strict=True)
    )
    if not sheets:
        raise refuse(refusals.NO_SHEETS)
    names = ((name.name, name.scope >= 0, _cell_of(name, book)) for name in book.name_obj_list)
    return sheets, settle_names(names)


def _cell_of(name: Name, book: XlsBook) -> NamedCell | None:
    """Return the one cell that a name stands for; a name of macros stands for none."""
    areas = getattr(name.result, "value", None)
    if name.macro or not isinstance(areas, list) or len(areas) != 1:
        return None
    coords = getattr(areas[0], "coords", None)
    if coords is None:
        return None
    sheet, sheet_end, row, row_end, column, column_end = coords
    one_cell = (sheet_end - sheet, row_end - row, column_end - column) == (1, 1, 1)
    if not one_cell or not 0 <= sheet < book.nsheets:
        return None
    return book.sheet_names()[sheet], row + 1, column


def _workbook_stream(data: bytes) -> bytes:
    """Return the workbook in a container; raise `Refused` if that is locked, of another program,
    or runs in a circle."""
    container = CompDoc(data, logfile=io.StringIO(), ignore_workbook_corruption=True)
    directory = container.dirlist
    names = {entry.name for entry in directory}
    root = {entry.name for entry in directory if entry.parent == 0}
    if (refusal := ole_refusal(names, root)) is not None:
        raise refuse(refusal)
    for entry in directory:
        if entry.name.lower() in WORKBOOK_STREAMS:
            _refuse_endless(container.SSAT, entry.first_SID)
    for name in sorted(WORKBOOK_STREAMS, reverse=True):  # as xlrd: the newer one of two
        whole, start, length = container.locate_named_stream(name)
        if whole:
            return bytes(whole[start : start + length])
    raise refuse(refusals.DAMAGED)


def _refuse_endless(following: Sequence[int], sector: int) -> None:
    """Raise `Refused` where short sectors follow each other in a circle: xlrd would not end."""
    for _ in range(len(following) + 1):
        if not 0 <= sector < len(following):
            return
        sector = following[sector]
    raise refuse(refusals.DAMAGED)


def _open(data: bytes) -> XlsBook:
    try:
        return _open_with(data, formatting_info=True)
    except (AssertionError, IndexError, KeyError, NotImplementedError, struct.error):
        # Odd fonts, palettes and rich text break xlrd although the cells are sound. Without
        # formats it cannot tell which rows are hidden; no value is lost.
        return _open_with(data, formatting_info=False)


def _open_with(data: bytes, formatting_info: bool) -> XlsBook:
    try:
        return xlrd.open_workbook(
            file_contents=data,
            logfile=io.StringIO(),
            formatting_info=formatting_info,
            ragged_rows=True,
            # Sectors claimed twice, as PHPExcel writes them, while the records are sound.
            ignore_workbook_corruption=True,
        )
    except XLRDError as error:
        if "encrypted" in str(error).lower():
            raise refuse(refusals.PASSWORD) from error
        raise


def _date_kinds(book: XlsBook) -> dict[int, DateKind]:
    kinds: dict[int, DateKind] = {}
    for index, style in enumerate(book.xf_list):
        written = book.format_map.get(style.format_key)
        text = written.format_str if written is not None else None
        if kind := date_kind(text) if text else BUILT_IN.get(style.format_key):
            kinds[index] = kind
    return kinds


def _read_grid(sheet: XlsSheet, styles: _Styles, room: Room) -> Grid:
    grid = Grid(sheet.name, room)
    for index in range(sheet.nrows):
        cells = sheet.row(index)
        row = [_value(cell, styles) for cell in cells]
        grid.stored += sum(cell.ctype not in _NOTHING for cell in cells)
        grid.values += len(row) - row.count(None)
        while row and row[-1] is None:
            row.pop()
        info = sheet.rowinfo_map.get(index)
        if row:
            grid.add_row(index + 1, row, bool(info and info.hidden))
    for index, column in sheet.colinfo_map.items():
        if column.hidden:
            grid.hide_columns(index + 1, index + 1)
    return grid


def _value(cell: Cell, styles: _Styles) -> Raw:
    match cell.ctype:
        case xlrd.XL_CELL_TEXT:
            return cast(str, cell.value) or None
        case xlrd.XL_CELL_NUMBER | xlrd.XL_CELL_DATE:
            number, kind = _number(cast(float, cell.value)), _kind(cell, styles)
            return number if kind is None else to_moment(number, kind, styles.date1904)
        case xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        case xlrd.XL_CELL_ERROR:
            text = xlrd.error_text_from_code.get(cast(int, cell.value), "#VALUE!")
            return CellFault("error", text)
    return None


def _kind(cell: Cell, styles: _Styles) -> DateKind | None:
    if cell.xf_index is not None:
        return styles.kinds.get(cell.xf_index)
    # Without formats loaded no cell has a style, and xlrd's own verdict has to do.
    return "date" if cell.ctype == xlrd.XL_CELL_DATE else None


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < _WHOLE_LIMIT else value
