"""A workbook file as a zip of parts, of which a few are changed and all others left alone.

In: the bytes of an .xlsx or .xlsm. Out: the bytes of the same package; parts that nobody edited
keep their compressed bytes, their order and their date, added parts have a fixed date. So the
same edits give the same bytes. Whatever is unusual enough to be risky raises `CannotMark`.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import unquote

from lxml import etree

Element = etree._Element

CONTENT_TYPES = "[Content_Types].xml"
CONTENT_NS = "http://schemas.openxmlformats.org/package/2006/content-types"
RELS_NS = "http://schemas.openxmlformats.org/package/2006/relationships"
_RELS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_UTF8_NAME = 0x800
_NEW_PART_DATE = (1980, 1, 1, 0, 0, 0)
_MAX_PART = 256 << 20
_LEVEL = 3  # a third of the time of the usual 6, for a tenth more bytes


class CannotMark(Exception):
    """The package cannot be patched safely; a fresh workbook must carry the marks."""


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


class Package:
    """The parts of a workbook file, by name without leading slash, in any case.

    >>> package = Package(data)                             # doctest: +SKIP
    >>> package.edit("xl/workbook.xml").set("conformance", "transitional")  # doctest: +SKIP
    >>> package.save()                                      # doctest: +SKIP
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._entries = _entries(data)
        self._added: dict[str, zipfile.ZipInfo] = {}
        self._content: dict[str, bytes] = {}
        self._trees: dict[str, Element] = {}
        self._edited: set[str] = set()
        self._dropped: set[str] = set()

    def __contains__(self, part: str) -> bool:
        key = part.lower()
        return (key in self._entries or key in self._added) and key not in self._dropped

    def read(self, part: str) -> bytes:
        """Return the content of a part as it was when the package was opened, or as added."""
        key = part.lower()
        if key not in self._content:
            if part not in self:
                raise CannotMark(f"no part {part}")
            self._content[key] = _unpack(self._data, self._entries[key])
        return self._content[key]

    def tree(self, part: str) -> Element:
        """Return the parsed part, for looking only."""
        key = part.lower()
        if key not in self._trees:
            self._trees[key] = parse_xml(self.read(part))
        return self._trees[key]

    def edit(self, part: str) -> Element:
        """Return the parsed part; what is done to it will be saved."""
        self._edited.add(part.lower())
        return self.tree(part)

    def put(self, part: str, content: bytes) -> None:
        """Add a part, or replace its whole content."""
        key = part.lower()
        if key not in self._entries:
            self._added.setdefault(key, _new_entry(part))
        self._content[key] = content
        self._trees.pop(key, None)
        self._edited.add(key)
        self._dropped.discard(key)

    def drop_relations(self, part: str) -> None:
        """Forget the relationships of a part; what they led to stays in the package."""
        self._dropped.add(_rels_name(part).lower())

    def free_name(self, pattern: str) -> str:
        """Return `pattern` with the first number that no part bears yet."""
        number = 1
        while (name := pattern.format(number)).lower() in self._entries | self._added:
            number += 1
        return name

    def relations(self, part: str) -> list[Relation]:
        """Return the relationships of a part to other parts; links to the outside are none."""
        rels = _rels_name(part)
        if rels not in self:
            return []
        found = self.tree(rels).iterchildren(f"{{{RELS_NS}}}Relationship")
        return [
            Relation(
                rel.get("Id", ""),
                rel.get("Type", "").rpartition("/")[2],
                self._resolve(part, rel.get("Target", "")),
            )
            for rel in found
            if rel.get("TargetMode") != "External"
        ]

    def relate(self, part: str, target: str, kind: str, dialect: Dialect) -> str:
        """Add a relationship from `part` to `target` and return its id."""
        rels = _rels_name(part)
        if rels not in self:
            self.put(rels, f'<Relationships xmlns="{RELS_NS}"/>'.encode())
            self.declare(rels, _RELS_TYPE)
        root = self.edit(rels)
        used = {rel.get("Id") for rel in root}
        number = len(root) + 1
        while f"rId{number}" in used:
            number += 1
        near = posixpath.relpath(target, posixpath.dirname(part) or ".")
        etree.SubElement(
            root,
            f"{{{RELS_NS}}}Relationship",
            {"Id": f"rId{number}", "Type": f"{dialect.rel}/{kind}", "Target": near},
        )
        return f"rId{number}"

    def content_type(self, part: str) -> str:
        """Return the declared content type of a part, "" if it has none."""
        declared = self.tree(CONTENT_TYPES)
        for override in declared.iterchildren(f"{{{CONTENT_NS}}}Override"):
            if override.get("PartName", "").lstrip("/").lower() == part.lower():
                return override.get("ContentType", "")
        return self._defaults().get(posixpath.splitext(part)[1][1:].lower(), "")

    def declare(self, part: str, content_type: str) -> None:
        """Declare the content type of an added part, where its extension does not say it."""
        if self.content_type(part) == content_type:
            return
        etree.SubElement(
            self.edit(CONTENT_TYPES),
            f"{{{CONTENT_NS}}}Override",
            {"PartName": f"/{part}", "ContentType": content_type},
        )

    def save(self) -> bytes:
        """Return the package with all edits."""
        for key in self._edited & self._trees.keys():
            self._content[key] = to_bytes(self._trees[key])
        out = _ZipWriter()
        for key, info in (self._entries | self._added).items():
            if key in self._dropped:
                continue
            if key in self._edited:
                out.write(info, *_pack(self._content[key]))
            else:
                packed = _packed_bytes(self._data, info)
                out.write(info, packed, info.compress_type, info.CRC, info.file_size)
        return out.close()

    def _defaults(self) -> dict[str, str]:
        found = self.tree(CONTENT_TYPES).iterchildren(f"{{{CONTENT_NS}}}Default")
        return {d.get("Extension", "").lower(): d.get("ContentType", "") for d in found}

    def _resolve(self, part: str, target: str) -> str:
        base = "" if target.startswith("/") else posixpath.dirname(part)
        name = posixpath.normpath(posixpath.join(base, target.lstrip("/")))
        return name if name in self else unquote(name)


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
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _entries(data: bytes) -> dict[str, zipfile.ZipInfo]:
    try:
        found = zipfile.ZipFile(BytesIO(data)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise CannotMark(f"not a zip: {error}") from error
    entries = {info.filename.lower(): info for info in found}
    if len(entries) != len(found):
        raise CannotMark("two parts of the same name")
    return entries


def _new_entry(part: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(part, _NEW_PART_DATE)
    entry.flag_bits = _UTF8_NAME
    return entry


def _packed_bytes(data: bytes, info: zipfile.ZipInfo) -> bytes:
    if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CannotMark(f"{info.filename}: encrypted or packed in an unusual way")
    head = _LOCAL.unpack_from(data, info.header_offset)
    start = info.header_offset + _LOCAL.size + head[-2] + head[-1]
    packed = data[start : start + info.compress_size]
    if head[0] != b"PK\x03\x04" or len(packed) != info.compress_size:
        raise CannotMark(f"{info.filename}: damaged")
    return packed


def _unpack(data: bytes, info: zipfile.ZipInfo) -> bytes:
    packed = _packed_bytes(data, info)
    if info.file_size > _MAX_PART:
        raise CannotMark(f"{info.filename}: too large")
    if info.compress_type == zipfile.ZIP_DEFLATED:
        packed = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, info.file_size + 1)
    if len(packed) != info.file_size or zlib.crc32(packed) != info.CRC:
        raise CannotMark(f"{info.filename}: damaged")
    return packed


def _pack(content: bytes) -> tuple[bytes, int, int, int]:
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(content) + deflate.flush()
    return packed, zipfile.ZIP_DEFLATED, zlib.crc32(content), len(content)


class _ZipWriter:
    """Write entries whose bytes are packed already, which `zipfile` cannot."""

    def __init__(self) -> None:
        self._out = BytesIO()
        self._directory: list[bytes] = []

    def write(self, info: zipfile.ZipInfo, packed: bytes, method: int, crc: int, size: int) -> None:
        flags = info.flag_bits & _UTF8_NAME
        name = info.orig_filename.encode("utf-8" if flags else "cp437")  # as zipfile decodes it
        common = (20, flags, method, *_dos_time(info), crc, len(packed), size, len(name), 0)
        offset = self._out.tell()
        self._out.write(_LOCAL.pack(b"PK\x03\x04", *common) + name + packed)
        tail = (0, 0, info.internal_attr, info.external_attr, offset)
        self._directory.append(_CENTRAL.pack(b"PK\x01\x02", 20, *common, *tail) + name)

    def close(self) -> bytes:
        start, count = self._out.tell(), len(self._directory)
        directory = b"".join(self._directory)
        self._out.write(directory)
        self._out.write(_END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0))
        return self._out.getvalue()


def _dos_time(info: zipfile.ZipInfo) -> Iterator[int]:
    year, month, day, hour, minute, second = info.date_time
    yield hour << 11 | minute << 5 | second // 2
    yield (year - 1980) << 9 | month << 5 | day
