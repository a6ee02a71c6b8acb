"""A workbook as stored: its sheets as plain values, and a sheet while it is being read.

The readers of `.xlsx`, `.xls` and `.ods` fill a `Grid` each; everything after them sees a `Book`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.books import refusals
from pipeline.books.names import NamedCell
from pipeline.books.raw import Raw
from pipeline.books.refusals import refuse
from pipeline.books.screen import Kind, Room

Visibility = Literal["visible", "hidden", "very hidden"]

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet as stored.

    `rows[0]` is row 1 and column 0 is A; rows end at their last value, the sheet at its last
    filled row, and None is an empty cell. Rows may share a list: they are for reading only.
    Hidden rows and columns are 1-based and listed only if they hold something.
    """

    name: str
    visibility: Visibility
    rows: list[list[Raw]]
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """The sheets of one workbook in their order, and how its bytes are packed.

    `names` are those that the workbook gives to single cells, in lower case.
    """

    kind: Kind
    sheets: tuple[Sheet, ...]
    names: Mapping[str, NamedCell] = field(default_factory=dict)


Stored = tuple[tuple[Sheet, ...], Mapping[str, NamedCell]]
"""What a reader finds in a workbook: its sheets and its names."""


@dataclass(slots=True)
class Grid:
    """A sheet while it is being read; it counts against the limits of its workbook.

    Its reader counts the cells in which something is `stored`, and the `values` they gave: an
    empty text gives none, a formula never calculated gives one without anything stored.
    """

    name: str
    room: Room
    rows: list[list[Raw]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    stored: int = 0
    values: int = 0
    _hidden: set[int] = field(default_factory=set)
    _spanned: int = 0

    def hide_columns(self, first: int, last: int) -> None:
        """Note a span of hidden columns; the spans of a sound sheet do not overlap."""
        last = min(last, MAX_COLUMN)
        self._spanned += last - first + 1
        if not 1 <= first <= last or self._spanned > 2 * MAX_COLUMN:
            raise refuse(refusals.DAMAGED)
        self._hidden.update(range(first, last + 1))

    def add_row(self, number: int, row: list[Raw], hidden: bool = False) -> None:
        """Put a row that ends in a value at its place, which must lie after the last row's."""
        gap = number - 1 - len(self.rows)
        if gap < 0 or number > MAX_ROW or len(row) > MAX_COLUMN:
            raise refuse(refusals.DAMAGED)
        self.room.take_cells(len(row))
        if gap:
            self.rows.extend([[]] * gap)
        self.rows.append(row)
        if hidden:
            self.hidden_rows.append(number)

    def agrees_with(self, counted: int) -> bool:
        """Tell whether a second count found as many stored, and every value has its place."""
        placed = sum(len(row) - row.count(None) for row in self.rows if row)
        return self.stored == counted and self.values == placed

    def as_sheet(self, visibility: Visibility) -> Sheet:
        """Return the finished sheet; raise `Refused` where it has too many filled rows."""
        if len(self.rows) > self.room.limits.max_rows:
            self.room.check_rows(sum(map(bool, self.rows)), self.name)
        columns = tuple(sorted(self._hidden & self._filled_columns() if self._hidden else ()))
        return Sheet(self.name, visibility, self.rows, tuple(self.hidden_rows), columns)

    def _filled_columns(self) -> set[int]:
        return {
            column for row in self.rows for column, value in enumerate(row, 1) if value is not None
        }
