"""What goes back for a file: which kind of receipt, its words, and the fresh workbook."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime, time

import pytest
from receipts import (
    ERROR,
    HOSTILE,
    WARNING,
    assert_nothing_active,
    issue,
    list_table,
    plain_book,
    reopen,
    verdict,
)

from pipeline.books.raw import CellFault, Raw
from pipeline.books.screen import Kind
from pipeline.intake.returned import is_list_sheet
from pipeline.issues import Issue
from pipeline.receipts.fresh import fresh_workbook
from pipeline.receipts.verdict import headline, status_sentence
from pipeline.receipts.write import text_receipt, write_receipt
from pipeline.safe_text import lines_needed, one_line, spreadsheet_text
from pipeline.texts import Lang, Text

SHEETS: list[tuple[str, list[list[Raw]]]] = [
    ("封面", [["单位编码", "U1"]]),
    ("会费台账", [["会费月份", "会员编号", "实缴(元)"], ["2026-07", "M1", 30.0]]),
]
NAMES = {"封面": "封面", "会费台账": "会费台账"}
STATUSES = (
    "accepted",
    "accepted_with_warnings",
    "rejected",
    "duplicate",
    "quarantined",
    "closed",
)

FAULT, DOUBT, REMARK = issue("error", "C2"), issue("warning", "C2"), issue("info", "C2")


# Which kind


@pytest.mark.parametrize(
    ("status", "issues", "kind", "suffix"),
    [
        ("accepted", (), "xlsx", ".txt"),
        ("accepted", (REMARK,), "xlsx", ".txt"),
        ("accepted_with_warnings", (DOUBT, REMARK), "xlsx", ".xlsx"),
        ("rejected", (FAULT,), "xlsx", ".xlsx"),
        ("rejected", (FAULT,), "xls", ".xlsx"),
        ("rejected", (FAULT,), "ods", ".xlsx"),
        ("quarantined", (FAULT,), "xlsx", ".xlsx"),
        ("duplicate", (FAULT,), "xlsx", ".txt"),
        ("closed", (DOUBT,), "xlsx", ".xlsx"),
    ],
)
def test_a_workbook_comes_back_marked_where_there_is_something_to_look_at(
    status: str, issues: tuple[Issue, ...], kind: Kind, suffix: str
) -> None:
    found = verdict(*issues, status=status)
    data, got = write_receipt(plain_book(), kind, found, SHEETS, NAMES, "zh")
    assert got == suffix
    assert zipfile.is_zipfile(io.BytesIO(data)) == (suffix == ".xlsx")


def test_a_file_that_could_not_be_read_gets_a_text() -> None:
    found = verdict(issue("error", message="需要密码。", sheet=""), status="quarantined")
    data, suffix = write_receipt(b"\xd0\xcf", None, found, (), {}, "zh")
    assert suffix == ".txt"
    assert "1. 【错误】整个文件：需要密码。" in data.decode("utf-8-sig")


def test_the_groups_own_workbook_is_preferred_to_a_fresh_one() -> None:
    own, _ = write_receipt(plain_book(), "xlsx", verdict(FAULT), [("别的", [[1]])], NAMES, "zh")
    assert reopen(own).sheetnames == ["需修改", "封面", "会费台账"]


def test_what_cannot_be_marked_comes_back_as_a_fresh_copy() -> None:
    fresh, suffix = write_receipt(b"no zip", "xlsx", verdict(FAULT), SHEETS, NAMES, "zh")
    assert suffix == ".xlsx"
    sheet = reopen(fresh)["会费台账"]
    assert sheet["C2"].value == 30 and sheet["C2"].fill.fgColor.rgb == ERROR


def test_a_text_opens_in_an_old_editor_on_windows() -> None:
    data, _ = write_receipt(plain_book(), "xlsx", verdict(status="accepted"), SHEETS, NAMES, "zh")
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") > 1


# The words


def test_a_text_says_what_counted_and_lists_the_notes() -> None:
    found = verdict(
        issue("info", "A2", "读作 2026-07。", column="会费月份", value="7月"),
        issue("info", "", "第 9 行是合计，没有计入。", row=9),
        status="accepted",
    )
    assert text_receipt(replace(found, version=2), "zh") == (
        "报表回执 · U1 甲小学工会 · 2026Q3 · 季度报表\n"
        "文件：交来的表.xlsx\n"
        "已收下，计入汇总。这是第 2 版。\n"
        "共 2 条说明。\n"
        "1. 【说明】会费台账!A2 · 会费月份：读作 2026-07。\n"
        "2. 【说明】会费台账 第 9 行：第 9 行是合计，没有计入。\n"
    )


def test_a_text_speaks_english_too() -> None:
    found = verdict(issue("info", "A2", column="会费月份"), status="accepted")
    assert text_receipt(replace(found, version=1), "en") == (
        "Receipt · U1 甲小学工会 · 2026Q3 · Quarterly report\n"
        "File: 交来的表.xlsx\n"
        "Accepted and counted. This is version 1.\n"
        "1 note(s).\n"
        "1. [Note] 会费台账!A2 · 会费月份: en\n"
    )


def test_a_duplicate_says_which_version_it_equals() -> None:
    note = Text("与第 1 版相同，第 1 版现在仍计入汇总。", "Equals version 1, which still counts.")
    found = replace(verdict(status="duplicate"), note=note)
    assert status_sentence(found, "zh") == (
        "与以前交来的文件完全相同，没有再次计入。与第 1 版相同，第 1 版现在仍计入汇总。"
    )


def test_what_is_not_known_is_left_out() -> None:
    unknown = replace(verdict(status="quarantined"), unit="", unit_name="", period="")
    assert headline(unknown, "zh") == "季度报表"


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_status_has_its_sentence_in_both_languages(status: str, lang: Lang) -> None:
    sentence = status_sentence(verdict(status=status), lang)
    assert sentence.isascii() == (lang == "en")
    assert sentence.endswith(("。", "."))


@pytest.mark.parametrize(
    ("issues", "sentence"),
    [
        ((FAULT, DOUBT), "共 1 处错误、1 处提醒。改好标红的单元格，保存后放回收件文件夹即可。"),
        (
            (issue("error", sheet="走访慰问台账"),),
            "共 1 处错误。按下表改好，保存后放回收件文件夹即可。",
        ),
        (
            (DOUBT,),
            "共 1 处提醒。请核对标黄的单元格；如有错，改好保存后放回收件文件夹，没有错就不用再交。",
        ),
    ],
)
def test_the_list_says_what_to_do(issues: tuple[Issue, ...], sentence: str) -> None:
    data, _ = write_receipt(plain_book(), "xlsx", verdict(*issues), SHEETS, NAMES, "zh")
    assert reopen(data).worksheets[0]["A3"].value == sentence


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("需修改", True),
        (" To Fix ", True),
        ("需修改 (2)", True),
        ("需修改2", False),
        ("封面", False),
    ],
)
def test_the_names_of_our_list_are_known_again(name: str, ours: bool) -> None:
    assert is_list_sheet(name) is ours


def test_a_file_name_cannot_forge_a_line() -> None:
    text = text_receipt(verdict(status="rejected", file="a.xlsx\n已收下，计入汇总。"), "zh")
    assert text.splitlines()[1] == "文件：a.xlsx 已收下，计入汇总。"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("报表\udcff.xlsx", "报表\\xff.xlsx"),
        ("photo\u202exslx.exe", "photoxslx.exe"),
        ("一\u2028二\r\n三\x0b", "一 二 三"),
        ("\ud800\ufffe\x00", ""),
        ("长" * 50, "长" * 19 + "…"),
    ],
)
def test_foreign_text_becomes_one_legal_line(text: str, line: str) -> None:
    assert one_line(text, 20) == line


def test_an_escape_is_shown_as_typed() -> None:
    assert spreadsheet_text("_x0041_x0042_ _x41_") == "_x005F_x0041_x005F_x0042_ _x41_"


def test_a_wide_letter_takes_two_places() -> None:
    assert lines_needed("会费ab", 6) == 1 and lines_needed("会费abc", 6) == 2


# The fresh workbook


def test_values_keep_their_type_and_place() -> None:
    row: list[Raw] = [
        "文字",
        12,
        0.5,
        True,
        None,
        date(2026, 7, 1),
        datetime(2026, 7, 1, 9, 30),
        time(9, 30),
        CellFault("error", "#REF!"),
        123456789012345678,
        float("nan"),
        date(1870, 1, 1),
    ]
    sheet = reopen(fresh_workbook(verdict(FAULT), "zh", [("表", [[], row])]))["表"]
    assert [cell.value for cell in sheet[2]] == [
        "文字",
        12,
        0.5,
        True,
        None,
        datetime(2026, 7, 1),
        datetime(2026, 7, 1, 9, 30),
        "09:30:00",
        "#REF!",
        "123456789012345678",
        "nan",
        "1870-01-01",
    ]
    assert sheet["F2"].number_format == "yyyy-mm-dd"


def test_a_fresh_copy_is_marked_like_any_other() -> None:
    found = verdict(issue("error", "C2"), issue("warning", "D5"), issue("info", "A2"))
    book = reopen(fresh_workbook(found, "zh", SHEETS, NAMES))
    sheet = book["会费台账"]
    assert book.sheetnames == ["需修改", "封面", "会费台账"]
    assert [sheet[cell].fill.fgColor.rgb for cell in ("C2", "D5")] == [ERROR, WARNING]
    assert sheet["C2"].comment is not None and sheet["A2"].comment is None
    link = book.worksheets[0]["C7"].hyperlink
    assert link is not None and link.location == "'会费台账'!C2"


def test_without_values_only_the_list_is_written() -> None:
    fresh = fresh_workbook(verdict(FAULT), "en")
    assert reopen(fresh).sheetnames == ["To fix"]
    assert [row[2] for row in list_table(fresh)] == ["会费台账!C2"]


def test_an_earlier_list_is_not_copied_and_a_technical_sheet_stays_out_of_sight() -> None:
    sheets: list[tuple[str, list[list[Raw]]]] = [("需修改", [["旧"]]), ("_meta", [["unit", "U1"]])]
    book = reopen(fresh_workbook(verdict(FAULT), "zh", [*sheets, *SHEETS]))
    assert book.sheetnames == ["需修改", "_meta", "封面", "会费台账"]
    assert book["_meta"].sheet_state == "veryHidden"


def test_sheet_names_that_excel_forbids_are_changed() -> None:
    names = ["a/b", "a:b", "A_B", "'引'", "长" * 40, "长" * 41, "", "History"]
    found = verdict(*(issue("error", "A1", sheet=name) for name in names if name))
    book = reopen(fresh_workbook(found, "zh", [(name, [["x"]]) for name in names]))
    assert book.sheetnames[1:] == [
        "a_b",
        "a_b (2)",
        "A_B (3)",
        "_引_",
        "长" * 31,
        "长" * 25 + " (2)",
        "工作表",
        "History (2)",
    ]
    assert all(sheet["A1"].comment for sheet in book.worksheets[1:] if sheet.title != "工作表")


def test_the_same_values_give_the_same_bytes() -> None:
    assert fresh_workbook(verdict(FAULT), "zh", SHEETS) == fresh_workbook(
        verdict(FAULT), "zh", SHEETS
    )


def test_hostile_values_stay_text_in_a_fresh_copy() -> None:
    found = verdict(*(issue("error", f"A{row}", text) for row, text in enumerate(HOSTILE, 1)))
    fresh = fresh_workbook(found, "zh", [("会费台账", [[text] for text in HOSTILE])])
    assert_nothing_active(fresh)
    cells = [row[0] for row in reopen(fresh)["会费台账"].iter_rows()]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert [cell.value for cell in cells[:9]] == list(HOSTILE[:9])


@pytest.mark.parametrize("text", HOSTILE[:14], ids=range(14))
def test_hostile_strings_stay_on_their_line_of_a_text(text: str) -> None:
    found = verdict(
        issue("info", "A2", text, column=text, value=text), status="accepted", file=text
    )
    lines = text_receipt(found, "zh").splitlines()
    assert len(lines) == 5
    "\n".join(lines).encode()
