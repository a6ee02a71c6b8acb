"""A worksheet part of which only the rows concerned are parsed.

In: the bytes of a worksheet. Out: its tree without rows, rows opened on demand, and the bytes of
the whole with what was changed; all other rows come back as they were. A ledger is long and its
faults are few, so this is several times faster than to parse it all.

The rule that makes it safe: text and attributes cannot hold a raw `<`, so once comments, CDATA
and foreign encodings are out of the way, `<row` is always the beginning of a row.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.receipts.markup import attribute
from pipeline.receipts.package import Dialect, Element, parse_xml, to_bytes
from pipeline.receipts.packing import CannotMark

_DATA = re.compile(rb"<((?:\w+:)?)sheetData(?:\s[^<>]*?)?(/?)>")
_PLAIN_ROW = rb'<%srow r="(\d+)"'  # as nearly every program writes it, and twice as fast
_ROW = rb"""<%srow(?:\s[^<>]*?)?\sr\s*=\s*["'](\d+)["']"""
_FOREIGN = re.compile(rb"""\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8["'])""", re.IGNORECASE)
_SELECTED = re.compile(rb"""(<(?:\w+:)?sheetView\b[^<>]*?)\s+tabSelected\s*=\s*["'][^"'<>]*["']""")
_KEPT = re.compile(rb"<\?kept (\d+)\?>")


class WorksheetPart:
    """One worksheet; `root` is everything of it but the rows that have not been opened."""

    def __init__(self, content: bytes, dialect: Dialect) -> None:
        self._tag = dialect.tag
        text = _find_rows(content) or _find_rows(_normalise(content, dialect))
        if text is None or text.numbers != sorted(set(text.numbers)):
            raise CannotMark("rows that cannot be told apart")
        self._rows = text
        self._kept: list[bytes] = []
        head, tail = text.content[: text.starts[0]], text.content[text.starts[-1] :]
        self.root = parse_xml(head + self._keep(0, len(text.numbers)) + tail)

    def rows_with_formats(self, formats: Iterable[int]) -> set[int]:
        """Return the rows in which a cell has one of these formats."""
        numbers = "|".join(map(str, formats))
        if not numbers:
            return set()
        wanted = re.compile(rf"""\ss=["'](?:{numbers})["']""".encode())
        found = wanted.finditer(self._rows.content, self._rows.starts[0], self._rows.starts[-1])
        return {self._rows.numbers[bisect_left(self._rows.starts, m.start()) - 1] for m in found}

    def open_rows(self, wanted: Iterable[int]) -> dict[int, Element]:
        """Return the rows of these numbers, made where there are none; to be called once."""
        rows, pieces, done = self._rows, [], 0
        for number in sorted(wanted):
            place = bisect_left(rows.numbers, number)
            there = place < len(rows.numbers) and rows.numbers[place] == number
            empty = b'<%srow r="%d"/>' % (rows.prefix, number)
            pieces += [self._keep(done, place), rows.text(place, place + 1) if there else empty]
            done = place + there
        pieces.append(self._keep(done, len(rows.numbers)))
        sheet_data = self.root.find(self._tag("sheetData"))
        if sheet_data is None:
            raise CannotMark("a sheet without cells")
        sheet_data[:] = list(self._parse(b"".join(pieces)))
        opened = sheet_data.iterchildren(self._tag("row"))
        return {int(row.get("r", "0")): row for row in opened}

    def to_bytes(self) -> bytes:
        """Return the whole worksheet, the rows that were not opened as they were."""
        return _KEPT.sub(lambda found: self._kept[int(found[1])], to_bytes(self.root))

    def _keep(self, first: int, last: int) -> bytes:
        """Set rows aside and return what stands for them in the tree."""
        self._kept.append(self._rows.text(first, last))
        return b"<?kept %d?>" % (len(self._kept) - 1)

    def _parse(self, rows: bytes) -> Element:
        names = (
            f"xmlns{':' * bool(prefix)}{prefix or ''}={attribute(uri)}"
            for prefix, uri in self.root.nsmap.items()
        )
        return parse_xml(f"<rows {' '.join(names)}>".encode() + rows + b"</rows>")


def unselect(content: bytes) -> bytes | None:
    """Return a worksheet that is not selected, all else as it was; None if it is no plain text."""
    start = content.find(b"<sheetData")
    head = _SELECTED.sub(rb"\1", content[:start])
    return None if start < 0 or b"tabSelected" in head else head + content[start:]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the rows of a worksheet begin in its text; the last start is the end of them all."""

    content: bytes
    prefix: bytes
    numbers: list[int]
    starts: list[int]

    def text(self, first: int, last: int) -> bytes:
        return self.content[self.starts[first] : self.starts[last]]


def _find_rows(content: bytes) -> _Rows | None:
    """Return the rows of a worksheet, None if its text is not as plain as it can be."""
    if b"<!" in content or content.rfind(b"<?") > 4 or _FOREIGN.match(content):
        return None
    data = _DATA.search(content)
    if data is None:
        return None
    prefix, start = data[1], data.end()
    if data[2]:
        content = b"%s></%ssheetData>%s" % (content[: start - 2], prefix, content[start:])
        start -= 1
    end = content.find(b"</%ssheetData" % prefix, start)
    rows = content.count(b"<%srow" % prefix, start, end)
    for pattern in (_PLAIN_ROW, _ROW) if end >= 0 else ():
        found = list(re.compile(pattern % prefix).finditer(content, start, end))
        if len(found) == rows:
            starts = [*(match.start() for match in found), end]
            return _Rows(content, prefix, [int(match[1]) for match in found], starts)
    return None


def _normalise(content: bytes, dialect: Dialect) -> bytes:
    """Return a worksheet in UTF-8 without comments and CDATA, every row with its number.

    A number that is left out is one more than the one before.
    """
    root = parse_xml(content, keep_comments=False)
    row_number = 0
    for row in root.iterfind(f"{dialect.tag('sheetData')}/{dialect.tag('row')}"):
        row_number = int(row.get("r", row_number + 1))
        row.set("r", str(row_number))
    return to_bytes(root)
