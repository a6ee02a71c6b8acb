"""Sheets that look like a thousand others: what was found on one is known of the next.

In and out as of `locate_cover` and `locate_ledger`, which do the finding. Where things are depends
on the labels and on which cells are filled; only where something is amiss is it looked at what is
in them. So a sheet is reduced to its outline, that is searched once in full, and the answer is
kept, unless there was anything to say about it: then each sheet is searched by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from pipeline.books.grid import Sheet
from pipeline.books.raw import Raw, is_blank
from pipeline.intake.locate_cover import locate_cover
from pipeline.intake.locate_ledger import OWN_HEADINGS, best_header, locate_ledger
from pipeline.intake.locate_sheets import COVER_ROWS
from pipeline.intake.places import CoverCell, CoverPlace, LedgerPlace, Wanted
from pipeline.issues import Issue
from pipeline.texts import label_key

Anchors = Mapping[str, tuple[int, int]]
Outline = tuple[tuple[Raw, ...], ...]

_MOST_CELLS = 2000  # of an outline that is kept; what is larger is nobody's usual sheet
_A_TEXT, _A_VALUE = "*", 1  # in an outline; what is nothing but a star is no label of any field


def find_cover(wanted: Wanted, sheet: Sheet, anchors: Anchors) -> tuple[CoverPlace, list[Issue]]:
    """Return where the values of a cover are, with what there is to say about its labels."""
    rows = sheet.rows
    if len(rows) <= COVER_ROWS and sum(map(len, rows)) <= _MOST_CELLS:
        usual = _usual_cover(wanted, _outline(rows, wanted), tuple(anchors.items()))
        if usual is not None:
            cells = {key: _filled(cell, rows) for key, cell in usual.cells.items()}
            return CoverPlace(wanted.form, sheet, cells, usual.defaults), []
    return locate_cover(wanted, sheet, anchors)


def find_ledger(wanted: Wanted, sheet: Sheet, anchors: Anchors) -> tuple[LedgerPlace, list[Issue]]:
    """Return where the columns of a ledger are, with what there is to say about its headings."""
    main, named = best_header(sheet, wanted)
    head = sheet.rows[: main + 1]
    if len(named) == len(wanted.named) and sum(map(len, head)) <= _MOST_CELLS:
        usual = _usual_ledger(wanted, _outline(head, wanted), tuple(anchors.items()))
        if usual is not None and max(map(len, sheet.rows)) == len(head[-1]):
            place = LedgerPlace(
                wanted.form, sheet, usual.header_row, usual.columns, usual.defaults, usual.own
            )
            return place, []
    return locate_ledger(wanted, sheet, anchors)


def _outline(rows: Sequence[Sequence[Raw]], wanted: Wanted) -> Outline:
    """Return the labels of rows as they are, and of all other cells only that they are filled."""
    labels, silent = wanted.labels, wanted.silent

    def reduced(cell: Raw) -> Raw:
        if cell is None:
            return None
        if not isinstance(cell, str):
            return _A_VALUE
        key = label_key(cell)
        if key in labels or key in silent or key in OWN_HEADINGS:
            return cell
        return "" if is_blank(cell) else _A_TEXT

    return tuple(tuple(map(reduced, row)) for row in rows)


@lru_cache(maxsize=256)
def _usual_cover(
    wanted: Wanted, outline: Outline, anchors: tuple[tuple[str, tuple[int, int]], ...]
) -> CoverPlace | None:
    """Return where things are on a cover with this outline, None where there is more to say."""
    place, issues = locate_cover(wanted, _sheet(outline), dict(anchors))
    return None if issues else place


@lru_cache(maxsize=256)
def _usual_ledger(
    wanted: Wanted, outline: Outline, anchors: tuple[tuple[str, tuple[int, int]], ...]
) -> LedgerPlace | None:
    """Return where the columns of a ledger are whose head has this outline.

    None where there is more to say, or where the rows below might have a say: where a field has no
    column yet, or a column no heading.
    """
    place, issues = locate_ledger(wanted, _sheet(outline), dict(anchors))
    known = place.columns.keys() | wanted.defaults.keys()
    missing = any(field.key not in known for field in wanted.form.fields)
    nameless = any(is_blank(cell) for cell in outline[-1])
    return None if issues or missing or nameless else place


def _sheet(outline: Outline) -> Sheet:
    return Sheet("", "visible", [list(row) for row in outline])


def _filled(cell: CoverCell, rows: Sequence[Sequence[Raw]]) -> CoverCell:
    """Return the cell of an outline with what this sheet has there."""
    if cell.raw is None:
        return cell
    return CoverCell(cell.row, cell.index, cell.written, rows[cell.row - 1][cell.index])
