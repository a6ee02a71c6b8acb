"""Every value comes out as the file stores it, at its address, whoever wrote the workbook."""

from __future__ import annotations

import io
import re
import string
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from handmade import STRICT, endless_ole, ods_of, ods_parts, xlsx_of, xlsx_parts, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st
from office import Job, work
from openpyxl.workbook.defined_name import DefinedName

from pipeline.books import refusals, xlsx
from pipeline.books.grid import Book, Sheet
from pipeline.books.raw import CellFault, Raw
from pipeline.books.read import read_book
from pipeline.books.refusals import Refused
from pipeline.books.screen import Limits

LIMITS = Limits()
UNCALCULATED = CellFault("uncalculated")
Lane = Callable[[bytes], Book]


def read(data: bytes) -> Book:
    return read_book(data, LIMITS)


def read_fast(data: bytes) -> Book:
    """Read a workbook, failing if any part of it needs the slow lane."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx, "walk_cells", _unexpected)
        patch.setattr(xlsx, "walk_strings", lambda text: _unexpected() if "<si" in text else [])
        return read(data)


def read_slowly(data: bytes) -> Book:
    """Read a workbook by the slow lane alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx, "read_plain", lambda *_: False)
        patch.setattr(xlsx, "_plain_strings", lambda _: [])
        return read(data)


def _unexpected(*_: object) -> None:
    raise AssertionError("the slow lane was taken")


def typed(book: Book) -> list[list[list[tuple[str, Raw]]]]:
    """Return the cells with their types, since True equals 1 and 1.0 equals 1."""
    return [
        [[(type(value).__name__, value) for value in row] for row in sheet.rows]
        for sheet in book.sheets
    ]


def cell(xml: str, **options: Any) -> bytes:
    """Return a workbook that holds the given cell B2 and nothing else."""
    return xlsx_of(f'<row r="2">{xml}</row>', **options)


def value_of(book: Book) -> Raw:
    """Return B2, which must be all that the workbook holds."""
    rows = book.sheets[0].rows
    if not rows:
        return None
    assert rows[0] == [] and len(rows) == 2 and rows[1][0] is None and len(rows[1]) == 2
    return rows[1][1]


LANES = pytest.mark.parametrize("lane", [read_fast, read_slowly], ids=["fast", "slow"])


@LANES
@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ('<c r="B2"><v>12</v></c>', 12),
        ('<c r="B2" t="n"><v>1200.0</v></c>', 1200),
        ('<c r="B2"><v>0.1</v></c>', 0.1),
        ('<c r="B2"><v>-1.5E-3</v></c>', -0.0015),
        ('<c r="B2"><v>110101199003077777</v></c>', 110101199003077777),
        ('<c r="B2" t="b"><v>1</v></c>', True),
        ('<c r="B2" t="b"><v>0</v></c>', False),
        ('<c r="B2" t="s"><v>0</v></c>', "会费 & <台账>"),
        ('<c r="B2" t="s"><v>1</v></c>', None),
        ('<c r="B2" t="s" s="0"><v>0</v></c>', "会费 & <台账>"),
        ('<c r="B2" t="str"><v>文</v></c>', "文"),
        ('<c r="B2" t="inlineStr"><is><t>文</t></is></c>', "文"),
        ('<c r="B2" t="inlineStr"><is><t xml:space="preserve"> 文 </t></is></c>', " 文 "),
        ('<c r="B2" t="str"><v>a_x000D__x005F_x0041_</v></c>', "a\r_x0041_"),
        ('<c r="B2" t="e"><v>#DIV/0!</v></c>', CellFault("error", "#DIV/0!")),
        ('<c r="B2" t="e" vm="1"><f>A1</f><v>#REF!</v></c>', CellFault("error", "#REF!")),
        ('<c r="B2" s="0"/>', None),
        ('<c r="B2" s="0" />', None),
        ('<c r="B2" t="n"></c>', None),
    ],
)  # fmt: skip
def test_stored_values(lane: Lane, xml: str, value: Raw) -> None:
    strings = "<si><t>会费 &amp; &lt;台账&gt;</t></si><si><t></t></si>"
    found = value_of(lane(cell(xml, strings=strings)))
    assert (type(found), found) == (type(value), value)


