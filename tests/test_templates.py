"""Blank workbooks: what a group gets to fill, opened again by openpyxl and by LibreOffice."""

from __future__ import annotations

import dataclasses
import io
import re
import subprocess
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from books import small_tree
from conftest import system_part
from filled import FULL_COVER, FULL_ROWS, expected, judge_bytes
from office import Job, work
from openpyxl.cell.cell import Cell
from openpyxl.workbook.workbook import Workbook as Opened
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.forms.anchors import GUIDE_SHEET
from pipeline.forms.model import Field, Form, Forms, Workbook
from pipeline.forms.workbook import template_name, write_template
from pipeline.forms.workbook_sheet import FormSheet
from pipeline.forms.workbook_verdict import slots_of
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period
from pipeline.safe_text import shown_width
from pipeline.texts import Lang, Text

UNIT = OrgUnit("XZ-0301", "信息技术教研组工会小组", "XZ-03", True)
QUARTER, YEAR = Period.quarter(2026, 3), Period.year(2026)
HEADER = 3
FIRST = 4
FORMATS = {"int": "#,##0", "money": "#,##0.00", "date": "yyyy-mm-dd"}


@pytest.fixture(scope="module")
def quarterly(forms: Forms) -> Workbook:
    return forms.workbooks["quarterly"]


@pytest.fixture(scope="module")
def blank(forms: Forms) -> Callable[[str, Lang], Opened]:
    """Opens the blank workbook of a kind, with a few prepared rows, once a kind and language."""
    opened: dict[tuple[str, Lang], Opened] = {}

    def of(kind: str, lang: Lang = "zh") -> Opened:
        period = YEAR if kind == "plan" else QUARTER
        if (kind, lang) not in opened:
            data = write_template(forms.workbooks[kind], UNIT, period, lang, rows=12)
            opened[kind, lang] = reopen(data)
        return opened[kind, lang]

    return of


def reopen(data: bytes) -> Opened:
    return openpyxl.load_workbook(io.BytesIO(data))


def cover_cells(sheet: Worksheet) -> dict[str, Cell]:
    """The value cell beside each label of a cover."""
    found = {}
    for label, value in sheet.iter_rows(min_row=3, max_col=2):
        if label.value and label.data_type != "f":
            found[str(label.value)] = value
    return found


def entry(sheet: Worksheet, form: Form, key: str, row: int = FIRST) -> Cell:
    return sheet.cell(row, form.positions[key] + 2)


def column_of(cell: Cell) -> ColumnDimension:
    """The column whose format a cell takes as long as nothing is in it."""
    dimensions = cell.parent.column_dimensions.values()
    return next(d for d in dimensions if d.min <= cell.column <= d.max)


def check_on(sheet: Worksheet, cell: Cell) -> DataValidation | None:
    checks = [c for c in sheet.data_validations.dataValidation if cell.coordinate in c.cells]
    assert len(checks) <= 1, f"{cell.coordinate} has several checks"
    return checks[0] if checks else None


def offered(book: Opened, check: DataValidation) -> list[str]:
    """The words of a drop-down, through its defined name."""
    sheet, cells = next(iter(book.defined_names[check.formula1].destinations))
    return [str(cell.value) for row in book[sheet][cells.replace("$", "")] for cell in row]


def form_entries(book: Opened, workbook: Workbook, lang: Lang) -> list[tuple[Field, Cell]]:
    """Every field of a workbook with the cell that takes its first value."""
    found = []
    values = cover_cells(book[workbook.cover.label[lang]])
    for field in workbook.cover.fields:
        found.append((field, values[field.label[lang] + "*" * field.required]))
    for form in workbook.ledgers:
        for field in form.fields:
            found.append((field, entry(book[form.label[lang]], form, field.key)))
    return found


@pytest.mark.parametrize(
    ("kind", "lang", "names"),
    [
        (
            "quarterly",
            "zh",
            ["封面", "活动台账", "会费台账", "走访慰问台账", "填报说明", "字典", "_check", "_meta"],
        ),
        (
            "quarterly",
            "en",
            ["Cover", "Activities", "Dues", "Visits", "Guide", "Lists", "_check", "_meta"],
        ),
        ("plan", "zh", ["封面", "年度计划", "填报说明", "字典", "_check", "_meta"]),
        ("plan", "en", ["Cover", "Plan", "Guide", "Lists", "_check", "_meta"]),
    ],
)
def test_the_sheets_stand_in_the_order_of_the_contract(
    blank: Callable[[str, Lang], Opened], kind: str, lang: Lang, names: list[str]
) -> None:
    book = blank(kind, lang)
    assert book.sheetnames == names
    states = [sheet.sheet_state for sheet in book.worksheets]
    assert states == ["visible"] * (len(names) - 3) + ["hidden", "veryHidden", "veryHidden"]
    assert book.active is book.worksheets[0]


