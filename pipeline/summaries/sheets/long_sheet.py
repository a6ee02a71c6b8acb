"""A sheet with a row for every unit or workbook: rows in, out to a file as they come.

XlsxWriter holds every cell of a sheet until the workbook is closed. Here it does so of the heading
alone; the rows below are put down as XML at once, texts in their own cells and not in the list that
all sheets share. Nothing may be written by XlsxWriter's own means below the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from tempfile import SpooledTemporaryFile
from typing import Final, TextIO, cast
from xml.sax.saxutils import escape

from xlsxwriter.format import Format as CellFormat
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.errors import ConfigError
from pipeline.safe_text import drop_illegal, spreadsheet_text

# What stands in a cell and how it looks; None is a blank that has a look.
Cell = tuple[str | float | None, CellFormat]

_IN_MEMORY: Final = 2**20  # bytes of rows of one sheet, more than that lie on disk
_BLOCK: Final = 2**16
_NEW_LINE: Final = {"\r": "_x000D_"}  # a program that reads XML would make it another
_PLAIN: Final = re.compile(r"[^\W_](?:[^\W_]|[-–. ])*(?<! )")  # most are, and need no second look
_LETTERS: Final = tuple(map(xl_col_to_name, range(100)))
_TOO_LONG: Final = (
    "汇总表的“{}”放不下：超过 1,048,576 行 (more rows than a sheet can have)。"
    "请在单位表里给直属单位太多的一级加一层上级 (put a level of units between)；收下的文件不会丢。"
)


class LongSheet(Worksheet):
    """A worksheet whose rows below the heading come one by one, from above to below."""

    def __init__(self) -> None:
        super().__init__()
        self._first: int | None = None

    @cached_property
    def _rows(self) -> SpooledTemporaryFile[str]:
        """The rows put down so far: with the workbook's own temporary files, where it has any."""
        most = _IN_MEMORY if self.tmpdir else 0  # which is for: all of it
        return SpooledTemporaryFile(most, "w+", encoding="utf-8", newline="", dir=self.tmpdir)

    def add_row(self, row: int, cells: Iterable[Cell | None], height: float = 0) -> None:
        """Put down the next row, cell by cell from the first column on; None is no cell at all.

        It is as high as the others where no `height` in points is given. Raises ConfigError for
        more rows than a sheet can have.
        """
        if self._first is None:
            self._first = row
        number, filled, last = row + 1, [], 0
        for col, (letter, cell) in enumerate(zip(_LETTERS, cells, strict=False)):
            if cell is not None:
                last = col
                filled.append(
                    f'<c r="{letter}{number}" s="{_style_number(cell[1])}"{_rest(cell[0])}'
                )
        if self._check_dimensions(row, last) < 0:
            raise ConfigError(_TOO_LONG.format(self.name))
        pixels = int(height * 4 / 3 + 0.5) if height else self.default_row_height
        self._rows.write(
            f'<row r="{number}" ht="{pixels * 0.75:g}" customHeight="1">{"".join(filled)}</row>'
        )

    def _write_rows(self) -> None:
        """Write the heading as XlsxWriter does, and all that was put down after it."""
        below = [row for row in self.table if self._first is not None and row >= self._first]
        assert not below, f"{self.name}: rows {below} were written by other means"
        super()._write_rows()
        self._rows.seek(0)
        while block := self._rows.read(_BLOCK):
            cast(TextIO, self.fh).write(block)
        self._rows.close()


def serial_of(at: datetime) -> float:
    """Return the number by which a spreadsheet knows a moment.

    >>> serial_of(datetime(2026, 10, 9, 12))
    46304.5
    """
    since = at - datetime(1899, 12, 31)
    days = since.days + (since.seconds + since.microseconds / 1e6) / 86400
    return days + 1  # 29 February 1900, a day that only spreadsheets know


def _style_number(style: CellFormat) -> int:
    if style.xf_index is None:  # XlsxWriter counts the formats as they are used
        style._get_xf_index()  # type: ignore[no-untyped-call]  # it has no types
    return cast(int, style.xf_index)


def _rest(value: str | float | None) -> str:
    """Return a cell from the end of its attributes on."""
    if value is None or value == "":
        return "/>"
    if isinstance(value, str):
        return f' t="inlineStr"><is>{_text(value)}</is></c>'
    return f"><v>{value:.16G}</v></c>"


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return f"<t>{text}</t>"
    space = ' xml:space="preserve"' if text != text.strip() else ""
    return f"<t{space}>{escape(spreadsheet_text(drop_illegal(text)), _NEW_LINE)}</t>"
