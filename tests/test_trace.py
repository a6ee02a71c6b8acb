"""The records listed behind a number add up to it."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from databases import empty_database
from generated_union import PERIOD, generate_union, store_union

from pipeline.errors import UsageError
from pipeline.orgunits import OrgUnit, build_tree
from pipeline.periods import Period
from pipeline.summaries.aggregate import figures
from pipeline.summaries.trace import TraceRow, trace

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def traced(forms, tables, indicators):
    """A small union in which everything is known: returns a function that traces in it."""
    tree = build_tree(
        [
            OrgUnit("R", "总工会", "", reports=False),
            OrgUnit("A", "第一工会", "R", reports=True),
            OrgUnit("B", "第二工会", "R", reports=True),
        ]
    )
    with empty_database(tables.metadata) as connection:
        _send(connection, tables, "A/q3.xlsx")

        def run(indicator, unit="R", period=PERIOD, dimension="", key=""):
            return trace(
                connection, tables, forms, indicators, tree,
                period, unit, indicator, dimension, key,
            )  # fmt: skip

        yield run


def _send(connection, tables, path):
    file = {
        "id": 1, "run_id": "r", "path": path, "sha256": "0", "size": 1, "mtime_ns": 0,
        "received_at": "", "taken_at": "", "unit": "A", "period": "2026Q3",
        "workbook": "quarterly", "version": 1, "status": "accepted", "errors": 0, "warnings": 0,
        "nil": 0, "on_time": 1, "current": 1, "judged_under": "", "receipt": "", "settled": 1,
    }  # fmt: skip
    head = {"file_id": 1, "unit": "A", "period": "2026Q3"}
    cover = {"row": 0, "places": '{"joined": 14, "left": 15}', "joined": 3, "left": 5}
    dues = [
        {"row": 2, "month": "2026-07", "pay_type": "当月", "due": 2280, "paid": 2280},
        {"row": 3, "month": "2026-08", "pay_type": "当月", "due": 2000, "paid": 0},
        {"row": 4, "month": "2026-01", "pay_type": "补缴", "due": 2000, "paid": 2000},
    ]
    connection.execute(tables.files.insert(), [file])
    connection.execute(tables.records["cover"].insert(), [head | cover])
    connection.execute(tables.records["dues"].insert(), [head | row for row in dues])


def test_the_rows_behind_every_number_add_up_to_it(forms, tables, indicators):
    seen = set()
    for seed in range(10):
        union = generate_union(seed)
        with empty_database(tables.metadata) as connection:
            store_union(connection, tables, forms, union)
            source = (connection, tables, forms, indicators, union.tree, PERIOD)
            found = figures(*source)
            for unit, name, dimension, key in _places(found):
                number = found[unit].numbers[name, dimension, key]
                behind = trace(*source, unit, name, dimension, key)
                place = (seed, unit, name, dimension, key)
                assert behind.value == number.value, place
                assert _added_up(indicators.by_id[name], behind.rows) == (number.value or 0), place
                seen.add((name, dimension))
    split = {(i.id, dimension) for i in indicators for dimension in ("", "unit", *i.breakdowns)}
    assert seen == split


def _places(found):
    """Every number where somebody reported, and the Q figures where nobody did."""
    for unit, figure in found.items():
        for place, number in figure.numbers.items():
            if figure.value("Q02") or number.indicator.startswith("Q"):
                yield unit, *place


def _added_up(indicator, rows):
    numerator = sum(row.value for row in rows if row.part == "numerator")
    denominator = sum(row.value for row in rows if row.part == "denominator")
    if indicator.denominator is None:
        assert not denominator
        return numerator
    if not denominator:
        return 0
    if indicator.format == "money":
        return (numerator / denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Fraction(numerator) / Fraction(denominator)


def test_a_difference_is_one_signed_value_a_record(traced):
    behind = traced("D03")
    assert behind.value == Decimal("20.00")
    assert behind.rows == (
        TraceRow("A", "A/q3.xlsx", "会费台账", 2, "due - paid", Decimal("0.00"), "numerator"),
        TraceRow("A", "A/q3.xlsx", "会费台账", 3, "due - paid", Decimal("20.00"), "numerator"),
    )


def test_a_number_of_the_cover_names_the_row_on_the_cover(traced):
    assert traced("O05").rows == (
        TraceRow("A", "A/q3.xlsx", "封面", 14, "joined - left", -2, "numerator"),
    )


def test_a_ratio_lists_both_sides(traced):
    behind = traced("D04", unit="A")
    assert behind.value == Fraction(2280, 4280)
    assert [(row.row, row.value, row.part) for row in behind.rows] == [
        (2, Decimal("22.80"), "numerator"),
        (3, Decimal("0.00"), "numerator"),
        (2, Decimal("22.80"), "denominator"),
        (3, Decimal("20.00"), "denominator"),
    ]


def test_counted_rows_name_the_fields_that_decide(traced):
    rows = [row for row in traced("D05").rows if row.part == "numerator"]
    assert [(row.row, row.field, row.value) for row in rows] == [(2, "pay_type, due, paid", 1)]


def test_one_member_of_a_breakdown(traced):
    behind = traced("D01", dimension="month", key="2026-08")
    assert behind.value == Decimal("20.00")
    assert [row.row for row in behind.rows] == [3]


@pytest.mark.parametrize(
    ("indicator", "units"),
    [
        ("Q01", [("A", "A/q3.xlsx"), ("B", None)]),
        ("Q02", [("A", "A/q3.xlsx")]),
        ("Q04", [("B", None)]),
    ],
)
def test_reporting_lists_workbooks_and_who_has_sent_none(traced, indicator, units):
    assert [(row.unit, row.file) for row in traced(indicator).rows] == units


def test_nothing_is_behind_what_nobody_reported(traced):
    behind = traced("A01", unit="R", dimension="unit", key="B")
    assert (behind.value, behind.rows) == (None, ())


def test_as_json(traced):
    assert traced("O05").as_json() == {
        "indicator": "O05",
        "value": -2,
        "rows": [
            {
                "unit": "A",
                "file": "A/q3.xlsx",
                "sheet": "封面",
                "row": 14,
                "field": "joined - left",
                "value": -2,
                "part": "numerator",
            }
        ],
    }
    assert traced("D04").as_json()["value"] == pytest.approx(2280 / 4280)
    assert traced("V04").as_json()["value"] is None


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ({"indicator": "AA03"}, "A03"),
        ({"indicator": "A01", "unit": "RR"}, "R"),
        ({"indicator": "A01", "period": Period.quarter(2062, 3)}, "2026Q3"),
        ({"indicator": "A01", "dimension": "categry", "key": "培训"}, "category"),
        ({"indicator": "A01", "dimension": "category", "key": "培训班"}, "培训"),
        ({"indicator": "A01", "dimension": "unit", "key": "AA"}, "A"),
        ({"indicator": "D03", "dimension": "months", "key": "2026-07"}, ""),
    ],
)
def test_what_does_not_exist_names_the_nearest(traced, asked, nearest):
    with pytest.raises(UsageError, match=f"Did you mean “{nearest}”" if nearest else "no such"):
        traced(**asked)


def test_who_is_missing_is_told_before_anybody_has_reported(traced):
    assert traced("Q04", period=PERIOD.following()).value == 2