@pytest.mark.parametrize(("kind", "period"), [("quarterly", "2026Q3"), ("plan", "2026")])
def test_meta_says_as_text_what_the_workbook_is(
    blank: Callable[[str, Lang], Opened], kind: str, period: str
) -> None:
    rows = list(blank(kind, "zh")["_meta"].values)
    assert rows == [
        ("template", kind), ("version", "1"), ("unit", "XZ-0301"), ("period", period),
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "period"), [("quarterly", "2026Q3"), ("plan", "2026")])
def test_the_cover_knows_unit_name_and_period_and_nothing_else(
    blank: Callable[[str, Lang], Opened], forms: Forms, kind: str, period: str
) -> None:
    cells = cover_cells(blank(kind, "zh")["封面"])
    label = "报告期*" if kind == "quarterly" else "年度*"
    filled = {name: cell.value for name, cell in cells.items() if cell.value is not None}
    assert filled == {
        "单位编码*": "XZ-0301", "单位名称*": "信息技术教研组工会小组", label: period,
    }  # fmt: skip
    to_fill = cells["填报人*"].fill.fgColor.rgb
    assert all(cells[name].fill.fgColor.rgb != to_fill for name in filled)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["quarterly", "plan"])
def test_headings_carry_a_star_and_another_colour_when_required(
    blank: Callable[[str, Lang], Opened], forms: Forms, kind: str, lang: Lang
) -> None:
    book = blank(kind, lang)
    for form in forms.workbooks[kind].ledgers:
        status, *heads = book[form.label[lang]][HEADER]
        assert status.value == {"zh": "核对", "en": "Check"}[lang]
        written = [cell.value for cell in heads]
        assert written == [f.label[lang] + ("*" if f.required else "") for f in form.fields]
        assert all(cell.font.bold for cell in heads)
        colours = {required: set() for required in (True, False)}
        for field, cell in zip(form.fields, heads, strict=True):
            colours[field.required].add(cell.fill.fgColor.rgb)
        assert len(colours[True]) == len(colours[False]) == 1
        assert colours[True] != colours[False]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["quarterly", "plan"])
def test_every_choice_and_flag_has_a_drop_down_of_its_words(
    blank: Callable[[str, Lang], Opened], forms: Forms, kind: str, lang: Lang
) -> None:
    book = blank(kind, lang)
    for field, cell in form_entries(book, forms.workbooks[kind], lang):
        check = check_on(cell.parent, cell)
        if field.type == "flag":
            words = ["是", "否"] if lang == "zh" else ["Yes", "No"]
        else:
            words = [choice.label[lang] for choice in field.choices]
        if words:
            assert check is not None and check.type == "list"
            assert offered(book, check) == words, field.key
        else:
            assert check is None or check.type != "list"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_hint_is_shown_where_it_is_needed(
    blank: Callable[[str, Lang], Opened], quarterly: Workbook, lang: Lang
) -> None:
    for field, cell in form_entries(blank("quarterly", lang), quarterly, lang):
        check = check_on(cell.parent, cell)
        if field.hint[lang]:
            assert check is not None and check.showInputMessage
            assert check.prompt.endswith(field.hint[lang])
            must = check.prompt.startswith(("必填。", "Required. "))
            assert must is (field.required and not field.prefill), field.key


def test_nobody_is_blocked(blank: Callable[[str, Lang], Opened]) -> None:
    for sheet in blank("quarterly", "zh").worksheets:
        for check in sheet.data_validations.dataValidation:
            if "A4" in check.cells:  # the column that fills itself
                assert (check.type, check.formula1, check.errorStyle) == ("custom", "FALSE", None)
            else:
                assert check.type is None or check.errorStyle in ("warning", "information")


