"""A second count of the cells that hold something, made from the bytes in another way.

In go the texts or records that a reader has read from, out comes how many cells they hold, which
must equal what the reader says (`Grid.stored`). The rule: nothing is shared with the readers, no
pattern, no parser and no idea of what a value means. Where the two differ a value has vanished or
two stand in one place, and nobody may guess which.

This is libexpat beside the lxml of the readers, and the bare records beside xlrd.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from xml.parsers import expat

_BETWEEN = "}"
_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "http://purl.oclc.org/ooxml/spreadsheetml/main}",
)
_ODF = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
_TABLE, _OFFICE, _TEXT = (_ODF.format(name) for name in ("table", "office", "text"))
_ERROR_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_CELLS = (_TABLE + "table-cell", _TABLE + "covered-table-cell")
_VALUES = tuple(_OFFICE + name for name in
                ("value", "string-value", "boolean-value", "date-value", "time-value"))  # fmt: skip
_SPACES = tuple(_TEXT + name for name in ("s", "tab", "line-break"))
_ASIDE = (_TEXT + "ruby-text", _TEXT + "note", _OFFICE + "annotation")

_BOF = (0x0009, 0x0209, 0x0409, 0x0809)
_EOF, _MULTIPLE = 0x000A, 0x00BD
_STORING = frozenset((
    *(0x0002, 0x0003, 0x0004, 0x0005, 0x0006),  # of Excel 2, but formulas ever since
    *(0x0203, 0x0204, 0x0205, 0x0206, 0x0406),  # number, label, logical or error, formula
    *(0x027E, 0x00FD, 0x00D6),  # short number, shared and rich string
))  # fmt: skip
_SHEET = 0x0010
_OLD = 0x0500  # before it, a sheet was a file


def count_plain(part: bytes) -> int:
    """Return how many cells of a plainly spelt sheet have a text of their own, wherever they are."""
    filled = part.count(b"</v></c>") - part.count(b"></v></c>")
    inline = part.count(b"</t></is></c>")
    return filled + inline - (part.count(b"></t></is></c>") if inline else 0)


def count_xlsx(part: bytes) -> int:
    """Return how many cells of a sheet part of any spelling have a text of their own."""
    counter = _XlsxCells()
    _parse(part, counter)
    return counter.count


def count_ods(part: bytes) -> list[int]:
    """Return how many cells each sheet of an OpenDocument content part fills."""
    counter = _OdsCells()
    _parse(part, counter)
    return counter.counts


def count_records(stream: bytes) -> int:
    """Return how many cells the sheets of a binary workbook store.

    A chart inside a sheet has records of the same codes, which store what it shows.
    """
    count = place = depth = 0
    counting = False
    while place + 4 <= len(stream):
        code, length = struct.unpack_from("<HH", stream, place)
        place += 4
        if code in _BOF and length >= 4:
            depth += 1
            if depth == 1:
                version, kind = struct.unpack_from("<HH", stream, place)
                counting = kind == _SHEET or code != 0x0809 or version < _OLD
        elif code == _EOF:
            depth = max(depth - 1, 0)
        elif counting and depth == 1:
            if code in _STORING:
                count += 1
            elif code == _MULTIPLE:
                count += (length - 6) // 6
        place += length
    return count


class _XlsxCells:
    """Counts cells with text in `<v>`, or in `<t>` where that is not a reading aid."""

    def __init__(self) -> None:
        self.count = 0
        self._path: list[str] = []
        self._filled = False

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        name = next((name[len(main) :] for main in _MAIN if name.startswith(main)), "")
        self._path.append(name)
        if name == "c":
            self._filled = False

    def text(self, _data: str) -> None:
        if self._path[-1:] == ["v"] or (self._path[-1:] == ["t"] and "rPh" not in self._path):
            self._filled = True

    def end(self, _name: str) -> None:
        if self._path.pop() == "c":
            self.count += self._filled
            self._filled = False


class _OdsCells:
    """Counts filled cells with their repeats, table by table; tables inside cells are none."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self._path: list[str] = []
        self._cell = 0  # how deep the cell is, 0 outside of one
        self._rows = self._columns = 1
        self._filled = self._no_result = False
        self._paragraphs = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._path.append(name)
        if self._cell:
            self._within(name)
        elif name == _TABLE + "table" and self._path[-2:-1] == [_OFFICE + "spreadsheet"]:
            self.counts.append(0)
        elif name == _TABLE + "table-row":
            self._rows = int(attributes.get(_TABLE + "number-rows-repeated", 1))
        elif name in _CELLS and self.counts:
            self._cell, self._paragraphs = len(self._path), 0
            self._columns = int(attributes.get(_TABLE + "number-columns-repeated", 1))
            has_value = any(value in attributes for value in _VALUES)
            self._no_result = _TABLE + "formula" in attributes and not has_value
            self._filled = attributes.get(_ERROR_TYPE) == "error" or any(
                attributes.get(value) for value in _VALUES
            )

    def text(self, _data: str) -> None:
        if self._cell and self._in_words():
            self._filled = True

    def end(self, _name: str) -> None:
        if self._cell == len(self._path):
            uncalculated = self._no_result and not self._paragraphs
            if self._filled or uncalculated or self._paragraphs > 1:
                self.counts[-1] += self._rows * self._columns
            self._cell = 0
        self._path.pop()

    def _within(self, name: str) -> None:
        if name == _TEXT + "p" and len(self._path) == self._cell + 1:
            self._paragraphs += 1
        elif name in _SPACES and self._in_words():
            self._filled = True

    def _in_words(self) -> bool:
        inside = self._path[self._cell :]
        return inside[:1] == [_TEXT + "p"] and not any(name in _ASIDE for name in inside)


def _parse(part: bytes, counter: _XlsxCells | _OdsCells) -> None:
    parser = expat.ParserCreate(namespace_separator=_BETWEEN)
    parser.StartElementHandler = counter.start
    parser.EndElementHandler = counter.end
    parser.CharacterDataHandler = counter.text
    parser.Parse(part, True)
