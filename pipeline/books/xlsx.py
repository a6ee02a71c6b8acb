"""The package of an `.xlsx` or `.xlsm`: which sheets, which strings, which styles are dates.

In go screened parts, out come sheets. Each sheet takes the fast lane (`xlsx_plain`) where it is
spelt the usual way, else the slow one (`xlsx_walk`); both lanes share `xlsx_values`. Parts are
found by their relationships, transitional or Strict, never by their usual names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import unquote

from lxml import etree

from pipeline.books import refusals
from pipeline.books.grid import Grid, Stored, Visibility
from pipeline.books.names import NamedCell, cell_of, settle_names
from pipeline.books.refusals import refuse
from pipeline.books.screen import Package, Packed, Room
from pipeline.books.serials import BUILT_IN, DateKind, date_kind
from pipeline.books.xlsx_plain import read_plain
from pipeline.books.xlsx_values import Values
from pipeline.books.xlsx_walk import walk_cells, walk_strings
from pipeline.books.xmltext import (
    decode_part,
    ends_cdata,
    local_name,
    parse_part,
    unescape_control,
    unescape_references,
)
from pipeline.forms.anchors import CHECK_SHEET

_VISIBILITY: dict[str, Visibility] = {"hidden": "hidden", "veryHidden": "very hidden"}
_ON = ("1", "true", "on")
_OPEN, _CLOSE = "<si><t>", "</t></si>"
_TEXT = r'<t(?: xml:space="preserve")?>([^<]*+)</t>'
_RUN = r'<t(?: xml:space="preserve")?>[^<]*+</t>'
_FONT = r"(?:<rPr>(?:<[^<>/]++/>)*</rPr>)?"
_STRING = re.compile(rf"<si>(?:{_TEXT}|((?:<r>{_FONT}{_RUN}</r>)+))(?:<phoneticPr[^<>/]*+/>)?</si>")
_RUN_TEXT = re.compile(_TEXT)


_SMALL = 2**18  # bytes; what hostile files could make us keep stays small
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that another one points to."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A sheet as the workbook part lists it."""

    name: str
    relation: str
    visibility: Visibility

    @property
    def is_check(self) -> bool:
        """Whether it is the template's own; one that is visible is somebody's of that name."""
        return self.name == CHECK_SHEET and self.visibility != "visible"


@dataclass(frozen=True, slots=True)
class _Main:
    """What the workbook part says."""

    sheets: tuple[_Entry, ...]
    names: Mapping[str, NamedCell]
    date1904: bool


def read_xlsx(package: Package, room: Room) -> Stored:
    """Return every worksheet and the names of single cells.

    Chart, dialog and macro sheets hold no cells and are left out; so is the sheet with which our
    template judges itself, since nobody would ask what it says.
    """
    main = _related(package, "")
    book_path = next((part.path for part in main.values() if part.kind == "officeDocument"), "")
    if not book_path:
        raise refuse(refusals.UNKNOWN_KIND)
    book = _read_once(_read_main, package.packed(book_path))
    parts = _related(package, book_path)
    values = _read_values(package, parts, book.date1904, room)
    sheets = []
    for entry in book.sheets:
        if (part := parts.get(entry.relation)) is None:
            raise refuse(refusals.DAMAGED)
        if part.kind == "worksheet" and not entry.is_check:
            grid = _read_grid(package.part(part.path), values, entry.name, room)
            sheets.append(grid.as_sheet(entry.visibility))
    if not sheets:
        raise refuse(refusals.NO_SHEETS)
    return tuple(sheets), book.names


def _read_main(part: bytes) -> _Main:
    book = parse_part(part)
    sheets = (
        _Entry(
            element.get("name", ""),
            relation,
            _VISIBILITY.get(element.get("state", ""), "visible"),
        )
        for element in _children(book, "sheets")
        if (relation := _relation_id(element))  # else a module of macros, once a sheet
    )
    settings = next((element for element in book if local_name(element) == "workbookPr"), None)
    date1904 = settings is not None and settings.get("date1904") in _ON
    return _Main(tuple(sheets), _read_names(book), date1904)


def _read_names(book: etree._Element) -> Mapping[str, NamedCell]:
    return settle_names(
        (element.get("name", ""), "localSheetId" in element.attrib, cell_of(element.text))
        for element in _children(book, "definedNames")
        if element.text and element.text[-1].isdigit()  # most names are formulas
    )


def _read_grid(part: bytes, values: Values, name: str, room: Room) -> Grid:
    grid, cells = Grid(name, room), room.cells
    if read_plain(part, values, grid):
        return grid
    room.cells = cells
    grid = Grid(name, room)
    walk_cells(decode_part(part), values, grid)
    return grid


