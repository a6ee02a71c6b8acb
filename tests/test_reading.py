"""From cells to typed rows: headings, covers, blank marks, totals, and what is said about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest
from books import COVER, ROWS, faults, judge, ledger_rows, plan_book, quarterly_book

from pipeline.books.grid import Book, Sheet
from pipeline.books.raw import CellFault
from pipeline.books.refusals import Refused
from pipeline.forms.model import Forms
from pipeline.intake.findings import codes
from pipeline.intake.submission import Submission


def with_sheet(book: Book, which: str, **changes: Any) -> Book:
    """Return the book with one sheet changed; rows=None takes the sheet out."""
    sheets = []
    for sheet in book.sheets:
        if sheet.name != which:
            sheets.append(sheet)
        elif changes.get("rows", ()) is not None:
            fields = {n: getattr(sheet, n) for n in ("name", "visibility", "rows")}
            sheets.append(Sheet(**{**fields, **changes}))
    return Book(book.kind, tuple(sheets))


def activities(forms: Forms, *rows: dict[str, Any]) -> Book:
    return quarterly_book(forms, activities=[{**ROWS["activities"], **row} for row in rows])


def one(submission: Submission, code: str) -> Any:
    (issue,) = [issue for issue in submission.issues if issue.code == code]
    return issue


def value(forms: Forms, submission: Submission, form: str, key: str, row: int = 0) -> Any:
    assert submission.ledgers is not None
    return submission.ledgers[form][row].values[forms.forms[form].positions[key]]


def test_defaults_stand_for_blanks(forms: Forms) -> None:
    submission = judge(forms, activities(forms, {"sessions": None, "date_end": None}))
    assert submission.issues == ()
    assert value(forms, submission, "activities", "sessions") == 1
    assert value(forms, submission, "activities", "date_end") == date(2026, 9, 18)
    assert value(forms, submission, "activities", "budget") is None


def test_an_issue_carries_place_column_value_and_both_languages(forms: Forms) -> None:
    issue = one(judge(forms, activities(forms, {"cost": "12O"})), "R-02")
    assert issue.sheet == "活动台账"
    assert (issue.cell, issue.row, issue.field) == ("K3", 3, "cost")
    assert (issue.column, issue.value) == ("实际支出(元)", "12O")
    assert issue.message.zh.startswith("实际支出(元)：“12O”")
    assert "请" in issue.message.zh
    assert issue.message.en.startswith("实际支出(元): “12O”")
    assert "12O" not in issue.title.zh


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": "  "}, "R-01 E 活动台账!A3"),
        ({"cost": None}, "R-01 E 活动台账!K3"),
        ({"attended": "若干"}, "R-02 E 活动台账!G3"),
        ({"category": "唱歌"}, "R-03 E 活动台账!B3"),
        ({"attended": -3}, "R-04 E 活动台账!G3"),
        ({"cost": -0.01}, "R-04 E 活动台账!K3"),
        ({"attended": CellFault("error", "#REF!")}, "R-05 E 活动台账!G3"),
        ({"attended": CellFault("uncalculated")}, "R-06 E 活动台账!G3"),
        ({"attended": "约38"}, "R-07 W 活动台账!G3"),
        ({"attended": "—"}, "R-02 E 活动台账!G3"),
    ],
)
def test_reading_faults_have_ids(forms: Forms, change: dict[str, Any], fault: str) -> None:
    assert faults(judge(forms, activities(forms, change))) == [fault]


@pytest.mark.parametrize("mark", ["—", "-", "--", "/", "无", "暂无", "N/A"])
def test_marks_for_nothing_are_blanks_in_optional_fields(forms: Forms, mark: str) -> None:
    row = {"budget": mark, "fund": mark, "problem": mark, "date_end": mark, "sessions": mark}
    submission = judge(forms, activities(forms, row))
    assert submission.status == "accepted"
    assert [issue.code for issue in submission.issues] == ["R-08"] * 5
    assert value(forms, submission, "activities", "problem") is None
    assert value(forms, submission, "activities", "sessions") == 1


def test_an_error_value_in_an_optional_field_is_no_blank(forms: Forms) -> None:
    submission = judge(forms, activities(forms, {"budget": CellFault("error", "#N/A")}))
    assert faults(submission) == ["R-05 E 活动台账!J3"]


def test_blank_rows_are_no_rows_and_totals_are_dropped(forms: Forms) -> None:
    row = ROWS["activities"]
    totals = [{"title": t, "attended": 38} for t in ("合计", "小 计", " 总计 ")]
    book = quarterly_book(
        forms, activities=[{}, row, {"note": "　"}, *totals, {**row, "place": "馆"}]
    )
    submission = judge(forms, book)
    assert submission.ledgers is not None
    assert [record.row for record in submission.ledgers["activities"]] == [4, 9]
    assert [(i.cell, i.severity) for i in submission.issues if i.code == "R-13"] == [
        ("A6", "info"),
        ("A7", "info"),
        ("A8", "info"),
    ]


def test_headings_are_found_in_any_order_and_spelling(forms: Forms) -> None:
    form = forms.forms["visits"]
    rows = ledger_rows(form, [ROWS["visits"]])
    headings = {
        "慰问日期*": "慰问 日期\n（必填)",
        "慰问金(元)*": "慰问金（元） ＊",
        "对象姓名*": "慰问对象",
    }
    rows[1] = [headings.get(h, h) for h in rows[1]]
    rows[1][0] = "＊慰问日期"
    shuffled = [[*reversed(row)] for row in [["随便写的标题"], [], [], *rows[1:]]]
    book = with_sheet(quarterly_book(forms, visits=[ROWS["visits"]]), "走访慰问台账", rows=shuffled)
    submission = judge(forms, book)
    assert faults(submission) == []
    assert value(forms, submission, "visits", "cash") == Decimal("500.00")
    assert submission.ledgers is not None
    assert submission.ledgers["visits"][0].row == 5


def test_english_headings_and_sheet_names_are_read(forms: Forms) -> None:
    form = forms.forms["visits"]
    rows = [[f.label.en for f in form.fields], [ROWS["visits"].get(f.key) for f in form.fields]]
    book = quarterly_book(forms, visits=[ROWS["visits"]])
    submission = judge(forms, with_sheet(book, "走访慰问台账", name="Visits", rows=rows))
    assert submission.status == "accepted"


def test_a_missing_required_column_is_named(forms: Forms) -> None:
    rows = ledger_rows(forms.forms["visits"], [ROWS["visits"]])
    rows = [[cell for n, cell in enumerate(row) if n != 7] for row in rows[1:]]
    book = with_sheet(quarterly_book(forms, visits=[ROWS["visits"]]), "走访慰问台账", rows=rows)
    issue = one(judge(forms, book), "R-09")
    assert (issue.severity, issue.field) == ("error", "cash")
    assert "慰问金(元)" in issue.message.zh


def test_a_heading_twice_is_an_error(forms: Forms) -> None:
    rows = ledger_rows(forms.forms["visits"], [ROWS["visits"]])
    rows[1].append("慰问金")
    book = with_sheet(quarterly_book(forms, visits=[ROWS["visits"]]), "走访慰问台账", rows=rows)
    issue = one(judge(forms, book), "R-10")
    assert (issue.severity, issue.cell) == ("error", "P2")
    assert "H2" in issue.message.zh


def test_unknown_columns_are_ignored_with_a_note(forms: Forms) -> None:
    rows = ledger_rows(forms.forms["visits"], [ROWS["visits"]])
    rows[1] += ["经办", None]
    rows[2] += ["丁", "没有表头"]
    rows.append([None] * 15 + ["只填了多余的列"])
    book = with_sheet(quarterly_book(forms, visits=[ROWS["visits"]]), "走访慰问台账", rows=rows)
    submission = judge(forms, book)
    assert submission.status == "accepted"
    assert [i.cell for i in submission.issues if i.code == "R-14"] == ["P2", "Q3"]
    assert submission.ledgers is not None
    assert len(submission.ledgers["visits"]) == 1


def test_unknown_sheets_are_ignored_with_a_note_but_our_own_are_not_named(forms: Forms) -> None:
    extra = [Sheet(n, "visible", [["内容"]]) for n in ("草稿", "填报说明", "字典", "需修改")]
    book = quarterly_book(forms)
    submission = judge(forms, Book("xlsx", (*book.sheets, *extra, Sheet("Sheet1", "visible", []))))
    assert [(i.code, i.sheet) for i in submission.issues] == [("R-14", "草稿")]


ROSTER = [{"month": "2026-07", "member_id": "M1", "name": "甲一", "status": "正常", "base": 4567}]


def test_a_roster_as_it_was_handed_out_is_no_report(forms: Forms) -> None:
    ticked = judge(forms, quarterly_book(forms, {"nil_dues": "是"}, dues=ROSTER * 3))
    assert ticked.status == "accepted"
    assert [(i.code, i.sheet) for i in ticked.issues] == [("R-14", "会费台账")]
    open_ = judge(forms, quarterly_book(forms, dues=ROSTER * 3))
    assert [f for f in faults(open_) if " E " in f] == ["R-12 E 封面!B18"]


def test_a_roster_that_somebody_began_to_fill_must_be_filled(forms: Forms) -> None:
    begun = [*ROSTER, {**ROSTER[0], "month": "2026-08", "due": 22.8, "paid": 22.8}]
    submission = judge(forms, quarterly_book(forms, dues=begun))
    assert [f for f in faults(submission) if "R-01" in f] == [
        "R-01 E 会费台账!F3",
        "R-01 E 会费台账!G3",
    ]


def test_a_missing_sheet_is_an_error(forms: Forms) -> None:
    book = with_sheet(quarterly_book(forms), "会费台账", rows=None)
    assert [f for f in faults(judge(forms, book)) if "R-11" in f] == ["R-11 E 会费台账!"]


def test_without_meta_the_cover_is_read(forms: Forms) -> None:
    submission = judge(forms, with_sheet(quarterly_book(forms), "_meta", rows=None))
    assert [(i.code, i.severity) for i in submission.issues] == [("R-15", "info")]
    assert (submission.unit, submission.workbook) == ("U1", "quarterly")


def test_hidden_content_is_read_with_a_note(forms: Forms) -> None:
    book = with_sheet(
        quarterly_book(forms, visits=[ROWS["visits"]]),
        "走访慰问台账",
        visibility="hidden",
        hidden_rows=(3,),
        hidden_columns=(8, 27),
    )
    issue = one(judge(forms, book), "R-16")
    assert issue.severity == "info"
    assert "第 3 行" in issue.message.zh
    assert "H、AA 列" in issue.message.zh


def test_cover_pairs_may_stand_side_by_side(forms: Forms) -> None:
    fields = forms.forms["cover"].fields
    values = {**COVER, "nil_activities": "√", "nil_dues": "Y", "nil_visits": True}
    pairs = [[field.label.zh, values.get(field.key)] for field in fields]
    rows = [[*chain(*pairs[n : n + 3])] for n in range(0, len(pairs), 3)]
    submission = judge(forms, with_sheet(quarterly_book(forms), "封面", rows=rows))
    assert submission.status == "accepted"
    assert submission.cover is not None
    assert submission.cover.places["staff"] == 3
    assert submission.nil


def test_an_unknown_cover_line_is_noted_and_a_title_is_not(forms: Forms) -> None:
    book = quarterly_book(forms)
    rows = [*book.sheets[0].rows, ["党员人数", 7], ["填表须知"]]
    issue = one(judge(forms, with_sheet(book, "封面", rows=rows)), "R-14")
    assert (issue.column, issue.value) == ("党员人数", "7")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("2026Q3", ""),
        ("2026年第三季度", "R-08"),
        ("2026年3季度", "R-08"),
        ("２０２６Ｑ３", "R-08"),
    ],
)
def test_periods_as_people_write_them(forms: Forms, typed: str, code: str) -> None:
    submission = judge(forms, quarterly_book(forms, {"period": typed}))
    assert submission.period is not None
    assert submission.period.code == "2026Q3"
    assert [issue.code for issue in submission.issues] == ([code] if code else [])


@pytest.mark.parametrize(
    ("cover", "code", "cell"),
    [
        ({"period": "2026Q5"}, "F-29", "B4"),
        ({"period": "第三季度"}, "F-29", "B4"),
        ({"period": None}, "F-29", "B4"),
        ({"unit": None}, "F-28", "B2"),
        ({"unit": CellFault("error", "#N/A")}, "F-28", "B2"),
    ],
)
def test_without_unit_or_period_a_workbook_is_set_aside(
    forms: Forms, cover: dict[str, Any], code: str, cell: str
) -> None:
    submission = judge(forms, quarterly_book(forms, cover))
    assert submission.status == "quarantined"
    assert submission.issues[0].code == code
    assert cell in [issue.cell for issue in submission.issues]


def test_a_workbook_of_somebody_else_is_refused(forms: Forms) -> None:
    with pytest.raises(Refused):
        judge(forms, Book("xlsx", (Sheet("Sheet1", "visible", [["a", 1]]),)))


def test_the_kind_is_told_by_sheets_where_there_is_no_meta(forms: Forms) -> None:
    book = with_sheet(plan_book(forms, [ROWS["plan"]]), "_meta", rows=None)
    assert judge(forms, book).workbook == "plan"


def test_months_of_a_plan_take_the_year_of_the_plan(forms: Forms) -> None:
    row = {**ROWS["plan"], "month_start": "9月", "month_end": 12.0}
    submission = judge(forms, plan_book(forms, [row], {"year": 2026.0}))
    assert value(forms, submission, "plan", "month_start") == "2026-09"
    assert value(forms, submission, "plan", "month_end") == "2026-12"


def test_a_closed_period_is_named_closed(forms: Forms) -> None:
    from books import TODAY, small_tree

    from pipeline.intake.judge import Setup, judge_book

    setup = Setup(forms, small_tree(), TODAY, frozenset({"2026Q3"}))
    assert judge_book(quarterly_book(forms), setup).status == "closed"


def test_reading_ids_are_those_of_the_contract() -> None:
    assert len(codes()) >= 15
    assert codes() == tuple(f"R-{number:02d}" for number in range(1, len(codes()) + 1))
