"""The cells at fault in one sheet: filled where they are, made where they are not yet.

In: a worksheet and the severity of each cell to mark. Out: the same worksheet, with only the
format numbers of those cells changed, and blank cells and rows added in their right places. The
marks of an earlier receipt are cleared on the way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Set
from functools import cached_property

from pipeline.issues import Severity
from pipeline.receipts.addresses import Address, cell_name, parse_cell, parse_range
from pipeline.receipts.mark_rows import WorksheetPart
from pipeline.receipts.mark_styles import Styles
from pipeline.receipts.package import Dialect, Element
from pipeline.receipts.packing import CannotMark

_DEFAULT_WIDTH = 8.5


class SheetCells:
    """The cells of one worksheet, to be looked up and marked by address."""

    def __init__(self, sheet: WorksheetPart, dialect: Dialect) -> None:
        self._sheet = sheet
        self._root = sheet.root
        self._tag = dialect.tag

    def shown_at(self, address: Address) -> Address:
        """Return the cell that shows `address`: within a merged range its first one."""
        row, column = address
        for top, left, bottom, right in self._merged:
            if top <= row <= bottom and left <= column <= right:
                return top, left
        return address

    def column_width(self, column: int) -> float:
        """Return the width of a column in characters."""
        found = self._column(column)
        return float(found.get("width", _DEFAULT_WIDTH)) if found is not None else _DEFAULT_WIDTH

    def mark(
        self, marks: Mapping[Address, Severity], styles: Styles, filled_before: Set[int]
    ) -> None:
        """Fill the cells of `marks` and clear all earlier marks from the rows `filled_before`."""
        rows = self._sheet.open_rows(filled_before | {row for row, _ in marks})
        for number in filled_before:
            self._clear(rows[number], styles)
        cells = {number: _Cells(number, row, self._tag("c")) for number, row in rows.items()}
        for address, severity in sorted(marks.items()):
            row, column = address
            cell = cells[row].get(column)
            if cell is None:
                cell = cells[row].make(column)
                cell.set("s", self._format_of_blank(rows[row], column))
            cell.set("s", str(styles.marked(int(cell.get("s", "0")), severity)))
        self._widen_dimension(marks)

    def _clear(self, row: Element, styles: Styles) -> None:
        cells = [(cell, int(cell.get("s", "0"))) for cell in row.iterchildren(self._tag("c"))]
        own = [number for _, number in cells if number not in styles.earlier_marks]
        for cell, number in cells:
            if number in styles.earlier_marks:
                cell.set("s", str(styles.unmarked(number, own)))

    def _format_of_blank(self, row: Element, column: int) -> str:
        if row.get("customFormat") in ("1", "true"):
            return row.get("s", "0")
        found = self._column(column)
        return "0" if found is None else found.get("style", "0")

    def _column(self, column: int) -> Element | None:
        for low, high, element in self._columns:
            if low <= column <= high:
                return element
        return None

    @cached_property
    def _columns(self) -> list[tuple[int, int, Element]]:
        found = self._root.iterfind(f"{self._tag('cols')}/{self._tag('col')}")
        return [(int(c.get("min", "0")), int(c.get("max", "0")), c) for c in found]

    @cached_property
    def _merged(self) -> list[tuple[int, int, int, int]]:
        found = self._root.iterfind(f"{self._tag('mergeCells')}/{self._tag('mergeCell')}")
        ranges = (parse_range(merge.get("ref", "")) for merge in found)
        return [place for place in ranges if place]

    def _widen_dimension(self, marks: Iterable[Address]) -> None:
        dimension = self._root.find(self._tag("dimension"))
        used = None if dimension is None else parse_range(dimension.get("ref", ""))
        if dimension is None or used is None or not marks:
            return
        top, left, bottom, right = used
        first = min(top, *(r for r, _ in marks)), min(left, *(c for _, c in marks))
        last = max(bottom, *(r for r, _ in marks)), max(right, *(c for _, c in marks))
        if (*first, *last) != used:
            dimension.set("ref", f"{cell_name(first)}:{cell_name(last)}")


class _Cells:
    """The cells of one row in their order.

    An address that is left out is one more than the one before; it is written out, since what is
    put in between would shift it.
    """

    def __init__(self, number: int, row: Element, tag: str) -> None:
        self._number = number
        self._row = row
        self._tag = tag
        self._cells = list(row.iterchildren(tag))
        self._columns: list[int] = []
        last = 0
        for cell in self._cells:
            column = _column_of(cell.get("r", cell_name((number, last + 1))))
            if column <= last:
                raise CannotMark("cells out of order")
            cell.set("r", cell_name((number, column)))
            self._columns.append(column)
            last = column

    def get(self, column: int) -> Element | None:
        """Return the cell in `column`."""
        place = bisect_left(self._columns, column)
        found = place < len(self._columns) and self._columns[place] == column
        return self._cells[place] if found else None

    def make(self, column: int) -> Element:
        """Add a blank cell in `column`, where there is none."""
        place = bisect_left(self._columns, column)
        cell = self._row.makeelement(self._tag, {"r": cell_name((self._number, column))})
        if place:
            self._cells[place - 1].addnext(cell)
        else:
            self._row.insert(0, cell)
        self._row.attrib.pop("spans", "")  # a hint that may now be wrong; programs make it anew
        self._cells.insert(place, cell)
        self._columns.insert(place, column)
        return cell


def _column_of(name: str) -> int:
    address = parse_cell(name)
    if address is None:
        raise CannotMark(f"a cell at {name!r}")
    return address[1]
