"""A workbook that was read, written again as other programs would: same values, other bytes."""

from __future__ import annotations

import io
import re
import struct
from datetime import date, datetime
from html import escape

import openpyxl
from generated_books import packed, parts_of
from handmade import biff_record, ods_parts, ole_holding, zip_of

from pipeline.books.grid import Book, Sheet
from pipeline.books.raw import Raw

_FORMATTED = '<table:table-cell office:value-type="{}" office:{}="{}"/>'


def as_ods(book: Book) -> bytes:
    """Return the values as an OpenDocument spreadsheet, blank cells in a row as one repeat."""
    tables = (
        f'<table:table table:name="{escape(sheet.name)}">'
        + "".join(f"<table:table-row>{_ods_row(row)}</table:table-row>" for row in sheet.rows)
        + "</table:table>"
        for sheet in book.sheets
    )
    return zip_of(ods_parts("".join(tables)))


def as_xls(book: Book) -> bytes:
    """Return the values as an `.xls` of Excel 97; days are written as text."""
    streams = [_biff_sheet(sheet) for sheet in book.sheets]
    names = [sheet.name.encode("utf-16-le") for sheet in book.sheets]
    start = biff_record(0x809, b"\x00\x06\x05\x00" + bytes(12))
    place = len(start) + sum(4 + 8 + len(name) for name in names) + 4
    bounds = []
    for name, stream in zip(names, streams, strict=True):
        head = struct.pack("<LBBBB", place, 0, 0, len(name) // 2, 1)
        bounds.append(biff_record(0x85, head, name))
        place += len(stream)
    return ole_holding(
        {"Workbook": start + b"".join(bounds) + biff_record(0x0A) + b"".join(streams)}
    )


def oddly_spelt(data: bytes) -> bytes:
    """Return an `.xlsx` with prefixed elements and comments, as only the slow lane reads it."""
    parts = parts_of(data)
    for name, part in parts.items():
        if name.startswith("xl/worksheets/sheet"):
            text = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", part)
            text = text.replace(b" xmlns=", b" xmlns:x=", 1).replace(
                b"</x:row>", b"<!-- --></x:row>\n"
            )
            parts[name] = text
    return packed(parts)


def saved_again(data: bytes) -> bytes:
    """Return the workbook as openpyxl writes it."""
    again = io.BytesIO()
    openpyxl.load_workbook(io.BytesIO(data)).save(again)
    return again.getvalue()


def _ods_row(row: list[Raw]) -> str:
    cells, blanks = [], 0
    for value in row:
        if value is None:
            blanks += 1
            continue
        if blanks:
            cells.append(f'<table:table-cell table:number-columns-repeated="{blanks}"/>')
            blanks = 0
        cells.append(_ods_cell(value))
    return "".join(cells)


def _ods_cell(value: Raw) -> str:
    match value:
        case bool():
            return _FORMATTED.format("boolean", "boolean-value", str(value).lower())
        case int() | float():
            return _FORMATTED.format("float", "value", repr(value))
        case datetime() | date():
            return _FORMATTED.format("date", "date-value", value.isoformat())
    return _FORMATTED.format("string", "string-value", escape(str(value)).replace("\n", "&#10;"))


def _biff_sheet(sheet: Sheet) -> bytes:
    records = [biff_record(0x809, b"\x00\x06\x10\x00" + bytes(12))]
    for row, values in enumerate(sheet.rows):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, bool):
                records.append(biff_record(0x205, place, bytes([value, 0])))
            elif isinstance(value, int | float):
                records.append(biff_record(0x203, place, struct.pack("<d", value)))
            elif value is not None:
                text = (value.isoformat() if isinstance(value, date) else str(value))[:2000]
                encoded = text.encode("utf-16-le")
                head = struct.pack("<HB", len(encoded) // 2, 1)
                records.append(biff_record(0x204, place, head, encoded))
    return b"".join((*records, biff_record(0x0A)))
