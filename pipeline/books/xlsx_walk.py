"""The slow lane of `.xlsx`: any sheet that is valid XML, in any spelling.

In goes the text of a part, out come its cells or strings. It is the reference that the fast lane
must agree with. The rule: a cell counts at the address it gives itself, or follows the last one
where it gives none; two values at one address are a damaged file, never a choice of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from pipeline.books import refusals
from pipeline.books.grid import MAX_COLUMN, Grid
from pipeline.books.raw import Raw
from pipeline.books.recount import count_xlsx
from pipeline.books.refusals import refuse
from pipeline.books.xlsx_values import Values, column_number
from pipeline.books.xmltext import forget, local_name, stream_elements, undeclared
from pipeline.forms.anchors import STATUS_PREFIX

_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ON = ("1", "true", "on")


def walk_cells(text: str, values: Values, grid: Grid) -> None:
    """Fill the grid from a sheet part; rows and cells may stand in any order."""
    rows: dict[int, dict[int, Raw]] = {}
    hidden_rows: set[int] = set()
    number = column = 0
    is_sheet = False
    for element in stream_elements(text, _tags("c", "row", "col", "worksheet")):
        tag = local_name(element)
        if tag == "worksheet":
            is_sheet = True
        elif tag == "c":
            row, column = _address(element, number + 1, column)
            stored_text, is_formula = _stored(element)
            grid.stored += bool(stored_text)
            value = values.read(
                element.get("t", "n"), element.get("s", "0"), stored_text, is_formula
            )
            if value is not None:
                grid.values += 1
                grid.room.check_cells(grid.values)
                _put(rows.setdefault(row, {}), column, value)
        elif tag == "row":
            number, column = int(element.get("r") or number + 1), 0
            if element.get("hidden") in _ON:
                hidden_rows.add(number)
        elif element.get("hidden") in _ON:
            grid.hide_columns(int(element.get("min", "1")), int(element.get("max", "1")))
        forget(element)
    if not is_sheet:  # its cells, if any, are in a namespace that nobody knows
        raise refuse(refusals.DAMAGED)
    for row in sorted(rows):
        grid.add_row(row, _dense(rows[row]), row in hidden_rows)
    if not grid.agrees_with(count_xlsx(undeclared(text))):
        raise refuse(refusals.DAMAGED)


def walk_strings(text: str) -> Iterator[str]:
    """Yield the shared strings in their order, rich text joined, phonetic readings left out."""
    for element in stream_elements(text, _tags("si")):
        yield _rich_text(element)
        forget(element)


def _tags(*names: str) -> list[str]:
    return [f"{{{namespace}}}{name}" for namespace in _NAMESPACES for name in names]


def _address(element: etree._Element, next_row: int, column: int) -> tuple[int, int]:
    """Return the row and column of a cell that comes after `column` in its row."""
    if (written := element.get("r")) is None:
        row = element.getparent()
        return int((row is not None and row.get("r")) or next_row), column + 1
    address = _ADDRESS.fullmatch(written)
    if address is None:
        raise refuse(refusals.DAMAGED)
    return int(address[2]), column_number(address[1])


def _stored(element: etree._Element) -> tuple[str | None, bool]:
    """Return the text of a cell, None where it has none at all, and whether it is a formula's.

    The formula of a template's own, uncalculated or not, is none that anybody entered.
    """
    text, is_formula = None, False
    for child in element:
        tag = local_name(child)
        if tag == "f":
            is_formula = not (child.text or "").startswith(STATUS_PREFIX)
        elif tag in ("v", "is"):
            if text is not None or (tag == "v" and len(child)):
                raise refuse(refusals.DAMAGED)
            text = child.text or "" if tag == "v" else _rich_text(child)
    return text, is_formula


def _rich_text(element: etree._Element) -> str:
    """Return the text of an `<si>` or `<is>`: its own `<t>` and those of its runs."""
    texts = []
    for child in element:
        tag = local_name(child)
        if tag == "t":
            texts.append(child.text or "")
        elif tag == "r":
            texts.extend(run.text or "" for run in child if local_name(run) == "t")
    return "".join(texts)


def _put(row: dict[int, Raw], column: int, value: Raw) -> None:
    if column in row or column > MAX_COLUMN:
        raise refuse(refusals.DAMAGED)
    row[column] = value


def _dense(row: dict[int, Raw]) -> list[Raw]:
    cells: list[Raw] = [None] * max(row)
    for column, value in row.items():
        cells[column - 1] = value
    return cells
