"""Where things are in a workbook: which sheet is which form, where its headings and values stand.

In: a `Book` and the workbooks that groups may fill. Out: for every form the sheet and the columns
(or, for a cover, the cells), with issues for what is missing, twice, ignored or found in another
way than by its own name. Nothing is ever silently read as something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipeline.books.grid import Book, Sheet
from pipeline.books.raw import as_typed, is_blank
from pipeline.forms.anchors import CHECK_SHEET, GUIDE_SHEET, LISTS_SHEET, META_SHEET
from pipeline.forms.model import Form, Forms, Workbook
from pipeline.intake.findings import Place, address, finding
from pipeline.intake.locate_sheets import Assigned, anchors_on, assign_sheets, cover_labels
from pipeline.intake.locate_usual import find_cover, find_ledger
from pipeline.intake.locate_version import about_version, came_later, version_of, wanted_of
from pipeline.intake.places import CoverPlace, LedgerPlace
from pipeline.intake.returned import is_list_sheet
from pipeline.issues import Issue
from pipeline.texts import Text, fold, label_key

_OUR_SHEETS = frozenset(
    fold(name)
    for name in (
        META_SHEET,
        CHECK_SHEET,
        *(f for s in (LISTS_SHEET, GUIDE_SHEET) for f in (s.zh, s.en)),
    )
)


_folded = lru_cache(maxsize=1024)(fold)  # of names of sheets, which are the same few


@dataclass(frozen=True, slots=True)
class Located:
    """A workbook recognised. A form without a place has an issue that says so, or came later."""

    workbook: Workbook
    meta: Mapping[str, str] | None
    cover: CoverPlace | None
    ledgers: Mapping[str, LedgerPlace]
    sheet_names: Mapping[str, str]  # a form's Chinese name -> the sheet's name in this workbook
    issues: tuple[Issue, ...]


def locate(book: Book, forms: Forms) -> Located | None:
    """Return where everything is, or None if no sheet belongs to any of our workbooks."""
    meta = _read_meta(book)
    workbook = _recognise(book, forms, meta)
    if workbook is None:
        return None
    version = version_of(meta)
    wanted = wanted_of(workbook, version)
    assigned = assign_sheets(book, workbook, wanted)
    issues = [*assigned.issues, *_unknown_sheets(book, assigned)]
    cover = None
    ledgers: dict[str, LedgerPlace] = {}
    for form in workbook.forms:
        sheet = assigned.sheets.get(form.key)
        if sheet is None:
            if not came_later(workbook, form, version):
                issues.extend(_missing_sheet(form, assigned))
            continue
        anchors = anchors_on(book, form, sheet)
        if form.kind == "cover":
            cover, found = find_cover(wanted[form.key], sheet, anchors)
        else:
            ledgers[form.key], found = find_ledger(wanted[form.key], sheet, anchors)
        issues.extend(found)
        issues.extend(_hidden(form, sheet))
    if meta is None:
        issues.append(finding("R-15", Place("")))
    issues.extend(about_version(workbook, version, filter(None, (cover, *ledgers.values()))))
    names = {
        form.label.zh: assigned.sheets[form.key].name
        for form in workbook.forms
        if form.key in assigned.sheets
    }
    return Located(workbook, meta, cover, ledgers, names, tuple(issues))


def _read_meta(book: Book) -> dict[str, str] | None:
    for sheet in book.sheets:
        if _folded(sheet.name) == META_SHEET:
            pairs = (row[:2] for row in sheet.rows if len(row) > 1 and not is_blank(row[0]))
            return {as_typed(key).strip(): as_typed(value).strip() for key, value in pairs}
    return None


def _recognise(book: Book, forms: Forms, meta: Mapping[str, str] | None) -> Workbook | None:
    """Return the kind of a workbook: as `_meta` says, by the names of its sheets, or by what is
    on them."""
    if meta and meta.get("template") in forms.workbooks:
        return forms.workbooks[meta["template"]]
    present = {label_key(sheet.name) for sheet in book.sheets}
    best: tuple[int, int] = (0, 0)
    found = None
    for workbook in forms.workbooks.values():
        ledgers = sum(bool(form.sheet_keys & present) for form in workbook.ledgers)
        score = (ledgers, _cover_score(book, workbook.cover))
        if score > best:
            best, found = score, workbook
    return found or _recognise_by_content(book, forms)


def _cover_score(book: Book, cover: Form) -> int:
    covers = (sheet for sheet in book.sheets if label_key(sheet.name) in cover.sheet_keys)
    return max((len(cover_labels(sheet, cover.labels)) for sheet in covers), default=0)


def _recognise_by_content(book: Book, forms: Forms) -> Workbook | None:
    best, found = 0, None
    for workbook in forms.workbooks.values():
        score = len(assign_sheets(book, workbook, wanted_of(workbook, None)).sheets)
        if score > best:
            best, found = score, workbook
    return found


def _unknown_sheets(book: Book, assigned: Assigned) -> Iterator[Issue]:
    used = {id(sheet) for sheet in assigned.sheets.values()}
    for sheet in book.sheets:
        if id(sheet) in used or _is_ours(sheet.name):
            continue
        if any(not is_blank(cell) for row in sheet.rows for cell in row):
            reason = Text(
                f"工作表“{sheet.name}”不是报表的一部分，没有读取。",
                f"Sheet “{sheet.name}” is not part of the report and was not read.",
            )
            yield finding("R-14", Place(sheet.name), reason=reason)


def _is_ours(name: str) -> bool:
    return _folded(name) in _OUR_SHEETS or is_list_sheet(name)


def _missing_sheet(form: Form, assigned: Assigned) -> Iterator[Issue]:
    if not any(i.code == "R-20" and i.sheet == form.label.zh for i in assigned.issues):
        yield finding("R-11", Place(form.label.zh), label=form.label)


def _hidden(form: Form, sheet: Sheet) -> Iterator[Issue]:
    parts_zh, parts_en = [], []
    if sheet.visibility != "visible":
        parts_zh.append("整张工作表")
        parts_en.append("the whole sheet")
    if sheet.hidden_rows:
        parts_zh.append("第 " + "、".join(map(str, sheet.hidden_rows)) + " 行")
        parts_en.append("rows " + ", ".join(map(str, sheet.hidden_rows)))
    if sheet.hidden_columns:
        letters = [address(1, index - 1)[:-1] for index in sheet.hidden_columns]
        parts_zh.append("、".join(letters) + " 列")
        parts_en.append("columns " + ", ".join(letters))
    if parts_zh:
        reason = Text(
            f"{'，'.join(parts_zh)}是隐藏的，里面的内容也已读取。不该报的请删除。",
            f"Hidden content was read too: {', '.join(parts_en)}. Delete what should not be reported.",
        )
        yield finding("R-16", Place(form.label.zh), reason=reason)
