"""Colours that follow the verdict while a workbook is being filled.

In: cells of a sheet and the names of the verdict on them. Out: conditional formats. The colours are
those of the receipts. None stands alone: beside each is a mark or a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.forms.anchors import CHECK, FAIL, ODD, PASS
from pipeline.forms.model import Field, Form
from pipeline.forms.workbook_draft import Draft
from pipeline.forms.workbook_totals import COUNTS, total_name
from pipeline.forms.workbook_verdict import bad_name, odd_name

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_BY_MARK = {FAIL: "says wrong", ODD: "says odd", CHECK: "says odd", PASS: "says well"}


def tint_faults(
    draft: Draft,
    sheet: Worksheet,
    first_row: int,
    last_row: int,
    column: int,
    form: Form,
    field: Field,
) -> None:
    """Tint entry cells of a field where the sheet finds something wrong or odd."""
    for name, style in ((bad_name, "wrong"), (odd_name, "odd")):
        area = (first_row, column, last_row, column)
        _tint(draft, sheet, area, name(form, field.key), style)


def tint_gap(draft: Draft, sheet: Worksheet, row: int, column: int, name: str) -> None:
    """Tint a heading where the name says what is missing below it."""
    _tint(draft, sheet, (row, column, row, column), f'{name}<>""', "odd head")


def tint_by_mark(
    draft: Draft, sheet: Worksheet, first_row: int, last_row: int, column: int
) -> None:
    """Colour the text of cells by the mark that it begins with."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    cell = xl_rowcol_to_cell(first_row, column, col_abs=True)
    for mark, style in _BY_MARK.items():
        area = (first_row, column, last_row, column)
        _tint(draft, sheet, area, f'LEFT({cell},1)="{mark}"', style)


def tint_light(draft: Draft, sheet: Worksheet, row: int, first: int, last: int) -> None:
    """Colour the line that says whether the workbook may be sent."""
    errors, odds, warnings = map(total_name, COUNTS)
    for criteria, style in (
        (f"{errors}>0", "stop"),
        (f"{odds}+{warnings}>0", "look"),
        (f"{errors}+{odds}+{warnings}=0", "go"),
    ):
        _tint(draft, sheet, (row, first, row, last), criteria, style)


def _tint(
    draft: Draft, sheet: Worksheet, area: tuple[int, int, int, int], criteria: str, style: str
) -> None:
    rule = {"type": "formula", "criteria": f"={criteria}", "format": draft.style(style)}
    sheet.conditional_format(*area, rule)
