"""Blank workbooks: a definition, a unit and a period in, the bytes of an `.xlsx` out.

Equal arguments give equal bytes. `cover` and `records` put values into the entry cells with the
cell types that a person typing them in Excel would leave, for tests, the demonstration and
figures that are known beforehand.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import Any

from pipeline.forms.anchors import CHECK_SHEET, GUIDE_SHEET, LISTS_SHEET, META_SHEET
from pipeline.forms.model import Field, Workbook
from pipeline.forms.workbook_check import Entries, write_check
from pipeline.forms.workbook_cover import write_cover
from pipeline.forms.workbook_draft import FONT, GREY, RED, Draft
from pipeline.forms.workbook_entry import words_of
from pipeline.forms.workbook_guide import write_guide
from pipeline.forms.workbook_ledger import write_ledger
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period
from pipeline.texts import Lang

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_LONGEST_NAME = 150  # bytes of a unit's name; a whole file name may have 255


def write_template(
    workbook: Workbook,
    unit: OrgUnit,
    period: Period,
    lang: Lang = "zh",
    rows: int = 500,
    *,
    cover: Mapping[str, object] | None = None,
    records: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
) -> bytes:
    """Return the workbook that `unit` fills for `period`, `rows` rows prepared a ledger.

    `cover` gives values by field key, `records` the rows of each ledger by form key; what is not
    given is blank, but for unit, name and period. A key that does not exist is a KeyError.
    """
    from xlsxwriter import Workbook as Book  # only where something is written

    from pipeline.forms.workbook_sheet import FormSheet

    cover, records = cover or {}, records or {}
    _check_keys(workbook, cover, records)
    buffer = io.BytesIO()
    with Book(buffer, _options()) as book:
        book.worksheet_class = FormSheet
        draft = Draft(book, workbook, unit, period, lang, _list_names(workbook, lang))
        _set_properties(draft)
        entries = _write_sheets(draft, rows, {**_known(draft), **cover}, records)
        _write_lists(draft)
        sheet = book.add_worksheet(CHECK_SHEET)
        write_check(draft, sheet, entries)
        sheet.very_hidden()
        _write_meta(draft)
    return buffer.getvalue()


def template_name(unit: OrgUnit, period: Period) -> str:
    """Return the file name of a unit's workbook, usable on every file system.

    >>> template_name(OrgUnit("XZ-01", "教研一/二组", "XZ", True), Period.quarter(2026, 3))
    'XZ-01_教研一-二组_2026Q3.xlsx'
    """
    name = _UNSAFE.sub("-", unicodedata.normalize("NFC", unit.name))
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .")
    return f"{unit.code}_{name}_{period.code}.xlsx"


def _check_keys(
    workbook: Workbook,
    cover: Mapping[str, object],
    records: Mapping[str, Sequence[Mapping[str, object]]],
) -> None:
    ledgers = {form.key: form for form in workbook.ledgers}
    given = [(workbook.cover, [cover]), *((ledgers[key], rows) for key, rows in records.items())]
    for form, rows in given:
        for key in {key for row in rows for key in row}:
            form.field(key)


def _options() -> dict[str, Any]:
    # Made anew each time: XlsxWriter writes into what it is given.
    return {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_row_height": 24,
        # With the scheme left on, Excel would take the theme's font and not this one.
        "default_format_properties": {"font_name": FONT, "font_size": 11, "font_scheme": "none"},
    }


def _known(draft: Draft) -> dict[str, object]:
    """Return what a blank cover already says, by field key."""
    known = {
        "unit": draft.unit.code,
        "unit_name": draft.unit.name,
        "period": draft.period.code,
    }
    return {f.key: known[f.prefill] for f in draft.workbook.cover.fields if f.prefill}


def _set_properties(draft: Draft) -> None:
    draft.book.set_properties(
        {
            "title": draft.workbook.label[draft.lang],
            "subject": draft.whose,
            # Not the time of writing, so that the same workbook has the same bytes.
            "created": datetime.combine(draft.period.start, time()),
        }
    )


def _write_sheets(
    draft: Draft,
    rows: int,
    cover: Mapping[str, object],
    records: Mapping[str, Sequence[Mapping[str, object]]],
) -> dict[str, Entries]:
    """Write the sheets that people see; return where each form is filled, by its key."""
    lang = draft.lang
    sheet = draft.book.add_worksheet(draft.workbook.cover.label[lang])
    sheet.set_tab_color(RED)
    entries = {draft.workbook.cover.key: write_cover(draft, sheet, cover)}
    for form in draft.workbook.ledgers:
        sheet = draft.book.add_worksheet(form.label[lang])
        sheet.set_tab_color(RED)
        found = write_ledger(draft, sheet, form, records.get(form.key, ()), rows)
        entries[form.key] = found
    sheet = draft.book.add_worksheet(GUIDE_SHEET[lang])
    sheet.set_tab_color(GREY)
    write_guide(draft, sheet)
    return entries


def _drop_downs(workbook: Workbook, lang: Lang) -> Iterator[tuple[str, Field, tuple[str, ...]]]:
    """Yield each different list of words with its first field and a name made from it."""
    seen = set()
    for form in workbook.forms:
        for field in form.fields:
            words = words_of(field, lang)
            if words and words not in seen:
                seen.add(words)
                yield f"list_{form.key}_{field.key}", field, words


def _list_names(workbook: Workbook, lang: Lang) -> dict[tuple[str, ...], str]:
    return {words: name for name, _, words in _drop_downs(workbook, lang)}


def _write_lists(draft: Draft) -> None:
    """Write every drop-down's words into a column of a hidden sheet, under a defined name.

    A list written into the check itself may have 255 characters at most; a range has no limit.
    """
    from xlsxwriter.utility import xl_range_abs

    sheet = draft.book.add_worksheet(LISTS_SHEET[draft.lang])
    for column, (name, field, words) in enumerate(_drop_downs(draft.workbook, draft.lang)):
        sheet.write_string(0, column, field.label[draft.lang], draft.style("optional"))
        for row, word in enumerate(words, 1):
            sheet.write_string(row, column, word)
        where = xl_range_abs(1, column, len(words), column)
        draft.book.define_name(name, f"='{LISTS_SHEET[draft.lang]}'!{where}")
        sheet.set_column(column, column, 16)
    draft.protect(sheet)
    sheet.hide()


def _write_meta(draft: Draft) -> None:
    """Write what the workbook is, for the reader; texts, so that a code keeps its zeros."""
    sheet = draft.book.add_worksheet(META_SHEET)
    pairs = (
        ("template", draft.workbook.key),
        ("version", str(draft.workbook.version)),
        ("unit", draft.unit.code),
        ("period", draft.period.code),
    )
    for row, pair in enumerate(pairs):
        for column, words in enumerate(pair):
            sheet.write_string(row, column, words)
    sheet.very_hidden()
