"""The comments of one sheet: ours added, a person's own kept, those of an earlier receipt gone.

In: the sheet part and a message for each cell. Out: the comment part and the drawing that gives
each comment its box, made or amended. A cell that somebody has commented gets our words below
theirs; a threaded comment is left alone, since Excel shows only its thread.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from itertools import takewhile

from lxml import etree

from pipeline.receipts.addresses import Address, cell_name, parse_cell
from pipeline.receipts.mark_boxes import add_boxes, anchor_of, new_drawing, redraw
from pipeline.receipts.mark_cells import SheetCells
from pipeline.receipts.package import Dialect, Element, Package
from pipeline.receipts.packing import CannotMark
from pipeline.safe_text import CELL_LIMIT, spreadsheet_text, utf16_length

AUTHOR = "工会报表核对"
HEADING = f"【{AUTHOR}】"  # by which our words are known again: LibreOffice drops all authors

_LINE = "\n────────\n"
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
    return part is not None and HEADING.encode() in package.read(part)


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
        """Remove what an earlier receipt wrote; return where nothing else was written."""
        gone = set()
        for place, comment in self._at.items():
            if self._remove_our_words(comment) and not self._text(comment).strip():
                gone.add(place)
        for place in gone:
            self._list.remove(self._at.pop(place))
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
        own = self._text(comment)
        text = spreadsheet_text((_LINE if own else "") + f"{HEADING}\n{text}")
        if utf16_length(own) + utf16_length(text) <= CELL_LIMIT:
            self._write(comment, text)

    def texts(self) -> dict[Address, str]:
        """Return the text of every comment."""
        return {place: self._text(comment) for place, comment in self._at.items()}

    def _text(self, comment: Element) -> str:
        return "".join(words.text or "" for words in comment.iter(self._tag("t")))

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
        words.text = text

    def _remove_our_words(self, comment: Element) -> bool:
        """Cut a comment off where ours begins; return whether it did."""
        body = comment.find(self._tag("text"))
        # All runs together, since programs divide and join them at will.
        own, heading, _ = self._text(comment).partition(HEADING)
        if body is None or not heading:
            return False
        kept = len(own.rstrip().rstrip(_LINE.strip()).rstrip())
        for words in body.iter(self._tag("t")):
            text = words.text or ""
            words.text = text[:kept]
            kept -= len(words.text)
        for run in list(body.iterchildren(self._tag("r"))):
            if not run.findtext(self._tag("t")):
                body.remove(run)
        return True


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
        found = [r.target for r in package.relations(sheet) if r.id == link.get(id_name)]
        if not found:
            raise CannotMark("a drawing without a part")
        return found[0]
    part = package.free_name(_near(sheet, "drawings/vmlDrawing{}.vml"))
    number = int(re.sub(r"\D", "", posixpath.basename(part)))
    package.put(part, new_drawing(number, boxes))
    package.declare(part, _VML_TYPE)
    link = root.makeelement(dialect.tag("legacyDrawing"))
    link.set(id_name, package.relate(sheet, part, "vmlDrawing", dialect))
    after = takewhile(lambda child: _AFTER_DRAWING.fullmatch(_local_name(child)), reversed(root))
    root.insert(len(root) - len(list(after)), link)
    return part


def _local_name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _near(sheet: str, name: str) -> str:
    return posixpath.join(posixpath.dirname(posixpath.dirname(sheet)), name)
