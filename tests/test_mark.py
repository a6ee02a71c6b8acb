"""The group's own workbook, marked: what is put on it, and that all else stays as it was."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl.comments import Comment
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.workbook import Workbook
from openpyxl.worksheet.properties import PageSetupProperties
from receipts import (
    ERROR,
    HOSTILE,
    MAIN,
    WARNING,
    assert_nothing_active,
    by_libreoffice,
    issue,
    list_table,
    packed,
    parts,
    plain_book,
    reopen,
    replaced,
    rich_book,
    verdict,
)

from pipeline.issues import Issue
from pipeline.receipts.mark import mark_workbook
from pipeline.receipts.mark_notes import AUTHOR, HEADING
from pipeline.receipts.packing import CannotMark

LEDGER = "xl/worksheets/sheet2.xml"


def mark(data: bytes, *issues: Issue) -> bytes:
    return mark_workbook(data, verdict(*issues), {}, "zh")[0]


def fill_of(data: bytes, cell: str, sheet: str = "会费台账") -> str | None:
    fill = reopen(data)[sheet][cell].fill
    return fill.fgColor.rgb if fill.fill_type == "solid" else None


def note_of(data: bytes, cell: str, sheet: str = "会费台账") -> str | None:
    comment = reopen(data)[sheet][cell].comment
    return comment.text if comment else None


# What is put on the cells


def test_errors_and_warnings_are_filled_and_notes_only_listed() -> None:
    marked = mark(plain_book(), issue("error", "C2"), issue("warning", "C3"), issue("info", "C4"))
    assert [fill_of(marked, cell) for cell in ("C2", "C3", "C4")] == [ERROR, WARNING, None]
    assert [note_of(marked, cell) for cell in ("C2", "C3", "C4")] == [
        f"{HEADING}\n错误：请核对。",
        f"{HEADING}\n提醒：请核对。",
        None,
    ]
    assert [row[1] for row in list_table(marked)] == ["错误", "提醒", "说明"]


def test_a_filled_cell_keeps_its_own_font_format_border_and_value() -> None:
    before, after = reopen(rich_book()), reopen(mark(rich_book(), issue("error", "C7")))
    was, now = before["会费台账"]["C7"], after["会费台账"]["C7"]
    assert now.fill.fgColor.rgb == ERROR
    for look in ("value", "number_format", "font", "border", "alignment", "protection"):
        assert repr(getattr(now, look)) == repr(getattr(was, look))
    assert now.number_format == "#,##0.00" and now.font.name == "楷体"


def test_cells_that_share_a_format_are_told_apart() -> None:
    marked = mark(rich_book(), issue("error", "C7"), issue("error", "C9"))
    assert [fill_of(marked, f"C{row}") for row in range(6, 11)] == [None, ERROR, None, ERROR, None]


@pytest.mark.parametrize(
    "cell", ["A1", "B2", "C4", "D2", "D5", "A6", "Z3", "XFD1048576", "AA1", "C100"]
)
def test_a_blank_cell_is_made_in_its_place(cell: str) -> None:
    marked = mark(plain_book(), issue("error", cell))
    assert fill_of(marked, cell) == ERROR
    root = etree.fromstring(parts(marked)[LEDGER])
    rows = [int(row.get("r", "")) for row in root.iter(f"{MAIN}row")]
    assert rows == sorted(set(rows))
    for row in root.iter(f"{MAIN}row"):
        columns = [_column(c.get("r", "")) for c in row.iter(f"{MAIN}c")]
        assert columns == sorted(set(columns))


def _column(cell: str) -> tuple[int, str]:
    letters = re.sub(r"\d", "", cell)
    return len(letters), letters


def test_a_blank_cell_takes_the_format_of_its_column_or_row() -> None:
    def widen(book: Workbook) -> None:
        book["会费台账"].column_dimensions["E"].number_format = "0.000"
        book["会费台账"].row_dimensions[9].font = Font(name="黑体")

    marked = reopen(mark(plain_book(widen), issue("error", "E2"), issue("error", "E9")))["会费台账"]
    assert marked["E2"].number_format == "0.000"
    assert marked["E9"].font.name == "黑体"


def test_the_used_range_grows_with_the_marks() -> None:
    marked = mark(plain_book(), issue("error", "E9"))
    assert b'<dimension ref="A1:E9"/>' in parts(marked)[LEDGER]


def test_within_a_merged_range_its_first_cell_is_marked() -> None:
    marked = mark(rich_book(), issue("error", "C1", sheet="封面"))
    assert fill_of(marked, "A1", "封面") == ERROR
    assert note_of(marked, "A1", "封面") == f"{HEADING}\n错误：请核对。"
    assert list_table(marked)[0][2] == "封面!C1"


def test_findings_on_one_cell_share_its_comment_and_the_gravest_fills_it() -> None:
    marked = mark(
        plain_book(), issue("warning", "C3", "太大。"), issue("error", "C3", "不是数字。")
    )
    assert fill_of(marked, "C3") == ERROR
    assert note_of(marked, "C3") == f"{HEADING}\n错误：不是数字。\n提醒：太大。"
    comment = reopen(marked)["会费台账"]["C3"].comment
    assert comment is not None and comment.author == AUTHOR


def test_a_finding_about_a_row_marks_its_first_cell() -> None:
    marked = mark(plain_book(), issue("error", "", row=3))
    assert fill_of(marked, "A3") == ERROR
    assert list_table(marked)[0][2] == "会费台账 第 3 行"


def test_a_persons_comment_stays_above_ours() -> None:
    marked = mark(rich_book(), issue("error", "B3"), issue("error", "B5"))
    assert note_of(marked, "B3") == f"自己的批注\n────────\n{HEADING}\n错误：请核对。"
    comment = reopen(marked)["会费台账"]["B3"].comment
    assert comment is not None and comment.author == "甲一"
    assert note_of(marked, "B5") == f"{HEADING}\n错误：请核对。"


def test_a_comment_thread_is_left_alone() -> None:
    def discuss(book: Workbook) -> None:
        book["会费台账"]["B3"].comment = Comment("[Threaded comment]", "tc={0A1B}")

    marked = mark(plain_book(discuss), issue("error", "B3"))
    assert note_of(marked, "B3") == "[Threaded comment]"
    assert fill_of(marked, "B3") == ERROR


def test_a_comment_that_is_full_stays_as_it_is() -> None:
    def write(book: Workbook) -> None:
        book["会费台账"]["B3"].comment = Comment("长" * 32_760, "甲一")

    assert note_of(mark(plain_book(write), issue("error", "B3")), "B3") == "长" * 32_760


def test_every_comment_has_one_box_of_its_own() -> None:
    cells = [f"C{row}" for row in range(2, 1502)]
    marked = parts(mark(plain_book(), *(issue("error", cell) for cell in cells)))
    drawing = next(part for name, part in marked.items() if name.endswith(".vml")).decode()
    ids = [int(n) for n in re.findall(r'<v:shape id="_x0000_s(\d+)"', drawing)]
    reserved = re.search(r'<o:idmap v:ext="edit" data="([\d,]+)"', drawing)
    assert reserved is not None
    assert len(set(ids)) == len(cells)
    assert {n // 1024 for n in ids} <= {int(n) for n in reserved[1].split(",")}
    assert re.findall(r"<x:Row>(\d+)</x:Row>", drawing) == [str(row) for row in range(1, 1501)]


def test_sheet_names_of_the_forms_lead_to_the_sheets_of_the_file() -> None:
    def rename(book: Workbook) -> None:
        book["会费台账"].title = "三季度'会费'"

    found = verdict(issue("error", "C2"))
    marked, _ = mark_workbook(plain_book(rename), found, {"会费台账": "三季度'会费'"}, "zh")
    assert fill_of(marked, "C2", "三季度'会费'") == ERROR
    link = reopen(marked).worksheets[0]["C7"].hyperlink
    assert link is not None and link.location == "'三季度''会费'''!C2"


# The list in front


def test_the_list_is_the_first_and_only_selected_sheet() -> None:
    marked = mark(rich_book(), issue("error", "C2"))
    book = reopen(marked)
    assert book.sheetnames == ["需修改", "封面", "会费台账", "照片", "字典"]
    assert book.active is not None and book.active.title == "需修改"
    assert [sheet.sheet_view.tabSelected for sheet in book.worksheets] == [True] + [None] * 4


def test_the_list_says_whose_what_and_where_with_links() -> None:
    marked = mark(
        plain_book(),
        issue("info", "A2", "读作 2026-07。", column="会费月份", value="7月"),
        issue("warning", "C4", "实缴偏少。", column="实缴(元)", value="1"),
        issue("error", "C2", "“12O” 不是数字。", column="实缴(元)", value="12O"),
        issue("error", "", "找不到工作表。", sheet="走访慰问台账"),
    )
    sheet = reopen(marked).worksheets[0]
    assert [sheet.cell(row, 1).value for row in range(1, 5)] == [
        "需修改 · U1 甲小学工会 · 2026Q3 · 季度报表",
        "已退回，这一份没有计入汇总；以前收下的版本（如有）仍然有效。",
        "共 2 处错误、1 处提醒、1 条说明。改好标红的单元格，保存后放回收件文件夹即可。",
        "文件：交来的表.xlsx",
    ]
    assert list_table(marked) == [
        (1, "错误", "会费台账!C2", "实缴(元)", "12O", "“12O” 不是数字。"),
        (2, "错误", "走访慰问台账", "", "", "找不到工作表。"),
        (3, "提醒", "会费台账!C4", "实缴(元)", "1", "实缴偏少。"),
        (4, "说明", "会费台账!A2", "会费月份", "7月", "读作 2026-07。"),
    ]
    links = [sheet.cell(row, 3).hyperlink for row in range(7, 11)]
    assert [link.location if link else None for link in links] == [
        "'会费台账'!C2",
        None,
        "'会费台账'!C4",
        "'会费台账'!A2",
    ]


def test_the_list_is_grouped_by_cause_and_tells_the_first_twenty_of_it() -> None:
    many = [issue("error", f"C{row}", "实缴多于应缴。") for row in range(2, 27)]
    notes = [issue("info", f"A{row}", "读作 2026-07。") for row in range(2, 24)]
    one = issue("error", "B3", "会员编号没有填。")
    marked = mark(plain_book(), *notes[:1], many[0], one, *many[1:], *notes[1:])
    lines = list_table(marked)
    assert lines[0][0] == "实缴多于应缴：25 处"
    assert [(line[0], line[2]) for line in lines[1:21]] == [
        (number, f"会费台账!C{number + 1}") for number in range(1, 21)
    ]
    assert lines[21][0] == "另有 5 处同样的，表里已标出颜色。"
    assert lines[22][0] == "会员编号没有填：1 处"
    assert lines[23][:3] == (26, "错误", "会费台账!B3")
    assert lines[24][0] == "读作 2026-07：22 处"
    assert [line[0] for line in lines[25:]] == [*range(27, 47), "另有 2 处同样的。"]
    assert [fill_of(marked, f"C{row}") for row in (2, 22, 26)] == [ERROR] * 3


def test_the_list_speaks_english_too() -> None:
    marked, _ = mark_workbook(plain_book(), verdict(issue("error", "C2")), {}, "en")
    sheet = reopen(marked).worksheets[0]
    assert sheet.title == "To fix"
    assert [cell.value for cell in sheet[6]] == [
        "No.", "Level", "Place", "Column", "Value", "What to do",
    ]  # fmt: skip


def test_the_list_prints_on_a4_across_with_its_heading_repeated() -> None:
    sheet = reopen(mark(plain_book(), issue("error", "C2"))).worksheets[0]
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    assert sheet.sheet_properties.pageSetUpPr == PageSetupProperties(fitToPage=True)
    assert sheet.print_title_rows == "$6:$6"


def test_a_row_of_the_list_is_as_high_as_its_longest_text() -> None:
    long, longest = "请核对。" * 20, "请核对。" * 300
    found = (issue("error", "C2"), issue("error", "C3", long), issue("error", "C4", longest))
    sheet = reopen(mark(plain_book(), *found)).worksheets[0]
    heights = [sheet.row_dimensions[row].height for row in range(7, 10)]
    assert heights == [20, 52, 388]


def test_a_sheet_of_the_groups_own_with_our_name_is_kept() -> None:
    def add(book: Workbook) -> None:
        book.create_sheet("需修改")["A1"] = "自己记的"

    book = reopen(mark(plain_book(add), issue("error", "C2")))
    assert book.sheetnames == ["需修改 (2)", "封面", "会费台账", "需修改"]
    assert book["需修改"]["A1"].value == "自己记的"


# All else stays


def test_parts_without_marks_keep_their_bytes() -> None:
    before, after = parts(rich_book()), parts(mark(rich_book(), issue("error", "C7")))
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed == {
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
        LEDGER,
        "xl/comments1.xml",
        "xl/drawings/vmlDrawing1.vml",
    }
    assert after.keys() - before.keys() == {"xl/worksheets/sheet5.xml"}


def test_untouched_parts_are_not_even_packed_anew() -> None:
    extra = packed({**parts(rich_book()), "xl/cellimages.xml": b"<etc:x xmlns:etc='e'/>" * 50})
    marked = mark(extra, issue("error", "C7"))
    with zipfile.ZipFile(io.BytesIO(extra)) as old, zipfile.ZipFile(io.BytesIO(marked)) as new:
        assert [i.filename for i in new.infolist()][: len(old.infolist())] == old.namelist()
        for name in ("xl/cellimages.xml", "xl/media/image1.png", "xl/theme/theme1.xml"):
            was, now = old.getinfo(name), new.getinfo(name)
            assert (was.compress_size, was.CRC, was.date_time) == (
                (now.compress_size, now.CRC, now.date_time)
            )


def test_rows_without_marks_keep_their_text() -> None:
    before, after = parts(rich_book())[LEDGER], parts(mark(rich_book(), issue("error", "C7")))
    rows = re.findall(rb"<row .*?</row>", before)
    assert [row for row in rows if row not in after[LEDGER]] == [rows[6]]


def test_what_a_sheet_carries_survives() -> None:
    before, after = reopen(rich_book()), reopen(mark(rich_book(), issue("error", "C7")))
    was, now = before["会费台账"], after["会费台账"]
    assert now.data_validations.dataValidation == was.data_validations.dataValidation
    assert str(now.conditional_formatting) != "" and len(now.conditional_formatting) == 1
    assert now.auto_filter.ref == "A1:D41"
    assert now.protection.sheet
    assert (now.print_title_rows, now.print_area) == ("$1:$1", "'会费台账'!$A$1:$D$41")
    assert after["封面"].merged_cells.ranges == before["封面"].merged_cells.ranges
    assert after["字典"].sheet_state == "hidden"
    assert after.defined_names["本期"].attr_text == "会费台账!$C$2:$C$40"
    assert after["照片"].defined_names["此处"].attr_text == "照片!$B$2"


def test_a_receipt_does_not_depend_on_those_before_it() -> None:
    """What is remembered of a workbook for its siblings holds nothing of the workbook's marks."""
    first = mark(rich_book(), issue("error", "C7"))
    mark(
        rich_book(),
        issue("warning", "B3"),
        issue("error", "A9"),
        issue("error", "B2", sheet="封面"),
    )
    assert mark(rich_book(), issue("error", "C7")) == first


