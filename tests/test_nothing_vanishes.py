"""What a workbook holds is counted or named, never lost in silence."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import known_totals
import openpyxl
import pytest
from books import TODAY, small_tree
from generated_books import parts_of
from handmade import biff_record, ods_of, xlsx_of, zip_of
from openpyxl.workbook import Workbook
from workspaces import activity, quarterly, run_once

from pipeline.books import ods, refusals, xls, xlsx_plain, xlsx_walk
from pipeline.books.grid import Book
from pipeline.books.raw import Raw
from pipeline.books.read import read_book
from pipeline.books.refusals import Refused
from pipeline.books.screen import Limits
from pipeline.forms.model import Forms
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.submission import Submission

LEDGER = "活动台账"
Change = Callable[[Workbook], object]


def read(data: bytes) -> Book:
    return read_book(data, Limits())


def judged(forms: Forms, data: bytes) -> Submission:
    return judge_book(read(data), Setup(forms, small_tree(), TODAY))


def filled(change: Change, **row: object) -> bytes:
    """Return a workbook with one clean activity in row 4, changed as a person could change it."""
    book = openpyxl.load_workbook(io.BytesIO(quarterly(activities=[activity(**row)])))
    change(book)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def put(cell: str, value: object, sheet: str = LEDGER) -> Change:
    def change(book: Workbook) -> None:
        book[sheet][cell] = value

    return change


def issues_of(submission: Submission) -> set[tuple[str, str, str]]:
    return {(issue.code, issue.severity[0], issue.cell) for issue in submission.issues}


def hidden_row(book: Workbook) -> None:
    book[LEDGER].row_dimensions[4].hidden = True


def hidden_column(book: Workbook) -> None:
    book[LEDGER].column_dimensions["L"].hidden = True


def hidden_sheet(book: Workbook) -> None:
    book[LEDGER].sheet_state = "hidden"


def foreign_sheet(state: str) -> Change:
    def change(book: Workbook) -> None:
        sheet = book.create_sheet("草稿")
        sheet["Z99"] = "留着"
        sheet.sheet_state = state

    return change


def sorted_upwards(book: Workbook) -> None:
    """Let the headings change places with the row below them, as sorting a sheet does."""
    sheet = book[LEDGER]
    for upper, lower in zip(sheet[3], sheet[4], strict=True):
        upper.value, lower.value = lower.value, upper.value


@pytest.mark.parametrize(
    ("change", "code", "severity", "cell"),
    [
        (put("L4", "#REF!"), "R-05", "e", "L4"),
        (put("K4", "#N/A"), "R-05", "e", "K4"),
        (put("L4", "=1+1"), "R-06", "e", "L4"),
        (put("Q4", 110101199003077777), "R-02", "e", "Q4"),
        (put("L4", 10**16), "R-02", "e", "L4"),
        (put("D4", date(1949, 12, 31)), "R-02", "e", "D4"),
        (put("D4", date(2101, 1, 1)), "R-02", "e", "D4"),
        (put("B4", "运动_x0007_会"), "R-08", "i", "B4"),
        (hidden_row, "R-16", "i", ""),
        (hidden_column, "R-16", "i", ""),
        (hidden_sheet, "R-16", "i", ""),
        (foreign_sheet("visible"), "R-14", "i", ""),
        (foreign_sheet("hidden"), "R-14", "i", ""),
        (foreign_sheet("veryHidden"), "R-14", "i", ""),
        (put("Z4", 7), "R-14", "i", "Z4"),
        (put("XFD900", 7), "R-14", "i", "XFD900"),
        (put("Z4", "备用"), "R-14", "i", "Z4"),
        (put("B90", "另有说明", "封面"), "R-14", "i", "B90"),
        (put("AB190", "另有说明", "封面"), "R-14", "i", "AB190"),
        (sorted_upwards, "R-14", "i", "A3"),
    ],
)  # fmt: skip
def test_every_oddity_is_named(
    forms: Forms, change: Change, code: str, severity: str, cell: str
) -> None:
    assert (code, severity, cell) in issues_of(judged(forms, filled(change)))


def test_an_ordinary_workbook_has_nothing_to_tell(forms: Forms) -> None:
    assert issues_of(judged(forms, filled(lambda _: None))) == set()


@pytest.mark.parametrize("text", ["NaN", "INF", "-1.#IND", "1e999", "1_000"])
def test_a_number_that_is_none_is_refused(forms: Forms, text: str) -> None:
    data = filled(lambda _: None, cost=987.25, fund="会费")
    parts = parts_of(data)
    spoilt = {
        name: part.replace(b"<v>987.25</v>", f"<v>{text}</v>".encode())
        for name, part in parts.items()
    }
    assert spoilt != parts
    assert ("R-02", "e", "L4") in issues_of(judged(forms, zip_of(spoilt)))


def test_rows_far_below_are_read_and_a_false_dimension_is_not_believed(forms: Forms) -> None:
    def change(book: Workbook) -> None:
        sheet = book[LEDGER]
        for row in (9, 700, 5000):
            for cell in sheet[4]:
                sheet.cell(row, cell.column, cell.value)
            sheet.cell(row, 2, f"运动会{row}")

    parts = parts_of(filled(change))
    name = next(n for n in parts if b"5000" in parts[n] and n.startswith("xl/worksheets/"))
    sheet = parts[name]
    start = sheet.index(b"<dimension")
    end = sheet.index(b">", start) + 1
    parts[name] = sheet[:start] + b'<dimension ref="A1:Q4"/>' + sheet[end:]
    ledgers = judged(forms, zip_of(dict(parts))).ledgers
    assert ledgers is not None
    assert [record.row for record in ledgers["activities"]] == [4, 9, 700, 5000]


CELLS = '<row r="2"><c r="A2"><v>1</v></c><c r="C2"><v>2</v></c></row>'


def dropped(row: list[Raw]) -> list[Raw]:
    """Return a row as a reader would that loses its first cell."""
    return [None, *row[1:]]


def test_what_the_fast_lane_loses_the_slow_lane_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    spread = xlsx_plain._spread
    monkeypatch.setattr(xlsx_plain, "_spread", lambda *given: dropped(spread(*given)))
    assert read(xlsx_of(CELLS)).sheets[0].rows == [[], [1, None, 2]]


def test_what_the_fast_lane_overlooks_the_slow_lane_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    first = CELLS[: CELLS.index('<c r="C2"')] + "</row>"
    monkeypatch.setattr(xlsx_plain, "_chunks", lambda *_: iter([first]))
    assert read(xlsx_of(CELLS)).sheets[0].rows == [[], [1, None, 2]]


def test_what_both_lanes_lose_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = xlsx_walk._dense
    monkeypatch.setattr(xlsx_plain, "count_plain", lambda *_: 3)
    monkeypatch.setattr(xlsx_walk, "_dense", lambda row: dropped(dense(row)))
    assert refusal_of(xlsx_of(CELLS)) == refusals.DAMAGED


def refusal_of(data: bytes) -> refusals.Refusal:
    with pytest.raises(Refused) as caught:
        read(data)
    return caught.value.refusal


@pytest.mark.parametrize(
    "cell",
    [
        "<v>1</v><v>2</v>",
        "<v>1</v><is><t>2</t></is>",
        "<v>1<b>2</b>3</v>",
        "<v><b>1</b></v>",
        "<is><b><t>1</t></b></is>",
    ],
)
def test_a_cell_with_two_contents_is_refused(cell: str) -> None:
    assert refusal_of(xlsx_of(f'<row r="1"><c r="A1">{cell}</c></row>')) == refusals.DAMAGED


ODS_ROWS = (
    '<table:table-row table:number-rows-repeated="2">'
    '<table:table-cell office:value-type="float" office:value="7" '
    'table:number-columns-repeated="3"/>'
    '<table:table-cell office:value-type="string"><text:p>甲</text:p></table:table-cell>'
    '<table:table-cell table:formula="of:=[.A1]"/><table:table-cell/>'
    '<table:table-cell table:formula="of:=T([.A1])" office:value-type="string" '
    'office:string-value=""/></table:table-row>'
)


def test_what_the_reader_of_opendocument_loses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [len(row) for row in read(ods_of(ODS_ROWS)).sheets[0].rows] == [5, 5]
    value = ods._value
    monkeypatch.setattr(ods, "_value", lambda cell: None if value(cell) == "甲" else value(cell))
    assert refusal_of(ods_of(ODS_ROWS)) == refusals.DAMAGED


def biff(*cells: bytes) -> bytes:
    return biff_record(0x09, b"\x02\x00\x10\x00") + b"".join(cells) + biff_record(0x0A)


def whole_number(row: int, column: int, value: int) -> bytes:
    place = row.to_bytes(2, "little") + column.to_bytes(2, "little") + b"\0\0\0"
    return biff_record(0x02, place, value.to_bytes(2, "little"))


def test_what_the_reader_of_xls_loses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = biff(whole_number(0, 0, 7), whole_number(1, 0, 8))
    assert read(data).sheets[0].rows == [[7], [8]]
    monkeypatch.setattr(xls, "count_records", lambda _: 3)
    assert refusal_of(data) == refusals.DAMAGED


def test_two_records_for_one_cell_are_refused() -> None:
    assert refusal_of(biff(whole_number(0, 0, 7), whole_number(0, 0, 8))) == refusals.DAMAGED


def test_generated_workbooks_arrive_equal_to_the_fen(tmp_path: Path) -> None:
    """A sample; `python tests/known_totals.py --count 10000` takes in that many."""
    expected, kinds = known_totals.fill_workspace(tmp_path, seed=7, count=30)
    report = run_once(tmp_path, in_workers=True, mail=False, render=False)
    assert {stored.status for stored in report.files} <= {"accepted", "accepted_with_warnings"}
    assert len(report.files) == sum(kinds.values()) > len(expected)
    assert len(kinds) >= 4
    assert list(known_totals.differences(tmp_path, expected)) == []
    some = next(iter(expected.values()))
    some["A07"] += 1  # a fen
    assert len(list(known_totals.differences(tmp_path, expected))) == 3  # unit, group and whole
