"""Rules as functions over columns: they say what the rules mean, of any row, and can be read."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from meaning import meaning

from pipeline.forms import violations
from pipeline.forms.expressions import Node, Not, Scope, parse_expression
from pipeline.forms.model import Forms
from pipeline.forms.violations import compile_violations, is_only, shown
from pipeline.intake.findings import Place
from pipeline.intake.typed import UNREAD, Record, Records
from pipeline.intake.validate import apply_rules

PHRASES = ("圆满", "圆满成功", "效果")
SCOPE = Scope(
    {"n": "number", "m": "number", "day": "date", "other_day": "date", "kind": "text"},
    {},
    {"phrases": PHRASES, "limit": Decimal("1.1")},
)
POSITIONS = {key: place for place, key in enumerate(SCOPE.fields)}
CONTEXT = (date(2026, 7, 1), date(2026, 9, 30), "2026-07", "2026-09", date(2026, 10, 1))
NUMBERS = st.none() | st.integers(-3, 3) | st.decimals(-3, 3, places=2)
DAYS = st.none() | st.dates(date(2026, 6, 28), date(2026, 7, 4))
WORDS = st.none() | st.text("圆满成功效果 ，x", max_size=8)
ROWS: Any = st.lists(st.tuples(NUMBERS, NUMBERS, DAYS, DAYS, WORDS), max_size=4)
AMOUNTS = st.recursive(
    st.sampled_from(("n", "m", "0", "limit", "length(kind)", "(day - other_day)")),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner)
        | st.builds("{}({})".format, st.sampled_from(("abs", "floor")), inner)
    ),
    max_leaves=4,
)
RULES = st.recursive(
    st.builds("{} {} {}".format, AMOUNTS, st.sampled_from(("<", "<=", "==", "!=")), AMOUNTS)
    | st.builds(
        "{} {} day".format, st.sampled_from(("period_start", "other_day + 2")), st.just("<")
    )
    | st.sampled_from(("present(n)", "blank(kind)", "kind in phrases", "only(kind, phrases)")),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(("and", "or")), inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=5,
)


def violated(rule: Node, rows: list[tuple[Any, ...]]) -> list[int]:
    columns = [[row[place] for row in rows] for place in range(len(POSITIONS))]
    return compile_violations(rule, POSITIONS)(columns, *CONTEXT)


@given(rule=RULES, rows=ROWS)
def test_the_rows_found_are_those_in_which_a_rule_is_definitely_false(
    rule: str, rows: list[tuple[Any, ...]]
) -> None:
    node = parse_expression(f"{rule} or n != n", SCOPE, "test")
    said = [meaning(node, dict(zip(POSITIONS, row, strict=True)), CONTEXT) for row in rows]
    assert violated(node, rows) == [n for n, verdict in enumerate(said) if verdict is False]
    assert violated(Not(node), rows) == [n for n, verdict in enumerate(said) if verdict is True]


@given(text=st.text("圆满成功效果_ ，x", max_size=10))
def test_nothing_but_phrases_is_what_is_left_of_none(text: str) -> None:
    rest = text
    for phrase in ("圆满成功", "圆满", "效果"):
        rest = rest.replace(phrase, "")
    assert is_only(text, PHRASES) == (not set(rest) - set("_ ，"))


def test_a_rule_can_be_read_as_the_function_that_it_becomes() -> None:
    rule = parse_expression("n <= m * limit or kind in phrases", SCOPE, "test")
    assert shown(rule, POSITIONS).splitlines() == [
        "lambda columns, period_start, period_end, first_month, last_month, today: "
        "[row for row, (v_n, v_m, v_kind) in enumerate(zip(columns[0], columns[1], columns[4])) "
        "if (v_n is not None and v_m is not None and (not v_n <= v_m * k1)) "
        "and (v_kind is not None and (not v_kind in k2))]",
        "k1 = Decimal('1.1')",
        f"k2 = {frozenset(PHRASES)!r}",
    ]


def test_a_text_of_a_form_is_never_code() -> None:
    scope = Scope(SCOPE.fields, {}, {"word": "'] or print('x"})
    rule = parse_expression("kind != word", scope, "test")
    assert "print" not in shown(rule, POSITIONS).splitlines()[0]
    assert compile_violations(rule, POSITIONS)([[], [], [], [], ["'] or print('x"]], *CONTEXT) == [
        0
    ]


def test_a_long_sum_is_no_harder_than_a_short_one() -> None:
    rule = parse_expression(" + ".join(["n"] * 150) + " <= m", SCOPE, "test")
    assert violated(rule, [(1, 149, None, None, None), (1, 150, None, None, None)]) == [0]


def test_a_rule_says_nothing_of_a_row_in_which_it_could_not_read_a_field(forms: Forms) -> None:
    form = forms.forms["activities"]
    late, read = {"date_start": date(2026, 9, 2)}, {"date_end": date(2026, 9, 1)}
    rows = [late | read, late | {"date_end": UNREAD}, late | read | {"cost": UNREAD}]
    values = (tuple(row.get(f.key) for f in form.fields) for row in rows)
    records = Records.of(map(Record, (4, 5, 6), values), len(form.fields))
    position = form.positions
    damaged = {1: frozenset({position["date_end"]}), 2: frozenset({position["cost"]})}
    found = apply_rules(
        form,
        Records(records.numbers, records.columns, damaged),
        CONTEXT,
        lambda key, row: Place("活动台账", "", row, key),
    )
    assert [(issue.code, issue.row) for issue in found] == [("A-01", 4), ("A-01", 6)]


def test_examples() -> None:
    assert doctest.testmod(violations).failed == 0
