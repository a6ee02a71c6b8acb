"""The names of an `.xls` that stand for formulas, kept from xlrd, which stumbles over them.

In goes the stream of a binary workbook, out comes the same with those names marked as names of
macros, which xlrd passes over. It works out every other name while it opens a file, and gives the
whole file up where a formula has a function that it does not know. Only names of cells are of use.
"""

from __future__ import annotations

import struct

_NAME, _EOF = 0x0018, 0x000A
_BIFF8_BOF = b"\x09\x08\x10\x00\x00\x06"
_FIXED = 14  # bytes of the record before the name itself
_MACRO = 0x08
_REFERENCES = {0x1A: 7, 0x1B: 11}  # to a cell and to an area of another sheet, with their lengths


def without_formula_names(stream: bytes) -> bytes:
    """Return the stream with all names of formulas marked as names of macros.

    Only Excel 97 and later is looked at: what is older knows few functions, and xlrd all of them.
    """
    if not stream.startswith(_BIFF8_BOF):
        return stream
    marked = bytearray(stream)
    place = 0
    while place + 4 <= len(stream):
        code, length = struct.unpack_from("<HH", stream, place)
        if code == _EOF:  # of the workbook's own part, which has all names
            break
        place += 4
        if code == _NAME and length > _FIXED and not _is_reference(stream[place : place + length]):
            marked[place] |= _MACRO
        place += length
    return bytes(marked)


def _is_reference(record: bytes) -> bool:
    characters, formula = record[3], int.from_bytes(record[4:6], "little")
    wide = len(record) > _FIXED and record[_FIXED] & 1
    start = _FIXED + 1 + characters * (2 if wide else 1)
    return start < len(record) and _REFERENCES.get(record[start] & 0x1F) == formula
