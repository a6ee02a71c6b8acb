"""The fast lane of `.xlsx`: sheets in the plain spelling that spreadsheet programs write.

In goes the text of a sheet part, out comes its grid, or nothing where the sheet is spelt in any
other way and the slow lane must read it. One pattern cuts the cells out. The rule: cells and row
tags must account for every character between `<sheetData>` and its end, so nothing is skipped.

The native readers for Python take as long for the same sheets once their input is screened; they
also end the whole process on a stray far cell and give '' for an error value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pipeline.books.grid import Grid
from pipeline.books.raw import Raw
from pipeline.books.recount import count_plain
from pipeline.books.xlsx_values import Values, column_number, read_number
from pipeline.books.xmltext import unescape_references
from pipeline.forms.anchors import STATUS_PREFIX

# Repeats of single characters are possessive, so that a sheet that does not fit fails at once. Those
# of groups are not: before 3.11.5 Python loses its place where a possessive group fails half-way.
# Nothing here can be cut in two ways, so that going back costs no more than the way there.
_STYLE_AND_TYPE = r'(?: (?:s="([0-9]++)"|t="([A-Za-z]++)"|(?:cm|vm|ph)="[0-9]++"))*'
_SPACED = r'(?: xml:space="preserve")?'
# Nobody reads formulas, but a reference to a character that is none would make the part no XML.
_REFERENCE = (
    "&(?:amp|lt|gt|quot|apos|#(?:[1-9][0-9]{2,3}|[1-4][0-9]{4}|6(?:[0-4][0-9]|5[0-4])[0-9]{2}));"
)
_WRITTEN = rf"[^<&]*+(?:{_REFERENCE}[^<&]*+)*</f>"
_FORMULA = rf"<f(?: [^<>/&]*+)?(?:>{_WRITTEN}|/>)"
# A formula that shows nothing is blank too. In each of its prepared rows a template has one of its
# own that may not even be calculated yet, and so many must cost nothing.
_SHOWS_NOTHING = (
    rf'(?: s="[0-9]++")?(?: t="str">{_FORMULA}<v></v></c>'
    rf'|(?: t="[a-z]++")?><f>{STATUS_PREFIX}{_WRITTEN}(?:<v></v>|<v ?+/>)?</c>)'
)
_BLANKS = rf'(?:<c r="[A-Z]++[0-9]++"(?:(?: [st]="[0-9a-z]++")* ?+/>|{_SHOWS_NOTHING}))*'
_CELL = re.compile(
    rf'<c r="([A-Z]++)([0-9]++)"(?!{_SHOWS_NOTHING}){_STYLE_AND_TYPE}>'
    rf"((?:<f(?: [^<>&]*+)?>{_WRITTEN}|<f(?: [^<>/&]*+)?/>)?)"
    rf"(?:<v{_SPACED}>([^<]*+)</v>|<v ?+/>()|<is><t{_SPACED}>([^<]*+)</t></is>)?"
    rf"</c>{_BLANKS}"
)
_ATTRIBUTES = r'(?: [\w:.]++="[^"<>&]*+")*'
_ATTRIBUTES_BEFORE = r'(?: (?!r=)[\w:.]++="[^"<>&]*+")*'
_NO_ROWS = rf"(?:<row{_ATTRIBUTES} ?+(?:/>|>{_BLANKS}</row>))*"
_NEXT_ROW = re.compile(
    rf'</row>{_NO_ROWS}<row({_ATTRIBUTES_BEFORE}) r="([0-9]{{1,7}}+)"({_ATTRIBUTES})>{_BLANKS}'
)
_LAST_ROW = re.compile(rf"</row>{_NO_ROWS}")
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


def read_plain(text: str, values: Values, grid: Grid) -> bool:
    """Fill `grid` from a sheet in the plain spelling; False for any other, the grid then spoilt."""
    start, end = text.find("<sheetData>"), text.rfind("</sheetData>")
    head = text[:start] if 0 < start < end else text
    if not _ROOT.match(head) or "<!" in head or not text.rstrip().endswith("</worksheet>"):
        return False
    if head is text:
        return text.count("<sheetData") == 1 and _NO_CELLS.search(text) is not None
    try:
        _hide_columns(head, grid)
        for chunk in _chunks(text, start + len("<sheetData>"), end):
            _read_rows(chunk, values, grid)
    except (_OtherSpellingError, KeyError, ValueError):
        return False
    return grid.agrees_with(count_plain(text, start, end))


def _chunks(text: str, start: int, end: int) -> Iterator[str]:
    """Yield whole rows, about a megabyte at a time, so that memory stays small."""
    while start < end:
        stop = text.find("</row>", start + _CHUNK, end)
        stop = end if stop < 0 else stop + len("</row>")
        yield text[start:stop]
        start = stop


def _read_rows(chunk: str, values: Values, grid: Grid) -> None:
    """Add the rows of a chunk to the grid.

    Splitting by a pattern with groups gives what lies between two cells, then the cell's groups,
    and so on. Between the cells of a row lies nothing; what is not nothing begins the next row.
    """
    pieces = _CELL.split("</row>" + chunk)
    between, letters, digits, *stored = (
        pieces[group :: _CELL.groups + 1] for group in range(_CELL.groups + 1)
    )
    if not _LAST_ROW.fullmatch(between[-1]):
        raise _OtherSpellingError
    cells = _read_cells(stored, values)
    _, _, _, texts, _, inline = stored
    grid.stored += sum(map(bool, texts)) + sum(map(bool, inline))
    grid.values += len(cells) - cells.count(None)
    letters_before: list[str] = []
    places: list[int] = []
    for first, end in pairwise([place for place, gap in enumerate(between) if gap]):
        number, hidden = _open_row(between[first])
        if digits[first:end].count(number) != end - first or int(number) <= len(grid.rows):
            raise _OtherSpellingError
        if letters[first:end] != letters_before:
            letters_before = letters[first:end]
            places = _places(letters_before)
        if row := _spread(cells[first:end], places):
            grid.add_row(int(number), row, hidden)


def _read_cells(stored: list[list[str]], values: Values) -> list[Raw]:
    """Return the values of the cells whose styles, types, formulas and texts are given.

    Nearly all cells are shared strings and numbers, which are read without a further call.
    """
    strings, dates = values.strings, values.date_styles
    return [
        strings[text]
        if kind == "s" and text
        else (int(text) if text.isdecimal() else _fraction(text))
        if text and (kind is None or kind == "n") and style not in dates
        else _value(values, style, kind, formula, text if empty is None else empty, inline)
        for style, kind, formula, text, empty, inline in zip(*stored, strict=True)
    ]


def _fraction(text: str) -> int | float:
    number = read_number(text)
    if isinstance(number, str):
        raise _OtherSpellingError
    return number


def _value(
    values: Values,
    style: str | None,
    kind: str | None,
    formula: str,
    text: str | None,
    inline: str | None,
) -> Raw:
    """Return the value of any cell, as the slow lane would."""
    if text is None:
        text = inline
    if text and "&" in text:
        text = unescape_references(text)
    return values.read(kind or "n", style or "0", text, bool(formula))


def _spread(cells: list[Raw], places: list[int]) -> list[Raw]:
    """Return the row with each value at its place, ending in a value."""
    while cells and cells[-1] is None:
        cells.pop()
    if not cells or places[len(cells) - 1] == len(cells) - 1:
        return cells
    row: list[Raw] = [None] * (places[len(cells) - 1] + 1)
    for place, value in zip(places, cells, strict=False):
        row[place] = value
    return row


def _places(letters: list[str]) -> list[int]:
    """Return the 0-based columns, which must ascend."""
    places = [column_number(column) - 1 for column in letters]
    if any(right <= left for left, right in pairwise(places)):
        raise _OtherSpellingError
    return places


def _open_row(between: str) -> tuple[str, bool]:
    """Return the number of the row that begins after `between`, and whether it is hidden."""
    tag = _NEXT_ROW.fullmatch(between)
    if tag is None:
        raise _OtherSpellingError
    before, number, after = tag.groups()
    return number, _HIDDEN.search(before + after) is not None


def _hide_columns(head: str, grid: Grid) -> None:
    for tag in _COLUMN.findall(head):
        if _HIDDEN.search(tag):
            bounds = dict(_BOUND.findall(tag))
            grid.hide_columns(int(bounds["min"]), int(bounds["max"]))
