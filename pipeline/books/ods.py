"""OpenDocument spreadsheets (`.ods`), as LibreOffice, OpenOffice, WPS and Excel write them.

In go screened parts, out come sheets. The rule: repeats are what the format lives by, so blank
ones only move the place on, and filled ones are counted against the limits before they are made.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from lxml import etree

from pipeline.books import refusals
from pipeline.books.grid import MAX_COLUMN, MAX_ROW, Grid, Sheet, Stored
from pipeline.books.names import NamedCell, cell_of, settle_names
from pipeline.books.raw import CellFault, Raw
from pipeline.books.recount import count_ods
from pipeline.books.refusals import refuse
from pipeline.books.screen import Package, Room
from pipeline.books.xlsx_values import read_number
from pipeline.books.xmltext import (
    decode_part,
    forget,
    local_name,
    stream_elements,
    undeclared,
)

_ODF = "{{urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
_TABLE, _OFFICE, _TEXT = _ODF.format("table"), _ODF.format("office"), _ODF.format("text")
_STYLE = _ODF.format("style")
_CALCEXT = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"

_ERROR = re.compile(r"#(?:REF!|DIV/0!|VALUE!|NAME\?|N/A|NUM!|NULL!)|(?:Err|错误):[0-9]{3}")
_DURATION = re.compile(
    r"(-?)P(?:([0-9]{1,6})D)?T(?:([0-9]{1,7})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,9}(?:\.[0-9]+)?)S)?"
)
_BLANKS = {"s": " ", "tab": "\t", "line-break": "\n"}
_NAMED = _TABLE + "named-range"
_TAGS = [
    _NAMED,
    _STYLE + "style",
    *(_TABLE + name for name in ("table-column", "table-row", "table")),
]
_CELLS = (_TABLE + "table-cell", _TABLE + "covered-table-cell")
_STORED_AS = {
    "string": "string-value",
    "boolean": "boolean-value",
    "date": "date-value",
    "time": "time-value",
}
_HIDDEN = ("collapse", "filter")
_SPACES = re.compile(r"[ \t\r\n]+")
_LONGEST_TEXT = 32_767
_ASIDE = ("annotation", "ruby-text", "note")


def read_ods(package: Package, room: Room) -> Stored:
    """Return every sheet and the names of single cells.

    Tables inside cells or drawings are no sheets and are left out.
    """
    hidden_styles: set[str] = set()
    sheets: list[Sheet] = []
    names: list[tuple[str, bool, NamedCell | None]] = []
    reader = _TableReader(room)
    text = decode_part(package.part("content.xml"))
    counted = iter(count_ods(undeclared(text)))
    for element in stream_elements(text, _TAGS):
        tag = element.tag
        if tag == _STYLE + "style":
            if _hides(element):
                hidden_styles.add(element.get(_STYLE + "name", ""))
        elif tag == _NAMED:
            names.append(_name(element))
        elif not _is_nested(element):
            if tag == _TABLE + "table-column":
                reader.add_columns(element)
            elif tag == _TABLE + "table-row":
                reader.add_rows(element)
                forget(element)
            else:
                is_hidden = element.get(_TABLE + "style-name", "") in hidden_styles
                reader.grid.name = element.get(_TABLE + "name", "")
                if not reader.grid.agrees_with(next(counted, -1)):
                    raise refuse(refusals.DAMAGED)
                sheets.append(reader.grid.as_sheet("hidden" if is_hidden else "visible"))
                reader = _TableReader(room)
                forget(element)
    if not sheets:
        raise refuse(refusals.NO_SHEETS)
    return tuple(sheets), settle_names(names)


def _name(element: etree._Element) -> tuple[str, bool, NamedCell | None]:
    cell = cell_of(element.get(_TABLE + "cell-range-address", ""))
    of_a_sheet = next(element.iterancestors(_TABLE + "table"), None) is not None
    return element.get(_TABLE + "name", ""), of_a_sheet, cell


class _TableReader:
    """One table while its columns and rows come by."""

    def __init__(self, room: Room) -> None:
        self.grid = Grid("", room)
        self._row = 0
        self._column = 0

    def add_columns(self, element: etree._Element) -> None:
        count = _repeats(element, "columns", MAX_COLUMN - self._column)
        if element.get(_TABLE + "visibility") in _HIDDEN:
            self.grid.hide_columns(self._column + 1, self._column + count)
        self._column += count

    def add_rows(self, element: etree._Element) -> None:
        count = _repeats(element, "rows", MAX_ROW - self._row)
        row = _read_row(element, self.grid.room)
        filled = len(row) - row.count(None)
        if row:
            self.grid.room.check_cells(count * len(row))
            is_hidden = element.get(_TABLE + "visibility") in _HIDDEN
            self.grid.stored += filled * count
            self.grid.values += filled * count
            for number in range(self._row + 1, self._row + count + 1):
                self.grid.add_row(number, row, is_hidden)
        self._row += count


def _read_row(element: etree._Element, room: Room) -> list[Raw]:
    """Return the values of a row, ending in a value; cells under a merged one count as well."""
    row: list[Raw] = []
    blanks = 0
    for cell in element:
        if cell.tag not in _CELLS:
            continue
        count = _repeats(cell, "columns", MAX_COLUMN - len(row) - blanks)
        value = _value(cell)
        if value is None:
            blanks += count
        else:
            room.check_cells(len(row) + blanks + count)
            row.extend([None] * blanks + [value] * count)
            blanks = 0
    return row


def _value(cell: etree._Element) -> Raw:
    """Return the value of a cell: the stored one, never the text that it is shown as."""
    kind, formula = cell.get(_OFFICE + "value-type"), cell.get(_TABLE + "formula")
    stored, text = cell.get(f"{_OFFICE}{_STORED_AS.get(kind or '', 'value')}"), _text(cell)
    if cell.get(_CALCEXT + "value-type") == "error" or (
        formula is not None and text and _ERROR.fullmatch(text)
    ):
        return CellFault("error", text or "#VALUE!")
    if formula is not None and stored is None and text is None:
        return CellFault("uncalculated")
    if not stored:
        return text or None
    if kind == "boolean":
        return stored == "true"
    if kind == "date":
        return _moment(stored)
    if kind == "time":
        return _duration(stored)
    return stored if kind == "string" else read_number(stored)


def _text(cell: etree._Element) -> str | None:
    """Return the paragraphs of a cell as lines, None where it has none; comments are left out."""
    paragraphs = [_words(child) for child in cell if child.tag == _TEXT + "p"]
    return "\n".join(paragraphs) if paragraphs else None


def _words(element: etree._Element) -> str:
    name = local_name(element)
    if name in _ASIDE:
        return ""
    if name == "s":
        return " " * min(int(element.get(_TEXT + "c", "1")), _LONGEST_TEXT)
    words = [_BLANKS.get(name, ""), _SPACES.sub(" ", element.text or "")]
    for child in element:
        words += _words(child), _SPACES.sub(" ", child.tail or "")
    return "".join(words)


def _moment(stored: str) -> Raw:
    """Read an ISO date; a midnight is a day, and what the calendar does not know stays text."""
    try:
        moment = datetime.fromisoformat(stored)
    except ValueError:
        return stored
    return moment.date() if moment.time() == time() else moment


def _duration(stored: str) -> Raw:
    """Read a duration; below a day it is a time of day, as a spreadsheet shows it."""
    match = _DURATION.fullmatch(stored)
    if match is None:
        return stored
    days, hours, minutes = (int(part or 0) for part in match.groups()[1:4])
    duration = timedelta(days, float(match[5] or 0), hours=hours, minutes=minutes)
    if match[1] or duration >= timedelta(days=1):
        return -duration if match[1] else duration
    return (datetime.min + duration).time()


def _repeats(element: etree._Element, what: str, most: int) -> int:
    count = int(element.get(f"{_TABLE}number-{what}-repeated", "1"))
    if not 1 <= count <= most:
        raise refuse(refusals.DAMAGED)
    return count


def _hides(style: etree._Element) -> bool:
    return any(properties.get(_TABLE + "display") == "false" for properties in style)


def _is_nested(element: etree._Element) -> bool:
    """Tell whether a part of a table, or a table, is not one of the sheets."""
    while element.tag != _TABLE + "table":
        parent = element.getparent()
        if parent is None:
            return True
        element = parent
    parent = element.getparent()
    return parent is None or parent.tag != _OFFICE + "spreadsheet"
