"""Workbooks made by hand, part by part: spellings that no library of ours writes."""

from __future__ import annotations

import io
import zipfile
from typing import Any

TRANSITIONAL = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
)
STRICT = (
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def zip_of(parts: dict[str, str | bytes]) -> bytes:
    """Return a zip of the parts in their order."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def xlsx_parts(
    rows: str,
    *,
    head: str = "",
    strings: str = "",
    formats: tuple[str, ...] = (),
    namespaces: tuple[str, str] = TRANSITIONAL,
    settings: str = "",
) -> dict[str, str | bytes]:
    """Return the parts of a workbook with one sheet 表 whose `<sheetData>` holds `rows`.

    Cell style 0 is General, style n the n-th of the number formats: a format code or the number
    of a built-in one. `strings` is what stands in `<sst>`, `settings` in the workbook's tag.
    """
    main, rel = namespaces
    codes = [code for code in formats if not code.isdecimal()]
    numbers = [code if code.isdecimal() else str(164 + codes.index(code)) for code in formats]
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1"'
        f' Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}">{settings}'
        '<sheets><sheet name="表" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">'
        f'<Relationship Id="rId1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{rel}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
        f'<Relationship Id="rId3" Type="{rel}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}">{head}'
        f"<sheetData>{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><numFmts>'
        + "".join(
            f'<numFmt numFmtId="{164 + index}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
            for index, code in enumerate(codes)
        )
        + '</numFmts><cellXfs><xf numFmtId="0"/>'
        + "".join(f'<xf numFmtId="{number}"/>' for number in numbers)
        + "</cellXfs></styleSheet>",
    }


def xlsx_of(rows: str, **options: Any) -> bytes:
    """Return the packed workbook of `xlsx_parts`."""
    return zip_of(xlsx_parts(rows, **options))


def ods_parts(tables: str, styles: str = "") -> dict[str, str | bytes]:
    """Return the parts of an OpenDocument spreadsheet with the given tables."""
    declared = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    calcext = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    return {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": "<manifest/>",
        "content.xml": f"<office:document-content {declared} {calcext}>"
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>",
    }


def ods_of(rows: str) -> bytes:
    """Return a packed OpenDocument spreadsheet with one sheet 表."""
    return zip_of(ods_parts(f'<table:table table:name="表">{rows}</table:table>'))


def ole_of(*names: str) -> bytes:
    """Return an OLE container with the named empty streams at its root."""
    sector = 512
    header = bytearray(sector)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[24:28] = b"\x3e\x00\x03\x00"
    header[28:34] = b"\xfe\xff\x09\x00\x06\x00"
    header[44:48] = (1).to_bytes(4, "little")  # one sector of the allocation table
    header[48:52] = (1).to_bytes(4, "little")  # the directory is sector 1
    header[56:60] = (4096).to_bytes(4, "little")
    header[60:64] = header[68:72] = b"\xfe\xff\xff\xff"
    header[76:] = (0).to_bytes(4, "little") + b"\xff" * 432
    table = b"\xfd\xff\xff\xff" + b"\xfe\xff\xff\xff" + b"\xff" * (sector - 8)
    entries = [_ole_entry("Root Entry", 5, child=1)]
    entries += [
        _ole_entry(name, 2, right=index + 2 if index + 1 < len(names) else None)
        for index, name in enumerate(names)
    ]
    directory = b"".join(entries).ljust(sector, b"\0")
    return bytes(header) + table + directory


def ole_holding(streams: dict[str, bytes]) -> bytes:
    """Return an OLE container with the streams at its root, filled up with NULs to 4 KB each."""
    sector, last, table_sector = 512, 0xFFFFFFFE, 0xFFFFFFFD
    padded = {
        name: content.ljust(max(4096, -(-len(content) // sector) * sector), b"\0")
        for name, content in streams.items()
    }
    folder_sectors = -(-(len(padded) + 1) * 128 // sector)
    others = folder_sectors + sum(map(len, padded.values())) // sector
    tables = -(-others // (sector // 4 - 1))  # each also has an entry for itself
    chain = [table_sector] * tables + [*range(tables + 1, tables + folder_sectors), last]
    entries = [_ole_entry("Root Entry", 5, child=1)]
    for index, (name, content) in enumerate(padded.items(), 1):
        first = len(chain)
        chain += [*range(first + 1, first + len(content) // sector), last]
        entry = bytearray(_ole_entry(name, 2, right=index + 1 if index < len(padded) else None))
        entry[116:124] = first.to_bytes(4, "little") + len(content).to_bytes(4, "little")
        entries.append(bytes(entry))
    header = bytearray(ole_of()[:sector])
    header[44:48] = tables.to_bytes(4, "little")
    header[48:52] = tables.to_bytes(4, "little")  # where the directory is
    for number in range(tables):
        header[76 + 4 * number : 80 + 4 * number] = number.to_bytes(4, "little")
    table = b"".join(number.to_bytes(4, "little") for number in chain)
    folder = b"".join(entries).ljust(folder_sectors * sector, b"\0")
    return b"".join(
        (bytes(header), table.ljust(tables * sector, b"\xff"), folder, *padded.values())
    )


def biff_record(code: int, *parts: bytes) -> bytes:
    """Return one record of a binary workbook."""
    body = b"".join(parts)
    return code.to_bytes(2, "little") + len(body).to_bytes(2, "little") + body


def endless_ole() -> bytes:
    """Return an OLE container whose small workbook stream follows its sectors in a circle."""
    data = bytearray(ole_of("Workbook"))
    data[60:68] = (2).to_bytes(4, "little") + (1).to_bytes(4, "little")  # short table: sector 2
    data[512 + 8 : 512 + 16] = b"\xfe\xff\xff\xff" * 2
    root, stream = 1024, 1024 + 128
    data[root + 116 : root + 124] = (3).to_bytes(4, "little") + (512).to_bytes(4, "little")
    data[stream + 116 : stream + 124] = (0).to_bytes(4, "little") + (128).to_bytes(4, "little")
    circle = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    return bytes(data) + circle.ljust(512, b"\xff") + bytes(512)


def _ole_entry(name: str, kind: int, right: int | None = None, child: int | None = None) -> bytes:
    nothing = b"\xff\xff\xff\xff"
    encoded = name.encode("utf-16-le") + b"\0\0"
    entry = encoded.ljust(64, b"\0") + len(encoded).to_bytes(2, "little") + bytes([kind, 1])
    entry += nothing
    entry += nothing if right is None else right.to_bytes(4, "little")
    entry += nothing if child is None else child.to_bytes(4, "little")
    return entry.ljust(116, b"\0") + b"\xfe\xff\xff\xff" + b"\0" * 8