def test_sheets_that_differ_in_texts_alone_are_read_each_for_itself() -> None:
    """What they have in common is remembered; what a text is, is none of it."""
    row = '<row r="2" hidden="{}"><c r="B2" s="{}"><v>{}</v></c></row>'
    for hidden, style, text, value in (
        (0, 1, 46218, date(2026, 7, 15)), (0, 1, 46219, date(2026, 7, 16)),
        (0, 0, 46218, 46218), (0, 1, "x", "x"), (1, 1, 46218, date(2026, 7, 15)),
    ):  # fmt: skip
        book = read_fast(xlsx_of(row.format(hidden, style, text), formats=("yyyy-mm-dd",)))
        assert value_of(book) == value
        assert book.sheets[0].hidden_rows == ((2,) if hidden else ())


@pytest.mark.parametrize("text", ["1e400", "1_0", "NaN", "12.5元", "9" * 5000])
def test_what_is_stored_as_a_number_and_is_none_stays_as_it_is(text: str) -> None:
    data = cell(f'<c r="B2"><v>{text}</v></c>')
    assert value_of(read(data)) == value_of(read_slowly(data)) == text


@LANES
@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ('<c r="B2"><f>A1+1</f><v>3</v></c>', 3),
        ('<c r="B2"><f t="shared" si="0"/><v>3</v></c>', 3),
        ('<c r="B2" t="str"><f>A1&amp;"x"</f><v>x</v></c>', "x"),
        ('<c r="B2" t="str"><f>""</f><v></v></c>', None),
        ('<c r="B2" t="str"><f>""</f><v/></c>', None),
        ('<c r="B2" t="str"><f>T(A1)</f><v xml:space="preserve"> </v></c>', " "),
        ('<c r="B2"><f>A1+1</f><v></v></c>', UNCALCULATED),
        ('<c r="B2"><f>A1+1</f><v/></c>', UNCALCULATED),
        ('<c r="B2"><f>A1+1</f><v /></c>', UNCALCULATED),
        ('<c r="B2"><f>A1+1</f></c>', UNCALCULATED),
        ('<c r="B2" t="str"><f>A1&amp;"x"</f></c>', UNCALCULATED),
        ('<c r="B2"><f t="shared" si="0"/></c>', UNCALCULATED),
    ],
)
def test_a_formula_without_a_value_is_not_a_formula_that_gives_nothing(
    lane: Lane, xml: str, value: Raw
) -> None:
    assert value_of(lane(cell(xml))) == value


@LANES
@pytest.mark.parametrize(
    ("code", "stored", "value"),
    [
        ("yyyy-mm-dd", "46218", date(2026, 7, 15)),
        ('yyyy"年"m"月"d"日";@', "46218", date(2026, 7, 15)),
        ("[$-804]yyyy年m月", "46218", date(2026, 7, 15)),
        ("31", "46218", date(2026, 7, 15)),
        ("57", "46218", date(2026, 7, 15)),
        ("14", "46218", date(2026, 7, 15)),
        ("m/d/yy h:mm", "46218.75", datetime(2026, 7, 15, 18)),
        ("m/d/yy h:mm", "46218.999999999", date(2026, 7, 16)),
        ("h:mm:ss", "0.5", time(12)),
        ("上午/下午h:mm", "0.75", time(18)),
        ("[h]:mm", "1.25", timedelta(hours=30)),
        ("yyyy-mm-dd", "1", date(1900, 1, 1)),
        ("yyyy-mm-dd", "59", date(1900, 2, 28)),
        ("yyyy-mm-dd", "60", 60),
        ("yyyy-mm-dd", "61", date(1900, 3, 1)),
        ("yyyy-mm-dd", "0", 0),
        ("yyyy-mm-dd", "-1", -1),
        ("yyyy-mm-dd", "2958465", date(9999, 12, 31)),
        ("yyyy-mm-dd", "2958466", 2958466),
        ("General", "46218", 46218),
        ("G/通用格式", "46218", 46218),
        ("0.00E+00", "46218", 46218),
        ('#,##0.00"元/month";[Red]\\-#,##0.00', "1200.5", 1200.5),
        ("#,##0_);[Red](#,##0)", "1200", 1200),
        ("[DBNum1][$-804]General", "12", 12),
        ("0%", "0.05", 0.05),
        ("@", "12", 12),
    ],
)
def test_a_number_is_a_day_or_a_time_by_its_format_alone(
    lane: Lane, code: str, stored: str, value: Raw
) -> None:
    book = lane(cell(f'<c r="B2" s="1"><v>{stored}</v></c>', formats=(code,)))
    assert (type(value_of(book)), value_of(book)) == (type(value), value)


