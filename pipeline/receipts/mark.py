"""A group's own workbook, marked: the receipt for a file with something to mend.

In: the bytes of an .xlsx or .xlsm and the verdict on it. Out: the same workbook with the cells at
fault filled, a comment on each, and 「需修改」 as its first sheet. Only the parts that must change
are parsed and written; the others keep their bytes, so pictures, charts, macros and the extras of
other programs survive. The marks of an earlier receipt in the same workbook are cleared.

Errors and warnings are marked in their cells, notes are only listed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

from lxml import etree

from pipeline.intake.returned import LIST_SHEET
from pipeline.receipts.mark_book import SheetPart, WorkbookPart
from pipeline.receipts.mark_cells import SheetCells
from pipeline.receipts.mark_list import list_sheet
from pipeline.receipts.mark_notes import has_our_notes, write_notes
from pipeline.receipts.mark_rows import WorksheetPart, unselect
from pipeline.receipts.mark_styles import Styles, with_formats
from pipeline.receipts.package import Dialect, Element, Package
from pipeline.receipts.packing import CannotMark
from pipeline.receipts.verdict import ListRow, Verdict, cell_marks, list_rows
from pipeline.texts import Lang

_HEAD = 4096  # bytes, in which most sheets have begun with their cells
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def mark_workbook(
    data: bytes, verdict: Verdict, sheet_names: Mapping[str, str], lang: Lang
) -> tuple[bytes, str]:
    """Return the workbook with its marks, and its suffix: `.xlsm` for one with macros, which Excel
    opens under no other name.

    `sheet_names` gives the name that a form's sheet has in this workbook. Raises `CannotMark`
    for what is no zip of Excel's XML, is signed or shared, or does not keep to the format.
    """
    try:
        return _mark(Package(data), verdict, sheet_names, lang)
    except (ValueError, LookupError, struct.error, zlib.error, etree.LxmlError) as error:
        # Whoever wrote this part did not keep to the format: better not to write into it.
        raise CannotMark(f"{type(error).__name__}: {error}") from error


def _mark(
    package: Package, verdict: Verdict, sheet_names: Mapping[str, str], lang: Lang
) -> tuple[bytes, str]:
    book = WorkbookPart(package)
    styles = Styles(package.read_common(book.styles), book.dialect)
    rows = list_rows(verdict, lang, _names_present(book, verdict, sheet_names))
    for sheet in book.sheets:
        if sheet is not book.earlier_list:
            _mark_sheet(package, sheet, rows, styles, book.dialect)
    book.put_first(LIST_SHEET[lang], list_sheet(verdict, lang, rows, styles, book.dialect))
    package.change(book.styles, with_formats, book.dialect, styles.wishes)
    return package.save(), book.suffix


def _names_present(
    book: WorkbookPart, verdict: Verdict, sheet_names: Mapping[str, str]
) -> dict[str, str]:
    """Return form name → sheet name for the sheets that can be marked and linked to."""
    present = {sheet.name for sheet in book.sheets if sheet.kind == "worksheet"}
    names = {issue.sheet: sheet_names.get(issue.sheet, issue.sheet) for issue in verdict.issues}
    return {form: name for form, name in names.items() if name in present}


def _mark_sheet(
    package: Package, sheet: SheetPart, rows: Sequence[ListRow], styles: Styles, dialect: Dialect
) -> None:
    """Mark one sheet; its part is touched only if there is something to change."""
    is_cells = sheet.kind == "worksheet"
    at_fault = is_cells and any(r.sheet == sheet.name and r.severity != "info" for r in rows)
    selected = _is_selected(package, sheet.part, whole=at_fault or not is_cells)
    if not is_cells:
        if selected:
            _unselect(package.edit(sheet.part), dialect)
        return
    noted_before = has_our_notes(package, sheet.part)
    if not (at_fault or noted_before or selected or styles.earlier_marks):
        return
    content = package.read(sheet.part)
    only_selected = not (at_fault or noted_before or styles.earlier_marks)
    if only_selected and (unselected := unselect(content)):
        package.put(sheet.part, unselected)
        return
    worksheet = WorksheetPart(content, dialect)
    filled_before = worksheet.rows_with_formats(styles.earlier_marks)
    if not (at_fault or noted_before or selected or filled_before):
        return
    if selected:
        _unselect(worksheet.root, dialect)
    cells = SheetCells(worksheet, dialect)
    marks = cell_marks(rows, sheet.name, cells.shown_at)
    cells.mark({address: mark.severity for address, mark in marks.items()}, styles, filled_before)
    if marks or noted_before:
        notes = {address: mark.note for address, mark in marks.items()}
        write_notes(package, sheet.part, worksheet.root, cells, notes, dialect)
    package.put(sheet.part, worksheet.to_bytes())


def _is_selected(package: Package, part: str, *, whole: bool) -> bool:
    """Tell whether a sheet may be selected. It says so before its cells, so that its head will do
    where it need not be read as a `whole`."""
    head = b"" if whole else package.read_head(part, _HEAD)
    if b"<sheetData" not in head:
        head = package.read(part)
    return b"tabSelected" in head or head.startswith(_UTF16_MARKS)


def _unselect(root: Element, dialect: Dialect) -> None:
    """Leave only the list selected: with two tabs selected, typing would fill both."""
    for view in root.iterfind(f"{dialect.tag('sheetViews')}/{dialect.tag('sheetView')}"):
        view.attrib.pop("tabSelected", "")
