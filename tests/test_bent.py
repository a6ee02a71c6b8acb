"""Bent workbooks: headings, lines and sheets that were renamed, moved, merged or deleted.

A column of a ledger is written here as its heading over its cells, so that a table shows what a
group did to its sheet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from books import COVER, ROWS, faults, judge, ledger_rows, quarterly_book
from hypothesis import given
from hypothesis import strategies as st

from pipeline.books.grid import Book, Sheet
from pipeline.forms.anchors import anchor_name
from pipeline.forms.model import Forms
from pipeline.intake.locate_ledger import locate_ledger
from pipeline.intake.places import Wanted
from pipeline.intake.submission import Submission

NAME = {"visits": "走访慰问台账", "dues": "会费台账", "activities": "活动台账", "cover": "封面"}
Rows = list[list[Any]]


def with_rows(book: Book, which: str, rows: Rows, name: str = "") -> Book:
    sheets = [
        dataclasses.replace(sheet, rows=rows, name=name or which) if sheet.name == which else sheet
        for sheet in book.sheets
    ]
    return dataclasses.replace(book, sheets=tuple(sheets))


def renamed(book: Book, names: Mapping[str, str]) -> Book:
    sheets = (dataclasses.replace(s, name=names.get(s.name, s.name)) for s in book.sheets)
    marks = {name: (names.get(at[0], at[0]), *at[1:]) for name, at in book.names.items()}
    return Book(book.kind, tuple(sheets), marks)


def marked(book: Book, forms: Forms, *but: str) -> Book:
    """Return the book with the hidden marks of a template on every field but those named."""
    names: dict[str, tuple[str, int, int]] = {}
    for form in forms.workbooks["quarterly"].forms:
        sheet = NAME[form.key]
        names[anchor_name(form)] = (sheet, 1, 0)
        for number, field in enumerate(form.fields):
            if field.key not in but:
                at = (number + 2, 1) if form.kind == "cover" else (2, number)
                names[anchor_name(form, field.key)] = (sheet, *at)
    return dataclasses.replace(book, names=names)


def visits(forms: Forms, change: Callable[[Rows], None] | None = None, count: int = 1) -> Book:
    """Return a workbook with visits whose sheet was changed by `change`."""
    rows = ledger_rows(forms.forms["visits"], [ROWS["visits"]] * count)
    for number, row in enumerate(rows[2:]):
        row[2] = f"乙{number}"
    book = quarterly_book(forms, visits=[ROWS["visits"]])
    if change:
        change(rows)
    return with_rows(book, NAME["visits"], rows)


def heading(key: str, text: str | None) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[1][VISITS.index(key)] = text

    return change


VISITS = [
    *("date", "visit_type", "target_name", "target_class", "households", "persons", "event_date"),
    *("cash", "goods", "goods_value", "fund", "visitors", "mode", "resolved", "note"),
]


def notes(submission: Submission, *codes: str) -> list[str]:
    """Return the findings about headings, as `code cell field`."""
    wanted = codes or ("R-09", "R-10", "R-14", "R-17", "R-18", "R-19", "R-20", "R-21")
    return [
        f"{issue.code} {issue.cell} {issue.field}".rstrip()
        for issue in submission.issues
        if issue.code in wanted
    ]


def record(forms: Forms, submission: Submission, form: str, row: int = 0) -> dict[str, Any]:
    assert submission.ledgers is not None
    values = submission.ledgers[form][row].values
    return {f.key: v for f, v in zip(forms.forms[form].fields, values, strict=True)}


def test_the_order_of_visits_is_that_of_the_form(forms: Forms) -> None:
    assert [field.key for field in forms.forms["visits"].fields] == VISITS


# What is certain: a note, and the workbook is accepted.


@pytest.mark.parametrize("text", ["来看望的日子", None, 7])
def test_a_renamed_or_deleted_heading_is_known_by_its_mark(forms: Forms, text: Any) -> None:
    plain = judge(forms, visits(forms))
    book = marked(visits(forms, heading("date", text)), forms)
    submission = judge(forms, book)
    assert submission.status == "accepted"
    assert notes(submission) == ["R-17 A2 date"]
    assert submission.ledgers == plain.ledgers


def test_a_mark_finds_headings_below_the_tenth_row(forms: Forms) -> None:
    def push_down(rows: Rows) -> None:
        rows[1:1] = [["说明"]] * 12

    book = marked(visits(forms, push_down), forms)
    book = dataclasses.replace(
        book,
        names={
            name: (sheet, row + 12 * (sheet == NAME["visits"] and row == 2), column)
            for name, (sheet, row, column) in book.names.items()
        },
    )
    submission = judge(forms, book)
    assert submission.status == "accepted"
    assert submission.ledgers is not None
    assert submission.ledgers["visits"][0].row == 15
    assert notes(judge(forms, dataclasses.replace(book, names={})), "R-09")


def test_every_heading_may_be_gone_where_there_are_marks(forms: Forms) -> None:
    def wipe(rows: Rows) -> None:
        rows[1] = [None] * 15

    submission = judge(forms, marked(visits(forms, wipe), forms))
    assert submission.status == "accepted"
    assert notes(submission) == [
        f"R-17 {chr(65 + number)}2 {key}" for number, key in enumerate(VISITS)
    ]


def test_a_column_cut_and_pasted_takes_its_mark_along(forms: Forms) -> None:
    def to_the_end(rows: Rows) -> None:
        for row in rows[1:]:
            row.append(row.pop(0))
        rows[1][14] = "哪天"

    book = marked(visits(forms, to_the_end), forms)
    moved = {
        name: (at[0], at[1], 14 if name.endswith("__date") else at[2] - 1)
        for name, at in book.names.items()
        if at[0] == NAME["visits"] and at[1] == 2
    }
    submission = judge(forms, dataclasses.replace(book, names={**book.names, **moved}))
    assert submission.status == "accepted"
    assert notes(submission) == ["R-17 O2 date"]


@pytest.mark.parametrize(
    "text", ["慰问金（元）", "慰问金(人民币元)", "慰问金【元】（必填）", "慰问金额(单位：元)"]
)
def test_a_note_of_the_unit_changes_nothing(forms: Forms, text: str) -> None:
    submission = judge(forms, visits(forms, heading("cash", text)))
    assert submission.status == "accepted"
    assert set(notes(submission)) <= {"R-17 H2 cash"}


def test_a_deleted_heading_between_two_known_ones_is_known_by_its_place(forms: Forms) -> None:
    plain = judge(forms, visits(forms))
    submission = judge(forms, visits(forms, heading("target_name", None)))
    assert submission.status == "accepted"
    assert notes(submission) == ["R-17 C2 target_name"]
    assert submission.ledgers == plain.ledgers


def test_two_headings_merged_into_one_leave_the_second_to_its_place(forms: Forms) -> None:
    def merge(rows: Rows) -> None:
        rows[1][2:4] = ["对象姓名", None]

    submission = judge(forms, visits(forms, merge))
    assert submission.status == "accepted"
    assert notes(submission) == ["R-17 D2 target_class"]


def test_blank_columns_and_rows_in_between_do_not_matter(forms: Forms) -> None:
    def widen_and_blank(rows: Rows) -> None:
        for row in rows[1:]:
            row.insert(3, None)
        rows[1][2] = None
        rows[1:1] = [[], ["填表人：甲一"]]

    submission = judge(forms, visits(forms, widen_and_blank))
    assert submission.status == "accepted"
    assert notes(submission) == ["R-17 C4 target_name"]


def test_headings_merged_over_two_rows_are_read_together(forms: Forms) -> None:
    plain = judge(forms, visits(forms))

    def two_rows(rows: Rows) -> None:
        lower: list[Any] = [None] * 15
        for index in (7, 8, 9):
            lower[index] = rows[1][index]
        rows[1][7:10] = ["慰问情况", None, None]
        rows.insert(2, lower)

    submission = judge(forms, visits(forms, two_rows))
    assert submission.status == "accepted"
    assert notes(submission) == []
    assert record(forms, submission, "visits") == record(forms, plain, "visits")
    assert submission.ledgers is not None
    assert submission.ledgers["visits"][0].row == 4


def test_headings_above_the_others_are_read_where_the_cell_below_is_blank(forms: Forms) -> None:
    def lift(rows: Rows) -> None:
        rows[0] = [rows[1][0], None, None]
        rows[1][0] = None

    submission = judge(forms, visits(forms, lift))
    assert submission.status == "accepted"
    assert notes(submission) == []


def test_a_first_row_of_words_is_no_second_row_of_headings(forms: Forms) -> None:
    def words(rows: Rows) -> None:
        rows[2][8] = "说明"
        rows[2][14] = "备注"

    submission = judge(forms, visits(forms, words))
    assert submission.ledgers is not None
    assert len(submission.ledgers["visits"]) == 1
    assert record(forms, submission, "visits")["goods"] == "说明"


# What the headings say counts where it contradicts the marks.


def test_the_heading_wins_over_the_mark(forms: Forms) -> None:
    def swap(rows: Rows) -> None:
        for row in rows[1:]:
            row[7], row[9] = row[9], row[7]

    submission = judge(forms, marked(visits(forms, swap), forms))
    assert submission.status == "accepted"
    assert notes(submission) == ["R-18 H2 goods_value", "R-18 J2 cash"]
    assert record(forms, submission, "visits")["cash"] == 500


def test_a_heading_of_another_field_over_a_mark_is_twice_and_refused(forms: Forms) -> None:
    submission = judge(forms, marked(visits(forms, heading("goods_value", "慰问金")), forms))
    assert submission.status == "rejected"
    assert notes(submission) == ["R-10 J2 cash", "R-18 J2 cash"]


def test_a_heading_typed_over_a_new_column_counts_and_the_marked_one_is_told(forms: Forms) -> None:
    def move(rows: Rows) -> None:
        rows[1].append("走访人")
        rows[2].append("丁四")
        rows[1][VISITS.index("visitors")] = "以前的"

    submission = judge(forms, marked(visits(forms, move), forms))
    assert submission.status == "accepted"
    assert notes(submission) == ["R-18 P2 visitors", "R-14 L2"]
    assert record(forms, submission, "visits")["visitors"] == "丁四"


# A guess is a warning.


@pytest.mark.parametrize(
    ("key", "text"),
    [("visitors", "参加走访的"), ("target_name", "对象性名"), ("visit_type", "慰问类別")],
)
def test_an_unknown_heading_between_known_ones_is_a_guess(
    forms: Forms, key: str, text: str
) -> None:
    plain = judge(forms, visits(forms))
    submission = judge(forms, visits(forms, heading(key, text)))
    assert submission.status == "accepted_with_warnings"
    assert [note[:4] for note in notes(submission)] == ["R-19"]
    assert submission.ledgers == plain.ledgers


def test_a_misspelt_heading_anywhere_is_a_guess(forms: Forms) -> None:
    def move(rows: Rows) -> None:
        for row in rows[1:]:
            row.append(row.pop(11))
        rows[1][14] = "走访人物"

    submission = judge(forms, visits(forms, move))
    assert notes(submission) == ["R-19 O2 visitors"]


def test_figures_without_a_heading_can_only_be_the_missing_figures(forms: Forms) -> None:
    def move(rows: Rows) -> None:
        # Of all fields with figures the form has, only 慰问人数 is not there.
        for row in rows[1:]:
            row.append(row.pop(5))
        rows[1][14] = None

    submission = judge(forms, visits(forms, move))
    assert notes(submission) == ["R-19 O2 persons"]
    assert submission.status == "accepted_with_warnings"


# What could be two things is refused, and what is something else is not taken.


@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize("text", ["慰问金(万元)", "慰问金（单位：万元）", "慰问金额千元"])
def test_another_unit_is_never_read_away(forms: Forms, text: str, marks: bool) -> None:
    book = visits(forms, heading("cash", text))
    submission = judge(forms, marked(book, forms) if marks else book)
    assert submission.status == "rejected"
    assert notes(submission) == ["R-20 H2 cash"]


def test_a_column_of_the_groups_own_is_not_taken_for_an_optional_one(forms: Forms) -> None:
    def replace(rows: Rows) -> None:
        rows[1][8] = "照片"  # in the place of 慰问品名称
        rows[2][8] = "有"

    submission = judge(forms, visits(forms, replace))
    assert submission.status == "accepted"
    assert notes(submission) == ["R-14 I2"]
    assert record(forms, submission, "visits")["goods"] is None


def test_content_of_another_type_is_not_taken(forms: Forms) -> None:
    def replace(rows: Rows) -> None:
        rows[1][7] = None
        rows[2][7] = "红包"

    submission = judge(forms, visits(forms, replace))
    assert notes(submission) == ["R-14 H3", "R-09  cash"]


def test_a_column_deleted_from_the_template_is_not_replaced_by_its_neighbour(forms: Forms) -> None:
    book = marked(visits(forms, heading("visitors", "参加走访的")), forms, "visitors")
    assert notes(judge(forms, book)) == ["R-14 L2", "R-09  visitors"]


def test_two_columns_without_a_heading_out_of_place_are_not_guessed(forms: Forms) -> None:
    def scramble(rows: Rows) -> None:
        for row in rows[1:]:
            row.append(row.pop(5))
            row.append(9)
        rows[1][14:] = [None, None]

    assert "R-09  persons" in notes(judge(forms, visits(forms, scramble)))


def test_without_most_headings_nothing_is_read_by_its_place(forms: Forms) -> None:
    def wipe(rows: Rows) -> None:
        rows[1][3:] = [None] * 12

    assert "R-17" not in str(notes(judge(forms, visits(forms, wipe))))


# Whatever is done to the head of a sheet, no column is silently read as another one.

FOREIGN = ["照片", "经办", "序号", "学历", "生日", "工龄", "负责人", "级别", "家庭住址"]
WORDS = st.sampled_from(FOREIGN)


@st.composite
def bendings(draw: st.DrawFn) -> list[tuple[str, str | None]]:
    """Columns in some order: whose cells they hold ("" for a column of the group's own), and the
    heading over them (the field's own where it is "=")."""
    kept = draw(st.lists(st.sampled_from(VISITS), unique=True, min_size=8))
    if draw(st.booleans()):
        kept = sorted(kept, key=VISITS.index)
    head = st.one_of(st.just("="), st.just("="), st.just("="), st.none(), WORDS)
    own = draw(
        st.lists(st.tuples(st.integers(0, len(kept)), st.one_of(st.none(), WORDS)), max_size=2)
    )
    columns: list[tuple[str, str | None]] = [(key, draw(head)) for key in kept]
    for place, text in own:
        columns.insert(place, ("", text))
    return columns


OWN = st.sampled_from(["照片", 3, date(2026, 8, 1), None])  # in a column of the group's own


def test_no_column_is_silently_read_as_another(forms: Forms) -> None:
    form = forms.forms["visits"]
    assert not form.labels.keys() & set(FOREIGN)

    @given(bendings(), st.booleans(), OWN)
    def holds(columns: list[tuple[str, str | None]], marks: bool, own: Any) -> None:
        cells = {**ROWS["visits"], "": own}
        heads = [form.field(key).label.zh if text == "=" else text for key, text in columns]
        rows = [[], heads, [cells.get(key) for key, _ in columns]]
        anchors = {key: (2, n) for n, (key, _) in enumerate(columns) if key} if marks else {}
        place, issues = locate_ledger(
            Wanted.of(form, form.labels), Sheet("走访", "visible", rows), anchors
        )
        said = {(issue.field, issue.code) for issue in issues}
        for key, column in place.columns.items():
            origin, text = columns[column.index]
            if origin == key:
                assert text == "=" or {(key, "R-17"), (key, "R-19")} & said
            else:  # a guess that went wrong was a guess where nothing better could be known
                assert not marks
                assert (key, "R-19") in said or ((key, "R-17") in said and text is None)
        for field in form.fields:
            found = field.key in place.columns
            assert found or not field.required or (field.key, "R-09") in said

    holds()


# The cover.


def cover(forms: Forms, change: Callable[[Rows], None], *, marks: bool) -> Submission:
    book = quarterly_book(forms)
    rows = [list(row) for row in book.sheets[0].rows]
    change(rows)
    book = with_rows(book, "封面", rows)
    return judge(forms, marked(book, forms) if marks else book)


def line(forms: Forms, key: str) -> int:
    return forms.forms["cover"].positions[key] + 1


@pytest.mark.parametrize("text", ["在岗的", None])
def test_a_renamed_line_is_known_by_the_mark_on_its_value(forms: Forms, text: str | None) -> None:
    at = line(forms, "staff")
    submission = cover(forms, lambda rows: rows[at].__setitem__(0, text), marks=True)
    assert submission.status == "accepted"
    assert notes(submission) == [f"R-17 A{at + 1} staff"]
    assert submission.cover is not None
    assert submission.cover.places["staff"] == at + 1


def test_a_line_of_two_swapped_labels_is_read_by_its_labels(forms: Forms) -> None:
    staff, members = line(forms, "staff"), line(forms, "members")

    def swap(rows: Rows) -> None:
        rows[staff], rows[members] = rows[members], rows[staff]

    submission = cover(forms, swap, marks=True)
    assert submission.status == "accepted"
    assert notes(submission) == [f"R-18 A{staff + 1} members", f"R-18 A{members + 1} staff"]
    assert submission.cover is not None
    position = forms.forms["cover"].positions["staff"]
    assert submission.cover.values[position] == COVER["staff"]


def test_a_column_inserted_beside_the_labels_is_skipped(forms: Forms) -> None:
    def insert(rows: Rows) -> None:
        for row in rows[1:]:
            row.insert(1, None)

    submission = cover(forms, insert, marks=False)
    assert submission.status == "accepted"
    assert submission.cover is not None
    assert submission.cover.values[forms.forms["cover"].positions["staff"]] == COVER["staff"]


def test_a_value_moved_away_from_its_label_is_known_by_its_mark(forms: Forms) -> None:
    at = line(forms, "staff")

    def move(rows: Rows) -> None:
        rows[at][1:] = [None, None, None, 50]

    book = quarterly_book(forms)
    rows = [list(row) for row in book.sheets[0].rows]
    move(rows)
    book = marked(with_rows(book, "封面", rows), forms)
    name = anchor_name(forms.forms["cover"], "staff")
    book = dataclasses.replace(book, names={**book.names, name: ("封面", at + 1, 4)})
    submission = judge(forms, book)
    assert submission.status == "accepted"
    assert notes(submission) == [f"R-17 D{at + 1} staff"]


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("staff", "全体教工", "R-19"),
        ("staff", None, "R-19"),
        ("preparer", "填报人员", "R-19"),
        ("staff", "职工人数（人）", "R-17"),
        ("retirees", "退下来的", "R-14"),
    ],
)
def test_a_line_without_a_mark_is_a_guess_where_it_must_be_there(
    forms: Forms, key: str, text: str | None, expected: str
) -> None:
    at = line(forms, key)

    def change(rows: Rows) -> None:
        rows[at] = [text, rows[at][1] or 3]

    submission = cover(forms, change, marks=False)
    assert [note[:4] for note in notes(submission)] == [expected]
    assert submission.status == ("accepted_with_warnings" if expected == "R-19" else "accepted")


