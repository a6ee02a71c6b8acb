"""The rows that a template has prepared and nobody has filled: hundreds, one like the other.

In goes a sheet part, out comes the same without those rows at its end that are its last row but
for their number; of them the last alone is left, which the readers then judge like any other. The
rule: a row is left out only where every byte of it is known, and a row so spelt holds nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from itertools import accumulate

from pipeline.books.xlsx_shapes import NUMBER, read_shape
from pipeline.books.xmltext import encoding_of

_TAG = re.compile(rb'<row r="([0-9]{1,7}+)"')
_NUMBER = NUMBER.encode()
# Bytes of a row and of all of them; what hostile files could make us keep stays small.
_LONGEST, _MOST = 1000, 2**19


def cut_prepared(part: bytes) -> bytes:
    """Return a sheet part without its prepared rows, but for the last of them."""
    end = part.rfind(b"</sheetData>")
    last = part.rfind(b"<row ", 0, end)
    start = part.rfind(b"<row ", 0, last)
    tag = _TAG.match(part, start) if 0 < start < last < min(end, start + _LONGEST) else None
    if tag is None:
        return part
    row, number = part[start:last].replace(tag[1], _NUMBER), int(tag[1]) + 1
    is_next = part[last:end] == row.replace(_NUMBER, b"%d" % number)
    if not is_next or encoding_of(part).lower() != "utf-8":
        return part
    rows, lengths = _prepared(row, number)
    alike = bisect_left(lengths, True, key=lambda length: not part.endswith(rows[-length:], 0, end))
    return part[: end - lengths[alike - 1]] + part[last:] if alike else part


@lru_cache(maxsize=8)
def _prepared(row: bytes, last: int) -> tuple[bytes, list[int]]:
    """Return blank rows up to number `last`, and how long the last one, two and so on are.

    There are none where such a row, in which `NUMBER` stands for the number, may hold something.
    """
    if not row.isascii() or not _is_blank(row.decode()):
        return b"", []
    first = max(last - _MOST // len(row), 0)
    rows = [row.replace(_NUMBER, b"%d" % number) for number in range(first + 1, last + 1)]
    return b"".join(rows), [*accumulate(map(len, reversed(rows)))]


def _is_blank(row: str) -> bool:
    shape = read_shape(row.removeprefix(f'<row r="{NUMBER}"'), NUMBER)
    return shape is not None and not shape.width
