"""A sample of the mutants of `fuzz.py`, and what whole runs of it have found."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import fuzz
import pytest
from foreign_books import as_ods
from handmade import xlsx_of, xlsx_parts, zip_of
from openpyxl import load_workbook
from workspaces import UNITS, activity, quarterly

from pipeline.books import refusals
from pipeline.books.read import read_book
from pipeline.books.refusals import Refused
from pipeline.books.screen import Limits
from pipeline.workers import Brief, Job, judge_bytes

SAMPLE = 300


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    orgunits = tmp_path_factory.mktemp("units") / "orgunits.csv"
    orgunits.write_text(UNITS, "utf-8")
    return fuzz.brief_for(orgunits, date(2026, 10, 10))


def test_a_sample_of_mutants_is_judged_or_refused(brief: Brief) -> None:
    found = [fuzz.check_mutant(number, 1, brief) for number in range(SAMPLE)]
    assert [verdict for verdict in found if verdict.failure] == []
    became = Counter(verdict.became for verdict in found)
    # The mutants must neither all be refused at the door nor all be harmless.
    assert 50 < became["F-04"] < 250
    assert became["accepted"] > 30
    assert became["rejected"] > 2


def test_a_mutant_is_the_same_whenever_it_is_made() -> None:
    made = [fuzz.make_mutant(1, number) for number in range(20)]
    assert made == [fuzz.make_mutant(1, number) for number in range(20)]
    assert len({mutant.data for mutant in made}) == 20


def test_a_worker_that_a_mutant_ends_is_a_failure() -> None:
    assert fuzz.lost(7, "crash", seed=1).failure == "ended its process (crash)"


def test_the_command_runs_and_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    kept = tmp_path / "mutant.xlsx"
    assert fuzz.main(["--only", "3", "--keep", str(kept), "--workers", "1"]) == 0
    assert kept.read_bytes() == fuzz.make_mutant(1, 3).data
    assert "1 mutants, 0 failures" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ["&#xD800;", "&#0;", "&#xFFFE;", "\x01", "\x00"],
    ids=["half a surrogate pair", "NUL", "no character", "control character", "NUL as it is"],
)
def test_what_no_xml_may_hold_is_damage_and_no_text(text: str) -> None:
    """Found by mutant 186: the fast lane took it for text, and nothing could be stored of it."""
    with pytest.raises(Refused) as caught:
        read_book(xlsx_of(f'<row r="1"><c r="A1" t="str"><v>甲{text}</v></c></row>'), Limits())
    assert caught.value.refusal == refusals.DAMAGED


def test_an_ods_with_two_sheets_of_one_name_is_judged_and_both_are_handed_back(
    brief: Brief,
) -> None:
    """Found by mutant 27,703: the receipt had no second name for the second sheet."""
    book = read_book(quarterly(activities=[activity(attended="若干")]), Limits())
    names = {"走访慰问台账": "活动台账"}
    sheets = tuple(replace(sheet, name=names.get(sheet.name, sheet.name)) for sheet in book.sheets)
    data = as_ods(replace(book, sheets=sheets))
    outcome = judge_bytes(data, Job(Path("x"), "x.ods"), brief)
    assert (outcome.submission.status, outcome.trouble) == ("rejected", "")
    assert outcome.receipt is not None
    found = load_workbook(io.BytesIO(outcome.receipt)).sheetnames
    assert [name for name in found if name.startswith("活动台账")] == ["活动台账", "活动台账 (2)"]
    assert len(found) == 1 + len(sheets)


STRAYS = {
    "a value": '<c r="A1"><v>1</v></c>',
    "a formula never calculated": '<c r="A1"><f>1+1</f></c>',
}


@pytest.mark.parametrize("cell", STRAYS.values(), ids=STRAYS)
@pytest.mark.parametrize("where", ["<sheetData>", "</worksheet>"], ids=["before", "after"])
def test_a_row_that_stands_outside_of_the_rows_is_read_all_the_same(where: str, cell: str) -> None:
    """Found by mutant 93,427: the fast lane overlooked it."""
    parts = xlsx_parts('<row r="2"><c r="A2"><v>2</v></c></row>')
    sheet = str(parts["xl/worksheets/sheet1.xml"])
    stray = sheet.replace(where, f'<row r="1">{cell}</row>{where}')
    book = read_book(zip_of(parts | {"xl/worksheets/sheet1.xml": stray}), Limits())
    assert [bool(row) for row in book.sheets[0].rows] == [True, True]