def test_party_members_are_no_members(forms: Forms) -> None:
    members, end = line(forms, "members"), len(forms.forms["cover"].fields)

    def change(rows: Rows) -> None:
        del rows[members]
        rows.insert(end, ["党员人数", 12])

    assert "R-09  members" in notes(cover(forms, change, marks=False))


# Sheets.


@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize("meta", [True, False])
def test_renamed_and_reordered_sheets_are_known_by_what_is_on_them(
    forms: Forms, marks: bool, meta: bool
) -> None:
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        key: [ROWS[key]] for key in ("activities", "dues", "visits")
    }
    plain = quarterly_book(forms, **rows)
    book = marked(plain, forms) if marks else plain
    names = {"封面": "Sheet1", "活动台账": "1", "会费台账": "2", "走访慰问台账": "三"}
    book = renamed(book, names)
    kept = [s for s in reversed(book.sheets) if meta or s.name != "_meta"]
    submission = judge(forms, dataclasses.replace(book, sheets=tuple(kept)))
    assert submission.status == judge(forms, plain).status
    assert submission.ledgers == judge(forms, plain).ledgers
    assert [i.sheet for i in submission.issues if i.code == "R-21"] == list(names)
    assert submission.sheet_names == names


def test_swapped_names_of_sheets_do_not_swap_their_content(forms: Forms) -> None:
    book = quarterly_book(forms, dues=[ROWS["dues"]], visits=[ROWS["visits"]])
    book = renamed(book, {"会费台账": "走访慰问台账", "走访慰问台账": "会费台账"})
    submission = judge(forms, book)
    assert [i.sheet for i in submission.issues if i.code == "R-21"] == ["会费台账", "走访慰问台账"]
    assert submission.ledgers is not None
    assert {key: len(rows) for key, rows in submission.ledgers.items()} == {
        "activities": 0,
        "dues": 1,
        "visits": 1,
    }


