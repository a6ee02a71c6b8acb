"""Which sheet is which form, whatever the sheets are called.

In: a workbook and the forms it should hold. Out: a sheet for each form found. The name of a sheet
counts unless its headings are plainly those of another form; a sheet of any other name is known by
the hidden marks that the template put on it, or by most of a form's required headings, and only
where no second one could be meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.books.grid import Book, Sheet
from pipeline.forms.anchors import anchor_name
from pipeline.forms.model import Form, Workbook
from pipeline.intake.findings import Place, fill, finding
from pipeline.intake.locate_ledger import best_header
from pipeline.intake.places import Wanted
from pipeline.issues import Issue
from pipeline.texts import Text, label_key

COVER_ROWS = 100

_BY_MARK = Text(
    "工作表“{sheet}”按模板里的标记读作“{label}”。",
    "Sheet “{sheet}” was read as “{label}” by the template's hidden mark.",
)
_BY_HEADINGS = Text(
    "工作表“{sheet}”按表头读作“{label}”。",
    "Sheet “{sheet}” was read as “{label}” by its headings.",
)
_SEVERAL = Text(
    "有几张表都像“{label}”：{sheets}。请合并成一张，名称写“{label}”。",
    "Several sheets look like “{label}”: {sheets}. Put them into one sheet named “{label}”.",
)

Wanteds = Mapping[str, Wanted]
"""What is looked for, by form key."""


@dataclass(slots=True)
class Assigned:
    """The sheet of each form by its key, with what there is to say about names."""

    sheets: dict[str, Sheet] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)


def assign_sheets(book: Book, workbook: Workbook, wanted: Wanteds) -> Assigned:
    """Return the sheets of a workbook's forms; a form that is not found is left out."""
    assigned = Assigned()
    doubtful = _assign_by_name(book, workbook, wanted, assigned.sheets)
    _assign_by_marks(book, workbook, assigned)
    _assign_by_headings(book, workbook, wanted, assigned)
    for form, sheet in doubtful:  # a wrong name is better than none
        if form.key not in assigned.sheets and not _is_used(sheet, assigned):
            assigned.sheets[form.key] = sheet
    return assigned


def cover_labels(sheet: Sheet, labels: Mapping[str, str]) -> set[str]:
    """Return the fields of a cover whose labels stand on a sheet."""
    keys = (
        labels.get(label_key(cell))
        for row in sheet.rows[:COVER_ROWS]
        for cell in row
        if isinstance(cell, str)
    )
    return {key for key in keys if key is not None}


def anchors_on(book: Book, form: Form, sheet: Sheet) -> dict[str, tuple[int, int]]:
    """Return row and column of the form's hidden marks on a sheet, by field key."""
    if not book.names:
        return {}
    cells = ((key, book.names.get(name)) for key, name in _anchor_names(form))
    return {
        key: (cell[1], cell[2]) for key, cell in cells if cell is not None and cell[0] == sheet.name
    }


@lru_cache(maxsize=256)
def _anchor_names(form: Form) -> list[tuple[str, str]]:
    return [(field.key, anchor_name(form, field.key)) for field in form.fields]


def _assign_by_name(
    book: Book, workbook: Workbook, wanted: Wanteds, found: dict[str, Sheet]
) -> list[tuple[Form, Sheet]]:
    """Assign the sheets that bear a form's name; return those whose headings say otherwise."""
    doubtful = []
    for sheet in book.sheets:
        name = label_key(sheet.name)
        form = next((form for form in workbook.forms if name in form.sheet_keys), None)
        if form is None or form.key in found:
            continue
        if anchors_on(book, form, sheet) or _share(form, sheet, wanted) > 0.5:
            found[form.key] = sheet
        else:
            doubtful.append((form, sheet))
    return doubtful


def _assign_by_marks(book: Book, workbook: Workbook, assigned: Assigned) -> None:
    for form in workbook.forms:
        if form.key in assigned.sheets:
            continue
        marked = [
            sheet
            for sheet in book.sheets
            if not _is_used(sheet, assigned) and _is_marked(book, form, sheet)
        ]
        if len(marked) == 1:
            _assign(form, marked[0], _BY_MARK, assigned)


def _is_marked(book: Book, form: Form, sheet: Sheet) -> bool:
    cell = book.names.get(anchor_name(form))
    return (cell is not None and cell[0] == sheet.name) or bool(anchors_on(book, form, sheet))


def _assign_by_headings(
    book: Book, workbook: Workbook, wanted: Wanteds, assigned: Assigned
) -> None:
    forms = [form for form in workbook.forms if form.key not in assigned.sheets]
    free = [sheet for sheet in book.sheets if not _is_used(sheet, assigned)] if forms else []
    shares = {
        (form.key, n): share
        for form in forms
        for n, sheet in enumerate(free)
        if (share := _share(form, sheet, wanted)) > 0.5
    }
    for form in forms:
        alike = [n for n in range(len(free)) if (form.key, n) in shares]
        alike = [n for n in alike if _is_best(form, n, shares)]
        if len(alike) == 1:
            _assign(form, free[alike[0]], _BY_HEADINGS, assigned)
        elif alike:
            names = "、".join(free[n].name for n in alike)
            reason = fill(_SEVERAL, {"label": form.label, "sheets": names})
            assigned.issues.append(finding("R-20", Place(form.label.zh), reason=reason))


def _is_best(form: Form, sheet: int, shares: Mapping[tuple[str, int], float]) -> bool:
    """Tell whether no other form has as many of its headings on the sheet."""
    others = [share for (key, n), share in shares.items() if n == sheet and key != form.key]
    return shares[form.key, sheet] > max(others, default=0.0)


def _assign(form: Form, sheet: Sheet, how: Text, assigned: Assigned) -> None:
    assigned.sheets[form.key] = sheet
    reason = fill(how, {"label": form.label, "sheet": sheet.name})
    assigned.issues.append(finding("R-21", Place(form.label.zh), reason=reason))


def _is_used(sheet: Sheet, assigned: Assigned) -> bool:
    return any(sheet is used for used in assigned.sheets.values())


def _share(form: Form, sheet: Sheet, wanted: Wanteds) -> float:
    """Return how much of a form's required headings, or labels, stand on a sheet, at most 1."""
    required = wanted[form.key].required
    if form.kind == "cover":
        present = frozenset(cover_labels(sheet, wanted[form.key].labels))
    else:
        present = best_header(sheet, wanted[form.key])[1]
    return len(present & required) / len(required) if required else 0.0
