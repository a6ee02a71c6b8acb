"""Names that a workbook gives to single cells, by which a template's cells are known again.

In go the names as the file stores them, out comes the cell of each. The rule: a name of the whole
workbook wins; one of a single sheet counts where no other sheet has the same, so that the copy of a
sheet is known once its original is gone, and never beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

NamedCell = tuple[str, int, int]
"""A sheet's name, a 1-based row and a 0-based column."""

_A1 = re.compile(
    r"\$?(?:'((?:[^']|'')+)'[!.]|([^'!]+)!|([^'.]+)\.)\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})"
)


def cell_of(formula: str) -> NamedCell | None:
    """Return the one cell that a formula refers to, in the spelling of Excel or of ODF.

    >>> cell_of("'一''月'!$C$4"), cell_of("$台账.$AA$1"), cell_of("#REF!$A$1"), cell_of("A!$A$1:$B$2")
    (("一'月", 4, 2), ('台账', 1, 26), None, None)
    """
    found = _A1.fullmatch(formula)
    if found is None or found[2] == "#REF":  # the sheet was deleted
        return None
    quoted, excel, odf, letters, row = found.groups()
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - 64
    sheet = quoted.replace("''", "'") if quoted else excel or odf
    return sheet, int(row), column - 1


def settle_names(found: Iterable[tuple[str, bool, NamedCell | None]]) -> Mapping[str, NamedCell]:
    """Return the cell of each name; `found` gives name, whether it is one sheet's own, and cell."""
    cells: dict[str, NamedCell] = {}
    own: dict[str, list[NamedCell]] = {}
    for name, local, cell in found:
        if cell is None:
            continue
        if local:
            own.setdefault(name.lower(), []).append(cell)
        else:
            cells[name.lower()] = cell
    single = {name: places[0] for name, places in own.items() if len(places) == 1}
    return {**single, **cells}
