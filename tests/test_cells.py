"""The table of cell readings (contract 5): one test a row, and more of the same kind."""

import doctest
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.books import raw
from pipeline.books.raw import CellFault, as_typed, is_blank, is_blank_mark
from pipeline.intake import cells
from pipeline.intake.cells import (
    Reading,
    read_choice,
    read_date,
    read_flag,
    read_int,
    read_money,
    read_month,
    read_text,
)
from pipeline.texts import Text

START, END = date(2026, 7, 1), date(2026, 9, 30)
SPELLINGS = {"当月": "当月", "补缴": "补缴", "补交": "补缴", "预缴": "预缴", "qq群": "QQ群"}

READERS = {
    "int": read_int,
    "money": read_money,
    "date": lambda cell: read_date(cell, START, END),
    "month": lambda cell: read_month(cell, START, END),
    "flag": read_flag,
    "text": read_text,
    "choice": lambda cell: read_choice(cell, SPELLINGS),
}


def assert_read(reading, value, code):
    assert (reading.value, reading.code) == (value, code)
    assert type(reading.value) is type(value)
    assert (reading.reason is None) == (code == "")


def assert_refused(reading, because, code="R-02"):
    assert (reading.value, reading.code) == (None, code)
    assert because in reading.reason.zh


# int


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        (12, 12, ""),
        (12.0, 12, ""),
        (0, 0, ""),
        (-0.0, 0, ""),
        (-3, -3, ""),
        (11.9999999999999, 12, ""),
        ("12", 12, "R-08"),
        (" 12\u3000", 12, "R-08"),
        ("１２", 12, "R-08"),
        ("12.0", 12, "R-08"),
        ("-3", -3, "R-08"),
        ("－3", -3, "R-08"),
        ("−3", -3, "R-08"),
        ("+3", 3, "R-08"),
        ("12人", 12, "R-08"),
        ("12 人次", 12, "R-08"),
        ("12\n人", 12, "R-08"),
        ("12\u200b人", 12, "R-08"),
        ("5位", 5, "R-08"),
        ("12名会员", 12, "R-08"),
        ("3户", 3, "R-08"),
        ("3 场次", 3, "R-08"),
        ("66条", 66, "R-08"),
        ("共12人", 12, "R-08"),
        ("1,200", 1200, "R-08"),
        ("１，２００", 1200, "R-08"),
        ("1,234,567", 1234567, "R-08"),
        ("十二", 12, "R-08"),
        ("二位", 2, "R-08"),
        ("两", 2, "R-08"),
        ("一百二十", 120, "R-08"),
        ("1千", 1000, "R-08"),
        ("1.2千", 1200, "R-08"),
        ("2万", 20000, "R-08"),
        ("2000万", 20_000_000, "R-08"),
        ("1万2千", 12000, "R-08"),
        ("约40", 40, "R-07"),
        ("40余人", 40, "R-07"),
        ("40多人", 40, "R-07"),
        ("近40", 40, "R-07"),
        ("大约40人", 40, "R-07"),
        ("40左右", 40, "R-07"),
        ("40人左右", 40, "R-07"),
        ("约四十人", 40, "R-07"),
        ("10余户", 10, "R-07"),
        ("十余户", 10, "R-07"),
        ("十几人", 10, "R-07"),
        ("百余人", 100, "R-07"),
        ("1.5万余人", 15000, "R-07"),
        ("十多万人", 100_000, "R-07"),
    ],
)
def test_int_is_read(cell, value, code):
    assert_read(read_int(cell), value, code)


