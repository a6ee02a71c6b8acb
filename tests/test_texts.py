"""What is remembered of texts is the same as what is worked out, and stays small."""

from __future__ import annotations

import pytest

from pipeline.forms.model import Forms
from pipeline.intake.plain import _is_code, plain_reader
from pipeline.texts import label_key, remembers_short


def test_short_texts_are_asked_about_once_and_long_ones_are_not_kept() -> None:
    asked: list[str] = []

    @remembers_short
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    short, long = "应参加人数", "谎" * 30_000
    assert [length(short), length(long), length(short), length(long)] == [5, 30_000] * 2
    assert asked == [short, long, long]


@pytest.mark.parametrize("text", ["应参加\n人数 ＊：", "应参加\n人数 ＊：" + " " * 200])
def test_a_heading_reads_the_same_however_long_it_is(text: str) -> None:
    assert label_key(text) == label_key("应参加人数")


def test_no_long_text_is_kept_for_a_period(forms: Forms) -> None:
    period = next(f for f in forms.workbooks["quarterly"].cover.fields if f.type == "period")
    before = _is_code.cache_info().currsize
    assert plain_reader(period)(["2026Q3" + "9" * 30_000]) == [None]
    assert _is_code.cache_info().currsize == before
    assert plain_reader(period)(["2026Q3"]) == ["2026Q3"]