@LANES
def test_the_1904_date_system(lane: Lane) -> None:
    data = cell(
        '<c r="B2" s="1"><v>44756</v></c>',
        formats=("14",),
        settings='<workbookPr date1904="1"/>',
    )
    assert value_of(lane(data)) == date(2026, 7, 15)


@pytest.mark.parametrize(
    ("string", "value"),
    [
        ("<si><t>甲</t></si>", "甲"),
        ('<si><t>甲</t><phoneticPr fontId="1" type="noConversion"/></si>', "甲"),
        ('<si><r><t>预算</t></r><r><rPr><b/><sz val="9"/></rPr><t>*</t></r></si>', "预算*"),
        ('<si><t>北京</t><rPh sb="0" eb="2"><t>ぺきん</t></rPh></si>', "北京"),
        ('<si><r><t>北</t></r><rPh sb="0" eb="1"><t>ぺ</t></rPh><r><t>京</t></r></si>', "北京"),
        ("<si><t><![CDATA[<甲>]]></t></si>", "<甲>"),
        ("<si><t>第一行\r\n第二行&#10;第三行</t></si>", "第一行\n第二行\n第三行"),
        ("<si><t>&#25991;&#x6587;</t></si>", "文文"),
        ("<si><t>&#0000000025991;&#x00000006587;</t></si>", "文文"),
        ("<si/>", None),
    ],
)
def test_shared_strings_are_their_text_without_its_readings(string: str, value: Raw) -> None:
    data = cell('<c r="B2" t="s"><v>1</v></c>', strings=f"<si><t>前</t></si>{string}")
    assert value_of(read(data)) == value_of(read_slowly(data)) == value


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="5"><c r="C5"><v>1</v></c><c r="E5"><v>2</v></c></row>',
        '<row r="5"><c r="E5"><v>2</v></c><c r="C5"><v>1</v></c></row>',
        '<row r="5"><c r="A5"/><c r="B5" s="3"/><c r="C5"><v>1</v></c><c r="D5" t="n"/>'
        '<c r="E5"><v>2</v></c><c r="XFD5"/></row><row r="1048576"><c r="A1048576"/></row>',
        '<row/><row r="4"/><row><c/><c/><c><v>1</v></c><c/><c><v>2</v></c></row>',
        '<row ht="15" hidden="0" r="5" ><c r="C5" ><v>1</v></c ><c r="E5"><v>2</v></c></row>',
        "<row r='5'>\n  <c r='C5'><v>1</v></c>\n  <c r='E5'><!-- 二 --><v>2</v></c>\n</row>",
        '<row r="5"><c r="C5"><v>1<!-- --></v></c><c r="E5"><v> 2 </v></c></row>',
    ],
)
def test_values_stay_at_their_addresses_however_a_sheet_is_spelt(rows: str) -> None:
    assert read(xlsx_of(rows)).sheets[0].rows == [[], [], [], [], [None, None, 1, None, 2]]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="A0"><v>1</v></c></row>',
        '<row r="1"><c r="XFE1"><v>1</v></c></row>',
        '<row r="9999999"><c r="A9999999"><v>1</v></c></row>',
        '<row r="1"><c r="$A$1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<row r="1"><c r="A1"><v>&nbsp;</v></c></row>',
        '<row r="1"><c r="A1" t="str"><v>a&amp</v></c></row>',
        '<row r="1"><c r="A1" t="str"><v>a&#65</v></c></row>',
        '<row r="1"><c r="A1" t="str"><v>a]]>b</v></c></row>',
        '<row r="1"><c r="A1"><f>B1]]></f><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="str"><v>a&#x0x41;</v></c></row>',
        '<row r="1"><c r="A1" t="str"><v>a&#1_0;</v></c></row>',
        '<row r="1"><c r="A1" t="str"><v>a&#99999999999999999999;</v></c></row>',
        '<row r="1" ht="&#xD800;"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c>',
    ],
)
def test_what_could_be_read_in_two_ways_is_damaged(rows: str) -> None:
    with pytest.raises(Refused) as caught:
        read(xlsx_of(rows, strings="<si><t>只有一个</t></si>"))
    assert caught.value.refusal == refusals.DAMAGED


