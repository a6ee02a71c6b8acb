"""The very hidden sheet that a blank workbook judges itself with, and the names it goes by.

In: a draft and where its entry cells are. Out: one sheet and hidden names of the workbook. A form
has a column of verdicts, row by row as in its ledger, one of totals, one for each check between
rows, and a table of messages; each list of choices has its spellings.

Nothing here is ever read by the pipeline, which trusts only its own verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError
from pipeline.forms.anchors import CHECK_SHEET
from pipeline.forms.formulas import LONGEST_FORMULA
from pipeline.forms.model import Choice, Form
from pipeline.forms.workbook_draft import Draft
from pipeline.forms.workbook_reading import Spellings, name_context, name_fields, needed_fields
from pipeline.forms.workbook_totals import totals_of, workbook_totals
from pipeline.forms.workbook_verdict import (
    KINDS,
    Checked,
    Helper,
    Part,
    Slot,
    checked_name,
    fields_read,
    name_checks,
    name_row,
    name_rules,
    name_verdicts,
    sheet_checks,
    slots_of,
    verdict_name,
    words_name,
)

if TYPE_CHECKING:
    from xlsxwriter import Workbook as Book
    from xlsxwriter.worksheet import Worksheet

_FIRST_ROW = 3  # as in a ledger, so that a row is judged in the row of the same number
_HEAVIEST = 4_000
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'![$A-Z0-9:]+|\{[^}]*\}|[\w.]+|[^\s\w]")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@dataclass(frozen=True, slots=True)
class Entries:
    """Where a form's entry cells are, as references.

    `cells` gives each field's cell, relative to the row in a ledger. Of a ledger, `row` is the
    whole row of them, `entered` the column of one that every row fills, `last_row` the last
    prepared row, 0-based, and `reported` as in `Helper`.
    """

    cells: Mapping[str, str]
    row: str = ""
    entered: str = ""
    last_row: int = _FIRST_ROW
    reported: tuple[tuple[str, str], ...] = ()


def write_check(draft: Draft, sheet: Worksheet, entries: Mapping[str, Entries]) -> None:
    """Write the helper sheet and give the workbook its names; `entries` are by form key."""
    forms = draft.workbook.forms
    spellings: dict[tuple[Choice, ...], Spellings] = {}
    for choices in (field.choices for form in forms for field in form.fields if field.choices):
        if choices not in spellings:
            spellings[choices] = _write_spellings(sheet, 2 * len(spellings), choices)
    names, column = dict(name_context(draft.workbook.cover)), 2 * len(spellings)
    for form in forms:
        lists = {field.key: spellings[field.choices] for field in form.fields if field.choices}
        found = dict(
            name_fields(form, entries[form.key].cells, lists, fields_read(form, draft.workbook))
        )
        found.update(name_rules(form))
        slots = slots_of(form, draft.workbook)
        block = _Block(form, slots, split_slots(slots, found), entries[form.key], column)
        names.update(found)
        names.update(_write_block(draft, sheet, block))
        column = block.end
    names.update(workbook_totals(draft.workbook))
    for name, formula in names.items():
        _define(draft.book, name, formula)


def split_slots(slots: tuple[Slot, ...], names: Mapping[str, str]) -> tuple[int, ...]:
    """Return how many slots go into each cell, so that no formula becomes too heavy.

    LibreOffice puts the formulas of `names` into every formula that uses them, and the whole may
    have 8,192 tokens. Groups of slots do not mix.
    """

    @cache
    def weigh(formula: str) -> int:
        tokens = _TOKEN.findall(formula)
        return sum(weigh(names[token]) if token in names else 1 for token in tokens)

    counts: list[int] = []
    for _, alike in groupby(slots, key=attrgetter("group")):
        weight = _HEAVIEST
        for slot in alike:
            weight += weigh(slot.formula)
            if weight > _HEAVIEST:
                counts.append(0)
                weight = weigh(slot.formula)
            counts[-1] += 1
    return tuple(counts)


def reference(sheet: str, cell: str) -> str:
    """Return a reference as names hold it, with its sheet."""
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{cell}"


@dataclass(frozen=True, slots=True)
class _Block:
    """A form's part of the helper sheet: columns of verdicts, of values that are compared between
    rows, one of totals, and the table of messages. Rows and columns are 0-based."""

    form: Form
    slots: tuple[Slot, ...]
    counts: tuple[int, ...]
    entries: Entries
    column: int

    @property
    def verdict_columns(self) -> range:
        return range(self.column, self.column + len(self.counts))

    @property
    def checked_columns(self) -> range:
        first = self.verdict_columns.stop
        return range(first, first + len(sheet_checks(self.form)))

    @property
    def totals_column(self) -> int:
        return self.checked_columns.stop

    @property
    def words_column(self) -> int:
        return self.totals_column + 1

    @property
    def end(self) -> int:
        return self.words_column + len(KINDS)

    @property
    def helper(self) -> Helper:
        last, ledger = self.entries.last_row, self.form.kind == "ledger"
        parts = zip(self.verdict_columns, self.counts, strict=True)
        return Helper(
            parts=tuple(
                Part(
                    _cell(0 if ledger else _FIRST_ROW, column, fixed=not ledger),
                    _cells(_FIRST_ROW, column, last, column),
                    count,
                )
                for column, count in parts
            ),
            checked=tuple(
                Checked(
                    _cell(0, column, fixed=False),
                    _down_to_row(column),
                    _cells(_FIRST_ROW, column, last, column),
                )
                for column in self.checked_columns
            ),
            verdicts=_cells(_FIRST_ROW, self.column, last, self.verdict_columns.stop - 1),
            entered=self.entries.entered,
            reported=self.entries.reported,
            first_row=_FIRST_ROW + 1,
            last_row=last + 1,
        )


def _write_block(draft: Draft, sheet: Worksheet, block: _Block) -> Iterator[tuple[str, str]]:
    """Write a form's cells; yield their names and those of what is read from them."""
    form, helper, workbook = block.form, block.helper, draft.workbook
    names = [verdict_name(form, number) for number in range(1, len(block.counts) + 1)]
    names += [checked_name(form, number) for number in range(len(block.checked_columns))]
    for row in range(_FIRST_ROW, block.entries.last_row + 1):
        for column, name in enumerate(names, block.column):
            _write_formula(sheet, row, column, name)
    for row, (name, formula) in enumerate(totals_of(form, helper, workbook, draft.lang)):
        _write_formula(sheet, row, block.totals_column, formula)
        yield name, _cell(row, block.totals_column)
    yield words_name(form), _write_words(draft, sheet, block)
    yield from name_checks(form, helper)
    needed = needed_fields(form, fields_read(form, workbook))
    yield from name_verdicts(form, block.slots, helper, needed)
    if form.kind == "ledger":
        yield name_row(form, block.entries.row)


