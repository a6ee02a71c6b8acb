"""The comments of one sheet: ours added, a person's own kept, those of an earlier receipt gone.

In: the sheet part and a message for each cell. Out: the comment part and the drawing that gives
each comment its box, made or amended. A cell that somebody has commented gets our words below
theirs; a threaded comment is left alone, since Excel shows only its thread.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from lxml import etree

from pipeline.intake.addresses import Address, cell_name, parse_cell
from pipeline.intake.mark_boxes import add_boxes, anchor_of, new_drawing, redraw
from pipeline.intake.mark_cells import SheetCells
from pipeline.intake.package import CannotMark, Dialect, Element, Package
from pipeline.intake.safe_text import CELL_LIMIT, spreadsheet_text

AUTHOR = "工会报表核对"

_BELOW = f"\n──── {AUTHOR} ────\n"
_BELOW_FOUND = re.compile(rf"\r?\n──── {AUTHOR} ────.*", re.DOTALL)
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_AFTER_DRAWING = re.compile(
    r"legacyDrawingHF|drawingHF|picture|oleObjects|controls|webPublishItems|tableParts|extLst|"
    r"AlternateContent"
)


def write_notes(
    package: Package,
    sheet: str,
    root: Element,
    cells: SheetCells,
    notes: Mapping[Address, str],
    dialect: Dialect,
) -> None:
    """Put `notes` on the cells of the sheet part with this `root`, in place of those of an earlier receipt."""
    part = _comments_part(package, sheet)
    if part is None:
        if not notes:
            return
        part = _new_comments_part(package, sheet, dialect)
    comments = _Comments(package.edit(part), dialect)
    gone = comments.remove_ours()
    for address, text in sorted(notes.items()):
        comments.put(address, text)
    anchors = {place: anchor_of(cells, place, text) for place, text in comments.texts().items()}
    drawing = _drawing_part(package, sheet, root, dialect, len(notes))
    amended = {place: anchors[place] for place in notes}
    package.put(drawing, add_boxes(redraw(package.read(drawing), gone, amended), anchors))


def has_our_notes(package: Package, sheet: str) -> bool:
    """Tell whether an earlier receipt has left comments on a sheet part."""
    part = _comments_part(package, sheet)
    return part is not None and AUTHOR.encode() in package.read(part)


class _Comments:
    """The comment part of a sheet."""

    def __init__(self, root: Element, dialect: Dialect) -> None:
        self._tag = dialect.tag
        authors, comments = root.find(self._tag("authors")), root.find(self._tag("commentList"))
        if authors is None or comments is None:
            raise CannotMark("a comment part without comments")
        self._authors = authors
        self._list = comments
        self._names = [a.text or "" for a in authors.iterchildren(self._tag("author"))]
        self._at = {_address(c): c for c in comments.iterchildren(self._tag("comment"))}

    def remove_ours(self) -> set[Address]:
        """Remove our comments and what we wrote below others; return where comments are gone."""
        gone = {place for place, comment in self._at.items() if self._author(comment) == AUTHOR}
        for place in gone:
            self._list.remove(self._at.pop(place))
        for comment in self._at.values():
            self._remove_below(comment)
        return gone

    def put(self, address: Address, text: str) -> None:
        """Write a comment, below what a person has written on the same cell."""
        comment = self._at.get(address)
        if comment is None:
            attributes = {"ref": cell_name(address), "authorId": self._our_number()}
            comment = etree.SubElement(self._list, self._tag("comment"), attributes)
            etree.SubElement(comment, self._tag("text"))
            self._at[address] = comment
        elif self._author(comment).startswith("tc="):
            return
        else:
            text = _BELOW + text
        self._write(comment, text)

    def texts(self) -> dict[Address, str]:
        """Return the text of every comment."""
        words = self._tag("t")
        return {a: "".join(t.text or "" for t in c.iter(words)) for a, c in self._at.items()}

    def _author(self, comment: Element) -> str:
        number = int(comment.get("authorId", "0"))
        return self._names[number] if number < len(self._names) else ""

    def _our_number(self) -> str:
        if AUTHOR not in self._names:
            etree.SubElement(self._authors, self._tag("author")).text = AUTHOR
            self._names.append(AUTHOR)
        return str(self._names.index(AUTHOR))

    def _write(self, comment: Element, text: str) -> None:
        body = comment.find(self._tag("text"))
        if body is None:
            raise CannotMark("a comment without text")
        plain = body.find(self._tag("t"))
        if plain is not None:  # text stands either alone or in runs
            etree.SubElement(body, self._tag("r")).append(plain)
        run = etree.SubElement(body, self._tag("r"))
        look = etree.SubElement(run, self._tag("rPr"))
        for name, value in (("sz", "9"), ("color", "FF000000"), ("rFont", "宋体")):
            attribute = "rgb" if name == "color" else "val"
            etree.SubElement(look, self._tag(name), {attribute: value})
        words = etree.SubElement(run, self._tag("t"), {_XML_SPACE: "preserve"})
        words.text = spreadsheet_text(text)[:CELL_LIMIT]

    def _remove_below(self, comment: Element) -> None:
        body, below = comment.find(self._tag("text")), False
        if body is None:
            return
        for words in body.iter(self._tag("t")):
            text = words.text or ""
            words.text = "" if below else _BELOW_FOUND.sub("", text)
            below = below or words.text != text
        for run in list(body.iterchildren(self._tag("r"))) if below else []:
            if not run.findtext(self._tag("t")):
                body.remove(run)


def _address(comment: Element) -> Address:
    address = parse_cell(comment.get("ref", ""))
    if address is None:
        raise CannotMark("a comment without a cell")
    return address


def _comments_part(package: Package, sheet: str) -> str | None:
    for relation in package.relations(sheet):
        if relation.kind == "comments":
            return relation.target
    return None


def _new_comments_part(package: Package, sheet: str, dialect: Dialect) -> str:
    part = package.free_name(_near(sheet, "comments{}.xml"))
    empty = f'<comments xmlns="{dialect.main}"><authors/><commentList/></comments>'
    package.put(part, empty.encode())
    package.declare(part, _COMMENTS_TYPE)
    package.relate(sheet, part, "comments", dialect)
    return part


def _drawing_part(package: Package, sheet: str, root: Element, dialect: Dialect, boxes: int) -> str:
    """Return the part that draws the comment boxes of a sheet, made and linked if need be."""
    id_name = f"{{{dialect.rel}}}id"
    link = root.find(dialect.tag("legacyDrawing"))
    if link is not None:
        wanted = link.get(id_name)
        return next(r.target for r in package.relations(sheet) if r.id == wanted)
    part = package.free_name(_near(sheet, "drawings/vmlDrawing{}.vml"))
    number = int(re.sub(r"\D", "", posixpath.basename(part)))
    package.put(part, new_drawing(number, boxes))
    package.declare(part, _VML_TYPE)
    link = root.makeelement(dialect.tag("legacyDrawing"))
    link.set(id_name, package.relate(sheet, part, "vmlDrawing", dialect))
    after = (n for n, child in enumerate(root) if _AFTER_DRAWING.fullmatch(_local_name(child)))
    root.insert(next(after, len(root)), link)
    return part


def _local_name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _near(sheet: str, name: str) -> str:
    return posixpath.join(posixpath.dirname(posixpath.dirname(sheet)), name)
