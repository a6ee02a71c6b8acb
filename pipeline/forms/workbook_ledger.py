"""A ledger: one column a field, one row a record, prepared for typing and pasting.

In: a draft, a form and the records to write into it. Out: one sheet, its first column saying of
each row what is wrong with it. The rule: a prepared row holds nothing but the formula of that
column, and the formats of whole columns; only rows in use show borders, by conditional formatting.
Programs print every formula, even one that shows nothing, so that column is not printed: what is
printed are whole columns, of which they print the rows that hold something. A blank ledger is one
page, and no row is left out, however far down it is filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pipeline.forms.anchors import STATUS, set_anchor
from pipeline.forms.model import Field, FieldType, Form
from pipeline.forms.workbook_check import Entries, reference
from pipeline.forms.workbook_draft import Draft, count_lines, write_words
from pipeline.forms.workbook_entry import (
    NUMBER_FORMATS,
    add_checks,
    add_hint,
    add_status_check,
    as_offered,
    heading,
    write_value,
)
from pipeline.forms.workbook_tints import tint_by_mark, tint_faults, tint_gap
from pipeline.forms.workbook_totals import gap_names, line_formula
from pipeline.forms.workbook_verdict import status_formula
from pipeline.texts import Lang, Text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

TITLE_ROW, HINT_ROW, HEADER_ROW, FIRST_ROW = range(4)
STATUS_COLUMN, FIRST_COLUMN = range(2)

LEGEND = Text(
    "深红表头带 * 的必须填，浅色表头的没有可以不填。",
    "Dark red headings with * are required; light ones may be left blank.",
)

_LINE_HEIGHT = 17
_STATUS_WIDTH: Mapping[Lang, int] = {"zh": 29, "en": 36}  # at its small size, a sentence
_END_OF_ROWS, _END_OF_COLUMNS = 1_048_575, 16_383
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
) -> Entries:
    """Write a ledger with `records` by field key in its first rows and at least `rows` prepared."""
    last_row = FIRST_ROW + max(rows, len(records), 1) - 1
    last_column = FIRST_COLUMN + len(form.fields) - 1
    _write_head(draft, sheet, form)
    set_anchor(draft.book, sheet, TITLE_ROW, STATUS_COLUMN, form)
    styles = [_entry_style(draft, field) for field in form.fields]
    for column, (field, style) in enumerate(zip(form.fields, styles, strict=True), FIRST_COLUMN):
        sheet.set_column(column, column, _width(field, draft.lang), style)
        name = "required" if field.required else "optional"
        write_words(sheet, HEADER_ROW, column, heading(field, draft.lang), draft.style(name))
        add_hint(draft, sheet, HEADER_ROW, column, field)
        set_anchor(draft.book, sheet, HEADER_ROW, column, form, field.key)
        add_checks(draft, sheet, FIRST_ROW, last_row, column, field)
    _write_records(draft, sheet, form, records, styles)
    _open_to_the_end(draft, sheet, last_column + 1)
    _write_status(draft, sheet, form, last_row)
    for column, field in enumerate(form.fields, FIRST_COLUMN):
        tint_faults(draft, sheet, FIRST_ROW, last_row, column, form, field)
    for key, name in gap_names(form).items():
        tint_gap(draft, sheet, HEADER_ROW, FIRST_COLUMN + form.positions[key], name)
    sheet.conditional_format(
        FIRST_ROW, STATUS_COLUMN, last_row, last_column,
        {"type": "formula", "criteria": _row_in_use(last_column),
         "format": draft.style("row in use")},
    )  # fmt: skip
    _print_columns(draft, form, last_column)
    return _entries(draft, form, last_row)


def _write_head(draft: Draft, sheet: Worksheet, form: Form) -> None:
    draft.set_page(sheet, form.label)
    draft.protect(sheet)
    sheet.repeat_rows(HEADER_ROW)
    sheet.freeze_panes(FIRST_ROW, FIRST_COLUMN + 1)
    sheet.set_selection(FIRST_ROW, FIRST_COLUMN, FIRST_ROW, FIRST_COLUMN)
    rows = f"A{FIRST_ROW + 1}:XFD1048576"
    sheet.ignore_errors({"number_stored_as_text": rows, "formula_unlocked": rows})
    for row, height in ((TITLE_ROW, 30), (HINT_ROW, 20), (HEADER_ROW, 36)):
        sheet.set_row(row, height, draft.style("head row"))
    line = f"{draft.whose}　{form.hint[draft.lang]}　{LEGEND[draft.lang]}"
    write_words(sheet, TITLE_ROW, STATUS_COLUMN, form.label[draft.lang], draft.style("title"))
    write_words(sheet, HINT_ROW, FIRST_COLUMN, line, draft.style("subtitle"))
    summary = line_formula(form, draft.lang)
    sheet.write_formula(TITLE_ROW, FIRST_COLUMN, summary, draft.style("summary"), "")
    tint_by_mark(draft, sheet, TITLE_ROW, TITLE_ROW, FIRST_COLUMN)


def _open_to_the_end(draft: Draft, sheet: Worksheet, column: int) -> None:
    """Open the columns beyond the last one: only a row without any locked cell can be deleted."""
    used = sheet.dim_colmax
    sheet.set_column(column, column, None, draft.style("unlocked"))
    # One description for all of them: `set_column` would make sixteen thousand that are alike.
    rest = range(column + 1, _END_OF_COLUMNS + 1)
    sheet.col_info |= dict.fromkeys(rest, sheet.col_info[column])
    sheet.dim_colmax = used  # or the sheet would claim to be filled to its end


def _write_status(draft: Draft, sheet: Worksheet, form: Form, last_row: int) -> None:
    """Write the column that says of each row whether it is well, or what to mend first.

    Its cells are open like the others, or no row could be deleted or copied as a whole; what is
    typed there is refused, and what is pasted there does no harm.
    """
    style, formula = draft.style("status"), status_formula(form)
    sheet.set_column(STATUS_COLUMN, STATUS_COLUMN, _STATUS_WIDTH[draft.lang], style)
    words = STATUS[draft.lang]
    write_words(sheet, HEADER_ROW, STATUS_COLUMN, words, draft.style("optional"))
    for row in range(FIRST_ROW, last_row + 1):
        sheet.write_formula(row, STATUS_COLUMN, formula, style, "")
    add_status_check(draft, sheet, FIRST_ROW, last_row, STATUS_COLUMN)
    tint_by_mark(draft, sheet, FIRST_ROW, last_row, STATUS_COLUMN)


def _print_columns(draft: Draft, form: Form, last_column: int) -> None:
    """Make the columns that people fill the print area.

    XlsxWriter would write `$B:$P`, of which openpyxl makes no print area, with a warning; to
    spreadsheet programs a range of all rows is the same.
    """
    from xlsxwriter.utility import xl_range_abs

    sheet = form.label[draft.lang]
    area = reference(sheet, xl_range_abs(0, FIRST_COLUMN, _END_OF_ROWS, last_column))
    draft.book.define_name(reference(sheet, "_xlnm.Print_Area"), f"={area}")


def _entries(draft: Draft, form: Form, last_row: int) -> Entries:
    from xlsxwriter.utility import xl_rowcol_to_cell

    sheet = form.label[draft.lang]
    columns = range(FIRST_COLUMN, FIRST_COLUMN + len(form.fields))
    cells = [xl_rowcol_to_cell(0, column, col_abs=True) for column in columns]
    required = next((n for n, field in enumerate(form.fields) if field.required), 0)
    return Entries(
        {field.key: reference(sheet, cells[n]) for n, field in enumerate(form.fields)},
        reference(sheet, f"{cells[0]}:{cells[-1]}"),
        _column(sheet, columns[required]),
        last_row,
        _reported(form, sheet),
    )


def _reported(form: Form, sheet: str) -> tuple[tuple[str, str], ...]:
    """Return the columns that a roster leaves to be filled, by runs of them."""
    if form.roster is None:
        return ()
    given = [field.carry or field.key == form.roster.month for field in form.fields]
    runs = []
    for handed_out, run in groupby(range(len(given)), given.__getitem__):
        if not handed_out:
            columns = [_column(sheet, FIRST_COLUMN + n) for n in run]
            runs.append((columns[0], columns[-1]))
    return tuple(runs)


def _column(sheet: str, column: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    letter = xl_col_to_name(column, col_abs=True)
    return reference(sheet, f"{letter}:{letter}")


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


def _write_records(
    draft: Draft,
    sheet: Worksheet,
    form: Form,
    records: Sequence[Mapping[str, object]],
    styles: Sequence[Format],
) -> None:
    widths = [_width(field, draft.lang) for field in form.fields]
    for row, record in enumerate(records, FIRST_ROW):
        values = [record.get(field.key) for field in form.fields]
        shown = [
            as_offered(field, str(value or ""), draft.lang)
            for field, value in zip(form.fields, values, strict=True)
        ]
        if (lines := max(map(count_lines, shown, widths))) > 1:
            sheet.set_row(row, lines * _LINE_HEIGHT)
        for column, (field, value) in enumerate(zip(form.fields, values, strict=True)):
            if value is not None:
                place = FIRST_COLUMN + column
                write_value(sheet, row, place, field, value, styles[column], draft.lang)


def _row_in_use(last_column: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    ends = (xl_rowcol_to_cell(FIRST_ROW, c, col_abs=True) for c in (FIRST_COLUMN, last_column))
    return f"=COUNTA({':'.join(ends)})>0"
