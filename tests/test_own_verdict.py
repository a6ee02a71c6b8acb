"""Where the sheet said something else than the pipeline, one note says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from books import ROWS, TODAY, quarterly_book, small_tree

from pipeline.books.grid import Book
from pipeline.forms.model import Forms
from pipeline.intake.judge import Setup, judge_book
from pipeline.issues import Issue

GOOD = ROWS["activities"]
BAD = {**GOOD, "title": "茶话会", "attended": 400}


def with_status(book: Book, *said: str | None) -> Book:
    """Return the workbook with what the template says at the left of the activities."""
    sheet = next(sheet for sheet in book.sheets if sheet.name == "活动台账")
    column = [None, "核对", *said]
    rows = [[cell, *row] for cell, row in zip(column, sheet.rows, strict=True)]
    sheets = (replace(s, rows=rows) if s is sheet else s for s in book.sheets)
    return replace(book, sheets=tuple(sheets))


def notes_on(forms: Forms, *said: str | None) -> list[Issue]:
    book = with_status(quarterly_book(forms, activities=[GOOD, BAD]), *said)
    submission = judge_book(book, Setup(forms, small_tree(), TODAY))
    assert [i.code for i in submission.issues if i.severity == "error"] == ["A-03"]
    return [issue for issue in submission.issues if issue.severity == "info"]


@pytest.mark.parametrize(
    "said",
    [
        ("✓", "✗ 实参加人次超过应参加"),
        (None, None),
        ("", ""),
        ("？ 场次请只填数字", "！ 结果只有套话"),
        ("张三核对", "已核对"),
    ],
)
def test_what_agrees_or_says_nothing_is_not_worth_a_word(
    forms: Forms, said: tuple[str | None, ...]
) -> None:
    assert notes_on(forms, *said) == []


def test_a_tick_on_a_refused_row_is_told(forms: Forms) -> None:
    (note,) = notes_on(forms, "✓", "✓")
    assert (note.code, note.sheet, note.row, note.value) == ("R-24", "活动台账", 4, "✓")
    assert "第 4 行，" in note.message.zh


def test_many_rows_make_one_note(forms: Forms) -> None:
    (note,) = notes_on(forms, "✗ 地点没有填", "✓")
    assert "第 3 行等 2 行" in note.message.zh
    assert "row 3 and others, 2 in all" in note.message.en
