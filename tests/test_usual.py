"""A sheet that looks like others is read as they were; one that does not, by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from books import COVER, ROWS, cover_rows, ledger_rows
from hypothesis import given
from hypothesis import strategies as st

from pipeline.books.grid import Sheet
from pipeline.books.raw import CellFault
from pipeline.forms.model import Form, Forms
from pipeline.intake.locate_cover import locate_cover
from pipeline.intake.locate_ledger import locate_ledger
from pipeline.intake.locate_usual import find_cover, find_ledger
from pipeline.intake.locate_version import wanted_of
from pipeline.intake.places import Wanted

Rows = list[list[Any]]
CELLS = st.sampled_from(
    [None, "", "　", "*", "照片", "慰问金", "慰问日期*", "核对", "Cash (yuan)", "人数", "电话", "甲一",
     "慰问金(万元)", 1, True, 3.5, date(2026, 7, 1), CellFault("uncalculated")]
)  # fmt: skip
PLACES = st.tuples(st.integers(0, 5), st.integers(0, 17), CELLS)
Bending = tuple[list[tuple[int, int, Any]], int | None, bool]
BENDINGS: Any = st.tuples(
    st.lists(PLACES, max_size=3), st.none() | st.integers(0, 6), st.booleans()
)


def bent(rows: Rows, bending: Bending) -> Rows:
    """Put cells somewhere, and a blank row or column where told."""
    cells, gap, across = bending
    if gap is not None and across:
        rows.insert(gap, [])
    elif gap is not None:
        rows = [[*row[:gap], None, *row[gap:]] for row in rows]
    for row, column, cell in cells:
        rows += [[] for _ in range(row + 1 - len(rows))]
        rows[row] += [None] * (column + 1 - len(rows[row]))
        rows[row][column] = cell
    return [trimmed(row) for row in rows]


def trimmed(row: list[Any]) -> list[Any]:
    """Return a row as readers give it, ending in a value."""
    filled = [n for n, cell in enumerate(row) if cell is not None]
    return row[: filled[-1] + 1] if filled else []


def sheet_of(form: Form) -> Rows:
    if form.kind == "cover":
        return cover_rows(form, COVER)
    return ledger_rows(form, [ROWS[form.key]] * 2)


def anchors_of(form: Form, marks: bool) -> dict[str, tuple[int, int]]:
    if not marks:
        return {}
    across = form.kind == "ledger"
    return {f.key: (2, n) if across else (n + 2, 1) for n, f in enumerate(form.fields)}


@pytest.mark.parametrize("key", ["visits", "cover"])
@pytest.mark.parametrize("version", [1, None])
def test_whatever_is_done_to_a_sheet_it_is_read_as_if_it_were_the_first(
    forms: Forms, key: str, version: int | None
) -> None:
    wanted = wanted_of(forms.workbooks["quarterly"], version)[key]
    find: Callable[..., Any] = find_cover if key == "cover" else find_ledger
    locate: Callable[..., Any] = locate_cover if key == "cover" else locate_ledger

    @given(BENDINGS, st.booleans())
    def holds(bending: Bending, marks: bool) -> None:
        sheet = Sheet("表", "visible", bent(sheet_of(wanted.form), bending))
        anchors = anchors_of(wanted.form, marks)
        assert find(wanted, sheet, anchors) == locate(wanted, sheet, anchors)

    holds()


def test_what_a_sheet_says_is_its_own(forms: Forms) -> None:
    wanted = wanted_of(forms.workbooks["quarterly"], 1)
    for name in ("甲小学工会", "乙小学工会", "*"):
        rows = cover_rows(wanted["cover"].form, {**COVER, "unit_name": name})
        place, issues = find_cover(wanted["cover"], Sheet("封面", "visible", rows), {})
        assert (place.cells["unit_name"].raw, issues) == (name, [])


def test_a_usual_sheet_is_searched_once(forms: Forms, monkeypatch: pytest.MonkeyPatch) -> None:
    form = forms.forms["visits"]
    wanted = Wanted.of(form, form.labels)
    searched = []
    monkeypatch.setattr(
        "pipeline.intake.locate_usual.locate_ledger",
        lambda *given: searched.append(given) or locate_ledger(*given),
    )
    for title in ("甲小学", "乙小学", "丙小学"):
        rows = [[title], *(map(trimmed, sheet_of(form)[1:]))]
        place, issues = find_ledger(wanted, Sheet("走访", "visible", rows), {})
        assert (place.sheet.rows[0], place.header_row, issues) == ([title], 2, [])
    assert len(searched) == 1
