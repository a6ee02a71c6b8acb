"""Hidden marks in a workbook: the names by which its sheets and cells are known again.

In: a form and a field. Out: a defined name of the workbook, on the heading of a ledger's column, on
the value of a cover's line, and one on each sheet. Spreadsheet programs move such a name along with
its cell, whatever is inserted, moved or typed over; nobody sees it, and nothing calculates with it.

Here too are the names and signs by which what a template adds for itself is told from what people
fill: whoever reads a workbook needs these, and nothing of what writes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.forms.model import Form
from pipeline.texts import Text

if TYPE_CHECKING:
    from xlsxwriter import Workbook as Book
    from xlsxwriter.worksheet import Worksheet

PREFIX = "f_"
META_SHEET = "_meta"
LISTS_SHEET = Text("字典", "Lists")
GUIDE_SHEET = Text("填报说明", "Guide")
CHECK_SHEET = "_check"  # the sheet with which a template judges itself
STATUS_PREFIX = "status_"  # begins the formula in each row that says whether the row is well
STATUS = Text("核对", "Check")
PASS, FAIL, ODD, CHECK = "✓", "✗", "？", "！"
TOTAL_WORDS = ("合计", "小计", "总计")


def anchor_name(form: Form, field: str = "") -> str:
    """Return the name of a field's cell, or of the form's sheet.

    No key holds two underscores in a row, so every name says one thing only.
    """
    return f"{PREFIX}{form.key}__{field}" if field else f"{PREFIX}{form.key}"


def set_anchor(
    book: Book, sheet: Worksheet, row: int, column: int, form: Form, field: str = ""
) -> None:
    """Give a cell its name."""
    from xlsxwriter.utility import quote_sheetname, xl_rowcol_to_cell

    cell = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
    book.define_name(anchor_name(form, field), f"={quote_sheetname(str(sheet.name))}!{cell}")
    book.defined_names[-1][_HIDDEN] = True


# The place of that property in what XlsxWriter keeps of a name; it has no method for it.
_HIDDEN = 3
