"""The workbook part: which sheets there are, and one more in front of them.

In: a package. Out: its sheets by name, and the list as first sheet, in the place of an earlier
list of ours. What counts sheets by position (local names, the selected tab) is moved along; what
refers to them by name or id needs no change.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from itertools import chain, count

from lxml import etree

from pipeline.intake.returned import is_list_sheet
from pipeline.receipts.alike import once_for_all
from pipeline.receipts.mark_list import HEADER_ROW, TAB_COLOUR
from pipeline.receipts.package import (
    STRICT,
    TRANSITIONAL,
    Dialect,
    Element,
    Package,
    parse_xml,
    to_bytes,
)
from pipeline.receipts.packing import CannotMark

_WORKBOOK_TYPES = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": ".xlsx",
    "application/vnd.ms-excel.sheet.macroEnabled.main+xml": ".xlsm",
}
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet of the workbook; `kind` tells worksheets from charts and dialogs."""

    name: str
    part: str
    kind: str


def find_workbook(package: Package) -> str:
    """Return the name of the workbook part."""
    found = {relation.kind: relation.target for relation in package.relations("")}
    if "origin" in found:  # of a digital signature, which every change would break
        raise CannotMark("a signed workbook")
    if "officeDocument" not in found:
        raise CannotMark("not a workbook")
    return found["officeDocument"]


def suffix_of(package: Package, workbook: str) -> str:
    """Return what a file with this workbook part is called; Excel opens it under no other."""
    suffix = _WORKBOOK_TYPES.get(package.content_type(workbook), "")
    if not suffix:
        raise CannotMark("not a workbook of Excel's XML kind")
    return suffix