@pytest.mark.parametrize(
    ("cell", "because"),
    [
        (12.5, "不是整数"),
        ("12.5", "不是整数"),
        ("约12.5", "不是整数"),
        ("1O", "字母 O"),
        ("l2", "字母 l"),
        ("1e5", "字母 E"),
        ("95%以上", "比例"),
        ("5%", "比例"),
        ("５％", "比例"),
        ("百分之五", "比例"),
        ("九成", "比例"),
        ("若干", "没有写出确切的数"),
        ("几十人", "没有写出确切的数"),
        ("1几", "没有写出确切的数"),
        ("数十", "没有写出确切的数"),
        ("40-50", "范围"),
        ("40~50人", "范围"),
        ("40至50", "范围"),
        ("两三人", "范围"),
        ("三四十人", "范围"),
        ("2人+3人", "算式"),
        ("20×3", "算式"),
        ("40以上", "上限或下限"),
        ("不到40人", "上限或下限"),
        ("≥95", "上限或下限"),
        ("4期/月", "单价或平均数"),
        ("每人2次", "单价或平均数"),
        ("1,20", "逗号"),
        ("1,2000", "逗号"),
        ("12,00", "逗号"),
        ("12 30", "不止一个数"),
        ("12  30", "不止一个数"),
        ("1, 200", "不止一个数"),
        ("男10女12", "不止一个数"),
        ("12人(含女3人)", "不止一个数"),
        ("10/12", "不止一个数"),
        ("一百二", "没有写全"),
        ("二〇", "没有写全"),
        ("20十", "没有写全"),
        ("12元", "“元”"),
        ("12班", "“班”"),
        ("12²", "“²”"),
        ("①", "不是数字"),
        ("½", "不是数字"),
        ("全员", "没有写出确切的数"),
        ("abc", "不是数字"),
        ("人", "不是数字"),
        ("9" * 16, "太大"),
        (1e15, "太大"),
        pytest.param(10**5000, "太大", id="5001 digits"),
        (True, "不是数字"),
        (float("nan"), "不是数字"),
        (float("inf"), "不是数字"),
        (date(2026, 7, 15), "是日期"),
        (time(9, 30), "是日期或时间"),
        (timedelta(hours=12), "是日期或时间"),
        ("很" * 500, "不是数字"),
    ],
)
def test_int_is_refused_with_the_fitting_reason(cell, because):
    assert_refused(read_int(cell), because)


def test_a_letter_in_a_number_is_shown_with_the_number_it_looks_like():
    assert read_int("12O").reason == Text(
        "“12O” 里有字母 O，不是数字。请只填数字，例如 120。",
        "“12O” has the letter O in it and is not a number. Please enter digits only, e.g. 120.",
    )


# money


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        (1200, "1200.00", ""),
        (1200.5, "1200.50", ""),
        (0.1 + 0.2, "0.30", ""),
        (1.005e7, "10050000.00", ""),
        (12345678.900000002, "12345678.90", ""),
        (-0.0, "0.00", ""),
        (-50, "-50.00", ""),
        ("1200", "1200.00", "R-08"),
        ("1,200.00", "1200.00", "R-08"),
        ("￥1200", "1200.00", "R-08"),
        ("¥1,200", "1200.00", "R-08"),
        ("1200元", "1200.00", "R-08"),
        ("1200元整", "1200.00", "R-08"),
        ("1200块", "1200.00", "R-08"),
        ("人民币1200元", "1200.00", "R-08"),
        ("1.2千元", "1200.00", "R-08"),
        ("0.2万元", "2000.00", "R-08"),
        ("０．２万元", "2000.00", "R-08"),
        ("7千", "7000.00", "R-08"),
        ("2000万", "20000000.00", "R-08"),
        ("12.30", "12.30", "R-08"),
        (".5", "0.50", "R-08"),
        ("0.30000000000000004", "0.30", "R-08"),
        ("-50", "-50.00", "R-08"),
        ("¥-50", "-50.00", "R-08"),
        ("-¥50", "-50.00", "R-08"),
        ("一千二百元", "1200.00", "R-08"),
        ("壹仟贰佰元整", "1200.00", "R-08"),
        ("约60元", "60.00", "R-07"),
        ("60多元", "60.00", "R-07"),
        ("5000多元", "5000.00", "R-07"),
        ("2千多元", "2000.00", "R-07"),
        ("1.2万多元", "12000.00", "R-07"),
        ("千余元", "1000.00", "R-07"),
        ("60元左右", "60.00", "R-07"),
        ("一千左右", "1000.00", "R-07"),
    ],
)
def test_money_is_read_to_the_fen(cell, value, code):
    reading = read_money(cell)
    assert_read(reading, Decimal(value), code)
    assert str(reading.value) == value


@pytest.mark.parametrize(
    ("cell", "because"),
    [
        ("1200/人", "单价"),
        ("30元/人", "单价"),
        ("约60元/份", "单价"),
        ("人均30元", "单价"),
        ("一千左右吧", "没有写出确切的数"),
        ("若干", "没有写出确切的数"),
        ("12.345", "两位"),
        (12.345, "两位"),
        (12.30000001, "两位"),
        ("1.2345678万", "两位"),
        ("(50)", "括号"),
        ("（50）", "括号"),
        ("5%", "比例"),
        ("500-800", "范围"),
        ("300+200", "算式"),
        ("500元以内", "上限或下限"),
        ("1,20", "逗号"),
        ("12元5角", "不止一个数"),
        ("12美元", "“美元”"),
        ("1200人", "“人”"),
        ("1200元(含税)", "“元(含税)”"),
        ("$12", "不是数字"),
        (1e14, "太大"),
        (float("nan"), "不是数字"),
        (False, "不是数字"),
        (datetime(2026, 7, 15), "是日期"),
    ],
)
def test_money_is_refused_with_the_fitting_reason(cell, because):
    assert_refused(read_money(cell), because)