@pytest.mark.parametrize("text", ["a]]>b", "a&amp", "&nbsp;", "a\x02b"])
def test_strings_that_are_no_xml_are_damaged(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read(cell('<c r="B2" t="s"><v>0</v></c>', strings=f"<si><t>{text}</t></si>"))
    assert caught.value.refusal == refusals.DAMAGED


@pytest.mark.parametrize("missing", ["</sheetData>", "</sheetData></worksheet>", "</worksheet>"])
def test_a_sheet_that_breaks_off_is_damaged_and_not_empty(missing: str) -> None:
    parts = xlsx_parts('<row r="1"><c r="A1"><v>1</v></c></row>')
    name = "xl/worksheets/sheet1.xml"
    with pytest.raises(Refused):
        read(zip_of(parts | {name: str(parts[name]).replace(missing, "")}))


def test_a_sheet_in_an_unknown_namespace_is_damaged_and_not_empty() -> None:
    with pytest.raises(Refused):
        read(xlsx_of('<row r="1"><c r="A1"><v>1</v></c></row>', namespaces=("urn:x", STRICT[1])))


def test_entities_are_never_expanded() -> None:
    parts = xlsx_parts('<row r="1"><c r="A1" t="str"><v>&amp;</v></c></row>')
    sheet = str(parts["xl/worksheets/sheet1.xml"])
    bomb = '<!DOCTYPE worksheet [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + sheet
    for text in (bomb, bomb.encode("utf-16")):
        with pytest.raises(Refused):
            read(zip_of(parts | {"xl/worksheets/sheet1.xml": text}))


def test_a_value_in_the_last_cell_of_the_grid_costs_one_row_and_no_more() -> None:
    data = xlsx_of('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    rows = read(data).sheets[0].rows
    assert len(rows) == 1_048_576
    assert rows[-1][16_383] == 1
    assert not any(rows[:-1])


def test_false_counts_and_dimensions_are_not_believed() -> None:
    parts = xlsx_parts(
        '<row r="3" spans="1:2"><c r="C3" t="s"><v>0</v></c></row>',
        head='<dimension ref="A1:XFD1048576"/>',
        strings="<si><t>甲</t></si>",
    )
    strings = str(parts["xl/sharedStrings.xml"]).replace(
        "<sst ", '<sst count="4294967295" uniqueCount="4294967295" '
    )
    book = read_fast(zip_of(parts | {"xl/sharedStrings.xml": strings}))
    assert book.sheets[0].rows == [[], [], [None, None, "甲"]]


@LANES
def test_hidden_rows_and_columns_are_named_if_they_hold_something(lane: Lane) -> None:
    data = xlsx_of(
        '<row r="1"><c r="A1"><v>1</v></c><c r="C1"><v>2</v></c></row>'
        '<row r="2" hidden="1"><c r="A2"><v>1</v></c></row><row r="3" hidden="1"/>'
        '<row hidden="true" r="4"><c r="B4" t="str"><f>""</f><v></v></c></row>'
        '<row r="5" hidden="0"><c r="A5"><v>1</v></c></row>'
        '<row hidden="true" r="6"><c r="A6"><v>1</v></c></row>',
        head='<cols><col min="2" max="3" width="9" hidden="1"/><col hidden="true" min="5"'
        ' max="16384"/><col min="1" max="1" hidden="0"/></cols>',
    )
    sheet = lane(data).sheets[0]
    assert (sheet.hidden_rows, sheet.hidden_columns) == ((2, 6), (3,))


@LANES
def test_the_number_of_a_row_is_not_mistaken_for_another_in_its_tags(lane: Lane) -> None:
    """What rows have in common is remembered without their numbers."""
    styles = {style: style in (1, 11) for style in (1, 2, 10, 11, 12)}  # whether they show days
    formats = tuple("14" if styles.get(style) else "0" for style in range(1, 13))
    hidden = {1: ' hidden="1"', 2: ' hidden="1"', 11: ' hidden="0"', 12: ' ht="12"', 21: ""}
    rows = "".join(
        f'<row r="{row}" spans="1:{row}"{more}>'
        + "".join(
            f'<c r="{column}{row}" s="{style}"><f>{column}{row}+{row}</f><v>{row}</v></c>'
            for column, style in zip("ABCDE", styles, strict=True)
        )
        + "</row>"
        for row, more in hidden.items()
    )
    sheet = lane(xlsx_of(rows, formats=formats)).sheets[0]
    for row in hidden:
        day = date(1900, 1, row)
        assert sheet.rows[row - 1] == [day if is_day else row for is_day in styles.values()]
    assert sheet.hidden_rows == (1, 2)
    first = '<row r="1" hidden="1"><c r="A1"><v>7</v></c></row>'
    assert lane(xlsx_of(first)).sheets[0].hidden_rows == (1,)
    misplaced = '<row r="1"><c r="A11"><v>1</v></c></row><row r="11"><c r="A1"><v>2</v></c></row>'
    assert read(xlsx_of(misplaced)) == read_slowly(xlsx_of(misplaced))


def test_signs_that_might_end_a_tag_are_passed_over_once() -> None:
    """Looked at from each of them to the end of the formula, they would take an hour."""
    data = cell(f'<c r="B2" t="str"><f>{">" * 2_000_000}</f><v>a&gt;b</v></c>')
    assert value_of(read_fast(data)) == "a>b"
    bare = cell('<c r="B2" t="str"><v>a>b</v></c>')
    assert value_of(read(bare)) == "a>b"


@pytest.mark.parametrize("character", [*"\x00\x01\x02\x1f"])
@pytest.mark.parametrize("place", ['<c r="A1" t="str"><v>{}</v></c>', '<c r="A{}" t="s"/>'])
def test_a_character_that_no_xml_holds_is_damage_in_any_encoding(
    place: str, character: str
) -> None:
    parts = xlsx_parts(f'<row r="1">{place.format(character)}</row>')
    sheet = "xl/worksheets/sheet1.xml"
    for encoding in ("utf-8", "utf-16"):
        with pytest.raises(Refused) as caught:
            read(zip_of(parts | {sheet: str(parts[sheet]).encode(encoding)}))
        assert caught.value.refusal == refusals.DAMAGED


@LANES
def test_hiding_every_column_beside_a_far_value_is_no_work(lane: Lane) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    every = '<cols><col min="1" max="16384" hidden="1"/></cols>'
    assert lane(xlsx_of(far, head=every)).sheets[0].hidden_columns == (16_384,)
    with pytest.raises(Refused):
        lane(xlsx_of(far, head=every.replace("</cols>", every[6:-7] * 99 + "</cols>")))


def test_sheets_keep_their_order_names_and_visibility() -> None:
    book = openpyxl.Workbook()
    book.active.title = "封面"
    book.create_sheet("字典").sheet_state = "hidden"
    book.create_sheet("_meta").sheet_state = "veryHidden"
    book.create_chartsheet("图")
    shown = [(sheet.name, sheet.visibility) for sheet in read(saved(book)).sheets]
    assert shown == [("封面", "visible"), ("字典", "hidden"), ("_meta", "very hidden")]


def test_a_workbook_of_charts_alone_has_no_sheets() -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.create_chartsheet("图")
    with pytest.raises(Refused) as caught:
        read(saved(book))
    assert caught.value.refusal == refusals.NO_SHEETS


def prefixed(parts: dict[str, str | bytes]) -> dict[str, str | bytes]:
    """Return the parts with every element of the main namespace under the prefix x."""
    changed = dict(parts)
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        text = re.sub(r"<(/?)(?=\w)", r"<\1x:", str(parts[name]))
        changed[name] = text.replace(" xmlns=", " xmlns:x=")
    return changed


ROWS = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>46218</v></c></row>'
    '<row r="3" hidden="1"><c r="B3"><f>A1</f></c><c r="C3" t="e"><v>#N/A</v></c></row>'
)
OPTIONS: dict[str, Any] = {
    "strings": "<si><t>甲</t></si>",
    "formats": ("14",),
    "head": '<cols><col min="2" max="2" hidden="1"/></cols>',
}


@pytest.mark.parametrize(
    "parts",
    [
        xlsx_parts(ROWS, namespaces=STRICT, **OPTIONS),
        prefixed(xlsx_parts(ROWS, **OPTIONS)),
        prefixed(xlsx_parts(ROWS, namespaces=STRICT, **OPTIONS)),
        {
            name: f'<?xml version="1.0" encoding="UTF-16"?>{text}'.encode("utf-16")
            for name, text in xlsx_parts(ROWS, **OPTIONS).items()
        },
        {
            name: f'<?xml version="1.0" encoding="GB18030"?>\r\n{text}'.encode("gb18030")
            for name, text in xlsx_parts(ROWS, **OPTIONS).items()
        },
    ],
    ids=["strict", "prefixed", "strict and prefixed", "utf-16", "gb18030"],
)
def test_strict_prefixed_and_foreign_encodings_read_like_the_usual_one(
    parts: dict[str, str | bytes],
) -> None:
    assert read(zip_of(parts)) == read_fast(xlsx_of(ROWS, **OPTIONS))


def test_strict_workbooks_may_store_days_as_text() -> None:
    row = "".join(
        f'<c r="{column}1" t="d"><v>{text}</v></c>'
        for column, text in zip(
            "ABCD", ("2026-07-15", "2026-07-15T18:00:00Z", "18:00:00", "下周"), strict=True
        )
    )
    found = read(xlsx_of(f'<row r="1">{row}</row>', namespaces=STRICT)).sheets[0].rows[0]
    assert found == [date(2026, 7, 15), datetime(2026, 7, 15, 18), time(18), "下周"]


def saved(book: openpyxl.Workbook) -> bytes:
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def sample() -> bytes:
    """Return a workbook by openpyxl with one of each kind of value, starting at C5."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "台账"
    for column, value in enumerate(SAMPLE_ROW, 3):
        sheet.cell(5, column, value)
    sheet.cell(6, 3, "第二行\n & <b>'\"")
    sheet["D6"] = "=1/0"
    sheet["E6"] = '=""'
    sheet["F6"] = '="a"&"b"'
    sheet["D8"] = 8
    sheet.row_dimensions[8].hidden = True
    sheet.column_dimensions["E"].hidden = True
    hidden = book.create_sheet("藏")
    hidden["B2"] = "留下"
    hidden.sheet_state = "hidden"
    book.defined_names["f_dues"] = DefinedName("f_dues", attr_text="台账!$D$5", hidden=True)
    return saved(book)


SAMPLE_ROW: tuple[Raw, ...] = (
    *("会费 ①", 12, -0.05, True, date(2026, 7, 15), datetime(2026, 7, 15, 18, 30)),
    *(time(8, 5), timedelta(hours=30), 1234567890123.45, "０12"),
)
SAMPLE = Book(
    "xlsx",
    (
        Sheet(
            "台账",
            "visible",
            [
                *([], [], [], []),
                [None, None, *SAMPLE_ROW],
                [None, None, "第二行\n & <b>'\"", CellFault("error", "#DIV/0!"), None, "ab"],
                [],
                [None, None, None, 8],
            ],
            hidden_rows=(8,),
            hidden_columns=(5,),
        ),
        Sheet("藏", "hidden", [[], [None, "留下"]]),
    ),
)


@pytest.fixture(scope="session")
def converted(soffice: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The sample as LibreOffice saves it, by extension."""
    folder = tmp_path_factory.mktemp("converted")
    source = folder / "sample.xlsx"
    source.write_bytes(sample())
    saved = {kind: folder / f"saved.{kind}" for kind in ("ods", "xls", "xlsx")}
    work(folder, [Job(source, save=list(saved.values()))])
    return {kind: path.read_bytes() for kind, path in saved.items()}


def test_openpyxl_leaves_its_formulas_without_values() -> None:
    book = read(sample())
    assert book.sheets[0].rows[4] == SAMPLE.sheets[0].rows[4]
    assert book.sheets[0].rows[5][3:] == [UNCALCULATED] * 3
    assert typed(book) == typed(read_slowly(sample()))


@pytest.mark.parametrize("kind", ["ods", "xls", "xlsx"])
def test_libreoffice_saves_what_was_there(converted: dict[str, bytes], kind: str) -> None:
    book = read(converted[kind])
    assert book.kind == kind
    assert book.sheets == SAMPLE.sheets
    assert book.names == {"f_dues": ("台账", 5, 3)}


def test_libreoffice_writes_the_plain_spelling(converted: dict[str, bytes]) -> None:
    assert typed(read_fast(converted["xlsx"])) == typed(read_slowly(converted["xlsx"]))


def test_wps_et_is_read_as_the_xls_that_it_is(converted: dict[str, bytes]) -> None:
    """Nothing but the name tells `.et` from `.xls`, and the name is never looked at."""
    assert read(converted["xls"]).kind == "xls"


def test_a_container_that_runs_in_a_circle_is_damaged() -> None:
    """xlrd alone fills the memory with it."""
    with pytest.raises(Refused) as caught:
        read(endless_ole())
    assert caught.value.refusal == refusals.DAMAGED


def test_biff_streams_without_a_container_are_read() -> None:
    def record(code: int, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return code.to_bytes(2, "little") + len(body).to_bytes(2, "little") + body

    def place(row: int, column: int) -> bytes:
        return row.to_bytes(2, "little") + column.to_bytes(2, "little") + b"\0\0\0"

    data = (
        record(0x09, b"\x02\x00\x10\x00")
        + record(0x02, place(1, 2), (12).to_bytes(2, "little"))
        + record(0x04, place(1, 3), b"\x03abc")
        + record(0x05, place(2, 0), b"\x01\x00")
        + record(0x05, place(2, 1), b"\x17\x01")
        + record(0x0A)
    )
    assert read(data).sheets[0].rows == [
        [],
        [None, None, 12, "abc"],
        [True, CellFault("error", "#REF!")],
    ]


FLOAT = 'office:value-type="float" office:value'
CELL = "table:table-cell"


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        (f'<{CELL} {FLOAT}="12.50"><text:p>13</text:p></{CELL}>', 12.5),
        (f'<{CELL} office:value-type="percentage" office:value="0.05"/>', 0.05),
        (f'<{CELL} office:value-type="currency" office:value="1200"/>', 1200),
        (f'<{CELL} office:value-type="boolean" office:boolean-value="true"/>', True),
        (f'<{CELL} office:value-type="date" office:date-value="2026-07-15"/>', date(2026, 7, 15)),
        (
            f'<{CELL} office:value-type="date" office:date-value="2026-07-15T18:00:00"/>',
            datetime(2026, 7, 15, 18),
        ),
        (f'<{CELL} office:value-type="date" office:date-value="20260-07-15"/>', "20260-07-15"),
        (f'<{CELL} office:value-type="time" office:time-value="PT18H30M00S"/>', time(18, 30)),
        (f'<{CELL} office:value-type="time" office:time-value="PT30H"/>', timedelta(hours=30)),
        (
            f'<{CELL} office:value-type="string"><office:annotation><text:p>批注</text:p>'
            '</office:annotation><text:p>甲<text:s text:c="2"/><text:span>乙</text:span></text:p>'
            f"<text:p>丙\n   丁</text:p></{CELL}>",
            "甲  乙\n丙 丁",
        ),
        (f'<{CELL} office:value-type="string" office:string-value="甲"/>', "甲"),
        (f'<{CELL} table:formula="of:=1/0" {FLOAT}="0"><text:p>#DIV/0!</text:p></{CELL}>',
         CellFault("error", "#DIV/0!")),
        (f'<{CELL} calcext:value-type="error"><text:p>#REF!</text:p></{CELL}>',
         CellFault("error", "#REF!")),
        (f'<{CELL} table:formula="of:=[.A1]"/>', UNCALCULATED),
        (f'<{CELL} table:formula="of:=&quot;&quot;"><text:p/></{CELL}>', None),
        (f"<{CELL}/>", None),
    ],
)  # fmt: skip
def test_opendocument_values(xml: str, value: Raw) -> None:
    rows = f"<table:table-row/><table:table-row><{CELL}/>{xml}</table:table-row>"
    found = value_of(read(ods_of(rows)))
    assert (type(found), found) == (type(value), value)


