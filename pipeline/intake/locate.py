"""Where things are in a workbook: which sheet is which form, where its headings and values stand.

In: a `Book` and the workbooks that groups may fill. Out: for every form the sheet and the columns
(or, for a cover, the cells), with issues for what is missing, twice or ignored. Headings are found
by label or alias, in any order, among the first rows of a sheet; nothing is found by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipeline.forms.model import Form, Forms, Workbook
from pipeline.forms.workbook import GUIDE_SHEET, LISTS_SHEET, META_SHEET
from pipeline.intake.cells import Raw, as_typed, is_blank
from pipeline.intake.findings import Place, address, finding
from pipeline.intake.sheets import Book, Sheet
from pipeline.intake.verdict import is_list_sheet
from pipeline.issues import Issue
from pipeline.texts import Text, fold, label_key

HEADER_ROWS = 10
COVER_ROWS = 100
_LONG = 80  # characters; no heading is

_OUR_SHEETS = frozenset(
    fold(name)
    for name in (META_SHEET, *(f for s in (LISTS_SHEET, GUIDE_SHEET) for f in (s.zh, s.en)))
)


@dataclass(frozen=True, slots=True)
class Column:
    """A field's column in a ledger; `index` is 0-based, `written` the heading as it stands."""

    index: int
    written: str


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Where a ledger is: its sheet, the 1-based row of its headings, its columns by field key."""

    form: Form
    sheet: Sheet
    header_row: int
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class CoverCell:
    """Where a cover's value is: 1-based row, 0-based column, the label as written."""

    row: int
    index: int
    written: str
    raw: Raw


@dataclass(frozen=True, slots=True)
class CoverPlace:
    """Where a cover is and where its values stand, by field key."""

    form: Form
    sheet: Sheet
    cells: Mapping[str, CoverCell]


@dataclass(frozen=True, slots=True)
class Located:
    """A workbook recognised. A form without a place has an issue that says so."""

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
    issues: list[Issue] = []
    by_form = _assign_sheets(book, workbook, issues)
    cover = None
    ledgers: dict[str, LedgerPlace] = {}
    for form in workbook.forms:
        sheet = by_form.get(form.key)
        if sheet is None:
            issues.append(finding("R-11", Place(form.label.zh), label=form.label))
        elif form.kind == "cover":
            cover = _locate_cover(form, sheet, issues)
        else:
            ledgers[form.key] = _locate_ledger(form, sheet, issues)
        if sheet is not None:
            issues.extend(_hidden(form, sheet))
    if meta is None:
        issues.append(finding("R-15", Place("")))
    names = {
        form.label.zh: by_form[form.key].name for form in workbook.forms if form.key in by_form
    }
    return Located(workbook, meta, cover, ledgers, names, tuple(issues))


def _read_meta(book: Book) -> dict[str, str] | None:
    for sheet in book.sheets:
        if fold(sheet.name) == META_SHEET:
            pairs = (row[:2] for row in sheet.rows if len(row) > 1 and not is_blank(row[0]))
            return {as_typed(key).strip(): as_typed(value).strip() for key, value in pairs}
    return None


def _recognise(book: Book, forms: Forms, meta: Mapping[str, str] | None) -> Workbook | None:
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
    return found


def _cover_score(book: Book, cover: Form) -> int:
    return max(
        (
            len(
                {cover.labels.get(k) for row in sheet.rows[:COVER_ROWS] for k in _keys(row)}
                - {None}
            )
            for sheet in book.sheets
            if label_key(sheet.name) in cover.sheet_keys
        ),
        default=0,
    )


def _keys(row: Iterable[Raw]) -> Iterator[str]:
    return (label_key(cell) for cell in row if isinstance(cell, str) and len(cell) < _LONG)


def _assign_sheets(book: Book, workbook: Workbook, issues: list[Issue]) -> dict[str, Sheet]:
    found: dict[str, Sheet] = {}
    for sheet in book.sheets:
        name = label_key(sheet.name)
        form = next((f for f in workbook.forms if name in f.sheet_keys), None)
        if form is not None and form.key not in found:
            found[form.key] = sheet
        elif not _is_ours(sheet.name) and any(not is_blank(c) for row in sheet.rows for c in row):
            reason = Text(
                f"工作表“{sheet.name}”不是报表的一部分，没有读取。",
                f"Sheet “{sheet.name}” is not part of the report and was not read.",
            )
            issues.append(finding("R-14", Place(sheet.name), reason=reason))
    return found