def test_every_heading_shows_its_hint(
    blank: Callable[[str, Lang], Opened], quarterly: Workbook
) -> None:
    for form in quarterly.ledgers:
        sheet = blank("quarterly", "zh")[form.label.zh]
        for field in form.fields:
            check = check_on(sheet, entry(sheet, form, field.key, HEADER))
            assert (check.prompt if check else "") == field.hint.zh
            assert check is None or check.type is None


def test_checks_reach_from_the_first_to_the_last_prepared_row(
    blank: Callable[[str, Lang], Opened], quarterly: Workbook
) -> None:
    sheet, form = blank("quarterly", "zh")["活动台账"], quarterly.ledgers[0]
    for row, checked in ((HEADER, False), (FIRST, True), (FIRST + 11, True), (FIRST + 12, False)):
        check = check_on(sheet, entry(sheet, form, "category", row))
        assert (check is not None and check.type == "list") is checked


def test_a_cell_has_the_format_of_its_type(
    blank: Callable[[str, Lang], Opened], quarterly: Workbook
) -> None:
    for field, cell in form_entries(blank("quarterly", "zh"), quarterly, "zh"):
        styled = cell if cell.parent.title == "封面" else column_of(cell)
        assert styled.number_format == FORMATS.get(field.type, "@"), field.key


@pytest.mark.parametrize("kind", ["quarterly", "plan"])
def test_what_is_to_be_filled_is_open_and_the_rest_protected(
    blank: Callable[[str, Lang], Opened], forms: Forms, kind: str
) -> None:
    book, workbook = blank(kind, "zh"), forms.workbooks[kind]
    for sheet in book.worksheets[:-2]:
        assert sheet.protection.sheet, sheet.title
        assert sheet.protection.password is None
        for allowed in ("formatColumns", "formatRows", "insertRows", "deleteRows", "sort"):
            assert getattr(sheet.protection, allowed) is False, allowed  # False: not forbidden
    for field in workbook.cover.fields:
        cell = cover_cells(book["封面"])[field.label.zh + "*" * field.required]
        assert cell.protection.locked is bool(field.prefill), field.key


@pytest.mark.parametrize("kind", ["quarterly", "plan"])
def test_whole_rows_are_open_so_that_they_can_be_deleted_and_the_head_is_not(
    blank: Callable[[str, Lang], Opened], forms: Forms, kind: str
) -> None:
    for form in forms.workbooks[kind].ledgers:
        sheet = blank(kind, "zh")[form.label.zh]
        spans = [(d.min, d.max) for d in sheet.column_dimensions.values()]
        assert sum(last - first + 1 for first, last in spans) == 16_384
        assert not any(d.protection.locked for d in sheet.column_dimensions.values())
        status = sheet.iter_rows(FIRST, FIRST + 11, max_col=1)
        assert not any(cell.protection.locked for (cell,) in status)
        for row in range(1, HEADER + 1):
            assert sheet.row_dimensions[row].customFormat
            assert sheet.row_dimensions[row].protection.locked
            assert all(cell.protection.locked for cell in sheet[row])


def test_a_prepared_row_is_its_status_and_nothing_else(
    blank: Callable[[str, Lang], Opened],
) -> None:
    rows = blank("quarterly", "zh")["会费台账"].iter_rows(FIRST, values_only=True)
    assert [[value for value in row if value is not None] for row in rows] == [
        ["=status_dues"]
    ] * 12


def test_the_status_column_shows_every_message_whole(
    blank: Callable[[str, Lang], Opened], quarterly: Workbook
) -> None:
    for form in quarterly.ledgers:
        column = column_of(blank("quarterly", "zh")[form.label.zh].cell(FIRST, 1))
        room = column.width * 11 / 9  # its letters are smaller than those a width is counted in
        for slot in slots_of(form, quarterly):
            for words in slot.words.values():
                assert shown_width(f"✗9 {words.zh}") < room, words.zh


def test_a_ledger_is_set_up_for_reading_and_for_paper(
    blank: Callable[[str, Lang], Opened],
) -> None:
    sheet = blank("quarterly", "zh")["走访慰问台账"]
    assert sheet.freeze_panes == "C4"
    assert sheet.sheet_view.selection[-1].activeCell == "B4"  # where filling begins
    assert sheet.print_title_rows == "$3:$3"
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (None, 0)
    assert sheet.oddHeader.left.text == "信息技术教研组工会小组"
    assert sheet.oddHeader.center.text == "走访慰问台账"
    assert sheet.oddHeader.right.text == "2026年第三季度"
    assert sheet.oddFooter.right.text == "第 &P 页，共 &N 页"


