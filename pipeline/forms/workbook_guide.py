"""The guide: one printed page of how to fill the workbook, with two example rows a ledger.

In: a draft. Out: one sheet. Examples stand here and nowhere else, so that nobody reports them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from pipeline.forms.model import Field, Form
from pipeline.forms.workbook_draft import Draft, count_lines, write_words
from pipeline.forms.workbook_entry import as_offered, heading
from pipeline.forms.workbook_ledger import LEGEND
from pipeline.texts import Lang, Text

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_TITLE = Text("填报说明", "How to fill this workbook")
_STEPS = Text("怎么填", "Step by step")
_CARE = Text("请注意", "Please note")
_CARE_LINES = (
    LEGEND,
    Text(
        "不要改表头，不要合并单元格。从别处复制时，请用“选择性粘贴 → 数值”。",
        "Leave the headings as they are and merge no cells. Paste with “Paste special → Values”.",
    ),
    Text(
        "预备的行不够时接着往下填。删除一行：右键点行号，选“删除”。",
        "Short of rows? Go on below. To delete a row, right-click its number and choose Delete.",
    ),
    Text(
        "表格有保护，没有密码；需要时在“审阅”里撤销工作表保护。",
        "Sheets are protected without a password: Review → Unprotect Sheet if you must.",
    ),
    Text(
        "下面的示例只供参考，请填到各张台账里，不要填在这一页。",
        "The rows below are examples. Enter your own in the ledgers, not on this page.",
    ),
)
_EXAMPLES = Text("示例", "Examples")

_PAGE_WIDTH = 176  # characters across an A4 page at a size still easy to read
_ZOOM = 75  # so that both columns of notes are seen whole on a screen 1366 wide
_SMALLER = 1.15  # a column holds that much more of the smaller type used here
_FEWEST_COLUMNS, _NARROWEST, _WIDEST = 8, 10.5, 17.0


def write_guide(draft: Draft, sheet: Worksheet) -> None:
    """Write the notes of the workbook and, for each ledger, headings, hints and examples."""
    count = max(_FEWEST_COLUMNS, *(len(form.fields) for form in draft.workbook.ledgers))
    width = min(max(_PAGE_WIDTH / count, _NARROWEST), _WIDEST)
    sheet.set_column(0, count - 1, width)
    sheet.hide_gridlines(2)
    sheet.set_zoom(_ZOOM)
    sheet.center_horizontally()
    draft.set_page(sheet, _TITLE, pages_high=1)
    draft.protect(sheet)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    sheet.set_row(0, 30)
    title = f"{draft.workbook.label[draft.lang]} · {_TITLE[draft.lang]}"
    write_words(sheet, 0, 0, title, draft.style("title"))
    row = _write_notes(draft, sheet, 1, count, width)
    for form in draft.workbook.ledgers:
        row = _write_examples(draft, sheet, row, form, width)
    sheet.print_area(0, 0, row - 1, count - 1)


def _write_notes(draft: Draft, sheet: Worksheet, row: int, count: int, width: float) -> int:
    """Write the steps on the left and the cautions on the right; return the next free row."""
    steps = [line.strip() for line in draft.workbook.notes[draft.lang].splitlines()]
    left = _numbered(filter(None, steps))
    right = _numbered(line[draft.lang] for line in _CARE_LINES)
    middle = (count + 1) // 2
    sides = ((0, middle - 1), (middle, count - 1))
    for (first, last), title in zip(sides, (_STEPS, _CARE), strict=True):
        sheet.merge_range(row, first, row, last, "", draft.style("line title"))
        write_words(sheet, row, first, title[draft.lang], draft.style("line title"))
    for pair in zip_longest(left, right, fillvalue=""):
        row += 1
        spans = [1.1 * width * (last - first + 1) for first, last in sides]
        sheet.set_row(row, _height(pair, spans, 16))
        for (first, last), words in zip(sides, pair, strict=True):
            sheet.merge_range(row, first, row, last, "", draft.style("line"))
            write_words(sheet, row, first, words, draft.style("line"))
    sheet.set_row(row + 1, 6)
    return row + 2


def _numbered(lines: Iterable[str]) -> list[str]:
    return [f"{number}. {line}" for number, line in enumerate(lines, 1)]


def _write_examples(draft: Draft, sheet: Worksheet, row: int, form: Form, width: float) -> int:
    """Write a ledger's headings, hints and example rows; return the next free row."""
    lang, fields = draft.lang, form.fields
    sheet.set_row(row, 24)
    title = f"{form.label[lang]} · {_EXAMPLES[lang]}　{form.hint[lang]}"
    write_words(sheet, row, 0, title, draft.style("section"))
    heads = [(heading(f, lang), "required head" if f.required else "optional head") for f in fields]
    lines = [heads, [(f.hint[lang], "column hint") for f in fields]]
    for number in range(max(len(field.examples) for field in fields)):
        lines.append([_example(field, number, lang) for field in fields])
    for cells in lines:
        row += 1
        widths = [_SMALLER * width] * len(cells)
        sheet.set_row(row, _height([words for words, _ in cells], widths, 14))
        for column, (words, style) in enumerate(cells):
            write_words(sheet, row, column, words, draft.style(style))
    sheet.set_row(row + 1, 6)
    return row + 2


def _example(field: Field, number: int, lang: Lang) -> tuple[str, str]:
    style = "example number" if field.type in ("int", "money") else "example"
    if number >= len(field.examples):
        return "", style
    example = field.examples[number]
    words = as_offered(field, example.zh, lang) if field.choices else example[lang]
    return words, style


def _height(cells: Sequence[str], widths: Sequence[float], line_height: int) -> float:
    """Return the height of a row whose texts wrap; merged cells do not size themselves."""
    return max(map(count_lines, cells, widths)) * line_height + 5