def test_opendocument_repeats_move_on_or_repeat() -> None:
    book = read(
        ods_of(
            '<table:table-column table:number-columns-repeated="2"/>'
            '<table:table-column table:visibility="collapse"/>'
            f'<table:table-row table:number-rows-repeated="2"><{CELL}/></table:table-row>'
            '<table:table-row table:number-rows-repeated="2" table:visibility="filter">'
            f'<{CELL} table:number-columns-repeated="2"/>'
            f'<{CELL} {FLOAT}="7" table:number-columns-repeated="2"/>'
            '<table:covered-table-cell table:number-columns-repeated="16380"/></table:table-row>'
            '<table:table-row table:number-rows-repeated="1048572"/>'
        )
    )
    row = [None, None, 7, 7]
    assert book.sheets == (Sheet("表", "visible", [[], [], row, row], (3, 4), (3,)),)


@pytest.mark.parametrize(
    ("rows", "refusal"),
    [
        (
            f'<table:table-row table:number-rows-repeated="1048576"><{CELL} {FLOAT}="1"/>'
            "</table:table-row>",
            refusals.TOO_MANY_ROWS,
        ),
        (
            f'<table:table-row table:number-rows-repeated="1000"><{CELL} {FLOAT}="1"'
            ' table:number-columns-repeated="16384"/></table:table-row>',
            refusals.TOO_MANY_CELLS,
        ),
        (f'<table:table-row><{CELL} table:number-columns-repeated="99999"/></table:table-row>',
         refusals.DAMAGED),
    ],
)  # fmt: skip
def test_opendocument_repeats_are_counted_before_they_are_made(
    rows: str, refusal: refusals.Refusal
) -> None:
    with pytest.raises(Refused) as caught:
        read(ods_of(rows))
    assert caught.value.refusal.code == refusal.code


