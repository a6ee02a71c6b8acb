"""A workbook file as a zip of parts, of which a few are changed and all others left alone.

In: the bytes of an .xlsx or .xlsm. Out: the bytes of the same package; parts that nobody edited
keep their compressed bytes, their order and their date, added parts have a fixed date. So the
same edits give the same bytes. Whatever is unusual enough to be risky raises `CannotMark`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec
from urllib.parse import unquote

from lxml import etree

from pipeline.receipts.alike import once_for_all
from pipeline.receipts.packing import (
    CannotMark,
    Packed,
    new_entry,
    pack,
    pack_once,
    read_entries,
    take_packed,
    unpack,
    unpack_head,
    unpack_once,
    write_zip,
)

Element = etree._Element

CONTENT_TYPES = "[Content_Types].xml"
CONTENT_NS = "http://schemas.openxmlformats.org/package/2006/content-types"
RELS_NS = "http://schemas.openxmlformats.org/package/2006/relationships"
_RELS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
_NO_RELATIONS = f'<Relationships xmlns="{RELS_NS}"/>'.encode()

More = ParamSpec("More")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The namespaces of a workbook: of its elements and of its relationships."""

    main: str
    rel: str

    def tag(self, name: str) -> str:
        """Return the qualified name of a spreadsheet element."""
        return f"{{{self.main}}}{name}"