def test_a_sheet_without_faults_is_unselected_and_nothing_else() -> None:
    def select(book: Workbook) -> None:
        book["封面"].sheet_view.tabSelected = book["会费台账"].sheet_view.tabSelected = True

    before = parts(plain_book(select))
    after = parts(mark(plain_book(select), issue("error", "C7")))
    cover = "xl/worksheets/sheet1.xml"
    assert before[cover].replace(b' tabSelected="1"', b"") == after[cover] != before[cover]
    assert b"tabSelected" in before[LEDGER] and b"tabSelected" not in after[LEDGER]


def test_the_same_verdict_gives_the_same_bytes() -> None:
    data = rich_book()
    assert mark(data, issue("error", "C7")) == mark(data, issue("error", "C7"))


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(["A", "B", "C", "D", "AB"]), st.integers(1, 60)))
def test_values_never_move_wherever_the_marks_are(places: dict[str, int]) -> None:
    marked = mark(BOOK, *(issue("error", f"{column}{row}") for column, row in places.items()))
    sheet = reopen(marked)["会费台账"]
    found = {c.coordinate: c.value for row in sheet for c in row if c.value is not None}
    assert found == BOOK_VALUES
    assert {f"{c}{r}" for c, r in places.items()} == {
        c.coordinate for row in sheet for c in row if c.fill.fgColor.rgb == ERROR
    }


