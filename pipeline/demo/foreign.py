"""A workbook that was not made from our template: the same report as a group types it by itself.

Other names for sheets and columns, another order, no hidden sheet that says whose it is; counts with
words and full-width digits, days as people write them, an added-up last row. All of it can be read.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pipeline.demo.reports import Report, Row
from pipeline.forms.model import Field, Form, Workbook
from pipeline.periods import Period

if TYPE_CHECKING:
    from openpyxl import Workbook as Book

_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_BACK = 2  # columns that go from the front to the end
_SUMMED = ("due", "paid")
_ROUGHLY = "attended"
_LOOSE_ROWS = 6  # enough to see how it is read, few enough to look through


def foreign_workbook(report: Report, workbook: Workbook) -> bytes:
    """Return the report as an `.xlsx` of another program; equal reports give equal bytes."""
    from openpyxl import Workbook as Book  # only one workbook of the demo is made with it

    book = Book()
    book.properties.created = datetime(report.period.end.year, 1, 1)
    _write_cover(book, report, workbook.cover)
    for form in workbook.ledgers:
        _write_ledger(book, form, report)
    return _saved(book)


def _write_cover(book: Book, report: Report, form: Form) -> None:
    """Write two pairs of label and value a row."""
    sheet = book.worksheets[0]
    sheet.title = _other_name(form)
    org, period = report.unit.org, report.period
    known = {"unit": org.code, "unit_name": org.aliases[0], "period": period.label.zh}
    values = {**report.cover, **known}
    pairs = [
        (f"{field.label.zh}：", _typed(field, values[field.key], number, period))
        for number, field in enumerate(form.fields)
        if values.get(field.key) is not None
    ]
    sheet.append([f"{org.name}{period.label.zh}工作报表"])
    for left, right in zip(pairs[::2], [*pairs[1::2], (None, None)], strict=False):
        sheet.append([*left, *right])


def _write_ledger(book: Book, form: Form, report: Report) -> None:
    sheet = book.create_sheet(_other_name(form))
    fields = (*form.fields[_BACK:], *form.fields[:_BACK])
    sheet.append([form.label.zh])
    sheet.append([*(_other_heading(field) for field in fields), "照片"])
    rows = report.records[form.key]
    for number, row in enumerate(rows):
        typed = [_typed(field, row.get(field.key), number, report.period) for field in fields]
        sheet.append([*typed, "有" if number == 0 else None])
    sums = [_sum(rows, field) if field.key in _SUMMED else None for field in fields]
    if any(sums):
        sheet.append(["合计", *sums[1:]])


def _sum(rows: Sequence[Row], field: Field) -> float:
    return float(sum(Decimal(str(row[field.key])) for row in rows))


def _other_name(form: Form) -> str:
    return form.aliases[0] if form.aliases else form.label.zh


def _other_heading(field: Field) -> str:
    return field.aliases[0] if field.aliases else field.label.zh


def _typed(field: Field, value: object, number: int, period: Period) -> object:
    """Return a value as it is typed by hand, in a way that changes from row to row."""
    if value is None or isinstance(value, str):
        return _said(field, value, number)
    way = number % 3 if number < _LOOSE_ROWS else 0
    if isinstance(value, date):
        # The year may go without saying only where it is the period's.
        within = period.start <= value <= period.end
        short = f"{value.month}月{value.day}日"
        return (value, short if within else value, f"{value.year}.{value.month}.{value.day}")[way]
    if field.type == "money":
        amount = Decimal(str(value))
        return (float(amount), f"{amount}元", f"￥{amount:,.2f}")[way]
    if field.key == _ROUGHLY and number == 0:
        return f"约{value}人"
    return (value, f"{value}人", str(value).translate(_WIDE))[way]


def _said(field: Field, value: str | None, number: int) -> str | None:
    if value is None:
        return None
    if number >= _LOOSE_ROWS or number % 2 == 0:
        return value
    if field.type == "month":
        return f"{int(value[5:])}月"
    aliases = next((choice.aliases for choice in field.choices if choice.value == value), ())
    return aliases[0] if aliases else value


def _saved(book: Book) -> bytes:
    """Return the workbook's bytes without the time of saving, which openpyxl writes everywhere."""
    from openpyxl.writer.excel import ExcelWriter

    book.properties.modified = book.properties.created
    written, packed = io.BytesIO(), io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(written, "w")).save()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            target.writestr(
                zipfile.ZipInfo(name), source.read(name), compress_type=zipfile.ZIP_DEFLATED
            )
    return packed.getvalue()