TRANSITIONAL = Dialect(
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
)
STRICT = Dialect(
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship of a part; `kind` is the last word of its type, `target` a part name."""

    id: str
    kind: str
    target: str

    def unquoted(self) -> Relation:
        """Return the relationship with `%20` in its target read as a blank."""
        return Relation(self.id, self.kind, unquote(self.target))


class Package:
    """The parts of a workbook file, by name without leading slash, in any case.

    >>> package = Package(data)                             # doctest: +SKIP
    >>> package.edit("xl/workbook.xml").set("conformance", "transitional")  # doctest: +SKIP
    >>> package.save()                                      # doctest: +SKIP
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._entries = read_entries(data)
        self._content: dict[str, bytes] = {}
        self._trees: dict[str, Element] = {}
        self._changed: dict[str, Callable[[bytes], Packed]] = {}  # and how it is packed
        self._dropped: set[str] = set()

    def __contains__(self, part: str) -> bool:
        key = part.lower()
        return key in self._entries and key not in self._dropped

    def read(self, part: str) -> bytes:
        """Return the content of a part as it was when the package was opened, or as put."""
        return self._read(part, unpack)

    def read_common(self, part: str) -> bytes:
        """Return the same, of a part that siblings often have in common."""
        return self._read(part, unpack_once)

    def read_head(self, part: str, most: int) -> bytes:
        """Return the first `most` bytes of a part; what follows may be damaged."""
        key = part.lower()
        if key in self._content or part not in self:
            return self.read(part)[:most]
        return unpack_head(take_packed(self._data, self._entries[key]), most)

    def tree(self, part: str) -> Element:
        """Return the parsed part, for looking only."""
        key = part.lower()
        if key not in self._trees:
            self._trees[key] = parse_xml(self.read(part))
        return self._trees[key]

    def edit(self, part: str) -> Element:
        """Return the parsed part; what is done to it will be saved."""
        self._changed[part.lower()] = pack
        return self.tree(part)

    def put(self, part: str, content: bytes) -> None:
        """Add a part, or replace its whole content."""
        self._put(part, content, pack)

    def change(
        self,
        part: str,
        make: Callable[Concatenate[bytes, More], bytes],
        *args: More.args,
        **kwargs: More.kwargs,
    ) -> None:
        """Replace a part by what a function made with `once_for_all` makes of it."""
        self._put(part, make(self.read_common(part), *args, **kwargs), pack_once)

    def drop_relations(self, part: str) -> None:
        """Forget the relationships of a part; what they led to stays in the package."""
        self._dropped.add(_rels_name(part).lower())

    def free_name(self, pattern: str) -> str:
        """Return `pattern` with the first number that no part bears yet."""
        number = 1
        while (name := pattern.format(number)).lower() in self._entries:
            number += 1
        return name

    def relations(self, part: str) -> list[Relation]:
        """Return the relationships of a part to other parts; links to the outside are none."""
        rels = _rels_name(part)
        if rels not in self:
            return []
        folder = posixpath.dirname(part)
        found = _relations(self.read_common(rels), folder)
        return [rel if rel.target in self else rel.unquoted() for rel in found]

    def relate(self, part: str, target: str, kind: str, dialect: Dialect) -> str:
        """Add a relationship from `part` to `target` and return its id."""
        rels = _rels_name(part)
        if rels not in self:
            self._put(rels, _NO_RELATIONS, pack_once)
            self.declare(rels, _RELS_TYPE)
        name, content = _relate(self.read_common(rels), part, target, f"{dialect.rel}/{kind}")
        self._put(rels, content, pack_once)
        return name

    def content_type(self, part: str) -> str:
        """Return the declared content type of a part, "" if it has none."""
        return _content_type(self.read_common(CONTENT_TYPES), part)

    def declare(self, part: str, content_type: str) -> None:
        """Declare the content type of an added part, where its extension does not say it."""
        declared = self.read_common(CONTENT_TYPES)
        content = _declare(declared, part, content_type)
        if content is not declared:
            self._put(CONTENT_TYPES, content, pack_once)

    def save(self) -> bytes:
        """Return the package with all edits."""
        for key in self._changed.keys() & self._trees.keys():
            self._content[key] = to_bytes(self._trees[key])
        return write_zip(
            [
                (info, self._changed[key](self._content[key]))
                if key in self._changed
                else (info, take_packed(self._data, info))
                for key, info in self._entries.items()
                if key not in self._dropped
            ]
        )

    def _read(self, part: str, opened: Callable[[Packed], bytes]) -> bytes:
        key = part.lower()
        if key not in self._content:
            if part not in self:
                raise CannotMark(f"no part {part}")
            self._content[key] = opened(take_packed(self._data, self._entries[key]))
        return self._content[key]

    def _put(self, part: str, content: bytes, packed: Callable[[bytes], Packed]) -> None:
        key = part.lower()
        if key not in self._entries:
            self._entries[key] = new_entry(part)
        self._content[key] = content
        self._trees.pop(key, None)
        self._changed[key] = packed
        self._dropped.discard(key)


def parse_xml(content: bytes, *, keep_comments: bool = True) -> Element:
    """Parse a part; entities are never resolved and a part that declares any is refused."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        remove_comments=not keep_comments,
        remove_pis=not keep_comments,
    )
    root = etree.fromstring(content, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise CannotMark("a part with a document type")
    return root


def to_bytes(root: Element) -> bytes:
    """Return a part as it is written."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _rels_name(part: str) -> str:
    folder, slash, name = part.rpartition("/")
    return f"{folder}{slash}_rels/{name}.rels"


@once_for_all
def _relations(content: bytes, folder: str) -> tuple[Relation, ...]:
    return tuple(
        Relation(rel.get("Id", ""), rel.get("Type", "").rpartition("/")[2], _resolve(folder, rel))
        for rel in parse_xml(content).iterchildren(f"{{{RELS_NS}}}Relationship")
        if rel.get("TargetMode") != "External"
    )


def _resolve(folder: str, relationship: Element) -> str:
    target = relationship.get("Target", "")
    base = "" if target.startswith("/") else folder
    return posixpath.normpath(posixpath.join(base, target.lstrip("/")))


@once_for_all
def _relate(content: bytes, part: str, target: str, kind: str) -> tuple[str, bytes]:
    """Return the id of one more relationship of `part`, and its relationships with it."""
    root = parse_xml(content)
    used = {rel.get("Id") for rel in root}
    number = len(root) + 1
    while f"rId{number}" in used:
        number += 1
    near = posixpath.relpath(target, posixpath.dirname(part) or ".")
    attributes = {"Id": f"rId{number}", "Type": kind, "Target": near}
    etree.SubElement(root, f"{{{RELS_NS}}}Relationship", attributes)
    return f"rId{number}", to_bytes(root)


@once_for_all
def _content_type(content: bytes, part: str) -> str:
    declared = parse_xml(content)
    for override in declared.iterchildren(f"{{{CONTENT_NS}}}Override"):
        if override.get("PartName", "").lstrip("/").lower() == part.lower():
            return override.get("ContentType", "")
    defaults = declared.iterchildren(f"{{{CONTENT_NS}}}Default")
    found = {d.get("Extension", "").lower(): d.get("ContentType", "") for d in defaults}
    return found.get(posixpath.splitext(part)[1][1:].lower(), "")


@once_for_all
def _declare(content: bytes, part: str, content_type: str) -> bytes:
    """Return the content types with that of `part`, the very same where they say so already."""
    if _content_type(content, part) == content_type:
        return content
    root = parse_xml(content)
    attributes = {"PartName": f"/{part}", "ContentType": content_type}
    etree.SubElement(root, f"{{{CONTENT_NS}}}Override", attributes)
    return to_bytes(root)