def _is_ours(name: str) -> bool:
    return fold(name) in _OUR_SHEETS or is_list_sheet(name)


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


def _locate_ledger(form: Form, sheet: Sheet, issues: list[Issue]) -> LedgerPlace:
    labels = form.labels
    header = max(
        range(min(HEADER_ROWS, len(sheet.rows))),
        key=lambda n: len({labels.get(k) for k in _keys(sheet.rows[n])} - {None}),
        default=0,
    )
    columns: dict[str, Column] = {}
    for index, cell in enumerate(sheet.rows[header] if sheet.rows else ()):
        key = labels.get(label_key(cell)) if isinstance(cell, str) else None
        if key is None:
            if not is_blank(cell):
                issues.append(_ignored_column(form, header + 1, index, as_typed(cell)))
        elif key in columns:
            place = Place(
                form.label.zh, address(header + 1, index), header + 1, key, as_typed(cell)
            )
            first = address(header + 1, columns[key].index)
            issues.append(finding("R-10", place, label=form.field(key).label, first=first))
        else:
            columns[key] = Column(index, _written(as_typed(cell)))
    issues.extend(_nameless_columns(form, sheet, header))
    for field in form.fields:
        if field.required and field.key not in columns:
            place = Place(form.label.zh, "", header + 1, field.key, "")
            issues.append(finding("R-09", place, label=field.label))
    return LedgerPlace(form, sheet, header + 1, columns)


def _written(text: str) -> str:
    return " ".join(text.replace("*", "").replace("＊", "").split())


def _ignored_column(form: Form, row: int, index: int, written: str) -> Issue:
    place = Place(form.label.zh, address(row, index), row, "", _written(written))
    reason = Text("报表里没有这一列，没有读取。", "The form has no such column; it was not read.")
    return finding("R-14", place, reason=reason)


def _nameless_columns(form: Form, sheet: Sheet, header: int) -> Iterator[Issue]:
    headings = sheet.rows[header] if sheet.rows else []
    named = {index for index, heading in enumerate(headings) if not is_blank(heading)}
    for number, row in enumerate(sheet.rows[header + 1 :], start=header + 2):
        for index, cell in enumerate(row):
            if cell is not None and index not in named and not is_blank(cell):
                named.add(index)  # once a column is enough
                reason = Text(
                    f"{address(1, index)[:-1]} 列没有表头，里面的内容没有读取。",
                    f"Column {address(1, index)[:-1]} has no heading; its content was not read.",
                )
                place = Place(form.label.zh, address(number, index), number)
                yield finding("R-14", place, reason=reason)


def _locate_cover(form: Form, sheet: Sheet, issues: list[Issue]) -> CoverPlace:
    cells: dict[str, CoverCell] = {}
    for number, row in enumerate(sheet.rows[:COVER_ROWS], start=1):
        index = 0
        while index < len(row):
            index += _take_pair(form, cells, number, row, index, issues)
    for field in form.fields:
        if field.required and field.key not in cells:
            place = Place(form.label.zh, "", None, field.key, "")
            issues.append(finding("R-09", place, label=field.label))
    return CoverPlace(form, sheet, cells)


def _take_pair(
    form: Form,
    cells: dict[str, CoverCell],
    number: int,
    row: list[Raw],
    index: int,
    issues: list[Issue],
) -> int:
    """Take the label at `index` with the value beside it; return how many cells that used up."""
    label = row[index]
    if not isinstance(label, str) or is_blank(label):
        return 1
    value = row[index + 1] if index + 1 < len(row) else None
    key = form.labels.get(label_key(label))
    next_is_label = isinstance(value, str) and label_key(value) in form.labels
    if key is None:
        if is_blank(value) or next_is_label:
            return 1
        place = Place(form.label.zh, address(number, index), number, "", _written(label))
        reason = Text("封面没有这一项，没有读取。", "The cover has no such line; it was not read.")
        issues.append(finding("R-14", place, as_typed(value), reason=reason))
        return 2
    if key in cells:
        first = address(cells[key].row, cells[key].index - 1)
        place = Place(form.label.zh, address(number, index), number, key, _written(label))
        issues.append(finding("R-10", place, label=form.field(key).label, first=first))
        return 2
    if next_is_label:
        value = None
    cells[key] = CoverCell(number, index + 1, _written(label), value)
    return 1 if next_is_label else 2
