"""The look at a file before anything parses it: its kind, its size, its parts.

In go bytes and limits, out comes a `Screened` file whose parts can be unpacked safely, or a
`Refused`. The rule: no part is unpacked that was not counted first, and none yields a byte more
than its directory entry says.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pipeline.books import refusals
from pipeline.books.refusals import refuse
from pipeline.books.sniff import ends_blank, sniff, zip_refusal

Kind = Literal["xlsx", "xls", "ods"]

_ENCRYPTED_FLAG = 0x1
_MAX_PARTS = 10_000
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a workbook is read; the settings of `[limits]`."""

    max_file_bytes: int = 20 * _MB
    max_unpacked_bytes: int = 200 * _MB
    max_rows: int = 20_000
    max_cells: int = 2_000_000


@dataclass(slots=True)
class Room:
    """What is left of a workbook's limits while it is being read."""

    limits: Limits
    cells: int = 0

    def take_cells(self, count: int) -> None:
        """Count `count` more cells; raise `Refused` over the limit."""
        self.cells += count
        if self.cells > self.limits.max_cells:
            self.check_cells(0)

    def check_cells(self, more: int) -> None:
        """Raise `Refused` where `more` cells would be too many."""
        if self.cells + more > self.limits.max_cells:
            raise refuse(refusals.TOO_MANY_CELLS, limit=self.limits.max_cells)

    def check_rows(self, filled: int, sheet: str) -> None:
        """Raise `Refused` where a sheet has more filled rows than the limit."""
        if filled > self.limits.max_rows:
            raise refuse(refusals.TOO_MANY_ROWS, sheet=sheet, limit=self.limits.max_rows)


class Packed(NamedTuple):
    """A part as it lies in the zip, with what its directory entry says of it."""

    content: bytes
    method: int
    size: int
    crc: int

    def unpack(self) -> bytes:
        """Return the part; raise `Refused` if it is not what was declared."""
        content = self._inflate() if self.method == zipfile.ZIP_DEFLATED else self.content
        if len(content) != self.size or zlib.crc32(content) != self.crc:
            raise refuse(refusals.DAMAGED)
        return content

    def _inflate(self) -> bytes:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.content, self.size + 1)
        except zlib.error as error:
            raise refuse(refusals.DAMAGED) from error


class Package:
    """The parts of a zipped workbook, by lower-case name with forward slashes."""

    def __init__(self, data: bytes, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._data = data
        self._entries = entries

    @property
    def names(self) -> set[str]:
        return set(self._entries)

    def part(self, name: str) -> bytes:
        """Return one part unpacked; raise `Refused` if it is missing or not what was declared."""
        return self.packed(name).unpack()

    def packed(self, name: str) -> Packed:
        """Return one part as it is; raise `Refused` if it is missing."""
        entry = self._entries.get(name.lower())
        if entry is None or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refuse(refusals.DAMAGED)
        header = entry.header_offset
        name_length = int.from_bytes(self._data[header + 26 : header + 28], "little")
        extra_length = int.from_bytes(self._data[header + 28 : header + 30], "little")
        start = header + 30 + name_length + extra_length
        content = self._data[start : start + entry.compress_size]
        return Packed(content, entry.compress_type, entry.file_size, entry.CRC)


@dataclass(frozen=True, slots=True)
class Screened:
    """A file that may be read: its kind, and its parts if it is a zip."""

    kind: Kind
    package: Package | None = None


def screen(data: bytes, limits: Limits) -> Screened:
    """Return what may be read of a file; raise `Refused` for what is no workbook or too much."""
    if len(data) > limits.max_file_bytes:
        size, limit = -(-len(data) // _MB), limits.max_file_bytes // _MB
        raise refuse(refusals.TOO_LARGE, size=size, limit=limit)
    if sniff(data) != "zip":
        return Screened("xls")
    package = open_package(data, limits)
    names = package.names
    mimetype = package.part("mimetype") if "mimetype" in names else b""
    if (refusal := zip_refusal(names, mimetype)) is not None:
        raise refuse(refusal)
    if not mimetype:
        return Screened("xlsx", package)
    manifest = "meta-inf/manifest.xml"
    if manifest in names and b"encryption-data" in package.part(manifest):
        raise refuse(refusals.PASSWORD)
    return Screened("ods", package)


def open_package(data: bytes, limits: Limits) -> Package:
    """Return the parts of a zip after checking its directory; no part is unpacked yet."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except Exception as error:  # zipfile raises half a dozen kinds on hostile directories
        raise refuse(_broken_zip(data)) from error
    if sum(entry.file_size for entry in entries) > limits.max_unpacked_bytes:
        raise refuse(refusals.UNPACKED_TOO_LARGE, limit=limits.max_unpacked_bytes // _MB)
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise refuse(refusals.PASSWORD)
    by_name = {_part_name(entry.filename): entry for entry in entries}
    # Two parts of one name: readers disagree about which counts, so neither does.
    if len(by_name) != len(entries) or len(entries) > _MAX_PARTS:
        raise refuse(refusals.DAMAGED)
    return Package(data, by_name)


def _part_name(filename: str) -> str:
    return filename.replace("\\", "/").lstrip("/").lower()


def _broken_zip(data: bytes) -> refusals.Refusal:
    if ends_blank(data):
        return refusals.SYNCING
    return refusals.DAMAGED if b"PK\x05\x06" in data[-66_000:] else refusals.TRUNCATED
