"""Days and months as people write them, read within the period of their workbook."""

import doctest
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake import dates
from pipeline.intake.cells import Reading, read_date, read_month

START, END = date(2026, 7, 1), date(2026, 9, 30)
DAY = date(2026, 7, 15)
SERIAL_ZERO = date(1899, 12, 30)
DAYS = st.dates(date(1950, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    "cell",
    [DAY, datetime(2026, 7, 15), datetime(2026, 7, 15, 23, 59), 46218, 46218.0, 46218.5, 20260715],
)
def test_date_cells_and_numbers_are_no_change(cell):
    assert read_date(cell, START, END) == Reading(DAY)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-07-15",
        "2026/7/15",
        "2026.7.15",
        "20260715",
        "2026年7月15日",
        "2026年07月15日",
        "2026 年 7 月 15 日",
        "2026年7月15号",
        "2026年7月15",
        "２０２６－７－１５",
        "2026—7—15",
        "26.7.15",
        "26-7-15",
        "26年7月15日",
        "二〇二六年七月十五日",
        "二零二六年七月十五日",
        "7月15日",
        "7月15号",
        "07月15日",
        "7.15",
        "７．１５",
        "七月十五日",
        "2026-07-15 00:00:00",
        "2026-07-15T08:30:00",
        "2026/7/15 8:30",
        "2026年7月15日 9时30分",
        "2026年7月15日 星期三",
        "2026年7月15日（周三）",
        "7月15日上午9:30",
        "7月15日下午",
        " 2026-07-15\u3000",
    ],
)
def test_date_text_is_read_and_noted(cell):
    reading = read_date(cell, START, END)
    assert (reading.value, reading.code) == (DAY, "R-08")


@pytest.mark.parametrize(
    ("cell", "because"),
    [
        ("2026-02-30", "2026 年 2 月没有 30 日"),
        ("2月29日", "2026 年 2 月没有 29 日"),
        ("20260231", "没有 31 日"),
        (20260231, "没有 31 日"),
        ("2026-13-01", "没有这个月"),
        ("13月1日", "没有这个月"),
        ("7月0日", "没有 0 日"),
        ("7月", "没有写明是哪一天"),
        ("2026年7月", "没有写明是哪一天"),
        ("2026-07", "没有写明是哪一天"),
        ("2026", "没有写明是哪一天"),
        ("七月中旬", "没有写明是哪一天"),
        ("7月底", "没有写明是哪一天"),
        ("20xx", "哪一年"),
        ("20XX年7月1日", "哪一年"),
        ("××年7月1日", "哪一年"),
        ("26/7/15", "哪一年"),
        ("15.7.16", "哪一年"),
        ("07/08/2026", "分不清月和日"),
        ("15.7.2026", "分不清月和日"),
        ("7/8", "分不清月和日"),
        ("7-8", "分不清月和日"),
        (7.15, "7 月 10 日"),
        (7.1, "7 月 10 日"),
        (2026, "是数字"),
        (0, "是数字"),
        (-1, "是数字"),
        (1e300, "是数字"),
        ("7月1日-3日", "不止一个日期"),
        ("7.1-7.3", "不止一个日期"),
        ("7月1、2日", "不止一个日期"),
        ("2026-07-01至2026-07-03", "不止一个日期"),
        ("正月初八", "农历"),
        ("1949-12-31", "1950 到 2100"),
        ("2101-01-01", "1950 到 2100"),
        (date(1900, 1, 1), "1950 到 2100"),
        (datetime(2101, 1, 1), "1950 到 2100"),
        ("2026-07-1530", "不是日期"),
        ("2026-07-15①", "不是日期"),
        ("昨天", "不是日期"),
        (True, "不是日期"),
        (time(9, 0), "不是日期"),
        (timedelta(days=1), "不是日期"),
        (float("nan"), "不是日期"),
        ("7" * 500, "不是日期"),
    ],
)
def test_date_is_refused_with_the_fitting_reason(cell, because):
    reading = read_date(cell, START, END)
    assert (reading.value, reading.code) == (None, "R-02")
    assert because in reading.reason.zh


def test_the_example_in_a_reason_lies_in_the_period():
    assert "2026-07-01" in read_date("7月", START, END).reason.zh
    assert "2026-07" in read_month("13月", START, END).reason.zh


SCHOOL_YEAR = date(2026, 9, 1), date(2027, 8, 31)


