"""Sheet 数据: the figures of the period for machines, one row a number, in their own order.

The name and the headings are the same in both languages, so that scripts find them. Numbers are
numeric cells, blank where undefined; money has two decimals, rates are unrounded fractions.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.numbers import Number, Value
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.texts import Text

NAME: Final = Text("数据", "数据")
COLUMNS: Final = (
    "period", "unit", "indicator", "dimension", "key",
    "value", "numerator", "denominator", "reported", "expected",
)  # fmt: skip

_WIDTHS: Final = (10, 16, 11, 14, 18, 20, 16, 16, 10, 10)


def add_numbers_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet = canvas.add_sheet(NAME)
    figures = canvas.view.current
    for col, (heading, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(col, col, width)
        canvas.text(sheet, 0, col, heading, "header")
    for row, number in enumerate(figures.numbers.values(), start=1):
        _write_number(canvas, sheet, row, number)
    sheet.autofilter(0, 0, max(1, len(figures.numbers)), len(COLUMNS) - 1)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    return sheet


def _write_number(canvas: Canvas, sheet: Worksheet, row: int, number: Number) -> None:
    figures = canvas.view.current
    texts = (
        figures.period.code, figures.unit.code, number.indicator, number.dimension, number.key,
    )  # fmt: skip
    values = (
        number.value, number.numerator, number.denominator, number.reported, number.expected,
    )  # fmt: skip
    for col, text in enumerate(texts):
        if text:
            canvas.text(sheet, row, col, text)
    for col, value in enumerate(values, start=len(texts)):
        if value is not None:
            sheet.write_number(row, col, float(value), canvas.styles(number=_format(value)))


def _format(value: Value) -> str:
    if isinstance(value, Decimal):
        return "0.00"
    return "0" if isinstance(value, int) else ""
