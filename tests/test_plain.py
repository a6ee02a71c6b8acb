"""The quick readers say "plain" only of what the full reading takes without a word."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.books.raw import CellFault, Raw
from pipeline.forms.model import Field, Form, Forms
from pipeline.intake.findings import Place
from pipeline.intake.plain import plain_reader
from pipeline.intake.rows import reader_of, settle
from pipeline.periods import Period

PERIOD = Period.quarter(2026, 3)
RAWS: list[Raw] = [
    None, "", " ", "　", "无", "—", "—" * 9, "N/A", "a|b", "|", "| b", "#REF!", "文体活动", " 文体活动", "文体", "工会经费", "a\u200bb",
    "两行\n字", "一段足够长的文字", "一段足够长的文字 ", "\u00a0一段足够长的文字", "#REF!一段足够长的文字",
    0, 1, -1, 12, 12.0, 12.5, 10**12, True, False, 0.1 + 0.2, 22.8, 12.345, -0.01, float("nan"),
    float("inf"), 1e300, 46218, 7.15, 20260715, date(2026, 7, 15), date(1949, 12, 31),
    date(2101, 1, 1), datetime(2026, 7, 15), datetime(2026, 7, 15, 8), "2026-07", "2026-13",
    "2026-00", "1826-07", "２０２６-07", "2026-7 ", "12", "是", "否", "2026Q3",
    CellFault("error", "#N/A"), CellFault("uncalculated"),
]  # fmt: skip
ANY: Any = st.one_of(
    st.sampled_from(RAWS),
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
)


def fields(forms: Forms) -> list[tuple[Form, Field]]:
    return [(form, field) for form in forms.forms.values() for field in form.fields]


def full(field: Field, raw: Raw) -> tuple[Any, int]:
    place = Place("表", "A1", 1, field.key, field.label.zh)
    value, issues = settle(field, raw, reader_of(field, PERIOD)(raw), place)
    return value, len(issues)


def agree(field: Field, raw: Raw) -> None:
    (quick,) = plain_reader(field)([raw])
    compare(field, raw, quick)


def compare(field: Field, raw: Raw, quick: Any) -> None:
    if quick is not None:
        value, issues = full(field, raw)
        assert (issues, type(quick), quick) == (0, type(value), value), (field.key, raw)


@pytest.mark.parametrize("raw", RAWS, ids=repr)
def test_on_chosen_cells(forms: Forms, raw: Raw) -> None:
    for _, field in fields(forms):
        agree(field, raw)


@given(raw=ANY)
def test_on_any_cell(forms: Forms, raw: Raw) -> None:
    for _, field in fields(forms):
        agree(field, raw)


@given(column=st.lists(ANY, min_size=2, max_size=5))
def test_on_any_column(forms: Forms, column: list[Raw]) -> None:
    for _, field in fields(forms):
        for raw, quick in zip(column, plain_reader(field)(column), strict=True):
            compare(field, raw, quick)


@pytest.mark.parametrize(
    ("form", "key", "raw"),
    [
        ("activities", "invited", 40),
        ("activities", "invited", 40.0),
        ("activities", "cost", 120.5),
        ("activities", "title", "秋季运动会"),
        ("activities", "title", "春|秋"),
        ("activities", "note", "无锡"),
        ("activities", "category", "文体活动"),
        ("activities", "date_start", date(2026, 9, 18)),
        ("dues", "month", "2026-07"),
        ("dues", "paid", -5.0),
    ],
)
def test_ordinary_cells_are_plain(forms: Forms, form: str, key: str, raw: Raw) -> None:
    assert plain_reader(forms.forms[form].field(key))([raw]) == [raw]