def test_opendocument_sheets_are_hidden_by_their_style() -> None:
    style = (
        '<style:style style:name="ta2" style:family="table">'
        '<style:table-properties table:display="false"/></style:style>'
    )
    table = '<table:table table:name="{}" table:style-name="{}"/>'
    parts = ods_parts(table.format("封面", "ta1") + table.format("藏", "ta2"), style)
    assert [sheet.visibility for sheet in read(zip_of(parts)).sheets] == ["visible", "hidden"]


TEXTS = st.text(st.characters(exclude_categories=("C",)) | st.sampled_from("\n\t_x&<>'\""))
NUMBERS = st.integers(-(10**14), 10**14) | st.integers(-(10**13), 10**13).map(lambda fen: fen / 100)
VALUES = st.none() | TEXTS | NUMBERS | st.booleans() | st.dates(date(1900, 3, 1))


@settings(max_examples=60)
@given(st.lists(st.lists(VALUES, max_size=6), max_size=6))
def test_any_grid_comes_back_as_it_was_written(grid: list[list[Raw]]) -> None:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        day = book.add_format({"num_format": 'yyyy"年"m"月"d"日"'})
        sheet = book.add_worksheet()
        for row, values in enumerate(grid):
            for column, value in enumerate(values):
                if isinstance(value, bool):
                    sheet.write_boolean(row, column, value)
                elif isinstance(value, date):
                    sheet.write_datetime(row, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write_number(row, column, value)
    found = read(packed.getvalue())
    assert typed(found) == typed(read_slowly(packed.getvalue()))
    assert found.sheets[0].rows == trimmed(grid)


def trimmed(grid: list[list[Raw]]) -> list[list[Raw]]:
    """Return the grid as a reader gives it: "" is no value, nothing trails."""
    rows = [[None if value == "" else value for value in row] for row in grid]
    for row in rows:
        while row and row[-1] is None:
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


@settings(max_examples=150)
@given(st.data())
def test_a_spoilt_workbook_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    parts = xlsx_parts(ROWS, **OPTIONS)
    name = data.draw(st.sampled_from(sorted(parts)))
    text = str(parts[name])
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 9, len(text))))
    junk = data.draw(st.text(string.printable + "\0\ufffe会", max_size=9))
    spoilt = zip_of(parts | {name: text[:start] + junk + text[end:]})
    try:
        read(spoilt)
    except Refused as refused:
        assert refused.refusal in refusals.CATALOGUE
