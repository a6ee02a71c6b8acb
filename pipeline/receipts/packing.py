"""The entries of a zip as they lie in it: packed, taken out of one file and put into another.

In: the bytes of a zip. Out: what it holds, unpacked or still packed, and a new zip of packed
entries. What is unusual enough to be risky raises `CannotMark`.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from pipeline.receipts.alike import once_for_all


class CannotMark(Exception):
    """The package cannot be patched safely; a fresh workbook must carry the marks."""


class Packed(NamedTuple):
    """The content of an entry as it lies in a zip; `size` is that of the unpacked content."""

    content: bytes
    method: int
    crc: int
    size: int


_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_UTF8_NAME = 0x800
_NEW_PART_DATE = (1980, 1, 1, 0, 0, 0)
_MAX_PART = 256 << 20
_LEVEL = 3  # a third of the time of the usual 6, for a tenth more bytes


def read_entries(data: bytes) -> dict[str, zipfile.ZipInfo]:
    """Return the entries of a zip by their lower-case name, in their order."""
    try:
        found = zipfile.ZipFile(BytesIO(data)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise CannotMark(f"not a zip: {error}") from error
    entries = {info.filename.lower(): info for info in found}
    if len(entries) != len(found):
        raise CannotMark("two parts of the same name")
    return entries


def new_entry(part: str) -> zipfile.ZipInfo:
    """Return an entry that is not in the zip yet."""
    entry = zipfile.ZipInfo(part, _NEW_PART_DATE)
    entry.flag_bits = _UTF8_NAME
    return entry


def take_packed(data: bytes, info: zipfile.ZipInfo) -> Packed:
    """Return an entry of a zip, still packed."""
    if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CannotMark(f"{info.filename}: encrypted or packed in an unusual way")
    head = _LOCAL.unpack_from(data, info.header_offset)
    start = info.header_offset + _LOCAL.size + head[-2] + head[-1]
    content = data[start : start + info.compress_size]
    if head[0] != b"PK\x03\x04" or len(content) != info.compress_size:
        raise CannotMark(f"{info.filename}: damaged")
    return Packed(content, info.compress_type, info.CRC, info.file_size)


def unpack(packed: Packed) -> bytes:
    """Return the content of an entry."""
    if packed.size > _MAX_PART:
        raise CannotMark("a part that is too large")
    content = packed.content
    if packed.method == zipfile.ZIP_DEFLATED:
        content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, packed.size + 1)
    if len(content) != packed.size or zlib.crc32(content) != packed.crc:
        raise CannotMark("a damaged part")
    return content


def unpack_head(packed: Packed, most: int) -> bytes:
    """Return the first `most` bytes of the content of an entry, unchecked."""
    if packed.method != zipfile.ZIP_DEFLATED:
        return packed.content[:most]
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed.content, most)


def pack(content: bytes) -> Packed:
    """Return a content packed."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(content) + deflate.flush()
    return Packed(packed, zipfile.ZIP_DEFLATED, zlib.crc32(content), len(content))


pack_once = once_for_all(pack)


@once_for_all
def _unpack_once(content: bytes, method: int, crc: int, size: int) -> bytes:
    return unpack(Packed(content, method, crc, size))


def unpack_once(packed: Packed) -> bytes:
    """Return the content of an entry that siblings have in common."""
    return _unpack_once(*packed)


def write_zip(entries: Sequence[tuple[zipfile.ZipInfo, Packed]]) -> bytes:
    """Return a zip of these entries, whose bytes are packed already, which `zipfile` cannot."""
    parts: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for info, (content, method, crc, size) in entries:
        flags = info.flag_bits & _UTF8_NAME
        name = info.orig_filename.encode("utf-8" if flags else "cp437")  # as zipfile decodes it
        time, day = _dos_time(info)
        common = (20, flags, method, time, day, crc, len(content), size, len(name), 0)
        head = _LOCAL.pack(b"PK\x03\x04", *common)
        tail = (0, 0, info.internal_attr, info.external_attr, offset)
        parts += (head, name, content)
        directory += (_CENTRAL.pack(b"PK\x01\x02", 20, *common, *tail), name)
        offset += len(head) + len(name) + len(content)
    listed = b"".join(directory)
    count = len(entries)
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(listed), offset, 0)
    return b"".join((*parts, listed, end))


def _dos_time(info: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