def test_prepared_rows_show_nothing_and_the_columns_that_people_fill_are_printed_to_their_end(
    blank: Callable[[str, Lang], Opened],
) -> None:
    book = blank("quarterly", "zh")
    sheet = book["走访慰问台账"]
    for cell in (*sheet[FIRST], *map(column_of, sheet[FIRST])):
        assert (cell.border.left.style, cell.border.bottom.style) == (None, None)
        assert cell.fill.fill_type is None
    rules = [rule for found in sheet.conditional_formatting for rule in found.rules]
    (in_use,) = [rule for rule in rules if rule.formula == ["COUNTA($B4:$P4)>0"]]
    assert in_use.dxf.border.bottom.style == "thin"
    tints = [rule for rule in rules if rule.dxf.fill and rule.formula[0].startswith("bad_")]
    assert {rule.dxf.border.bottom.style for rule in tints} == {"thin"}
    assert sheet.print_area == "'走访慰问台账'!$B$1:$P$1048576"


@pytest.mark.parametrize("name", ["封面", "填报说明"])
def test_cover_and_guide_print_on_one_landscape_page(
    blank: Callable[[str, Lang], Opened], name: str
) -> None:
    sheet = blank("quarterly", "zh")[name]
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (None, None)  # 1 by 1
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_examples_stand_in_the_guide_and_nowhere_else(
    blank: Callable[[str, Lang], Opened], quarterly: Workbook, lang: Lang
) -> None:
    book = blank("quarterly", lang)
    rows = [[str(v or "") for v in row] for row in book[GUIDE_SHEET[lang]].values]
    for form in quarterly.ledgers:
        beginnings = [row[: len(form.fields)] for row in rows]
        for number in range(2):
            assert [example_of(f, number, lang) for f in form.fields] in beginnings, form.key
        assert [f.hint[lang] for f in form.fields] in beginnings
        prepared = book[form.label[lang]].iter_rows(min_row=FIRST, min_col=2, values_only=True)
        assert all(value is None for row in prepared for value in row)


def example_of(field: Field, number: int, lang: Lang) -> str:
    """What the guide shows: an example in the words of its language, a choice as it is offered."""
    example = field.examples[number] if field.examples else Text("", "")
    offered = {choice.value: choice.label for choice in field.choices}
    return offered.get(example.zh, example)[lang]


def test_the_english_guide_has_no_chinese_example(blank: Callable[[str, Lang], Opened]) -> None:
    for kind in ("quarterly", "plan"):
        for row in blank(kind, "en")["Guide"].values:
            assert not re.search("[\u3400-\u9fff]", " ".join(map(str, row))), row


def test_the_guide_numbers_the_notes_of_the_workbook(
    blank: Callable[[str, Lang], Opened], quarterly: Workbook
) -> None:
    texts = [str(row[0].value) for row in blank("quarterly", "zh")["填报说明"].iter_rows()]
    for number, line in enumerate(quarterly.notes.zh.strip().splitlines(), 1):
        assert f"{number}. {line}" in texts


def test_values_go_in_as_a_person_would_type_them(quarterly: Workbook) -> None:
    cover = {"staff": 46, "fill_date": date(2026, 10, 8), "nil_dues": True, "phone": "013800"}
    dues = {"month": "2026-07", "member_id": "00123456789012345678", "due": Decimal("22.80"),
            "paid": Decimal("22.80"), "status": "新入会", "pay_date": date(2026, 7, 15)}  # fmt: skip
    data = write_template(quarterly, UNIT, QUARTER, rows=2, cover=cover, records={"dues": [dues]})
    book = reopen(data)
    cells = cover_cells(book["封面"])
    sheet, form = book["会费台账"], quarterly.ledgers[1]
    typed = {
        "staff": cells["职工人数*"], "fill_date": cells["填报日期*"],
        "nil_dues": cells["会费零报告"], "phone": cells["联系电话"],
        **{key: entry(sheet, form, key) for key in dues},
    }  # fmt: skip
    assert {key: (cell.data_type, cell.value) for key, cell in typed.items()} == {
        "staff": ("n", 46),
        "fill_date": ("d", datetime(2026, 10, 8)),
        "nil_dues": ("s", "是"),
        "phone": ("s", "013800"),
        "month": ("s", "2026-07"),
        "member_id": ("s", "00123456789012345678"),
        "due": ("n", 22.8),
        "paid": ("n", 22.8),
        "status": ("s", "新入会"),
        "pay_date": ("d", datetime(2026, 7, 15)),
    }
    assert typed["due"].number_format == "#,##0.00"
    assert not typed["due"].protection.locked