BOOK = rich_book()
BOOK_VALUES = {
    c.coordinate: c.value for row in reopen(BOOK)["会费台账"] for c in row if c.value is not None
}


# A second receipt on a mended file


def test_a_second_receipt_clears_the_marks_of_the_first() -> None:
    first = mark(rich_book(), issue("error", "C7"), issue("warning", "C9"), issue("error", "B3"))
    second = mark(first, issue("error", "C9", "还是不对。"))
    assert reopen(second).sheetnames == ["需修改", "封面", "会费台账", "照片", "字典"]
    assert [fill_of(second, cell) for cell in ("C7", "C9", "B3")] == [None, ERROR, None]
    assert [note_of(second, cell) for cell in ("C7", "C9", "B3")] == [
        None,
        f"{HEADING}\n错误：还是不对。",
        "自己的批注",
    ]
    assert [row[2] for row in list_table(second)] == ["会费台账!C9"]
    for untouched in ("xl/worksheets/sheet3.xml", "xl/worksheets/sheet4.xml"):
        assert parts(second)[untouched] == parts(rich_book())[untouched]
    workbook = parts(second)["xl/workbook.xml"]
    assert workbook.count(b'name="_xlnm.Print_Titles" localSheetId="0"') == 1
    drawing = parts(second)["xl/drawings/vmlDrawing1.vml"]
    assert re.findall(rb"<x:Row>(\d+)</x:Row>", drawing) == [b"2", b"8"]