# flag, choice


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("是", True, ""),
        (" 否\u3000", False, ""),
        (True, True, ""),
        (False, False, ""),
        *((cell, True, "R-08") for cell in ("√", "✓", "✔", "Y", "y", "Ｙ", "yes", "TRUE", "true")),
        *((cell, False, "R-08") for cell in ("×", "✗", "✘", "x", "N", "n", "no", "False")),
    ],
)
def test_flag_is_read(cell, value, code):
    assert_read(read_flag(cell), value, code)


@pytest.mark.parametrize("cell", [1, 0, 1.0, "1", "0", "有", "是的", "？", date(2026, 7, 1)])
def test_flag_is_refused_where_yes_and_no_are_unclear(cell):
    assert_refused(read_flag(cell), "“是”还是“否”")


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("当月", "当月", ""),
        (" 当月\n", "当月", ""),
        ("QQ群", "QQ群", ""),
        ("补交", "补缴", "R-08"),
        ("ＱＱ群", "QQ群", "R-08"),
        ("qq群", "QQ群", "R-08"),
    ],
)
def test_choice_is_read(cell, value, code):
    assert_read(read_choice(cell, SPELLINGS), value, code)


def test_choice_names_the_nearest_one():
    assert_refused(read_choice("补款", SPELLINGS), "是否想填“补缴”", "R-03")


@pytest.mark.parametrize("cell", ["工资", 3, date(2026, 7, 1), True])
def test_choice_lists_all_where_none_is_near(cell):
    assert_refused(read_choice(cell, SPELLINGS), "选择：当月、补缴、预缴、QQ群。", "R-03")


# text


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("趣味运动会", "趣味运动会", ""),
        (" \u3000趣味运动会\u200b ", "趣味运动会", ""),
        ("第一项\n第二项", "第一项\n第二项", ""),
        ("张　三", "张　三", ""),
        ("无", "无", ""),
        ("1O", "1O", ""),
        ("110101199001011234", "110101199001011234", ""),
        ("#1 会议室", "#1 会议室", ""),
        (46, "46", ""),
        (46.0, "46", ""),
        (46.5, "46.5", ""),
        (0.1 + 0.2, "0.3", ""),
        (13800138000.0, "13800138000", ""),
        (999_999_999_999_999.0, "999999999999999", ""),
        (date(2026, 7, 1), "2026-07-01", "R-08"),
        (datetime(2026, 7, 1), "2026-07-01", "R-08"),
        (datetime(2026, 7, 1, 8, 30), "2026-07-01 08:30:00", "R-08"),
        (time(8, 30), "08:30:00", "R-08"),
        (timedelta(hours=26), "26:00:00", "R-08"),
        (True, "是", "R-08"),
        ("运动\x01会", "运动会", "R-08"),
    ],
)
def test_text_is_read_as_typed(cell, value, code):
    assert_read(read_text(cell), value, code)


@pytest.mark.parametrize("cell", [110101199001011234.0, 110101199001011234, 1e15, -1e15])
def test_a_number_of_more_than_15_digits_is_already_damaged(cell):
    assert_refused(read_text(cell), "改成“文本”")


# any type


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("cell", [None, "", " ", "\u3000\xa0", "\n\t", "\u200b\ufeff"])
def test_blank_is_blank_in_every_type(kind, cell):
    assert READERS[kind](cell) == Reading(None)
    assert is_blank(cell)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("#REF!", "引用的单元格已不存在"),
        ("#DIV/0!", "除数是零"),
        ("#N/A", "没有找到"),
        ("#VALUE!", "不是数字"),
        ("#GETTING_DATA", "没有算出结果"),
    ],
)
def test_an_error_value_is_refused_in_every_type(kind, text, cause):
    assert_refused(READERS[kind](CellFault("error", text)), cause, "R-05")


@pytest.mark.parametrize("kind", READERS)
def test_an_error_value_pasted_as_text_is_refused_too(kind):
    assert_refused(READERS[kind](" #REF! "), "“#REF!” 是公式出错的结果", "R-05")


