"""The cover: one line a field, in three groups, what is known already filled in.

In: a draft and the values of the cover. Out: the first sheet. The rule: a label stands in column A
and its value in B; the grey words in C always follow a value, so that they are read as neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.forms.anchors import set_anchor
from pipeline.forms.model import Field
from pipeline.forms.workbook_draft import Draft, write_words
from pipeline.forms.workbook_entry import NUMBER_FORMATS, add_checks, heading, write_value
from pipeline.texts import Text

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

LABEL, VALUE, HINT = 0, 1, 2

_WIDTHS = {LABEL: 22, VALUE: 34, HINT: 58}
_ABOUT = Text("填报信息", "About this report")
_FIGURES = Text("本期数字", "Figures of the period")
_NIL = Text("零报告", "Nothing to report")


def write_cover(draft: Draft, sheet: Worksheet, values: Mapping[str, object]) -> None:
    """Write the cover with `values` by field key."""
    for column, width in _WIDTHS.items():
        sheet.set_column(column, column, width)
    row, blanks = _write_head(draft, sheet), []
    set_anchor(draft.book, sheet, 0, LABEL, draft.workbook.cover)
    for title, fields in _groups(draft):
        sheet.set_row(row, 22)
        for column in _WIDTHS:
            words = title[draft.lang] if column == LABEL else ""
            write_words(sheet, row, column, words, draft.style("band"))
        for field in fields:
            row += 1
            _write_line(draft, sheet, row, field, values.get(field.key))
            if field.key not in values:
                blanks.append(row)
        sheet.set_row(row + 1, 8)
        row += 2
    start = min(blanks, default=0)
    sheet.set_selection(start, VALUE, start, VALUE)
    sheet.print_area(0, LABEL, row - 2, HINT)


def _write_head(draft: Draft, sheet: Worksheet) -> int:
    """Write the title lines, set the page and return the row of the first group."""
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
    set_anchor(draft.book, sheet, row, VALUE, draft.workbook.cover, field.key)
    add_checks(draft, sheet, row, row, VALUE, field)
    write_words(sheet, row, HINT, field.hint[draft.lang], draft.style("hint"))