@pytest.mark.parametrize(
    ("cell", "period", "value"),
    [
        ("元月8日", (date(2026, 1, 1), date(2026, 3, 31)), date(2026, 1, 8)),
        ("12月28日", (START, END), date(2026, 12, 28)),
        ("10月8日", SCHOOL_YEAR, date(2026, 10, 8)),
        ("3月8日", SCHOOL_YEAR, date(2027, 3, 8)),
        ("9月1日", SCHOOL_YEAR, date(2026, 9, 1)),
        ("8月31日", SCHOOL_YEAR, date(2027, 8, 31)),
        ("2月29日", (date(2027, 9, 1), date(2028, 8, 31)), date(2028, 2, 29)),
    ],
)
def test_without_a_year_the_day_falls_in_the_period_or_the_year_of_its_end(cell, period, value):
    assert read_date(cell, *period).value == value


@given(DAYS)
def test_every_day_comes_back_however_it_is_written(day):
    digits = f"{day:%Y%m%d}"
    serial = (day - SERIAL_ZERO).days
    for cell in (day, serial, float(serial) + 0.25, int(digits)):
        assert read_date(cell, START, END) == Reading(day)
    for text in (day.isoformat(), digits, f"{day.year}年{day.month}月{day.day}日"):
        assert read_date(text, START, END).value == day


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_without_a_year_every_day_of_the_year_comes_back(day):
    for text in (f"{day.month}月{day.day}日", f"{day.month}.{day.day}"):
        assert read_date(text, START, END).value == day


@given(st.floats(max_value=18263.99) | st.floats(min_value=73416))
def test_other_numbers_than_serials_are_no_dates(number):
    if not 19500101 <= number <= 21001231:
        assert read_date(number, START, END).code == "R-02"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2026-07", ""),
        (" 2026-07\u3000", ""),
        (7, ""),
        (7.0, ""),
        (202607, ""),
        (DAY, ""),
        (datetime(2026, 7, 15), ""),
        *(
            (text, "R-08")
            for text in (
                *("7", "07", "７", "7月", "7月份", "七月", "2026年7月", "2026年7月份", "2026/7"),
                *("2026-7", "2026.07", "2026.7", "202607", "26年7月", "二〇二六年七月"),
                *("2026年七月", "2026 年 7 月", "2026-07-15", "2026年7月15日"),
            )
        ),
    ],
)
def test_month_is_read(cell, code):
    reading = read_month(cell, START, END)
    assert (reading.value, reading.code) == ("2026-07", code)


@pytest.mark.parametrize(
    ("cell", "because"),
    [
        ("13月", "没有这个月"),
        ("2026-13", "没有这个月"),
        ("2026-00", "没有这个月"),
        (0, "没有这个月"),
        ("0", "没有这个月"),
        (13, "没有这个月"),
        (202613, "没有这个月"),
        (7.5, "不是月份"),
        ("7.5", "不是月份"),
        (2026.07, "不是月份"),
        (46218, "不是月份"),
        (2026, "不是月份"),
        (-7, "不是月份"),
        ("第三季度", "不是一个月份"),
        ("2026Q3", "不是一个月份"),
        ("上半年", "不是一个月份"),
        ("7-9月", "不止一个"),
        ("7、8月", "不止一个"),
        ("7月至9月", "不止一个"),
        ("07-2026", "年份写在最前面"),
        ("20xx年7月", "哪一年"),
        ("1949-10", "1950 到 2100"),
        (date(1949, 10, 1), "1950 到 2100"),
        ("暑假", "不是月份"),
        ("⑦月", "不是月份"),
        (True, "不是月份"),
        (time(9, 0), "不是月份"),
        (float("inf"), "不是月份"),
    ],
)
def test_month_is_refused_with_the_fitting_reason(cell, because):
    reading = read_month(cell, START, END)
    assert (reading.value, reading.code) == (None, "R-02")
    assert because in reading.reason.zh


@pytest.mark.parametrize(
    ("cell", "period", "value"),
    [
        ("元月", (START, END), "2026-01"),
        ("10月", SCHOOL_YEAR, "2026-10"),
        (3, SCHOOL_YEAR, "2027-03"),
        (9, (date(2026, 1, 1), date(2026, 12, 31)), "2026-09"),
        (12, (START, END), "2026-12"),
    ],
)
def test_without_a_year_the_month_falls_in_the_period_or_the_year_of_its_end(cell, period, value):
    assert read_month(cell, *period).value == value


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(dates).failed == 0