def test_two_sheets_that_could_be_the_ledger_are_refused(forms: Forms) -> None:
    book = renamed(quarterly_book(forms, dues=[ROWS["dues"]]), {"会费台账": "7月"})
    again = next(s for s in book.sheets if s.name == "7月")
    sheets = (*book.sheets, dataclasses.replace(again, name="8月"))
    submission = judge(forms, dataclasses.replace(book, sheets=sheets))
    (issue,) = [i for i in submission.issues if i.code == "R-20"]
    assert (issue.severity, issue.sheet) == ("error", "会费台账")
    assert "7月、8月" in issue.message.zh
    assert "R-11" not in [i.code for i in submission.issues]


def test_the_copy_of_a_sheet_beside_its_original_is_ignored(forms: Forms) -> None:
    book = quarterly_book(forms, dues=[ROWS["dues"]])
    again = next(s for s in book.sheets if s.name == "会费台账")
    sheets = (dataclasses.replace(again, name="会费台账 (2)"), *book.sheets)
    submission = judge(forms, dataclasses.replace(book, sheets=sheets))
    assert [i.sheet for i in submission.issues if i.code == "R-14"] == ["会费台账 (2)"]


def test_every_repair_says_where_and_what_in_both_languages(forms: Forms) -> None:
    submission = judge(forms, marked(visits(forms, heading("cash", "给了多少")), forms))
    (issue,) = [i for i in submission.issues if i.code == "R-17"]
    assert issue.message.zh == "给了多少：表头改动过，按模板里的标记读作“慰问金(元)”。"
    assert issue.message.en.startswith("给了多少: ")
    assert faults(submission) == []
