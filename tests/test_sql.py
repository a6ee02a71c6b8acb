"""A rule says the same of a row in Python and in SQL, and both what it means."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from databases import empty_database
from hypothesis import given
from hypothesis import strategies as st
from meaning import meaning
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, select

from pipeline.errors import ExpressionError
from pipeline.forms.expressions import Not, Scope, fields_of, parse_expression
from pipeline.forms.model import EXPRESSION_TYPES, Field
from pipeline.forms.storing import to_stored
from pipeline.forms.violations import compile_violations
from pipeline.periods import Period
from pipeline.records.sql import compile_amount, compile_condition, context_values, month_of
from pipeline.texts import Text as Wording

NAMELESS = Wording("", "")
FIELDS = tuple(
    Field(key, NAMELESS, kind)
    for key, kind in {
        "persons": "int",
        "sessions": "int",
        "cost": "money",
        "paid": "money",
        "begin": "date",
        "end": "date",
        "month": "month",
        "kind": "choice",
        "note": "text",
    }.items()
)
POSITIONS = {field.key: place for place, field in enumerate(FIELDS)}
SCOPE = Scope(
    {field.key: EXPRESSION_TYPES[field.type] for field in FIELDS},
    {"kind": ("甲", "乙", "丙")},
    {"limit": Decimal("1.15"), "exempt": ("甲", "丙"), "nobody": ()},
)
PERIOD = Period.quarter(2026, 3)
CONTEXT = (PERIOD.start, PERIOD.end, PERIOD.months[0], PERIOD.months[-1], date(2026, 10, 1))


def random_rows(count):
    rng = random.Random(7)

    def blank_or(value):
        return None if rng.random() < 0.2 else value

    def money():
        return Decimal(rng.choice((0, 1, 99, 100, 115, 1234, rng.randrange(10**4)))) / 100

    def day():
        return date(2026, 6, 28) + timedelta(rng.randrange(100))

    return [
        (
            blank_or(rng.choice((0, 1, 2, 40, rng.randrange(1000)))),
            blank_or(rng.randrange(4)),
            blank_or(money()),
            blank_or(money() * rng.choice((1, -1))),
            blank_or(day()),
            blank_or(day()),
            blank_or(f"2026-{rng.randrange(5, 11):02d}"),
            blank_or(rng.choice("甲乙丙")),
            blank_or(rng.choice(("", "圆满", "A b"))),
        )
        for _ in range(count)
    ]


ROWS = random_rows(120)


@pytest.fixture(scope="module")
def database(forms):
    form = replace(forms.forms["visits"], fields=FIELDS, positions=POSITIONS)
    columns = [
        Column(f.key, BigInteger if f.type in ("int", "money") else Text, quote=True)
        for f in FIELDS
    ]
    table = Table("sample", MetaData(), Column("id", Integer, primary_key=True), *columns)
    with empty_database(table.metadata) as connection:
        stored = (
            {f.key: to_stored(f.type, value) for f, value in zip(FIELDS, row, strict=True)}
            for row in ROWS
        )
        connection.execute(table.insert(), [{"id": n} | row for n, row in enumerate(stored)])
        yield connection, table, form


def by_meaning(text, expect):
    node = parse_expression(text, SCOPE, "t", expect)
    return [meaning(node, dict(zip(POSITIONS, row, strict=True)), CONTEXT) for row in ROWS]


def conditions_by_python(text):
    rule, columns = parse_expression(text, SCOPE, "t"), list(zip(*ROWS, strict=True))
    false = compile_violations(rule, POSITIONS)(columns, *CONTEXT)
    true = compile_violations(Not(rule), POSITIONS)(columns, *CONTEXT)
    assert not set(true) & set(false)
    return [n in true or (False if n in false else None) for n in range(len(ROWS))]


def conditions_by_sql(database, text):
    connection, table, form = database
    condition = compile_condition(parse_expression(text, SCOPE, "t"), form, table.c)
    statement = select(condition).select_from(table).order_by(table.c.id)
    found = connection.execute(statement, context_values(PERIOD)).scalars()
    return [None if value is None else bool(value) for value in found]


def amounts_by_sql(database, text):
    connection, table, form = database
    amount = compile_amount(parse_expression(text, SCOPE, "t", "number"), form, table.c)
    statement = select(amount.sql).select_from(table).order_by(table.c.id)
    for value in connection.execute(statement, context_values(PERIOD)).scalars():
        if value is None or amount.digits is None:
            yield value
        else:
            yield Decimal(int(value)).scaleb(-amount.digits)


@pytest.mark.parametrize(
    "condition",
    [
        "cost > persons",
        "cost <= paid * 1.1 and paid > 0",
        "persons * sessions >= 40 or cost == 0",
        "not persons > 1",
        "present(cost) or blank(kind)",
        "kind in exempt",
        "kind not in ('乙',)",
        "kind in nobody",
        "kind != '甲'",
        "end - begin <= 7",
        "begin + 7 >= end",
        "end - 2.5 < begin",
        "begin - sessions <= end",
        "period_start <= end <= period_end",
        "first_month <= month <= last_month",
        "floor(abs(paid)) > persons",
        "floor(length(note) * 0.5) == sessions",
        "abs(cost - floor(paid / 10) * 10 * 0.005) <= 0.05",
        "cost / persons <= limit",
        "cost / 1.00 == limit",
        "paid / sessions < -1",
        "length(note) >= 2",
        "-cost < paid",
    ],
)
def test_a_condition_is_true_false_or_unknown_alike(database, condition):
    expected = by_meaning(condition, "bool")
    assert conditions_by_sql(database, condition) == expected
    assert conditions_by_python(condition) == expected
    assert len(set(expected)) > 1  # else the rows prove nothing


NUMBERS = st.recursive(
    st.sampled_from(
        ["persons", "sessions", "cost", "paid", "0", "3", "100", "0.5", "0.005", "(end - begin)"]
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("abs({})".format, inner),
        st.builds("floor({})".format, inner),
        st.builds("(-{})".format, inner),
    ),
    max_leaves=4,
)
CONDITIONS = st.recursive(
    st.one_of(
        st.builds(
            "{} {} {}".format, NUMBERS, st.sampled_from(("<", "<=", "==", "!=", ">")), NUMBERS
        ),
        st.sampled_from(
            ("present(cost)", "kind in exempt", "begin <= end", "month > first_month", "note == ''")
        ),
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(("and", "or")), inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=4,
)


@given(CONDITIONS)
def test_any_condition_says_the_same_in_sql(database, condition):
    assert conditions_by_sql(database, condition) == by_meaning(condition, "bool")


@given(CONDITIONS)
def test_any_condition_says_in_python_what_it_means(condition):
    rule = parse_expression(condition, SCOPE, "t")
    if fields_of(rule):
        assert conditions_by_python(condition) == by_meaning(condition, "bool")


@given(NUMBERS)
def test_any_number_is_the_same_in_sql_to_the_last_place(database, number):
    assert list(amounts_by_sql(database, number)) == by_meaning(number, "number")


def test_a_quotient_is_floating_and_nothing_is_said_of_division_by_zero(database):
    exact = by_meaning("cost / sessions", "number")
    found = list(amounts_by_sql(database, "cost / sessions"))
    assert [value is None for value in found] == [value is None for value in exact]
    pairs = zip(found, exact, strict=True)
    assert all(value == pytest.approx(float(right)) for value, right in pairs if value is not None)


def test_the_month_of_a_date(database):
    connection, table, _ = database
    months = connection.execute(select(month_of(table.c.end)).order_by(table.c.id)).scalars()
    assert list(months) == [row[5] and row[5].isoformat()[:7] for row in ROWS]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("only(note, exempt)", r"only\(\) is for rules"),
        ("end <= today", "today is for rules"),
    ],
)
def test_what_only_rules_may_say(database, condition, reason):
    _, table, form = database
    with pytest.raises(ExpressionError, match=reason):
        compile_condition(parse_expression(condition, SCOPE, "t"), form, table.c)