def _read_values(
    package: Package, parts: Mapping[str, _Part], date1904: bool, room: Room
) -> Values:
    paths = {part.kind: part.path for part in parts.values()}
    strings: dict[str, str | None] = {}
    if "sharedStrings" in paths:
        strings = _read_strings(decode_part(package.part(paths["sharedStrings"])), room)
    dates: Mapping[str, DateKind] = {}
    if "styles" in paths:
        dates = _read_once(_date_styles, package.packed(paths["styles"]))
    return Values(strings, dates, date1904)


def _read_strings(text: str, room: Room) -> dict[str, str | None]:
    """Return the shared strings by their index, the empty one as None; phonetics are left out."""
    if text.count("<si") > room.limits.max_cells:
        raise refuse(refusals.TOO_MANY_CELLS, limit=room.limits.max_cells)
    strings = _plain_strings(text) or list(walk_strings(text))
    if "_" in text and "_x" in text:
        strings = [unescape_control(string) for string in strings]
    return {str(index): string or None for index, string in enumerate(strings)}


def _plain_strings(text: str) -> list[str]:
    """Cut the strings out where nothing else is between them; none where something is."""
    start, end = text.find("<si>"), text.rfind("</sst>")
    if not 0 <= start < end or "<!" in text[:start] or ends_cdata(text):
        return []
    listed = text[start:end]
    strings = _bare_strings(listed) or _rich_strings(listed)
    if "&" not in text:
        return strings
    try:
        return [unescape_references(string) for string in strings]
    except (KeyError, ValueError):
        return []


def _bare_strings(listed: str) -> list[str]:
    """Cut strings of one run each apart, which nearly all are; none where one is not."""
    if 'xml:space="preserve"' in listed:
        listed = listed.replace('<t xml:space="preserve">', "<t>")
    strings = listed[len(_OPEN) : -len(_CLOSE)].split(_CLOSE + _OPEN)
    is_bare = listed.startswith(_OPEN) and listed.endswith(_CLOSE)
    return strings if is_bare and listed.count("<") == 4 * len(strings) else []


def _rich_strings(listed: str) -> list[str]:
    pieces = _STRING.split(listed)
    if any(pieces[::3]):
        return []
    return [
        whole if runs is None else "".join(_RUN_TEXT.findall(runs))
        for whole, runs in zip(pieces[1::3], pieces[2::3], strict=True)
    ]


def _read_once(read: Callable[..., Found], part: Packed, *also: str) -> Found:
    """Return what a part says. Workbooks of one template share small parts byte for byte."""
    if max(part.size, len(part.content)) > _SMALL:
        return read(part.unpack(), *also)
    found: Found = _remembered(read, part, *also)
    return found


@lru_cache(maxsize=64)
def _remembered(read: Callable[..., Any], part: Packed, *also: str) -> Any:
    return read(part.unpack(), *also)


def _date_styles(part: bytes) -> Mapping[str, DateKind]:
    """Return which cell styles show their number as a day or time, by the style's index."""
    styles = parse_part(part)
    formats = {
        element.get("numFmtId", ""): element.get("formatCode", "")
        for element in _children(styles, "numFmts")
    }
    dates: dict[str, DateKind] = {}
    for index, element in enumerate(_children(styles, "cellXfs")):
        number = element.get("numFmtId", "0")
        kind = date_kind(formats[number]) if number in formats else BUILT_IN.get(int(number))
        if kind is not None:
            dates[str(index)] = kind
    return dates


def _related(package: Package, path: str) -> Mapping[str, _Part]:
    """Return what a part points to inside the package, by relationship id."""
    folder, name = posixpath.split(path)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations.lower() not in package.names:
        return {}
    return _read_once(_relations, package.packed(relations), folder)


def _relations(part: bytes, folder: str) -> Mapping[str, _Part]:
    found = {}
    for element in parse_part(part):
        if element.get("TargetMode") != "External":
            written = unquote(element.get("Target", "")).replace("\\", "/")
            target = posixpath.join("/", folder, written)
            kind = posixpath.basename(element.get("Type", ""))
            found[element.get("Id", "")] = _Part(kind, posixpath.normpath(target).lstrip("/"))
    return found


def _relation_id(element: etree._Element) -> str:
    """Return the `r:id` of a sheet, whose namespace differs in Strict workbooks."""
    for name, value in element.attrib.items():
        if str(name).endswith("/relationships}id"):
            return str(value)
    return ""


def _children(parent: etree._Element, name: str) -> list[etree._Element]:
    """Return the children of the named child, of whatever namespace."""
    return [child for element in parent if local_name(element) == name for child in element]
