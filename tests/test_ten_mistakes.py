"""A new user's quarter: ten typical mistakes, typed in LibreOffice, and the way to `accepted`.

The user fills the blank workbook, hands it in, opens the receipt, mends every cell that carries a
comment of ours and nothing else, saves, and hands that in again. What counts is how often this has
to be done, and how many cells are touched. The receipt goes on checking itself all the while.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from books import COVER, ROWS
from filled import QUARTER
from office import Job, work
from workspaces import NOW, drop, make_workspace, opened, run_once

from pipeline.books.read import read_book
from pipeline.books.screen import Limits
from pipeline.forms.anchors import anchor_name
from pipeline.handouts import write_templates
from pipeline.intake.findings import address

MEMBERS = ("M1", "M2")


@dataclass(frozen=True)
class Slip:
    """One mistake: the form and field, the row of the ledger, what is typed and what is right."""

    what: str
    form: str
    key: str
    row: int
    typed: Any
    right: Any


SLIPS = (
    Slip("a letter for a zero", "activities", "cost", 1, "12O0", 1200),
    Slip("a day outside the quarter", "activities", "date_start", 2, date(2026, 10, 3), date(2026, 9, 3)),
    Slip("more came than were asked", "activities", "attended", 2, 380, 38),
    Slip("a category of one's own", "activities", "category", 1, "唱歌比赛", "文体活动"),
    Slip("a required cell left blank", "activities", "place", 2, None, "操场"),
    Slip("the same member and month twice", "dues", "month", 2, "2026-07", "2026-08"),
    Slip("more paid than due", "dues", "paid", 4, 228, 22.8),
    Slip("a word for a figure", "visits", "persons", 1, "若干", 3),
    Slip("more women than members", "cover", "members_female", 0, 84, 30),
    Slip("a day that has not come", "cover", "fill_date", 0, date(2027, 10, 8), date(2026, 10, 8)),
)  # fmt: skip


def rows_of(form: str) -> list[dict[str, Any]]:
    """Return the rows as they should be."""
    if form == "dues":
        months = QUARTER.months
        return [
            {**ROWS["dues"], "member_id": member, "month": month, "name": f"会员{member}"}
            for member in MEMBERS
            for month in months
        ]
    if form == "activities":
        return [{**ROWS[form], "fund": "会费"}, {**ROWS[form], "title": "教师节座谈"}]
    return [ROWS[form]]


def test_one_round_and_ten_cells_are_enough(soffice: str, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    (blank,) = write_templates(opened(workspace), NOW, QUARTER.code, "U1")
    cells = cells_of(workspace, blank)
    filled, mended = tmp_path / "filled.xlsx", tmp_path / "mended.xlsx"
    work(tmp_path, [Job(blank, list(typing(cells)), [filled])])

    drop(workspace, "报表.xlsx", filled.read_bytes())
    first = run_once(workspace)
    assert [stored.status for stored in first.files] == ["rejected"]

    right: dict[str, dict[str, Any]] = {}
    for slip in SLIPS:
        sheet, cell = cells[slip.form, slip.key, slip.row]
        right.setdefault(sheet, {})[cell] = plain(slip.right)
    receipt = workspace / first.receipts[0]
    mend = [["mend", sheet, values] for sheet, values in right.items()]
    says = [["text", "封面", "A3"], ["text", "活动台账", "A5"], ["text", "会费台账", "A5"]]
    (told,) = work(tmp_path, [Job(receipt, [*says, *mend, *says], [mended])])
    before, touched, after = told[: len(says)], told[len(says) : -len(says)], told[-len(says) :]
    assert before == [
        "还有 8 处需要修改，2 处写法请核对",
        "✗3 地点没有填",
        "✗ 同一会员同一月份填了两次",
    ]
    assert after == ["可以报送", "✓", "✓"]

    drop(workspace, "报表改好.xlsx", mended.read_bytes())
    second = run_once(workspace)
    assert [stored.status for stored in second.files] == ["accepted"]
    mended_cells = sorted(
        f"{sheet}!{cell}" for sheet, names in zip(right, touched, strict=True) for cell in names
    )
    assert mended_cells == sorted(f"{sheet}!{cell}" for sheet in right for cell in right[sheet])
    assert len(mended_cells) == len(SLIPS) == 10


def cells_of(workspace: Path, blank: Path) -> dict[tuple[str, str, int], tuple[str, str]]:
    """Return sheet and cell of every field of every row, the cover's being row 0."""
    names = read_book(blank.read_bytes(), Limits()).names
    found = {}
    for form in opened(workspace).forms.workbooks["quarterly"].forms:
        for field in form.fields:
            sheet, head, index = names[anchor_name(form, field.key)]
            for row in range(1) if form.kind == "cover" else range(1, 10):
                found[form.key, field.key, row] = sheet, address(head + row, index)
    return found


def typing(cells: dict[tuple[str, str, int], tuple[str, str]]) -> Any:
    """Yield what the user types, cell by cell, the mistakes among it."""
    wrong = {(slip.form, slip.key, slip.row): slip.typed for slip in SLIPS}
    values = {("cover", key, 0): value for key, value in COVER.items()}
    for form in ("activities", "dues", "visits"):
        for number, row in enumerate(rows_of(form), start=1):
            values |= {(form, key, number): value for key, value in row.items()}
    for place, value in (values | wrong).items():
        if value is not None and place[1] not in ("unit", "unit_name", "period"):
            sheet, cell = cells[place]
            typed = plain(value)
            yield ["type" if isinstance(typed, str) else "number", sheet, cell, typed]


def plain(value: Any) -> Any:
    """Return what a spreadsheet stores: a day as its number."""
    return (value - date(1899, 12, 30)).days if isinstance(value, date) else value
