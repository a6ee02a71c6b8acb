"""A receipt as a workbook of our own, where the group's file cannot be marked.

In: the verdict and the values of the group's sheets, as read from an .xls or .ods. Out: an .xlsx
with 「需修改」 first and a copy of the values after it, marked like any other workbook. Values are
written by their type and text always as text, so nothing becomes a formula or a link.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipeline.books.raw import EXACT_BELOW, Raw, as_typed
from pipeline.intake.returned import LIST_SHEET, is_list_sheet
from pipeline.receipts.mark import mark_workbook
from pipeline.receipts.mark_list import TAB_COLOUR
from pipeline.receipts.verdict import Verdict
from pipeline.safe_text import drop_illegal, one_line, shown_width
from pipeline.texts import Lang, Text

BookSheets = Sequence[tuple[str, Sequence[Sequence[Raw]]]]
"""The name of each sheet and its rows; the first row is row 1, the first value column A."""

_CREATED = datetime(2020, 1, 1)  # fixed, so that the same verdict gives the same bytes
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_NAME_LIMIT = 31
_NAMELESS = Text("工作表", "Sheet")
_FIRST_DAY = datetime(1900, 3, 1)  # before it Excel counts a day that never was
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
_WIDTHS = (9, 40)
_ROWS_FOR_WIDTH = 200


def fresh_workbook(
    verdict: Verdict,
    lang: Lang,
    sheets: BookSheets = (),
    sheet_names: Mapping[str, str] | None = None,
) -> bytes:
    """Return a new workbook with the list and, where `sheets` are given, their marked copy.

    `sheet_names` gives the name that a form's sheet has among `sheets`.
    """
    kept = [(name, rows) for name, rows in sheets if not is_list_sheet(name)]
    copies = _copy_names((name for name, _ in kept), lang)
    copy_of = {name: copy for (name, _), copy in reversed([*zip(kept, copies, strict=True)])}
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED})
        # An empty list, to be replaced by the full one: no workbook may be without a sheet.
        book.add_worksheet(LIST_SHEET[lang]).set_tab_color(f"#{TAB_COLOUR[2:]}")
        formats = {kind: book.add_format({"num_format": kind}) for kind in (_DAY, _MOMENT)}
        for (name, rows), copy in zip(kept, copies, strict=True):
            sheet = book.add_worksheet(copy)
            if name.startswith("_"):  # technical, and out of sight in the original too
                sheet.very_hidden()
            _copy_values(sheet, rows, formats)
    real = sheet_names or {}
    names = {i.sheet: copy_of.get(real.get(i.sheet, i.sheet), "") for i in verdict.issues}
    return mark_workbook(out.getvalue(), verdict, names, lang)[0]


def _copy_names(names: Iterable[str], lang: Lang) -> list[str]:
    """Return names that Excel takes for sheets, all different, for the names of any program, even
    where two of these are the same."""
    copies: list[str] = []
    taken = {LIST_SHEET[lang].casefold(), "history"}  # the latter is kept by Excel for itself
    for name in names:
        base = one_line(_FORBIDDEN.sub("_", name)) or _NAMELESS[lang]
        copy, number = base[:_NAME_LIMIT], 2
        while copy.casefold() in taken:
            copy, number = f"{base[: _NAME_LIMIT - 6]} ({number})", number + 1
        taken.add(copy.casefold())
        copies.append(copy)
    return copies


def _copy_values(
    sheet: Worksheet, rows: Sequence[Sequence[Raw]], formats: Mapping[str, Format]
) -> None:
    """Write the values where they stood."""
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if value is not None:
                _write_value(sheet, r, c, value, formats)
    for c in range(max(map(len, rows), default=0)):
        texts = (as_typed(row[c]) for row in rows[:_ROWS_FOR_WIDTH] if c < len(row))
        width = max(map(shown_width, texts), default=0)
        sheet.set_column(c, c, min(max(width + 2, _WIDTHS[0]), _WIDTHS[1]))


def _write_value(
    sheet: Worksheet, r: int, c: int, value: Raw, formats: Mapping[str, Format]
) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(r, c, value)
    elif isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < EXACT_BELOW:
        sheet.write_number(r, c, value)
    elif isinstance(value, datetime) and value.replace(tzinfo=None) >= _FIRST_DAY:
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        sheet.write_datetime(r, c, value, formats[_DAY if midnight else _MOMENT])
    elif isinstance(value, date) and not isinstance(value, datetime):
        _write_value(sheet, r, c, datetime(value.year, value.month, value.day), formats)
    elif isinstance(value, str):
        sheet.write_string(r, c, drop_illegal(value))
    else:
        sheet.write_string(r, c, drop_illegal(as_typed(value)))