def test_choices_and_flags_go_in_in_the_language_of_the_workbook(quarterly: Workbook) -> None:
    data = write_template(
        quarterly, UNIT, QUARTER, "en", rows=1,
        cover={"nil_dues": False, "submit_type": "更正"},
        records={"activities": [{"category": "文体活动", "result": "文体活动"}]},
    )  # fmt: skip
    book = reopen(data)
    cells = cover_cells(book["Cover"])
    assert (cells["No dues"].value, cells["Kind of report"].value) == ("No", "Correction")
    sheet, form = book["Activities"], quarterly.ledgers[0]
    assert entry(sheet, form, "category").value == "Culture and sports"
    assert entry(sheet, form, "result").value == "文体活动"


def test_a_row_is_as_high_as_its_words_need_in_the_language_of_the_workbook(
    quarterly: Workbook,
) -> None:
    records = {"visits": [{"visit_type": "送清凉"}]}  # in English two lines, “Summer coolness”
    one, two = (
        reopen(write_template(quarterly, UNIT, QUARTER, lang, rows=2, records=records))[sheet]
        for lang, sheet in (("zh", "走访慰问台账"), ("en", "Visits"))
    )
    assert one.row_dimensions[FIRST].height is None
    assert two.row_dimensions[FIRST].height > 30


def test_a_text_in_a_number_cell_stays_text(quarterly: Workbook) -> None:
    records = {"activities": [{"attended": "约40", "cost": "1,200.00"}]}
    sheet = reopen(write_template(quarterly, UNIT, QUARTER, rows=1, records=records))["活动台账"]
    cells = [entry(sheet, quarterly.ledgers[0], key) for key in ("attended", "cost")]
    assert [(cell.data_type, cell.value) for cell in cells] == [("s", "约40"), ("s", "1,200.00")]


def test_more_records_than_prepared_rows_all_go_in(quarterly: Workbook) -> None:
    records = {"dues": [{"member_id": f"M{n:03d}"} for n in range(30)]}
    sheet = reopen(write_template(quarterly, UNIT, QUARTER, rows=5, records=records))["会费台账"]
    form = quarterly.ledgers[1]
    assert entry(sheet, form, "member_id", FIRST + 29).value == "M029"
    assert check_on(sheet, entry(sheet, form, "status", FIRST + 29)) is not None


@pytest.mark.parametrize(
    "given",
    [
        {"cover": {"stuff": 1}},
        {"records": {"due": []}},
        {"records": {"dues": [{"month": "2026-07"}, {"payed": 1}]}},
    ],
)
def test_a_key_that_does_not_exist_is_refused(
    quarterly: Workbook, given: dict[str, dict[str, object]]
) -> None:
    with pytest.raises(KeyError):
        write_template(quarterly, UNIT, QUARTER, rows=1, **given)


@pytest.mark.parametrize(
    "text", ["=1+1", "http://example.org", "+86 1", "@name", "{=A1}", "<b>&amp;", "mailto:a@b.c"]
)
def test_no_text_becomes_a_formula_or_a_link(quarterly: Workbook, text: str) -> None:
    unit = dataclasses.replace(UNIT, name=text)
    records = {"visits": [{"target_name": text}]}
    book = reopen(write_template(quarterly, unit, QUARTER, rows=1, records=records))
    cells = [
        cover_cells(book["封面"])["单位名称*"],
        entry(book["走访慰问台账"], quarterly.ledgers[2], "target_name"),
    ]
    assert [(c.data_type, c.value, c.hyperlink) for c in cells] == [("s", text, None)] * 2


def test_an_ampersand_in_a_name_is_printed_as_one(quarterly: Workbook) -> None:
    unit = dataclasses.replace(UNIT, name="工会&协会")
    sheet = reopen(write_template(quarterly, unit, QUARTER, rows=1))["封面"]
    assert sheet.oddHeader.left.text == "工会＆协会"  # where &协 would be a code


