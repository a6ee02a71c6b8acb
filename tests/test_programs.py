"""Real programs: templates opened, filled and saved by others come through unchanged in value.

Not tried, for want of a machine that has them: Excel and WPS themselves.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from books import cover_rows, ledger_rows
from filled import (
    FULL_COVER,
    FULL_ROWS,
    cells_to_fill,
    expected,
    judge_bytes,
    template,
    values_of,
)
from office import Job, work

from pipeline.books.read import read_book
from pipeline.books.screen import Limits
from pipeline.forms.anchors import anchor_name
from pipeline.forms.model import Forms
from pipeline.intake.findings import address
from pipeline.intake.submission import Submission

FIXTURES = Path(__file__).parent / "fixtures"
KINDS = ("xlsx", "xls", "ods")
CHAIN = ("xls", "ods", "xlsx")  # each saved from the one before
HEAD = ["R-09", "R-10", "R-14", "R-17", "R-18", "R-19", "R-20", "R-21"]


def assert_full(forms: Forms, submission: Submission) -> None:
    """What was filled in is what is read, value by value."""
    ours = expected(forms)
    for form in forms.workbooks["quarterly"].forms:
        assert values_of(form, submission) == values_of(form, ours), form.key
    assert [(i.code, i.field) for i in submission.issues] == [
        (i.code, i.field) for i in ours.issues
    ]
    assert submission.status == ours.status == "accepted"


# LibreOffice. One start of it does everything that the tests below look at.

SHEET = "走访慰问台账"
BENT: dict[str, tuple[list[list[Any]], list[str]]] = {
    "a column inserted": ([["insert", SHEET, "{cash}:{cash}", "columns"]], []),
    "rows inserted above the headings": ([["insert", SHEET, "A1:A12", "rows"]], []),
    "a heading renamed": ([["type", SHEET, "{cash}", "给了多少钱"]], ["R-17 cash"]),
    "a heading deleted": ([["clear", SHEET, "{cash}"]], ["R-17 cash"]),
    "two headings merged": (
        [["clear", SHEET, "{goods_value}"], ["merge", SHEET, "{goods}:{goods_value}"]],
        ["R-17 goods_value"],
    ),
    "a column cut and pasted at the end": (
        [["cut", SHEET, "{date}:{date+3}", "AA{row}"], ["type", SHEET, "AA{row}", "哪天"]],
        ["R-17 date"],
    ),
    "a heading copied over another": (
        [
            ["copy", SHEET, "{cash}", "{goods}"],
            ["cut", SHEET, "{cash+1}", "{goods+1}"],
            ["clear", SHEET, "{cash}"],
        ],
        ["R-18 cash"],
    ),
    "a column deleted": ([["delete", SHEET, "{note}:{note}", "columns"]], []),
    "a required column deleted": ([["delete", SHEET, "{cash}:{cash}", "columns"]], ["R-09 cash"]),
    "sheets renamed and moved": (
        [
            ["rename sheet", SHEET, "看望"],
            ["rename sheet", "封面", "Sheet1"],
            ["move sheet", "Sheet1", 4],
        ],
        ["R-21 ", "R-21 "],
    ),
    "a sheet replaced by its copy": (
        [["copy sheet", SHEET, "Sheet9", 0], ["remove sheet", SHEET]],
        ["R-21 "],
    ),
    "a line of the cover renamed and a column inserted": (
        [["type", "封面", "{staff-}", "单位总人数"], ["insert", "封面", "B1:B1", "columns"]],
        ["R-17 staff"],
    ),
}


@pytest.fixture(scope="module")
def saved(forms: Forms, soffice: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of everything that LibreOffice saved."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "blank.xlsx").write_bytes(template(forms))
    fill = [
        ["type" if isinstance(value, str) else "number", sheet, address(row, column - 1), as_number(value)]
        for sheet, row, column, value in cells_to_fill(forms, template(forms))
    ]  # fmt: skip
    jobs = [Job(folder / "blank.xlsx", fill, [folder / f"full.{kind}" for kind in KINDS])]
    before = folder / "full.xlsx"
    for number, kind in enumerate(CHAIN):
        after = folder / f"chain{number}.{kind}"
        jobs.append(Job(before, [], [after]))
        before = after
    cells = named_cells(forms)
    for number, (ops, _) in enumerate(BENT.values()):
        kind = KINDS[number % 3] if number else "xlsx"
        done = [
            [op.format_map(cells) if isinstance(op, str) else op for op in ops_] for ops_ in ops
        ]
        jobs.append(Job(folder / "full.xlsx", done, [folder / f"bent{number}.{kind}"]))
    work(folder, jobs)
    return folder


def as_number(value: Any) -> Any:
    """Return what a spreadsheet stores: a day as its number."""
    return (value - date(1899, 12, 30)).days if isinstance(value, date) else value


def named_cells(forms: Forms) -> Mapping[str, str]:
    """The cells of the visits' headings by field, with those one and three rows below as `key+1`."""
    names = read_book(template(forms), Limits()).names
    found: dict[str, str] = {}
    for field in forms.forms["visits"].fields:
        _, row, column = names[anchor_name(forms.forms["visits"], field.key)]
        found |= {f"{field.key}+{n}": address(row + n, column) for n in (1, 3)}
        found |= {field.key: address(row, column), "row": str(row)}
    _, row, column = names[anchor_name(forms.forms["cover"], "staff")]
    return {**found, "staff-": address(row, column - 1)}