def test_marks_on_a_sheet_without_faults_are_cleared_too() -> None:
    first = mark(rich_book(), issue("error", "C7"), issue("error", "B2", sheet="封面"))
    second = mark(first, issue("error", "B2", sheet="封面"))
    assert fill_of(second, "C7") is None and note_of(second, "C7") is None
    assert fill_of(second, "B2", "封面") == ERROR


def test_a_cleared_cell_has_the_fill_of_its_row_again() -> None:
    def band(book: Workbook) -> None:
        for row, colour in ((2, "FFEEEEEE"), (3, "FFDDFFDD"), (4, "FFEEEEEE")):
            for cell in book["会费台账"][row]:
                cell.fill = PatternFill("solid", fgColor=colour)
                cell.border = Border(top=Side("thin"))

    first = mark(plain_book(band), issue("error", "C3"), issue("warning", "B4"))
    second = mark(first, issue("error", "A2"))
    assert [fill_of(second, cell) for cell in ("C3", "B4")] == ["FFDDFFDD", "FFEEEEEE"]


def test_a_cell_with_a_look_of_its_own_is_cleared_to_no_fill() -> None:
    def colour(book: Workbook) -> None:
        cell = book["会费台账"]["C3"]
        cell.font, cell.fill = Font(name="黑体"), PatternFill("solid", fgColor="FF00FF00")

    data = plain_book(colour)
    content = parts(mark(data, issue("error", "C3")))
    # As after saving elsewhere: the format that no cell uses any more is gone.
    content["xl/styles.xml"] = content["xl/styles.xml"].replace(b'fillId="2"', b'fillId="1"')
    second = reopen(mark(packed(content), issue("error", "A2")))["会费台账"]["C3"]
    assert second.fill.fgColor.rgb != ERROR and second.font.name == "黑体"


