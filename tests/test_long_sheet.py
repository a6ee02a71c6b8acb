"""A sheet whose rows are not held reads like one that XlsxWriter wrote itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from hostile_strings import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.errors import ConfigError
from pipeline.safe_text import drop_illegal
from pipeline.summaries.sheets.long_sheet import LongSheet, serial_of

# What looks like an escape is one in a cell, too, but openpyxl reads only shared texts so.
TEXTS = [text.replace("_x0041_", "") for text in HOSTILE]
VALUES = [*TEXTS, "", None, 0, -12, 1234567, 0.1 + 0.2, 2 / 3, 1e-9, " 前后有空格 ", "a\nb"]


def test_every_cell_reads_as_xlsxwriter_writes_it() -> None:
    def fill(book: Workbook, sheet: Worksheet, long: Worksheet) -> None:
        style = book.add_format({"bold": True, "num_format": "#,##0.00"})
        for target in (sheet, long):
            target.set_default_row(15.75)
            target.write_string(0, 0, "标题")
        for row, value in enumerate(VALUES, start=3):
            if isinstance(value, str) and value:
                sheet.write_string(row, 0, drop_illegal(value), style)
            elif value or value == 0:
                sheet.write_number(row, 0, value, style)
            else:
                sheet.write_blank(row, 0, None, style)
            sheet.write_string(row, 2, "末列", style)
            sheet.set_row(row, 15.75 + row)
            assert isinstance(long, LongSheet)
            long.add_row(row, [(value, style), None, ("末列", style)], 15.75 + row)

    plain, long = _sheets_of(fill)
    assert plain.dimensions == long.dimensions
    for row, (one, other) in enumerate(zip(plain.iter_rows(), long.iter_rows(), strict=True), 1):
        assert [cell.value for cell in one] == [cell.value for cell in other]
        assert [cell.number_format for cell in one] == [cell.number_format for cell in other]
        assert plain.row_dimensions[row].height == long.row_dimensions[row].height


def test_more_rows_than_a_sheet_can_have_are_not_left_out_silently() -> None:
    def fill(book: Workbook, _: Worksheet, long: Worksheet) -> None:
        assert isinstance(long, LongSheet)
        style = book.add_format()
        long.add_row(1_048_575, [(1, style)])
        with pytest.raises(ConfigError, match=r"1,048,576"):
            long.add_row(1_048_576, [(1, style)])

    _sheets_of(fill)


def test_many_rows_lie_on_disk_and_come_in_order() -> None:
    def fill(book: Workbook, _: Worksheet, long: Worksheet) -> None:
        assert isinstance(long, LongSheet)
        style = book.add_format()
        for row in range(1, 30_001):
            long.add_row(row, [(row, style), None, ("某单位", style)])
        assert not isinstance(long._rows._file, io.BytesIO)

    _, long = _sheets_of(fill, read_only=True)
    rows = list(long.iter_rows(min_row=2, values_only=True))
    assert rows == [(row, None, "某单位") for row in range(1, 30_001)]


def test_nothing_is_lost_that_was_written_below_by_other_means() -> None:
    def fill(book: Workbook, _: Worksheet, long: Worksheet) -> None:
        assert isinstance(long, LongSheet)
        long.add_row(1, [(1, book.add_format())])
        long.write_number(2, 0, 2)
        opened.append(long)

    opened: list[LongSheet] = []
    with pytest.raises(AssertionError, match=r"rows \[2\]"):
        _sheets_of(fill)
    opened[0]._rows.close()


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_a_moment_is_the_number_that_xlsxwriter_writes(at: datetime) -> None:
    sheet = Workbook(io.BytesIO()).add_worksheet()
    assert f"{serial_of(at):.16G}" == f"{sheet._convert_date_time(at):.16G}"


def _sheets_of(
    fill: Callable[[Workbook, Worksheet, Worksheet], None], *, read_only: bool = False
) -> list[Any]:
    memory = io.BytesIO()
    book = Workbook(memory, {"in_memory": True})
    fill(book, book.add_worksheet("plain"), book.add_worksheet("long", LongSheet))
    book.close()
    return openpyxl.load_workbook(memory, read_only=read_only).worksheets
