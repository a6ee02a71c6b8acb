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
from pipeline.receipts.mark_list import HEADER_ROW, TAB_COLOUR
from pipeline.receipts.package import (
    STRICT,
    TRANSITIONAL,
    CannotMark,
    Dialect,
    Element,
    Package,
)

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
        kinds = {relation.kind for relation in self._relations}
        if "revisionHeaders" in kinds:  # a shared workbook numbers its sheets in its history too
            raise CannotMark("a workbook under revision")
        suffix_of(package, self.part)
        self._root = package.edit(self.part)
        self.dialect = _dialect(self._root)
        sheets = self._root.find(self._tag("sheets"))
        if sheets is None or not len(sheets):
            raise CannotMark("a workbook without sheets")
        self._list = sheets
        self.sheets = tuple(self._sheet(element) for element in sheets)
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
            element, old_place = self._add_sheet(content), len(self._list)
        else:
            old_place = self.sheets.index(self.earlier_list)
            element = self._list[old_place]
            self._replace_sheet(self.earlier_list, content)
        element.attrib.pop("state", "")
        name = self._free_title(title, element)
        element.set("name", name)
        self._list.insert(0, element)
        self._move_local_names(old_place)
        self._add_print_titles(name)
        self._select_first()

    def _add_sheet(self, content: bytes) -> Element:
        folder = posixpath.dirname(self.part)
        part = self._package.free_name(posixpath.join(folder, "worksheets/sheet{}.xml"))
        self._package.put(part, content)
        self._package.declare(part, _SHEET_TYPE)
        relation = self._package.relate(self.part, part, "worksheet", self.dialect)
        number = max(int(sheet.get("sheetId", "0")) for sheet in self._list) + 1
        element = self._list.makeelement(self.dialect.tag("sheet"))
        element.set("name", "")
        element.set("sheetId", str(number))
        element.set(f"{{{self.dialect.rel}}}id", relation)
        return element

    def _replace_sheet(self, sheet: SheetPart, content: bytes) -> None:
        self._package.put(sheet.part, content)
        self._package.drop_relations(sheet.part)  # a program may have given it printer settings

    def _move_local_names(self, old_place: int) -> None:
        """Renumber the names that belong to a sheet, after the sheet at `old_place` went first."""
        names = self._root.find(self._tag("definedNames"))
        for name in [] if names is None else list(names):
            place = int(name.get("localSheetId", "-1"))
            if names is not None and place == old_place:
                names.remove(name)
            elif 0 <= place < old_place:
                name.set("localSheetId", str(place + 1))

    def _add_print_titles(self, title: str) -> None:
        names = self._root.find(self._tag("definedNames"))
        if names is None:
            names = self._root.makeelement(self._tag("definedNames"))
            before = {self._tag(n) for n in ("sheets", "functionGroups", "externalReferences")}
            [child for child in self._root if child.tag in before][-1].addnext(names)
        attributes = {"name": "_xlnm.Print_Titles", "localSheetId": "0"}
        quoted = title.replace("'", "''")
        name = etree.SubElement(names, self._tag("definedName"), attributes)
        name.text = f"'{quoted}'!${HEADER_ROW}:${HEADER_ROW}"

    def _select_first(self) -> None:
        views = self._root.find(self._tag("bookViews"))
        if views is None:
            views = self._root.makeelement(self._tag("bookViews"))
            etree.SubElement(views, self._tag("workbookView"))
            self._list.addprevious(views)
        for view in views.iterchildren(self._tag("workbookView")):
            view.set("activeTab", "0")
            view.attrib.pop("firstSheet", "")

    def _free_title(self, title: str, element: Element) -> str:
        taken = {e.get("name", "").casefold() for e in self._list if e is not element}
        numbered = (f"{title} ({number})" for number in count(2))
        return next(name for name in chain([title], numbered) if name.casefold() not in taken)

    def _sheet(self, element: Element) -> SheetPart:
        wanted = element.get(f"{{{self.dialect.rel}}}id")
        for relation in self._relations:
            if relation.id == wanted:
                return SheetPart(element.get("name", ""), relation.target, relation.kind)
        raise CannotMark("a sheet without a part")

    def _is_ours(self, sheet: SheetPart) -> bool:
        if sheet.kind != "worksheet" or not is_list_sheet(sheet.name):
            return False
        tag = self._tag
        colour = self._package.tree(sheet.part).find(f"{tag('sheetPr')}/{tag('tabColor')}")
        return colour is not None and colour.get("rgb", "").upper() == TAB_COLOUR

    def _tag(self, name: str) -> str:
        return self.dialect.tag(name)


def _dialect(root: Element) -> Dialect:
    for dialect in (TRANSITIONAL, STRICT):
        if root.tag == dialect.tag("workbook"):
            return dialect
    raise CannotMark("a workbook of an unknown dialect")