@pytest.mark.parametrize("kind", KINDS)
def test_libreoffice_fills_and_saves(forms: Forms, saved: Path, kind: str) -> None:
    assert_full(forms, judge_bytes(forms, (saved / f"full.{kind}").read_bytes()))


@pytest.mark.parametrize("number", range(len(CHAIN)))
def test_passed_on_from_kind_to_kind(forms: Forms, saved: Path, number: int) -> None:
    path = saved / f"chain{number}.{CHAIN[number]}"
    assert_full(forms, judge_bytes(forms, path.read_bytes()))


@pytest.mark.parametrize("what", BENT)
def test_bent_in_libreoffice(forms: Forms, saved: Path, what: str) -> None:
    (path,) = saved.glob(f"bent{list(BENT).index(what)}.*")
    submission = judge_bytes(forms, path.read_bytes())
    told = [f"{i.code} {i.field}" for i in submission.issues if i.code in HEAD]
    assert told == BENT[what][1]
    if not any(code.startswith(("R-09", "R-10")) for code in told):
        assert submission.status == "accepted"
        full = values_of(forms.forms["visits"], expected(forms))
        gone = {"goods", "note"}  # what was overwritten or deleted above
        for got, want in zip(values_of(forms.forms["visits"], submission), full, strict=True):
            assert {k: got[k] for k in got.keys() - gone} == {
                k: want[k] for k in want.keys() - gone
            }


# Libraries.


def test_openpyxl_fills_and_saves(forms: Forms) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template(forms)))
    for sheet, row, column, value in cells_to_fill(forms, template(forms)):
        cell = book[sheet].cell(row, column, value)
        if isinstance(value, str):
            cell.data_type = "s"  # openpyxl takes a text that begins with = for a formula
    buffer = io.BytesIO()
    book.save(buffer)
    assert_full(forms, judge_bytes(forms, buffer.getvalue()))


def test_exceljs_fills_and_saves(forms: Forms) -> None:
    """The file was made by `fixtures/make.py`, which says how; node is not needed here."""
    assert_full(forms, judge_bytes(forms, (FIXTURES / "exceljs.xlsx").read_bytes()))


def test_xlsxwriter_from_nothing(forms: Forms) -> None:
    """A workbook that a program makes from the labels alone, without template, marks and colours."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"strings_to_formulas": False}) as book:
        day = book.add_format({"num_format": "yyyy/m/d"})
        for form in forms.workbooks["quarterly"].forms:
            sheet = book.add_worksheet(form.label.zh)
            rows = (
                cover_rows(form, FULL_COVER)
                if form.kind == "cover"
                else ledger_rows(form, FULL_ROWS[form.key])
            )
            for number, row in enumerate(rows):
                for index, value in enumerate(row):
                    sheet.write(number, index, value, day if isinstance(value, date) else None)
    submission = judge_bytes(forms, buffer.getvalue())
    assert [issue.code for issue in submission.issues if issue.code != "R-08"] == ["R-15"]
    for form in forms.workbooks["quarterly"].forms:
        assert values_of(form, submission) == values_of(form, expected(forms)), form.key
