"""A workbook judged: a `Book` and what we ask for in, a `Submission` out.

The order is fixed: recognise, read the cover, learn unit and period from it, read the ledgers in
that period, apply rules and checks. A workbook without a unit or a period is quarantined; one
error or more and it is rejected; warnings do not stop it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.books import refusals
from pipeline.books.grid import Book
from pipeline.books.raw import is_blank
from pipeline.forms.model import Form, Forms
from pipeline.intake.checks import Sheet
from pipeline.intake.findings import Place, address, refusal_issue
from pipeline.intake.identity import is_doubtful, misplaced
from pipeline.intake.locate import Located, locate
from pipeline.intake.own_verdict import compare_verdicts
from pipeline.intake.places import Column, CoverPlace, LedgerPlace
from pipeline.intake.rows import read_cover, read_ledger, read_period
from pipeline.intake.submission import CoverRecord, Judgement, Submission
from pipeline.intake.typed import UNREAD, Records
from pipeline.intake.validate import Locator, apply_checks, apply_rules, check_nil, context_of
from pipeline.issues import Issue, count_severity
from pipeline.orgunits import OrgTree
from pipeline.periods import Period
from pipeline.texts import fold, label_key


@dataclass(frozen=True)
class Setup:
    """What workbooks are judged against; `folder` is the unit whose folder they lie in, or ""."""

    forms: Forms
    tree: OrgTree
    today: date
    closed: frozenset[str] = frozenset()
    folder: str = ""


def judge_book(book: Book, setup: Setup) -> Submission:
    """Read and judge one workbook. Raises Refused where it is not one of ours at all."""
    located = locate(book, setup.forms)
    if located is None or _is_bare(located):
        raise refusals.Refused(_foreign(book, setup.forms))
    issues = list(located.issues)
    cover_row, period = None, None
    if located.cover is not None:
        period = read_period(located.cover)
        cover_row, found = read_cover(located.cover, period)
        issues.extend(found)
    cover = _by_key(located.workbook.cover, cover_row)
    unit = _unit_code(cover.get("unit"), setup.tree)
    if not unit or period is None:
        return _unidentified(located, unit, period, issues)
    strange = misplaced(unit, setup.folder, setup.tree)
    if strange is not None:
        return _strange(located, strange)
    cover["unit"] = unit
    return _judge(located, setup, unit, period, cover_row, cover, issues)


def _is_bare(located: Located) -> bool:
    """Tell whether a workbook has nothing of ours but perhaps a sheet called 封面."""
    return not located.ledgers and (located.cover is None or not located.cover.cells)


def _foreign(book: Book, forms: Forms) -> refusals.Refusal:
    """Return why a workbook is none of ours: it has no cover, or a cover that says nothing."""
    covers = frozenset[str]().union(*(w.cover.sheet_keys for w in forms.workbooks.values()))
    has_cover = any(label_key(sheet.name) in covers for sheet in book.sheets)
    return refusals.WRONG_WORKBOOK if has_cover else refusals.NOT_OURS


def _judge(
    located: Located,
    setup: Setup,
    unit: str,
    period: Period,
    cover_row: Records | None,
    cover: dict[str, Any],
    issues: list[Issue],
) -> Submission:
    workbook = located.workbook
    context = context_of(period, setup.today)
    assert located.cover is not None and cover_row is not None
    at_cover = _cover_locator(located.cover)

    def sheet_of(form: Form, rows: Records) -> Sheet:
        return Sheet(form, rows, cover, located.meta, period, setup.tree, setup.today)

    issues += apply_rules(workbook.cover, cover_row, context, at_cover)
    issues += apply_checks(workbook.cover, sheet_of(workbook.cover, cover_row), at_cover)
    ledgers: dict[str, Records] = {}
    for form in workbook.ledgers:
        place = located.ledgers.get(form.key)
        if place is None:
            continue
        rows, found = read_ledger(place, period)
        issues += found
        at_ledger = _ledger_locator(place)
        issues += apply_rules(form, rows, context, at_ledger)
        issues += apply_checks(form, sheet_of(form, rows), at_ledger)
        issues += check_nil(form, workbook.cover, len(rows), cover.get(form.nil), at_cover)
        ledgers[form.key] = rows
    issues += compare_verdicts(located.ledgers.values(), tuple(issues))
    ticks = [cover.get(form.nil) is True for form in workbook.ledgers if form.nil]
    return Submission(
        workbook.key,
        unit,
        period,
        _status(issues, period, setup),
        tuple(issues),
        CoverRecord(cover_row[0].values, {key: c.row for key, c in located.cover.cells.items()}),
        ledgers,
        bool(ticks) and all(ticks),
        located.sheet_names,
        is_doubtful(unit, located.meta, setup.tree),
    )


def _status(issues: list[Issue], period: Period, setup: Setup) -> Judgement:
    if period.code in setup.closed:
        return "closed"
    if count_severity(issues, "error"):
        return "rejected"
    return "accepted_with_warnings" if count_severity(issues, "warning") else "accepted"


def _unidentified(
    located: Located, unit: str, period: Period | None, issues: list[Issue]
) -> Submission:
    refusal = refusals.NO_UNIT if not unit else refusals.NO_PERIOD
    issues = [refusal_issue(refusal), *issues]
    return Submission(
        located.workbook.key, unit, period, "quarantined", tuple(issues),
        sheet_names=located.sheet_names,
    )  # fmt: skip


def _strange(located: Located, issue: Issue) -> Submission:
    """Return what becomes of a workbook in another unit's folder: nobody's, and not looked into."""
    return Submission(located.workbook.key, "", None, "rejected", (issue,), withheld=True)


def _by_key(form: Form, row: Records | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        field.key: None if value is UNREAD else value
        for field, (value,) in zip(form.fields, row.columns, strict=True)
    }


def _unit_code(typed: object, tree: OrgTree) -> str:
    if not isinstance(typed, str):
        return ""
    if typed in tree.units:
        return typed
    folded = [code for code in tree.units if fold(code) == fold(typed)]
    return folded[0] if len(folded) == 1 else typed


def _cover_locator(cover: CoverPlace) -> Locator:
    def locate_cell(key: str, _row: int | None) -> Place:
        sheet = cover.form.label.zh
        cell = cover.cells.get(key)
        if cell is None:
            return Place(sheet, "", None, key, "")
        return Place(sheet, address(cell.row, cell.index), cell.row, key, cell.written)

    return locate_cell


def _is_blank_at(place: LedgerPlace, row: int, column: Column | None) -> bool:
    cells = place.sheet.rows[row - 1]
    return column is None or column.index >= len(cells) or is_blank(cells[column.index])


def _ledger_locator(place: LedgerPlace) -> Locator:
    def locate_cell(key: str, row: int | None) -> Place:
        sheet, number = place.form.label.zh, place.header_row if row is None else row
        column = place.columns.get(key)
        stand_in = place.columns.get(place.form.field(key).default_from)
        if row is not None and stand_in is not None and _is_blank_at(place, row, column):
            column = stand_in  # where one cell stands for a blank one, it is the one to mend
        if column is None:
            return Place(sheet, "", number, key, place.form.field(key).label.zh)
        return Place(sheet, address(number, column.index), number, key, column.written)

    return locate_cell
