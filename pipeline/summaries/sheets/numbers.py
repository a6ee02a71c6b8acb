"""Sheet 数据: the figures of the period for machines, one row a number, in their own order.

The name and the headings are the same in both languages, so that scripts find them. Numbers are
numeric cells, blank where undefined; money has two decimals, rates are unrounded fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from xlsxwriter.format import Format as CellFormat
from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.numbers import Number, Value
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.long_sheet import Cell
from pipeline.summaries.sheets.styles import Styles
from pipeline.texts import Text

NAME: Final = Text("数据", "数据")
COLUMNS: Final = (
    "period", "unit", "indicator", "dimension", "key",
    "value", "numerator", "denominator", "reported", "expected",
)  # fmt: skip

_WIDTHS: Final = (10, 16, 11, 14, 18, 20, 16, 16, 10, 10)


def add_numbers_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet = canvas.add_long_sheet(NAME)
    figures = canvas.view.current
    for col, (heading, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(col, col, width)
        canvas.text(sheet, 0, col, heading, "header")
    head, formats = (figures.period.code, figures.unit.code), _Formats.from_styles(canvas.styles)
    for row, number in enumerate(figures.numbers.values(), start=1):
        sheet.add_row(row, _cells(number, head, formats))
    sheet.autofilter(0, 0, max(1, len(figures.numbers)), len(COLUMNS) - 1)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    return sheet


def _cells(number: Number, head: Sequence[str], formats: _Formats) -> Iterator[Cell | None]:
    for text in (*head, number.indicator, number.dimension, number.key):
        yield (text, formats.text) if text else None
    for value in (
        number.value, number.numerator, number.denominator, number.reported, number.expected,
    ):  # fmt: skip
        yield None if value is None else (float(value), formats.of(value))


@dataclass(frozen=True, slots=True)
class _Formats:
    """The formats of this sheet, looked up once: it has more cells than all others together."""

    text: CellFormat
    whole: CellFormat
    money: CellFormat

    @classmethod
    def from_styles(cls, styles: Styles) -> _Formats:
        return cls(styles(), styles(number="0"), styles(number="0.00"))

    def of(self, value: Value) -> CellFormat:
        if isinstance(value, Decimal):
            return self.money
        return self.whole if isinstance(value, int) else self.text
