"""The cover: one line a field, in three groups, what is known already filled in.

In: a draft and the values of the cover. Out: the first sheet. The rule: a label stands in column A
and its value in B; the grey words in C always follow a value, so that they are read as neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.forms.anchors import set_anchor
from pipeline.forms.formulas import LONGEST_TEXT
from pipeline.forms.model import Field
from pipeline.forms.workbook_check import Entries, reference
from pipeline.forms.workbook_draft import Draft, write_words
from pipeline.forms.workbook_entry import (
    NUMBER_FORMATS,
    add_checks,
    heading,
    shortened,
    write_value,
)
from pipeline.forms.workbook_tints import tint_by_mark, tint_faults, tint_light
from pipeline.forms.workbook_totals import light_formula, line_formula
from pipeline.forms.workbook_verdict import note_formula, slots_of
from pipeline.texts import Text

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

LABEL, VALUE, HINT = 0, 1, 2

_WIDTHS = {LABEL: 22, VALUE: 34, HINT: 58}
_ABOUT = Text("填报信息", "About this report")
_FIGURES = Text("本期数字", "Figures of the period")
_NIL = Text("零报告", "Nothing to report")


def write_cover(draft: Draft, sheet: Worksheet, values: Mapping[str, object]) -> Entries:
    """Write the cover with `values` by field key."""
    for column, width in _WIDTHS.items():
        sheet.set_column(column, column, width)
    set_anchor(draft.book, sheet, 0, LABEL, draft.workbook.cover)
    row, rows = _write_light(draft, sheet, _write_head(draft, sheet)), {}
    for title, fields in _groups(draft):
        sheet.set_row(row, 22)
        for column in _WIDTHS:
            words = title[draft.lang] if column == LABEL else ""
            write_words(sheet, row, column, words, draft.style("band"))
        for field in fields:
            row += 1
            _write_line(draft, sheet, row, field, values.get(field.key))
            rows[field.key] = row
        sheet.set_row(row + 1, 8)
        row += 2
    start = min((row for key, row in rows.items() if key not in values), default=0)
    sheet.set_selection(start, VALUE, start, VALUE)
    sheet.print_area(0, LABEL, row - 2, HINT)
    return Entries({key: _value_cell(draft, row) for key, row in rows.items()})


def _write_head(draft: Draft, sheet: Worksheet) -> int:
    """Write the title lines, set the page and return the next row."""
    sheet.hide_gridlines(2)
    sheet.center_horizontally()
    draft.set_page(sheet, draft.workbook.cover.label, pages_high=1)
    draft.protect(sheet)
    sheet.ignore_errors({"number_stored_as_text": "A1:C200"})
    sheet.set_row(0, 34)
    write_words(sheet, 0, LABEL, draft.workbook.label[draft.lang], draft.style("cover title"))
    sheet.set_row(1, 26)
    line = f"{draft.whose}　{draft.workbook.cover.hint[draft.lang]}"
    write_words(sheet, 1, LABEL, line, draft.style("subtitle"))
    return 2


def _write_light(draft: Draft, sheet: Worksheet, row: int) -> int:
    """Write whether the workbook may be sent and what is to do on which sheet; return the next row.

    Each line is one cell, whose text runs on over blank ones: a label beside a value would be read
    as a line of the cover.
    """
    sheet.set_row(row, 30)
    for column in _WIDTHS:
        sheet.write_blank(row, column, None, draft.style("light"))
    sheet.write_formula(row, LABEL, light_formula(draft.lang), draft.style("light"), "")
    tint_light(draft, sheet, row, LABEL, HINT)
    first = row + 1
    for row, form in enumerate(draft.workbook.forms, first):
        sheet.set_row(row, 19)
        line = line_formula(form, draft.lang)
        link = reference(form.label[draft.lang], "A1")
        sheet.write_url(row, LABEL, f"internal:{link}", draft.style("sheet line"), "")
        sheet.write_formula(row, LABEL, line, draft.style("sheet line"), "")
        tint_by_mark(draft, sheet, row, row, LABEL)
    sheet.set_row(row + 1, 8)
    return row + 2


def _groups(draft: Draft) -> list[tuple[Text, list[Field]]]:
    """Return the fields by what they are about, each group in the order of the form."""
    nil = {ledger.nil for ledger in draft.workbook.ledgers}
    groups: dict[Text, list[Field]] = {_ABOUT: [], _FIGURES: [], _NIL: []}
    for field in draft.workbook.cover.fields:
        figures = field.type in ("int", "money")
        groups[_NIL if field.key in nil else _FIGURES if figures else _ABOUT].append(field)
    return [(title, fields) for title, fields in groups.items() if fields]


def _write_line(draft: Draft, sheet: Worksheet, row: int, field: Field, value: object) -> None:
    sheet.set_row(row, 21)
    label = "required label" if field.required else "optional label"
    write_words(sheet, row, LABEL, heading(field, draft.lang), draft.style(label))
    style = draft.style(
        "filled entry" if field.prefill else "boxed entry", num_format=NUMBER_FORMATS[field.type]
    )
    write_value(sheet, row, VALUE, field, value, style, draft.lang)
    form = draft.workbook.cover
    set_anchor(draft.book, sheet, row, VALUE, form, field.key)
    add_checks(draft, sheet, row, row, VALUE, field)
    tint_faults(draft, sheet, row, row, VALUE, form, field)
    hint = shortened(field.hint[draft.lang], LONGEST_TEXT)
    note = note_formula(form, slots_of(form, draft.workbook), field.key, hint)
    sheet.write_formula(row, HINT, note, draft.style("hint"), hint)
    tint_by_mark(draft, sheet, row, row, HINT)


def _value_cell(draft: Draft, row: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return reference(
        draft.workbook.cover.label[draft.lang],
        xl_rowcol_to_cell(row, VALUE, row_abs=True, col_abs=True),
    )