def _write_words(draft: Draft, sheet: Worksheet, block: _Block) -> str:
    """Write what each slot says, a column a character, and return the table's reference."""
    first = block.words_column
    for row, slot in enumerate(block.slots):
        for kind, words in slot.words.items():
            sheet.write_string(row, first + KINDS.index(kind), words[draft.lang])
    return _cells(0, first, len(block.slots) - 1, first + len(KINDS) - 1)


def _write_spellings(sheet: Worksheet, column: int, choices: tuple[Choice, ...]) -> Spellings:
    """Write all spellings of a list of choices, full-width ones too, and what each stands for."""
    stored: dict[str, str] = {}
    for choice in choices:
        for spelling in (choice.value, choice.label.en, *choice.aliases):
            stored.setdefault(spelling, choice.value)
            stored.setdefault(spelling.translate(_FULL_WIDTH), choice.value)
    for row, pair in enumerate(stored.items()):
        for offset, word in enumerate(pair):
            sheet.write_string(row, column + offset, word)
    last = len(stored) - 1
    return Spellings(_cells(0, column, last, column), _cells(0, column + 1, last, column + 1))


def _write_formula(sheet: Worksheet, row: int, column: int, formula: str) -> None:
    # A cached number would stand until something changes: LibreOffice trusts it on opening.
    sheet.write_formula(row, column, f"={formula}", None, "")


def _define(book: Book, name: str, formula: str) -> None:
    """Give the workbook a hidden name; XlsxWriter has no method to hide one."""
    if len(formula) > LONGEST_FORMULA:
        raise ConfigError(f"{name}: 字段或规则太多，表内核对放不下 (too many fields or rules)。")
    book.define_name(name, f"={formula}")
    book.defined_names[-1][-1] = True


def _cell(row: int, column: int, *, fixed: bool = True) -> str:
    """Return a cell of the helper sheet; where it is not fixed, the one in the row that asks."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    cell = xl_rowcol_to_cell(row, column, row_abs=fixed, col_abs=True)
    return reference(CHECK_SHEET, cell)


def _cells(first_row: int, first: int, last_row: int, last: int) -> str:
    from xlsxwriter.utility import xl_range_abs

    return reference(CHECK_SHEET, xl_range_abs(first_row, first, last_row, last))


def _down_to_row(column: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    end = xl_rowcol_to_cell(0, column, col_abs=True)
    return f"{_cell(_FIRST_ROW, column)}:{end}"
