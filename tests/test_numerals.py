"""Chinese numerals and the wordings around a number."""

import doctest
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake import numerals
from pipeline.intake.cells import read_int, read_money
from pipeline.intake.numerals import COUNT, MONEY, Figure, chinese_value, parse_figure

DIGITS = "零一二三四五六七八九"


def spell_below_ten_thousand(number):
    """Spell digit by digit with its place, then tidy the zeros: another way than the reader's."""
    if number == 0:
        return "零"
    places = zip(f"{number:04d}", "千百十 ", strict=True)
    spelt = "".join(DIGITS[int(digit)] + (place if digit != "0" else "") for digit, place in places)
    while "零零" in spelt:
        spelt = spelt.replace("零零", "零")
    return spelt.replace(" ", "").strip("零")


def test_every_numeral_below_ten_thousand_is_read_back():
    assert [chinese_value(spell_below_ten_thousand(n)) for n in range(10_000)] == [*range(10_000)]


def test_ten_may_drop_its_one():
    for number in range(10, 20):
        assert chinese_value(spell_below_ten_thousand(number).removeprefix("一")) == number


@given(st.integers(1, 9999), st.integers(1000, 9999))
def test_numerals_of_ten_thousands_are_read_back(high, low):
    spelt = f"{spell_below_ten_thousand(high)}万{spell_below_ten_thousand(low)}"
    assert chinese_value(spelt) == high * 10_000 + low


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一千零一十", 1010),
        ("一百一十五", 115),
        ("一百十五", 115),
        ("十万零二百", 100_200),
        ("一亿二千万", 120_000_000),
        ("两千两百", 2200),
        ("3百5十", 350),
        ("1万2千", 12_000),
        ("壹万贰仟零伍拾", 12_050),
        ("二〇", None),
        ("一百二", None),
        ("两千五", None),
        ("三五", None),
        ("百", None),
        ("一千一十", None),
        ("一零零", None),
        ("12万", None),
        ("十十", None),
        ("一人", None),
        ("", None),
        ("一" + "亿" * 5000, None),
    ],
)
def test_only_numerals_spelt_in_full_have_a_value(text, value):
    assert chinese_value(text) == value


@given(st.integers(0, 9999), st.sampled_from(["", "人", "人次", "户", "名会员"]))
def test_a_numeral_with_its_unit_is_read(number, unit):
    assert read_int(spell_below_ten_thousand(number) + unit).value == number


@given(
    st.integers(10, 10**6),
    st.sampled_from(["约{}", "{}余", "{}多元", "近{}元", "大约{}元", "{}左右", "{}元左右", "~{}"]),
)
def test_an_approximate_amount_counts_as_its_figure(number, wording):
    reading = read_money(wording.format(number))
    assert (reading.value, reading.code) == (number, "R-07")


@given(
    st.integers(1, 10**6),
    st.sampled_from(
        ["{}%", "{}‰", "{}元/人", "每人{}", "{}以上", "不到{}", "{}吧", "{}+", "{}?", "{}x", "({})"]
    ),
)
def test_what_is_left_over_refuses_the_number(number, wording):
    for read in (read_int, read_money):
        assert read(wording.format(number)).code == "R-02"


@pytest.mark.parametrize(
    ("scale", "factor"),
    [("百", 100), ("千", 1000), ("万", 10**4), ("百万", 10**6), ("千万", 10**7), ("亿", 10**8)],
)
def test_scales_multiply(scale, factor):
    assert parse_figure(f"3{scale}", COUNT) == Figure(Decimal(3 * factor), False)
    assert parse_figure(f"12.5{scale}元", MONEY) == Figure(Decimal("12.5") * factor, False)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(numerals).failed == 0