def test_long_hints_and_labels_are_cut_to_what_excel_takes(quarterly: Workbook) -> None:
    long = dataclasses.replace(quarterly.cover.fields[3].hint, zh="很长的提示" * 100)
    field = dataclasses.replace(quarterly.cover.fields[3], label=long, hint=long)
    fields = (*quarterly.cover.fields[:3], field, *quarterly.cover.fields[4:])
    cover = dataclasses.replace(quarterly.cover, fields=fields)
    book = reopen(
        write_template(dataclasses.replace(quarterly, cover=cover), UNIT, QUARTER, rows=1)
    )
    check = check_on(book["封面"], cover_cells(book["封面"])[long.zh])
    assert check is not None
    assert (len(check.promptTitle), len(check.prompt)) == (32, 255)
    assert check.prompt.endswith("…")


def test_equal_arguments_give_equal_bytes(quarterly: Workbook) -> None:
    def write(unit: OrgUnit) -> bytes:
        return write_template(quarterly, unit, QUARTER, rows=3, cover={"staff": 46})

    assert write(UNIT) == write(UNIT)
    assert write(UNIT) != write(dataclasses.replace(UNIT, code="XZ-0302"))
    assert reopen(write(UNIT)).properties.created == datetime(2026, 7, 1)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_formulas_are_written_as_xlsxwriter_would_spell_them(
    forms: Forms, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    for workbook in forms.workbooks.values():
        ours = write_template(workbook, UNIT, QUARTER, lang, rows=3)
        with monkeypatch.context() as patch:
            patch.delattr(FormSheet, "_prepare_formula")
            assert write_template(workbook, UNIT, QUARTER, lang, rows=3) == ours


def test_five_hundred_prepared_rows_stay_a_small_file(quarterly: Workbook) -> None:
    data = write_template(quarterly, UNIT, QUARTER)
    assert len(data) < 150_000
    sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True)["会费台账"]
    assert sheet.calculate_dimension() == "A1:L503"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("信息技术组", "X-1_信息技术组_2026Q3.xlsx"),
        ("教研一/二组", "X-1_教研一-二组_2026Q3.xlsx"),
        ('a<b>c:d"e\\f|g?h*i', "X-1_a-b-c-d-e-f-g-h-i_2026Q3.xlsx"),
        ("一\n二\t三", "X-1_一-二-三_2026Q3.xlsx"),
        (" 组. ", "X-1_组_2026Q3.xlsx"),
        ("组" * 100, f"X-1_{'组' * 50}_2026Q3.xlsx"),
    ],
)
def test_the_file_name_is_safe_everywhere(name: str, expected: str) -> None:
    assert template_name(OrgUnit("X-1", name, "X", True), QUARTER) == expected


def test_libreoffice_prints_a_page_a_sheet_and_whatever_is_filled(
    quarterly: Workbook, soffice: str, tmp_path: Path
) -> None:
    book, blank, filled = (tmp_path / name for name in ("b.xlsx", "blank.pdf", "filled.pdf"))
    book.write_bytes(write_template(quarterly, UNIT, QUARTER))
    far_down = ["type", "走访慰问台账", "D700", "维修班全体"]  # far below the prepared rows
    work(tmp_path, [Job(book, [], [blank]), Job(book, [far_down], [filled])])

    *ledgers, guide = pages(blank)[1:]
    assert [page.split()[1] for page in ledgers] == [form.label.zh for form in quarterly.ledgers]
    assert "填报说明" in guide
    with_row = pages(filled)
    assert len(with_row) == 6  # none for the rows between, which are blank
    assert "维修班全体" in with_row[-2]


def pages(pdf: Path) -> list[str]:
    """The words on each page of a PDF."""
    command = [system_part("pdftotext"), "-layout", str(pdf), "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def test_the_english_edition_filled_from_its_own_lists_is_read_without_a_word(
    forms: Forms, quarterly: Workbook
) -> None:
    cover = {**FULL_COVER, "nil_activities": False, "nil_dues": False, "nil_visits": False}
    unit = small_tree().units["U1"]
    data = write_template(quarterly, unit, QUARTER, "en", rows=3, cover=cover, records=FULL_ROWS)
    submission, ours = judge_bytes(forms, data), expected(forms)
    assert submission.ledgers == ours.ledgers
    assert [i.code for i in submission.issues] == [i.code for i in ours.issues]
