"""The rule language: what it accepts, what a blank means in it, and what it refuses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pipeline.errors import ExpressionError
from pipeline.forms.expressions import Not, Scope, fields_of, parse_expression
from pipeline.forms.violations import compile_violations

SCOPE = Scope(
    fields={
        "n": "number",
        "m": "number",
        "day": "date",
        "other_day": "date",
        "month": "month",
        "kind": "text",
        "words": "text",
    },
    choices={"kind": ("甲类", "乙类")},
    parameters={"limit": Decimal("1.1"), "phrases": ("很好", "不错"), "word": "甲类"},
)
POSITIONS = {key: place for place, key in enumerate(SCOPE.fields)}
CONTEXT = (date(2026, 7, 1), date(2026, 9, 30), "2026-07", "2026-09", date(2026, 10, 1))


def run(text: str, **values: Any) -> bool | None:
    columns = [[values.get(key)] for key in SCOPE.fields]
    rule = parse_expression(text, SCOPE, "test")
    if compile_violations(rule, POSITIONS)(columns, *CONTEXT):
        return False
    return True if compile_violations(Not(rule), POSITIONS)(columns, *CONTEXT) else None


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("n <= m * 2", {"n": 4, "m": 2}, True),
        ("n <= m * limit", {"n": Decimal("2.21"), "m": 2}, False),
        ("n / m == 2", {"n": 4, "m": 2}, True),
        ("n / m == 2", {"n": 4, "m": 0}, None),
        ("-n < 0", {"n": 4}, True),
        ("n == -4", {"n": -4}, True),
        ("floor(n / 10) * 10 == 30", {"n": Decimal("39.99")}, True),
        ("abs(n - m) <= 0.05", {"n": Decimal("1.05"), "m": 1}, True),
        ("abs(n - m) <= 0.05", {"n": Decimal("1.06"), "m": 1}, False),
        ("period_start <= day <= period_end", {"day": date(2026, 9, 30)}, True),
        ("period_start <= day <= period_end", {"day": date(2026, 10, 1)}, False),
        ("day - other_day <= 7", {"day": date(2026, 8, 8), "other_day": date(2026, 8, 1)}, True),
        ("day - 7 <= other_day", {"day": date(2026, 8, 9), "other_day": date(2026, 8, 1)}, False),
        ("day + 1 > today", {"day": date(2026, 10, 1)}, True),
        ("first_month <= month <= last_month", {"month": "2026-10"}, False),
        ("kind in ('甲类', '乙类')", {"kind": "乙类"}, True),
        ("kind not in ('甲类',)", {"kind": "乙类"}, True),
        ("kind == word", {"kind": "甲类"}, True),
        ("length(words) >= 3", {"words": "一二"}, False),
        ("only(words, phrases)", {"words": "很好，不错！"}, True),
        ("only(words, phrases)", {"words": "很好，三人"}, False),
        ("not (n > 1 and m > 1)", {"n": 2, "m": 1}, True),
    ],
)
def test_verdicts(text: str, values: dict[str, Any], expected: bool | None) -> None:
    assert run(text, **values) is expected


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("n <= m", {"n": 1}, None),
        ("n + m > 0", {"m": 1}, None),
        ("kind in ('甲类',)", {}, None),
        ("not n > 1", {}, None),
        ("n > 1 or m > 1", {"m": 2}, True),
        ("n > 1 or m > 1", {"m": 0}, None),
        ("n > 1 and m > 1", {"m": 0}, False),
        ("n > 1 and m > 1", {"m": 2}, None),
        ("present(n)", {}, False),
        ("present(n)", {"n": 0}, True),
        ("blank(n) or n > 1", {}, True),
    ],
)
def test_a_blank_says_nothing(text: str, values: dict[str, Any], expected: bool | None) -> None:
    assert run(text, **values) is expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("__import__('os')", "没有函数"),
        ("n.real > 1", "n.real"),
        ("n[0] > 1", "n[0]"),
        ("[x for x in n]", "[x for x in n]"),
        ("lambda: n", "lambda"),
        ("n if n else m", "n if n else m"),
        ("n ** 2 > 1", "n ** 2"),
        ("n > True", "True"),
        ("n > b'1'", "1"),
        ("f'{n}' == ''", "f'{n}'"),
        ("n > 1 > kind", "比较"),
        ("n is m", "is"),
        ("n", "需要判断"),
        ("kind > '甲类'", "=="),
        ("kind == '甲'", "甲类"),
        ("kind in ('甲',)", "甲类"),
        ("m + day > 0", "没有意义"),
        ("total > 1", "没有 “total”"),
        ("mm > 1", "是否想写"),
        ("lenght(words) > 1", "length"),
        ("length(words, words) > 1", "1 个值"),
        ("length(n) > 1", "文字"),
        ("present(n + m)", "字段"),
        ("n >", "syntax"),
        ("n > 1; m > 1", "syntax"),
        ("(" * 500 + "n" + ")" * 500, "syntax"),
        ("n and m > 1", "不是判断"),
    ],
)
def test_everything_else_is_refused_with_the_part_at_fault(text: str, part: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse_expression(text, SCOPE, "dues.toml [[rules]] D-03 rule")
    assert str(error.value).startswith("dues.toml [[rules]] D-03 rule: ")
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_numbers_keep_the_digits_they_are_written_with() -> None:
    assert run("n * 0.1 == 0.3", n=3) is True


def test_fields_of_a_rule_are_named_once_in_order() -> None:
    assert fields_of(parse_expression("m > 1 or n > m or kind == word", SCOPE, "")) == (
        "m",
        "n",
        "kind",
    )
