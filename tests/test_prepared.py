"""Rows that a template has prepared and nobody has filled are left out, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from handmade import xlsx_of, xlsx_parts
from hypothesis import given
from hypothesis import strategies as st
from test_sheets import UNCALCULATED, read, read_fast, read_slowly, typed

from pipeline.books import xlsx_plain
from pipeline.books.refusals import Refused
from pipeline.books.xlsx_prepared import cut_prepared
from pipeline.forms.anchors import STATUS_PREFIX

STATUS = f'<row r="{{0}}" spans="1:1"><c r="A{{0}}" s="13"><f>{STATUS_PREFIX}x</f><v></v></c></row>'
BARE = '<row r="{0}" s="1" customFormat="1"><c r="A{0}" s="0"/><c r="B{0}"></c></row>'
EMPTY = '<row r="{0}"/>'


def filled(number: int) -> str:
    return f'<row r="{number}"><c r="B{number}"><v>{number}</v></c></row>'


def rows_of(pattern: str, first: int, last: int) -> str:
    return "".join(pattern.format(number) for number in range(first, last + 1))


def sheet_of(rows: str) -> bytes:
    """Return the part of a sheet as a writer packs it."""
    part = xlsx_parts(rows)["xl/worksheets/sheet1.xml"]
    assert isinstance(part, str)
    return part.encode()


@pytest.mark.parametrize("pattern", [STATUS, BARE, EMPTY])
@pytest.mark.parametrize("last", [5, 9, 10, 503])
def test_of_prepared_rows_the_last_alone_is_left(pattern: str, last: int) -> None:
    rows = filled(1) + rows_of(pattern, 2, last)
    assert cut_prepared(sheet_of(rows)) == sheet_of(filled(1) + pattern.format(last))
    assert read_fast(xlsx_of(rows)).sheets[0].rows == [[None, 1]]


@pytest.mark.parametrize(
    "rows",
    [
        rows_of(STATUS, 2, 9) + filled(10),
        filled(1) + filled(2),
        rows_of('<row r="{0}"><c r="A{0}"><v>5</v></c></row>', 1, 9),
        rows_of('<row r="{0}"><c r="A{0}"><f>B{0}</f><v></v></c></row>', 1, 9),
        rows_of('<row r="{0}"><c r="A{0}" s="{0}"/></row>', 1, 9),
        rows_of('<row r="{0}"><c r="A1"/></row>', 1, 9),
        rows_of(EMPTY, 1, 4) + rows_of(EMPTY, 6, 6),
        rows_of('<row r="1234567{0}"/>', 1, 9),
        rows_of(f'<row r="{{0}}" x="{"y" * 1000}"/>', 1, 9),
        "",
    ],
)
def test_other_rows_all_stay(rows: str) -> None:
    assert cut_prepared(sheet_of(rows)) == sheet_of(rows)


def test_formulas_that_were_never_calculated_stay_one_by_one() -> None:
    rows = rows_of('<row r="{0}"><c r="A{0}"><f>B{0}</f></c></row>', 1, 9)
    assert read_fast(xlsx_of(rows)).sheets[0].rows == [[UNCALCULATED]] * 9


def test_digits_of_a_row_may_stand_elsewhere_in_the_next() -> None:
    pattern = STATUS.replace("x</f>", "x+SUM($B$4:$B$503)</f>")
    rows = rows_of(pattern, 4, 503)
    assert cut_prepared(sheet_of(rows)) == sheet_of(pattern.format(503))


def test_more_rows_than_are_remembered_are_read_too() -> None:
    rows = filled(1) + rows_of(BARE, 2, 20_000)
    assert len(sheet_of(rows)) > 2**20 > len(cut_prepared(sheet_of(rows))) > 2**18
    assert read_fast(xlsx_of(rows)).sheets[0].rows == [[None, 1]]


def test_rows_may_mean_something_else_in_another_encoding() -> None:
    part = b'<?xml version="1.0" encoding="hz"?>' + sheet_of(rows_of(EMPTY, 1, 9))
    assert cut_prepared(part) == part


def test_a_row_that_differs_by_a_byte_ends_the_run() -> None:
    odd = EMPTY.format(5).replace("/>", " />")
    rows = rows_of(EMPTY, 1, 4) + odd + rows_of(EMPTY, 6, 9)
    assert cut_prepared(sheet_of(rows)) == sheet_of(rows_of(EMPTY, 1, 4) + odd + EMPTY.format(9))


def test_a_character_that_xml_does_not_know_is_refused_in_them_too() -> None:
    with pytest.raises(Refused):
        read(xlsx_of(rows_of('<row r="{0}" x="\x01"/>', 1, 9)))


@given(
    pattern=st.sampled_from([STATUS, BARE, EMPTY]),
    holes=st.lists(st.integers(1, 30), max_size=3),
    place=st.integers(0, 1500),
    change=st.text("<>/=\"'rcvAB129 &", max_size=2),
)
def test_both_lanes_read_the_same_whatever_is_bent(
    pattern: str, holes: list[int], place: int, change: str
) -> None:
    written = "".join(
        filled(number) if number in holes else pattern.format(number) for number in range(1, 31)
    )
    place = min(place, len(written))
    data = xlsx_of(written[:place] + change + written[place + 1 :])
    assert outcome(read, data) == outcome(read_slowly, data)


def outcome(lane: Any, data: bytes) -> object:
    try:
        return typed(lane(data))
    except Exception as error:
        return type(error)


def test_values_that_are_cut_off_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = filled(1) + filled(2)
    monkeypatch.setattr(xlsx_plain, "cut_prepared", lambda _: sheet_of(filled(1)))
    assert read(xlsx_of(rows)).sheets[0].rows == [[None, 1], [None, 2]]
