"""A1 addresses, read with suspicion: they come out of other people's files.

In: `F14` or `A1:C3`. Out: rows and columns, both from 1, or None for what is no address.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.books.grid import MAX_COLUMN, MAX_ROW
from pipeline.intake.findings import address as written

Address = tuple[int, int]  # row, column

_LONGEST = len("XFD1048576")
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


def parse_cell(name: str) -> Address | None:
    """Return the row and column of a cell.

    >>> parse_cell("F14"), parse_cell("f14"), parse_cell("XFE1")
    ((14, 6), None, None)
    """
    return _parse(name) if len(name) <= _LONGEST else None


def parse_range(name: str) -> tuple[int, int, int, int] | None:
    """Return first row, first column, last row and last column of a range or a single cell.

    >>> parse_range("A1:C3"), parse_range("B2"), parse_range("A:A")
    ((1, 1, 3, 3), (2, 2, 2, 2), None)
    """
    first, _, last = name.partition(":")
    start, end = parse_cell(first), parse_cell(last or first)
    return (*start, *end) if start and end else None


@lru_cache(maxsize=4096)
def cell_name(address: Address) -> str:
    """Return the A1 name of a cell.

    >>> cell_name((14, 28))
    'AB14'
    """
    row, column = address
    return written(row, column - 1)


@lru_cache(maxsize=4096)  # a ledger's rows have their cells in the same few columns
def _parse(name: str) -> Address | None:
    found = _CELL.fullmatch(name)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    row = int(found[2])
    return (row, column) if row <= MAX_ROW and column <= MAX_COLUMN else None
