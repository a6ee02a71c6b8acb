"""A sheet of a blank workbook: XlsxWriter's own, but that its formulas are written as they stand.

XlsxWriter looks into each formula for thirty functions of newer Excels, to spell them as files do.
A form's formulas have none of them, and the looking took a quarter of the time of a workbook.
"""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet


class FormSheet(Worksheet):
    """A worksheet that takes formulas as a file spells them."""

    def _prepare_formula(self, formula: str, _newer: bool = False) -> str:
        return formula.removeprefix("=")
