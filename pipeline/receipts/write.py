"""The receipt for one file: what goes back to the group that dropped it.

In: the file's bytes and the verdict on it. Out: bytes and a suffix. Where there is an error or a
warning to look at, the group's own workbook comes back marked (`mark`), or a fresh one with its
values where that cannot be done (`fresh`); else a short text says what became of the
file. A macro workbook keeps its suffix, since Excel opens it under no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.books.screen import Kind
from pipeline.receipts.mark import mark_workbook
from pipeline.receipts.packing import CannotMark
from pipeline.receipts.verdict import (
    ListRow,
    Verdict,
    file_line,
    headline,
    list_lines,
    list_rows,
    status_sentence,
    what_to_do,
)
from pipeline.texts import Lang, Text

if TYPE_CHECKING:
    from pipeline.receipts.fresh import BookSheets

_TITLE = Text("报表回执", "Receipt")
_ROW = Text("{number}. 【{level}】{place}：{message}", "{number}. [{level}] {place}: {message}")
_VALUE = Text("（原值：{value}）", " (value: {value})")


def write_receipt(
    data: bytes,
    kind: Kind | None,
    verdict: Verdict,
    book_sheets: BookSheets,
    sheet_names: Mapping[str, str],
    lang: Lang,
) -> tuple[bytes, str]:
    """Return the receipt and its suffix: `.xlsx`, `.xlsm` or `.txt`.

    `kind` and `book_sheets` are what was read of the file, None and () where nothing could be;
    `sheet_names` gives the name that a form's sheet has in it.
    """
    if not _is_worth_marking(verdict, book_sheets):
        # Older editors on Windows show this right only with a mark and line ends of their own.
        return text_receipt(verdict, lang).replace("\n", "\r\n").encode("utf-8-sig"), ".txt"
    if kind == "xlsx":
        try:
            return mark_workbook(data, verdict, sheet_names, lang)
        except CannotMark:
            pass  # the fresh copy below says the same
    from pipeline.receipts.fresh import fresh_workbook  # heavy, and seldom needed

    return fresh_workbook(verdict, lang, book_sheets, sheet_names), ".xlsx"


def text_receipt(verdict: Verdict, lang: Lang) -> str:
    """Return the receipt as plain lines, grouped and cut short as the list in a workbook is."""
    lines = [
        f"{_TITLE[lang]} · {headline(verdict, lang)}",
        file_line(verdict, lang),
        status_sentence(verdict, lang),
        what_to_do(verdict, lang, marked=False),
        *(_line(row, lang) for row in list_lines(list_rows(verdict, lang), lang, marked=False)),
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _is_worth_marking(verdict: Verdict, book_sheets: BookSheets) -> bool:
    """Tell whether the file could be read and something in it should be looked at again."""
    looked_into = bool(book_sheets) and verdict.status != "duplicate"
    return looked_into and any(issue.severity != "info" for issue in verdict.issues)


def _line(row: ListRow | str, lang: Lang) -> str:
    if isinstance(row, str):
        return row
    place = " · ".join(filter(None, (row.place, row.column)))
    return _ROW.format(number=row.number, level=row.level, place=place, message=row.message)[lang]