def test_the_list_is_found_again_wherever_it_was_moved() -> None:
    book = reopen(mark(rich_book(), issue("error", "C7")))
    book.move_sheet("需修改", 3)
    out = io.BytesIO()
    book.save(out)
    second = mark(out.getvalue(), issue("error", "C9"))
    assert reopen(second).sheetnames == ["需修改", "封面", "会费台账", "照片", "字典"]
    again = reopen(second)
    assert again["会费台账"].print_title_rows == "$1:$1"
    assert again["需修改"].print_title_rows == "$6:$6"
    assert again["照片"].defined_names["此处"].attr_text == "照片!$B$2"


def test_many_receipts_in_a_row_leave_one_set_of_marks() -> None:
    data = rich_book()
    for row in range(2, 8):
        data = mark(data, issue("error", f"C{row}"))
    column = [row[2] for row in reopen(data)["会费台账"].iter_rows()]
    assert [cell.row for cell in column if cell.fill.fgColor.rgb == ERROR] == [7]
    assert [cell.row for cell in column if cell.comment] == [7]
    assert column[1].number_format == "#,##0.00"


# Files of other make


def _prefix(xml: bytes) -> bytes:
    xml = re.sub(rb"<(/?)(\w+)(?=[\s/>])", rb"<\1x:\2", xml)
    return xml.replace(b'xmlns="http://schemas.openxml', b'xmlns:x="http://schemas.openxml')