@pytest.mark.parametrize("kind", READERS)
def test_a_formula_without_a_value_is_refused_in_every_type(kind):
    assert_refused(READERS[kind](CellFault("uncalculated")), "保存一次", "R-06")


@pytest.mark.parametrize("cell", [0, 0.0, "0", False, "无", "-", CellFault("uncalculated")])
def test_zero_and_marks_are_not_blank(cell):
    assert not is_blank(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "—",
        "-",
        "--",
        "/",
        "无",
        "暂无",
        "N/A",
        "–",
        "―",
        "——",
        "－",
        "／",
        "空",
        "n/a",
        " 无 ",
        "Ｎ／Ａ",
    ],
)
def test_marks_for_nothing(cell):
    assert is_blank_mark(cell)


@pytest.mark.parametrize("cell", ["", " ", "无锡", "-3", "1/2", "0", 0, None, "没有问题", "-" * 50])
def test_what_is_no_mark_for_nothing(cell):
    assert not is_blank_mark(cell)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, ""),
        (" 12人 ", "12人"),
        (12.0, "12"),
        (12.50, "12.5"),
        (110101199001011234.0, "110101199001011232"),
        (True, "TRUE"),
        (date(2026, 7, 15), "2026-07-15"),
        (datetime(2026, 7, 15), "2026-07-15"),
        (time(9, 30), "09:30:00"),
        (timedelta(days=1, minutes=5), "24:05:00"),
        (CellFault("error", "#REF!"), "#REF!"),
        (CellFault("uncalculated"), ""),
        ("a\x00b\ud800", "ab"),
    ],
)
def test_cells_are_quoted_as_people_see_them(cell, shown):
    assert as_typed(cell) == shown


def test_long_values_are_quoted_short_and_on_one_line():
    reason = read_int("第一行\n" + "很" * 100).reason
    assert reason.zh.startswith("“第一行 很很") and "…”" in reason.zh and len(reason.zh) < 80


ERRORS = {"R-02", "R-03", "R-05", "R-06"}
TYPES = {
    "int": int,
    "money": Decimal,
    "date": date,
    "month": str,
    "flag": bool,
    "text": str,
    "choice": str,
}
TYPED_TEXT = st.lists(
    st.sampled_from(
        [*"0123456789.,-/%¥约余多人元年月日号十百千万亿零两几 \n", "20", "７", "²", "{a}"]
    )
).map("".join)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "No", "Nl", "Nd", "Sc"])),
    TYPED_TEXT,
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.builds(CellFault, st.sampled_from(["error", "uncalculated"]), st.text()),
)


@given(cell=ANYTHING, days=st.tuples(st.dates(), st.dates()))
def test_no_cell_raises_and_values_are_of_their_type(cell, days):
    readings = {kind: read(cell) for kind, read in READERS.items()}
    readings["date"], readings["month"] = read_date(cell, *days), read_month(cell, *days)
    for kind, reading in readings.items():
        assert reading.value is None or type(reading.value) is TYPES[kind]
        assert (reading.reason is None) == (reading.code == "")
        if reading.value is None and reading.code in ("", "R-08"):
            assert not as_typed(cell)
        if reading.code in ERRORS:
            assert reading.value is None
        if reading.reason:
            assert reading.reason.zh and reading.reason.en
    is_blank_mark(cell)


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_whole_numbers_come_back_from_cell_and_text(number):
    assert read_int(number).value == read_int(str(number)).value == number
    assert read_int(float(number)) == Reading(number)
    assert read_int(f"{number:,}").value == number


@given(st.integers(-(10**14) + 1, 10**14 - 1))
def test_amounts_come_back_to_the_fen_from_cell_and_text(fen):
    amount = Decimal(fen).scaleb(-2)
    assert read_money(float(amount)) == Reading(amount)
    assert read_money(f"{amount:,.2f}元").value == amount


@given(st.integers(1, 10**6), st.sampled_from(["+", "-", "*", "/"]), st.integers(1, 999))
def test_two_numbers_are_never_read_as_one(left, sign, right):
    for text in (f"{left}{sign}{right}", f"{left} {right}", f"{left}人{sign}{right}人"):
        assert_refused(read_int(text), "")
        assert_refused(read_money(text), "")


@given(TYPED_TEXT)
def test_spaces_around_never_change_a_reading(text):
    for read in (read_int, read_money, READERS["date"], READERS["month"]):
        assert read(f" \u3000{text}\u200b").value == read(text).value


@pytest.mark.parametrize("module", [cells, raw])
def test_the_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
