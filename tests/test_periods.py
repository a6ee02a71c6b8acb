"""Periods: what is read as one, and its days and neighbours."""

from __future__ import annotations

import doctest
from datetime import date, datetime

import pytest

from pipeline import periods, texts
from pipeline.periods import Period, last_ended, parse_period


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026Q3", "2026Q3"),
        ("2026q3", "2026Q3"),
        (" 2026 Q3 ", "2026Q3"),
        ("2026年第三季度", "2026Q3"),
        ("2026年3季度", "2026Q3"),
        ("2026年第3季", "2026Q3"),
        ("2026第一季度", "2026Q1"),
        ("２０２６Ｑ４", "2026Q4"),
        ("2026", "2026"),
        ("2026年", "2026"),
        ("2026年度", "2026"),
    ],
)
def test_read(text: str, code: str) -> None:
    period = parse_period(text)
    assert period is not None
    assert period.code == code


@pytest.mark.parametrize(
    "text",
    ["2026Q5", "2026Q0", "2026年3", "20263", "第三季度", "26Q3", "2026年五季度", "", "2026Q33"],
)
def test_not_read(text: str) -> None:
    assert parse_period(text) is None


def test_days_and_months() -> None:
    quarter = Period.quarter(2026, 4)
    assert (quarter.start, quarter.end) == (date(2026, 10, 1), date(2026, 12, 31))
    assert quarter.months == ("2026-10", "2026-11", "2026-12")
    assert Period.year(2026).months[0] == "2026-01"
    assert len(Period.year(2026).months) == 12


def test_neighbours() -> None:
    quarter = Period.quarter(2026, 1)
    assert quarter.previous().code == "2025Q4"
    assert quarter.following().code == "2026Q2"
    assert quarter.year_ago().code == "2025Q1"
    assert Period.year(2026).previous().code == "2025"


def test_due_is_the_end_of_a_day() -> None:
    due = Period.quarter(2026, 3).due(15)
    assert datetime(2026, 10, 15, 23, 59, 59) < due < datetime(2026, 10, 16)


def test_last_ended() -> None:
    assert last_ended(date(2026, 9, 30)).code == "2026Q2"
    assert last_ended(date(2026, 10, 1)).code == "2026Q3"
    assert last_ended(date(2026, 1, 5)).code == "2025Q4"


@pytest.mark.parametrize("module", [periods, texts])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # any module will do
