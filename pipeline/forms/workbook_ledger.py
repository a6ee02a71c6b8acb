"""A ledger: one column a field, one row a record, prepared for typing and pasting.

In: a draft, a form and the records to write into it. Out: one sheet. The rule: prepared rows carry
formats but nothing visible, because Excel prints whatever has a border; only rows in use show one,
by conditional formatting, and so a ledger of twelve rows prints as one page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.forms.anchors import set_anchor
from pipeline.forms.model import Field, FieldType, Form
from pipeline.forms.workbook_draft import Draft, count_lines, write_words
from pipeline.forms.workbook_entry import NUMBER_FORMATS, add_checks, heading, write_value
from pipeline.texts import Lang, Text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

TITLE_ROW, HINT_ROW, HEADER_ROW, FIRST_ROW = range(4)
FIRST_COLUMN = 0

LEGEND = Text(
    "深红表头带 * 的必须填，浅色表头的没有可以不填。",
    "Dark red headings with * are required; light ones may be left blank.",
)

_LINE_HEIGHT = 17
_ALIGN: Mapping[FieldType, str] = {
    "int": "right",
    "money": "right",
    "date": "center",
    "month": "center",
    "flag": "center",
}


def write_ledger(
    draft: Draft,
    sheet: Worksheet,
    form: Form,
    records: Sequence[Mapping[str, object]],
    rows: int,
) -> None:
    """Write a ledger with `records` by field key in its first rows and at least `rows` prepared."""
    last_row = FIRST_ROW + max(rows, len(records), 1) - 1
    last_column = FIRST_COLUMN + len(form.fields) - 1
    _write_head(draft, sheet, form)
    set_anchor(draft.book, sheet, TITLE_ROW, FIRST_COLUMN, form)
    styles = [_entry_style(draft, field) for field in form.fields]
    for column, (field, style) in enumerate(zip(form.fields, styles, strict=True), FIRST_COLUMN):
        sheet.set_column(column, column, _width(field, draft.lang), style)
        name = "required" if field.required else "optional"
        write_words(sheet, HEADER_ROW, column, heading(field, draft.lang), draft.style(name))
        set_anchor(draft.book, sheet, HEADER_ROW, column, form, field.key)
        add_checks(draft, sheet, FIRST_ROW, last_row, column, field)
    _write_rows(draft, sheet, form, records, last_row, styles)
    sheet.conditional_format(
        FIRST_ROW, FIRST_COLUMN, last_row, last_column,
        {"type": "formula", "criteria": _row_in_use(last_column),
         "format": draft.style("row in use")},
    )  # fmt: skip


def _write_head(draft: Draft, sheet: Worksheet, form: Form) -> None:
    draft.set_page(sheet, form.label)
    draft.protect(sheet)
    sheet.repeat_rows(HEADER_ROW)
    sheet.freeze_panes(FIRST_ROW, FIRST_COLUMN + 1)
    sheet.ignore_errors({"number_stored_as_text": f"A{FIRST_ROW + 1}:XFD1048576"})
    for row, height in ((TITLE_ROW, 30), (HINT_ROW, 20), (HEADER_ROW, 36)):
        sheet.set_row(row, height)
    line = f"{draft.whose}　{form.hint[draft.lang]}　{LEGEND[draft.lang]}"
    write_words(sheet, TITLE_ROW, FIRST_COLUMN, form.label[draft.lang], draft.style("title"))
    write_words(sheet, HINT_ROW, FIRST_COLUMN, line, draft.style("subtitle"))


def _entry_style(draft: Draft, field: Field) -> Format:
    align = _ALIGN.get(field.type, "left")
    extra: dict[str, Any] = {"align": align, "num_format": NUMBER_FORMATS[field.type]}
    if align == "left":
        extra["indent"] = 1  # a text beside a right-aligned number would touch it
    if field.type in ("text", "choice"):
        extra["text_wrap"] = True
    return draft.style("entry", **extra)


def _width(field: Field, lang: Lang) -> int:
    """Return the form's width, or more where a Latin word of the heading would be torn apart."""
    words = heading(field, lang).split()
    return max(field.width, *(len(word) + 3 for word in words if word.isascii()), 0)


def _write_rows(
    draft: Draft,
    sheet: Worksheet,
    form: Form,
    records: Sequence[Mapping[str, object]],
    last_row: int,
    styles: Sequence[Format],
) -> None:
    # A row can be deleted only where all its cells are unlocked, right to the end of the sheet.
    whole_row = draft.style("unlocked")
    widths = [_width(field, draft.lang) for field in form.fields]
    for row, record in enumerate(records, FIRST_ROW):
        values = [record.get(field.key) for field in form.fields]
        lines = max(count_lines(str(v or ""), w) for v, w in zip(values, widths, strict=True))
        sheet.set_row(row, lines * _LINE_HEIGHT if lines > 1 else None, whole_row)
        for column, value in enumerate(values):
            field, style = form.fields[column], styles[column]
            write_value(sheet, row, FIRST_COLUMN + column, field, value, style, draft.lang)
    for row in range(FIRST_ROW + len(records), last_row + 1):
        sheet.set_row(row, None, whole_row)
        for column, style in enumerate(styles, FIRST_COLUMN):
            sheet.write_blank(row, column, None, style)


def _row_in_use(last_column: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    ends = (xl_rowcol_to_cell(FIRST_ROW, c, col_abs=True) for c in (FIRST_COLUMN, last_column))
    return f"=COUNTA({':'.join(ends)})>0"
