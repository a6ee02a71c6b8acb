"""Masking: no name that a ledger holds and no number of a person survives in a published text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.summaries.masking import Masker, names_in

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5).filter(lambda c: c != "某")
NAMES = st.one_of(st.text(HAN, min_size=2, max_size=4), st.text("abAB王明·", min_size=2))
TEXTS = st.text(st.one_of(HAN, st.sampled_from("，。 0123ab某")), max_size=20)
PHONES = st.from_regex(r"1[3-9]\d{9}", fullmatch=True)
CARDS = st.from_regex(r"[1-9]\d{16}[\dX]", fullmatch=True)


def folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@given(st.lists(NAMES, min_size=1, max_size=5), st.lists(TEXTS, min_size=2, max_size=6))
def test_no_name_survives_wherever_it_stands(names: list[str], texts: list[str]) -> None:
    text = "".join(t + n for t, n in zip(texts, names * len(texts), strict=False))
    masked = folded(Masker(names).mask(text))
    for name in names:
        assert len(folded(name)) < 2 or folded(name) not in masked


@given(TEXTS, TEXTS, st.one_of(PHONES, CARDS))
def test_no_number_of_a_person_survives(before: str, after: str, number: str) -> None:
    assert number not in Masker([]).mask(before + number + after)


@given(TEXTS)
def test_where_no_ledger_holds_a_name_the_text_stays(text: str) -> None:
    short = text.replace("0", "一").replace("1", "二").replace("2", "三").replace("3", "四")
    assert Masker([]).mask(short) == short


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("王小明获一等奖", "王某获一等奖"),
        ("王 小　明获奖", "王某获奖"),
        ("王小\u200b明获奖", "王某获奖"),
        ("学王小明的精神", "学王某的精神"),
        ("欧阳小明带队", "欧阳某带队"),
        ("请找王小明13800000000", "请找王某×××"),
        ("电话 138-0000-0000", "电话 ×××"),
        ("电话１３８００００００００", "电话×××"),
        ("座机0571-8800 0000", "座机×××"),
        ("身份证 44052418800101001X", "身份证 ×××"),
        ("会员 JY-001 和 JY-0012", "会员 ××× 和 JY-0012"),
        ("写信到 wang@example.com", "写信到 ×××"),
        ("JOHN smith 来访", "某 某 来访"),
    ],
)
def test_what_is_masked(text: str, published: str) -> None:
    names = ["王小明", "欧阳小明", "John", "Smith"]
    assert Masker(names, ["JY-001"]).mask(text) == published


@pytest.mark.parametrize(
    "text",
    [
        "80 人次参加，评出前三名",
        "2026-09-18 至 2026-09-19 在操场",
        "筹集 1200000 元，支出 1234567.50元",
        "小明同学的家长",
        "12 个组室、3 支队伍",
    ],
)
def test_ordinary_words_and_numbers_stay(text: str) -> None:
    assert Masker(["王小明"], ["12", "3"]).mask(text) == text


def test_a_name_inside_another_word_is_masked_on_the_safe_side() -> None:
    assert Masker(["高原"]).mask("高原红合唱") == "高某红合唱"


def test_a_name_already_masked_stays() -> None:
    assert Masker(["王某"]).mask("王某获奖") == "王某获奖"


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("王小明", ["王小明"]),
        ("王 明", ["王明"]),
        ("王小明、李四，赵五", ["王小明", "李四", "赵五"]),
        ("王小明和李四", ["王小明", "李四"]),
        ("王和平", ["王和平"]),
        ("工会主席王小明", ["王小明"]),
        ("王小明老师家属", ["王小明"]),
        ("李四等人", ["李四"]),
        ("John Smith", ["John", "Smith"]),
        ("甲一 1001", ["甲一"]),
        ("各年级组职工", []),
        ("保安、食堂岗位", []),
        ("校舍维修队", []),
        ("全体教师", []),
        ("", []),
    ],
)
def test_names_are_told_from_what_stands_beside_them(entry: str, names: list[str]) -> None:
    assert list(names_in(entry)) == names