def prefixed() -> bytes:
    """Every spreadsheet element with a prefix, as the Open XML SDK writes."""
    content = parts(plain_book())
    for name in content:
        if re.fullmatch(r"xl/(workbook|styles|worksheets/\w+)\.xml", name):
            content[name] = _prefix(content[name])
    return packed(content)


def strict() -> bytes:
    """Strict Office Open XML."""
    swaps = (
        (b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
         b"http://purl.oclc.org/ooxml/spreadsheetml/main"),
        (b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
         b"http://purl.oclc.org/ooxml/officeDocument/relationships"),
    )  # fmt: skip
    content = parts(plain_book())
    for old, new in swaps:
        content = {name: part.replace(old, new) for name, part in content.items()}
    return packed(content)


def moved() -> bytes:
    """Parts in unusual folders, reached by absolute targets."""
    content = parts(plain_book())
    content["book/tables/b.xml"] = content.pop(LEDGER)
    old, new = b'Target="/xl/worksheets/sheet2.xml"', b'Target="/book/tables/b.xml"'
    rels = "xl/_rels/workbook.xml.rels"
    assert old in content[rels]
    content[rels] = content[rels].replace(old, new)
    types = content["[Content_Types].xml"]
    content["[Content_Types].xml"] = types.replace(
        b"/xl/worksheets/sheet2.xml", b"/book/tables/b.xml"
    )
    return packed(content)


def utf16() -> bytes:
    """A ledger in UTF-16."""
    content = parts(plain_book())
    text = content[LEDGER].decode()
    content[LEDGER] = f'<?xml version="1.0" encoding="UTF-16"?>{text}'.encode("utf-16")
    return packed(content)


def without_places() -> bytes:
    """Rows and cells that do not say where they are, as some exporters write."""
    content = parts(plain_book())
    content[LEDGER] = re.sub(rb'<(row|c) r="\w+"', rb"<\1", content[LEDGER])
    return packed(content)


def commented() -> bytes:
    """Comments that look like rows, and CDATA."""
    return replaced(
        plain_book(),
        LEDGER,
        (b"<sheetData>", b'<sheetData><!-- <row r="2"> -->'),
        (b"<v>30</v>", b"<v><![CDATA[30]]></v>"),
    )


def instructed() -> bytes:
    """A processing instruction that looks like a row."""
    return replaced(plain_book(), LEDGER, (b"<sheetData>", b'<sheetData><?x <row r="3">?>'))


OTHER_MAKES = (prefixed, strict, moved, utf16, without_places, commented, instructed)


@pytest.mark.parametrize("make", OTHER_MAKES)
def test_workbooks_of_other_make_are_marked(make: Callable[[], bytes]) -> None:
    data = mark(
        make(), issue("error", "C3"), issue("error", "E9"), issue("error", "B2", sheet="封面")
    )
    content = parts(data)
    root = etree.fromstring(content.get("book/tables/b.xml", content[LEDGER]))
    assert [row.get("r") for row in root.iter("{*}row")] == ["1", "2", "3", "4", "9"]
    formats = {cell.get("r"): cell.get("s", "0") for cell in root.iter("{*}c")}
    assert formats["C3"] == formats["E9"] != "0"
    assert set(formats.values()) == {"0", formats["C3"]}
    assert root.find("{*}legacyDrawing") is not None