class WorkbookPart:
    """The workbook part of a package and what hangs on it."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self.part = find_workbook(package)
        self._relations = package.relations(self.part)
        if any(relation.kind == "revisionHeaders" for relation in self._relations):
            # A shared workbook numbers its sheets in its history too.
            raise CannotMark("a workbook under revision")
        self.suffix = suffix_of(package, self.part)
        self.dialect, listed = _read_sheets(package.read_common(self.part))
        self.sheets = tuple(self._sheet(*sheet) for sheet in listed)
        self.earlier_list = next((s for s in self.sheets if self._is_ours(s)), None)

    @property
    def styles(self) -> str:
        """The name of the style part."""
        for relation in self._relations:
            if relation.kind == "styles":
                return relation.target
        raise CannotMark("a workbook without styles")

    def put_first(self, title: str, content: bytes) -> None:
        """Make a sheet of `content` the first and selected one, replacing an earlier list."""
        if self.earlier_list is None:
            relation, old_place = self._add_sheet(content), len(self.sheets)
        else:
            relation, old_place = "", self.sheets.index(self.earlier_list)
            self._replace_sheet(self.earlier_list, content)
        self._package.change(self.part, _with_list, self.dialect, title, old_place, relation)

    def _add_sheet(self, content: bytes) -> str:
        folder = posixpath.dirname(self.part)
        part = self._package.free_name(posixpath.join(folder, "worksheets/sheet{}.xml"))
        self._package.put(part, content)
        self._package.declare(part, _SHEET_TYPE)
        return self._package.relate(self.part, part, "worksheet", self.dialect)

    def _replace_sheet(self, sheet: SheetPart, content: bytes) -> None:
        self._package.put(sheet.part, content)
        self._package.drop_relations(sheet.part)  # a program may have given it printer settings

    def _sheet(self, name: str, wanted: str | None) -> SheetPart:
        for relation in self._relations:
            if relation.id == wanted:
                return SheetPart(name, relation.target, relation.kind)
        raise CannotMark("a sheet without a part")

    def _is_ours(self, sheet: SheetPart) -> bool:
        if sheet.kind != "worksheet" or not is_list_sheet(sheet.name):
            return False
        tag = self.dialect.tag
        colour = self._package.tree(sheet.part).find(f"{tag('sheetPr')}/{tag('tabColor')}")
        return colour is not None and colour.get("rgb", "").upper() == TAB_COLOUR


@once_for_all
def _read_sheets(content: bytes) -> tuple[Dialect, tuple[tuple[str, str | None], ...]]:
    """Return the dialect of a workbook part, and name and relationship of each of its sheets."""
    root = parse_xml(content)
    dialect = _dialect(root)
    sheets, id_name = _sheet_list(root, dialect), f"{{{dialect.rel}}}id"
    return dialect, tuple((sheet.get("name", ""), sheet.get(id_name)) for sheet in sheets)


@once_for_all
def _with_list(
    content: bytes, dialect: Dialect, title: str, old_place: int, relation: str
) -> bytes:
    """Return the workbook part with the list as first sheet: a new one with this relationship,
    or the one that is at `old_place`."""
    root = parse_xml(content)
    sheets = _sheet_list(root, dialect)
    if relation:
        sheets.append(_new_sheet(sheets, dialect, relation))
    element = sheets[old_place]
    element.attrib.pop("state", "")
    name = _free_title(title, sheets, element)
    element.set("name", name)
    sheets.insert(0, element)
    _move_local_names(root, dialect, old_place)
    _add_print_titles(root, dialect, name)
    _select_first(root, dialect, sheets)
    return to_bytes(root)


def _sheet_list(root: Element, dialect: Dialect) -> Element:
    sheets = root.find(dialect.tag("sheets"))
    if sheets is None or not len(sheets):
        raise CannotMark("a workbook without sheets")
    return sheets


def _new_sheet(sheets: Element, dialect: Dialect, relation: str) -> Element:
    number = max(int(sheet.get("sheetId", "0")) for sheet in sheets) + 1
    element = sheets.makeelement(dialect.tag("sheet"))
    element.set("name", "")
    element.set("sheetId", str(number))
    element.set(f"{{{dialect.rel}}}id", relation)
    return element


def _free_title(title: str, sheets: Element, element: Element) -> str:
    taken = {e.get("name", "").casefold() for e in sheets if e is not element}
    numbered = (f"{title} ({number})" for number in count(2))
    return next(name for name in chain([title], numbered) if name.casefold() not in taken)


def _move_local_names(root: Element, dialect: Dialect, old_place: int) -> None:
    """Renumber the names that belong to a sheet, after the sheet at `old_place` went first."""
    names = root.find(dialect.tag("definedNames"))
    for name in [] if names is None else list(names):
        place = int(name.get("localSheetId", "-1"))
        if names is not None and place == old_place:
            names.remove(name)
        elif 0 <= place < old_place:
            name.set("localSheetId", str(place + 1))


def _add_print_titles(root: Element, dialect: Dialect, title: str) -> None:
    names = root.find(dialect.tag("definedNames"))
    if names is None:
        names = root.makeelement(dialect.tag("definedNames"))
        before = {dialect.tag(n) for n in ("sheets", "functionGroups", "externalReferences")}
        [child for child in root if child.tag in before][-1].addnext(names)
    attributes = {"name": "_xlnm.Print_Titles", "localSheetId": "0"}
    quoted = title.replace("'", "''")
    name = etree.SubElement(names, dialect.tag("definedName"), attributes)
    name.text = f"'{quoted}'!${HEADER_ROW}:${HEADER_ROW}"


def _select_first(root: Element, dialect: Dialect, sheets: Element) -> None:
    views = root.find(dialect.tag("bookViews"))
    if views is None:
        views = root.makeelement(dialect.tag("bookViews"))
        etree.SubElement(views, dialect.tag("workbookView"))
        sheets.addprevious(views)
    for view in views.iterchildren(dialect.tag("workbookView")):
        view.set("activeTab", "0")
        view.attrib.pop("firstSheet", "")


def _dialect(root: Element) -> Dialect:
    for dialect in (TRANSITIONAL, STRICT):
        if root.tag == dialect.tag("workbook"):
            return dialect
    raise CannotMark("a workbook of an unknown dialect")
