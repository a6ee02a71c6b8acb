"""Names of single cells, as spreadsheet programs store them."""

from __future__ import annotations

import pytest
from handmade import xlsx_parts, zip_of

from pipeline.books.names import NamedCell, cell_of, settle_names
from pipeline.books.read import read_book
from pipeline.books.screen import Limits

HERE, THERE = ("台账", 3, 0), ("台账 (2)", 3, 0)


@pytest.mark.parametrize(
    ("formula", "cell"),
    [
        ("台账!$A$3", ("台账", 3, 0)),
        ("台账!A3", ("台账", 3, 0)),
        ("'会费 台账'!$XFD$1048576", ("会费 台账", 1_048_576, 16_383)),
        ("'a!b'!$A$1", ("a!b", 1, 0)),
        ("'一''月'!$A$1", ("一'月", 1, 0)),
        ("a.b!$A$1", ("a.b", 1, 0)),
        ("$台账.$A$3", ("台账", 3, 0)),
        ("$'a.b'.$A$3", ("a.b", 3, 0)),
        ("台账!$A$3:$B$3", None),
        ("台账!$A:$A", None),
        ("台账!#REF!", None),
        ("#REF!$A$3", None),
        ("#REF!", None),
        ("台账!$A$0", None),
        ("OFFSET(台账!$A$3,1,1)", None),
        ('"台账!$A$3"', None),
        ("", None),
    ],
)
def test_a_name_stands_for_one_cell_or_none(formula: str, cell: NamedCell | None) -> None:
    assert cell_of(formula) == cell


@pytest.mark.parametrize(
    ("found", "cells"),
    [
        ([("f_x", False, HERE), ("f_x", True, THERE)], {"f_x": HERE}),
        ([("f_x", True, THERE), ("F_X", False, HERE)], {"f_x": HERE}),
        ([("f_x", False, None), ("f_x", True, THERE)], {"f_x": THERE}),
        ([("f_x", True, HERE), ("f_x", True, THERE)], {}),
        ([("f_x", False, None)], {}),
    ],
)
def test_a_name_of_the_workbook_wins_over_that_of_a_copied_sheet(
    found: list[tuple[str, bool, NamedCell | None]], cells: dict[str, NamedCell]
) -> None:
    assert settle_names(found) == cells


def test_names_are_read_where_the_workbook_has_some() -> None:
    parts = xlsx_parts('<row r="1"><c r="A1"><v>1</v></c></row>')
    assert read_book(zip_of(parts), Limits()).names == {}
    named = (
        '<definedName name="f_a" hidden="1">表!$B$2</definedName>'
        '<definedName name="f_b" localSheetId="0">表!$B$3</definedName>'
        '<definedName name="_xlnm.Print_Titles" localSheetId="0">表!$1:$3</definedName>'
        '<definedName name="f_c"/><definedName>表!$B$3</definedName>'
    )
    book = str(parts["xl/workbook.xml"])
    parts["xl/workbook.xml"] = book.replace(
        "</sheets>", f"</sheets><definedNames>{named}</definedNames>"
    )
    assert read_book(zip_of(parts), Limits()).names == {
        "f_a": ("表", 2, 1),
        "f_b": ("表", 3, 1),
        "": ("表", 3, 1),
    }