def test_an_empty_sheet_can_be_marked() -> None:
    content = parts(plain_book())
    content[LEDGER] = re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData/>", content[LEDGER])
    assert fill_of(mark(packed(content), issue("error", "B2")), "B2") == ERROR


MACRO_TYPE = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
BOOK_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def test_macros_are_kept_and_so_is_the_suffix_that_opens_them() -> None:
    content = parts(replaced(plain_book(), "[Content_Types].xml", (BOOK_TYPE, MACRO_TYPE)))
    macros = packed({**content, "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macros"})
    marked, suffix = mark_workbook(macros, verdict(issue("error", "C3")), {}, "zh")
    assert parts(marked)["xl/vbaProject.bin"] == b"\xd0\xcf\x11\xe0 macros"
    plain = mark_workbook(plain_book(), verdict(issue("error", "C3")), {}, "zh")
    assert (suffix, plain[1]) == (".xlsm", ".xlsx")


def signed() -> bytes:
    return replaced(
        plain_book(),
        "_rels/.rels",
        (b"</Relationships>", b'<Relationship Id="s" Target="_xmlsignatures/origin.sigs" Type="'
         b"http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
         b'"/></Relationships>'),
    )  # fmt: skip


def locked() -> bytes:
    data = bytearray(plain_book())
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(head) + flags] |= 1
    return bytes(data)


def doubled() -> bytes:
    out = io.BytesIO(plain_book())
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("XL/workbook.xml", b"<workbook/>")
    return out.getvalue()


def with_entities() -> bytes:
    content = parts(plain_book())
    content[LEDGER] = b'<!DOCTYPE w [<!ENTITY a "aaaa">]>' + content[LEDGER]
    return packed(content)


def without(part: str) -> bytes:
    return packed({name: content for name, content in parts(plain_book()).items() if name != part})


def flipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
        for name, content in parts(plain_book()).items():
            package.writestr(name, content)
    return out.getvalue().replace(b"<v>30</v>", b"<v>31</v>", 1)


def disordered() -> bytes:
    return replaced(plain_book(), LEDGER, (b'<row r="3"', b'<row r="2"'))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504, id="ole"),
        pytest.param(packed({"content.xml": b"<x/>", "mimetype": b"ods"}), id="ods"),
        pytest.param(plain_book()[:-100], id="cut off"),
        pytest.param(signed(), id="signed"),
        pytest.param(locked(), id="encrypted part"),
        pytest.param(doubled(), id="two parts of one name"),
        pytest.param(with_entities(), id="entities"),
        pytest.param(without("xl/styles.xml"), id="no styles"),
        pytest.param(without(LEDGER), id="no sheet part"),
        pytest.param(flipped(), id="a byte changed"),
        pytest.param(disordered(), id="rows out of order"),
        pytest.param(replaced(plain_book(), LEDGER, (b"</row>", b"</rov>")), id="not xml"),
        pytest.param(
            replaced(plain_book(), "[Content_Types].xml", (BOOK_TYPE, b"application/x-template")),
            id="template",
        ),
        pytest.param(replaced(plain_book(), LEDGER, (b'r="C3"', b'r="C3" s="77"')), id="no format"),
    ],
)
def test_what_cannot_be_patched_safely_is_refused(data: bytes) -> None:
    with pytest.raises(CannotMark):
        mark(data, issue("error", "C3"))


SCRAPS = (b"", b"<", b">", b'"', b"-1", b"99999999999", b"nan", b"x", b"&x;", b"\0", b"<![CDATA[")


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_a_damaged_part_is_marked_or_refused_and_nothing_else(random: Random) -> None:
    content = dict(MARKED)
    for _ in range(random.choice((1, 1, 2))):
        name = random.choice([n for n in content if n.endswith((".xml", ".rels", ".vml"))])
        values = list(re.finditer(rb'(?<=")[^"]*(?=")', content[name]))
        start, end = random.choice(values).span()
        content[name] = content[name][:start] + random.choice(SCRAPS) + content[name][end:]
    with suppress(CannotMark):
        parts(mark(packed(content), issue("error", "C9"), issue("error", "E50")))


MARKED = parts(mark(BOOK, issue("error", "C7"), issue("warning", "B3")))


# Hostile strings


@pytest.mark.parametrize(
    "text", HOSTILE, ids=[text[:12].encode("ascii", "replace").decode() for text in HOSTILE]
)
def test_hostile_strings_stay_text(text: str) -> None:
    found = issue("error", "C3", f"“{text}” 不对。{text}", column=text, value=text)
    elsewhere = issue("warning", text, text, sheet=text)
    hostile = verdict(found, elsewhere, file=text)
    marked, _ = mark_workbook(plain_book(), hostile, {"会费台账": "会费台账", text: text}, "zh")
    assert_nothing_active(marked)
    sheet = reopen(marked).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert all(cell.data_type in ("s", "inlineStr") for cell in cells)
    assert max(len(str(cell.value).encode("utf-16-le")) // 2 for cell in cells) <= 32767
    assert sheet.max_row == 8


# In LibreOffice


@pytest.fixture(scope="module")
def saved(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The rich workbook and those of other make, marked, opened and saved by LibreOffice."""
    rich = mark(
        rich_book(),
        issue("error", "C7", column="实缴(元)", value=HOSTILE[0]),
        issue("warning", "D9"),
        issue("error", "B3"),
        issue("error", "E50"),
        issue("error", "C1", sheet="封面"),
    )
    others = [mark(make(), issue("error", "C3")) for make in OTHER_MAKES]
    return by_libreoffice(soffice, tmp_path_factory.mktemp("office"), rich, *others)


def test_libreoffice_shows_marks_comments_links_and_the_groups_own_look(
    saved: list[bytes],
) -> None:
    rich = saved[0]
    book = reopen(rich)
    assert book.sheetnames == ["需修改", "封面", "会费台账", "照片", "字典"]
    assert [fill_of(rich, cell) for cell in ("C7", "D9", "E50", "C8")] == [
        ERROR, WARNING, ERROR, None,
    ]  # fmt: skip
    assert note_of(rich, "C7") == f"{HEADING}\n错误：请核对。"
    assert note_of(rich, "B3") == f"自己的批注\n────────\n{HEADING}\n错误：请核对。"
    assert note_of(rich, "A1", "封面") == f"{HEADING}\n错误：请核对。"
    first = book.worksheets[0]
    assert first["A7"].value == "请核对：4 处"
    assert first["E8"].value == HOSTILE[0] and first["E8"].data_type == "s"
    links = [first.cell(row, 3).hyperlink for row in (8, 9)]
    assert [link.location if link else None for link in links] == [
        "'会费台账'!C7",
        "'会费台账'!B3",
    ]
    cell = book["会费台账"]["C7"]
    assert (cell.number_format, cell.font.name, cell.font.i) == ("#,##0.00", "楷体", True)
    assert book["会费台账"].print_title_rows == "$1:$1"
    assert {"xl/media/image1.png", "xl/charts/chart1.xml"} <= parts(rich).keys()
    assert book["字典"].sheet_state == "hidden"


def test_marks_are_known_again_after_libreoffice_saved_them(saved: list[bytes]) -> None:
    second = mark(saved[0], issue("error", "C9", "还是不对。"))
    assert reopen(second).sheetnames == ["需修改", "封面", "会费台账", "照片", "字典"]
    assert [fill_of(second, cell) for cell in ("C7", "C9", "B3")] == [None, ERROR, None]
    assert [note_of(second, cell) for cell in ("C7", "C9", "B3")] == [
        None,
        f"{HEADING}\n错误：还是不对。",
        "自己的批注",
    ]


def test_libreoffice_opens_marked_workbooks_of_other_make(saved: list[bytes]) -> None:
    assert len(saved) == 1 + len(OTHER_MAKES)
    for book in saved[1:]:
        assert (fill_of(book, "C3"), note_of(book, "C3")) == (ERROR, f"{HEADING}\n错误：请核对。")
        assert reopen(book)["会费台账"]["A4"].value == "2026-09"
