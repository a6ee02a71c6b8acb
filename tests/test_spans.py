"""Longer periods: halves, years and school terms add up from quarters and from dates."""

from __future__ import annotations

from datetime import date, timedelta

import openpyxl
import pytest
from databases import empty_database
from generated_union import EARLIER, PERIOD, generate_union, store_union
from hypothesis import given, settings
from hypothesis import strategies as st
from test_numbers import of_quarter, reporting_below
from workspaces import NOW, activity, drop, make_workspace, opened, quarterly, run_once

from pipeline.config import read_settings
from pipeline.errors import ConfigError, UsageError
from pipeline.nightly import summarize
from pipeline.periods import Period, Terms, parse_span
from pipeline.queries import ask_status, trace_number
from pipeline.records.store import Store
from pipeline.summaries.history import History
from pipeline.summaries.indicators import Rows
from pipeline.summaries.numbers import Figures
from pipeline.summaries.trace import trace

WHOLE = Terms((4, 1), (10, 1))  # a first term of exactly two quarters
CUT = Terms((5, 16), (8, 1))  # a first term that cuts both


# What is read as a period


@pytest.mark.parametrize(
    ("text", "code", "start", "end"),
    [
        ("2026H1", "2026H1", date(2026, 1, 1), date(2026, 6, 30)),
        ("2026h2", "2026H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026年下半年", "2026H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026", "2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2025-2026", "2025-2026", date(2025, 9, 1), date(2026, 8, 31)),
        ("2025-2026S1", "2025-2026S1", date(2025, 9, 1), date(2026, 1, 31)),
        ("2025—2026学年第二学期", "2025-2026S2", date(2026, 2, 1), date(2026, 8, 31)),
        ("2026Q3", "2026Q3", date(2026, 7, 1), date(2026, 9, 30)),
    ],
)
def test_spans_are_read_as_people_write_them(text, code, start, end):
    assert parse_span(text, Terms()) == Period(start, end, code)


@pytest.mark.parametrize("text", ["2026H3", "2025-2027S1", "2025-2026S3", "2026-2025", "H1", ""])
def test_what_is_no_span_is_not_guessed(text):
    assert parse_span(text, Terms()) is None


@pytest.mark.parametrize(
    ("code", "previous", "year_ago"),
    [
        ("2026H1", "2025H2", "2025H1"),
        ("2026", "2025", "2025"),
        ("2025-2026S1", "2024-2025S2", "2024-2025S1"),
        ("2025-2026S2", "2025-2026S1", "2024-2025S2"),
        ("2025-2026", "2024-2025", "2024-2025"),
    ],
)
def test_neighbours_are_of_the_same_kind(code, previous, year_ago):
    span = parse_span(code, Terms())
    assert span.previous() == parse_span(previous, Terms())
    assert span.year_ago() == parse_span(year_ago, Terms())
    assert span.previous().end == span.start - timedelta(days=1)


def test_the_days_of_terms_are_settings(tmp_path):
    path = tmp_path / "union.toml"
    path.write_text('[periods]\nterm1 = "08-25"\nterm2 = "02-16"\n', "utf-8")
    terms = read_settings(path).periods.terms
    assert terms.term(2025, 1) == Period(date(2025, 8, 25), date(2026, 2, 15), "2025-2026S1")
    for wrong in ("02-29", "9月1日", "13-01"):
        path.write_text(f'[periods]\nterm1 = "{wrong}"\n', "utf-8")
        with pytest.raises(ConfigError, match="term1"):
            read_settings(path)


# Adding up


def told(
    forms, tables, indicators, union, *periods: Period, k: int = 1
) -> list[dict[str, Figures]]:
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        store = Store(connection.engine, tables, forms, connection)
        history = History(store, indicators, union.tree, k)
        return [dict(history.figures(period, every_unit(union))) for period in periods]


def every_unit(union):
    return frozenset(union.tree.units)


def flows(indicators, *, dated: bool = False):
    return [
        i.id
        for i in indicators
        if i.denominator is None
        and not (isinstance(i.numerator, Rows) and i.numerator.stock)
        and not (dated and i.on_units)
    ]


def test_two_quarters_add_up_to_the_period_of_both(forms, tables, indicators):
    """Flows are the sum, what stands at a moment is the last quarter's, ratios are of the parts."""

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=8, deadline=None)
    def adds_up(seed):
        union, span = generate_union(seed), WHOLE.term(2026, 1)
        assert span.quarters == (EARLIER, PERIOD)
        first, last, both = told(forms, tables, indicators, union, EARLIER, PERIOD, span)
        for unit, found in both.items():
            if unit not in first or unit not in last:
                continue
            for name in flows(indicators):
                for place in [p for p in found.numbers if p[0] == name]:
                    parts = [f[unit].value(*place) or 0 for f in (first, last)]
                    assert (found.value(*place) or 0) == sum(parts), place
            for name in ("A04", "D04", "V05"):
                numbers = [f[unit].numbers[name, "", ""] for f in (first, last, both)]
                for side in ("numerator", "denominator"):
                    one, two, whole = (getattr(n, side) or 0 for n in numbers)
                    assert one + two == whole
            if last["R"].value("Q02"):
                for name in ("O01", "O02", "O03"):
                    assert (found.value(name) or 0) == (last[unit].value(name) or 0)

    adds_up()


def test_two_terms_add_up_to_the_school_year(forms, tables, indicators):
    """Each row stands at one day, so that no term loses one and none counts one twice."""

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=8, deadline=None)
    def adds_up(seed):
        union = generate_union(seed)
        spans = (CUT.term(2026, 1), CUT.term(2026, 2), CUT.school_year(2026))
        first, second, year = told(forms, tables, indicators, union, *spans)
        for unit, found in year.items():
            if unit not in first or unit not in second:
                continue
            for name in flows(indicators, dated=True):
                for place in [p for p in found.numbers if p[0] == name]:
                    parts = [f[unit].value(*place) or 0 for f in (first, second)]
                    assert (found.value(*place) or 0) == sum(parts), place

    adds_up()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("seed", range(6))
def test_the_dated_ledgers_are_cut_at_the_day(forms, tables, indicators, seed):
    union, span = generate_union(seed), CUT.term(2026, 1)
    (found,) = told(forms, tables, indicators, union, span)
    held, dues, visits = (
        [
            row
            for quarter in (EARLIER, PERIOD)
            for row in of_quarter(union, form, quarter, reporting_below(union, "R", quarter.end))
        ]
        for form in ("activities", "dues", "visits")
    )
    held = [a for a in held if span.start <= a["date_end"] <= span.end]
    visits = [v for v in visits if span.start <= v["date"] <= span.end]
    dues = [d for d in dues if d["pay_type"] == "当月" and d["month"] in ("2026-06", "2026-07")]
    root = found["R"]
    assert (root.value("A01") or 0) == len(held)
    assert (root.value("A07") or 0) == sum(a["cost"] for a in held)
    assert (root.value("V01") or 0) == sum(v["persons"] for v in visits)
    assert (root.value("D01") or 0) == sum(d["due"] for d in dues)
    assert (root.value("Q01") or 0) == sum(
        len(reporting_below(union, "R", quarter.end)) for quarter in span.quarters
    )


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("terms", [WHOLE, CUT])
@pytest.mark.parametrize("seed", [3, 8])
def test_the_records_behind_a_longer_period_are_found(forms, tables, indicators, seed, terms):
    union, span = generate_union(seed), terms.term(2026, 1)
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        store = Store(connection.engine, tables, forms, connection)
        found = History(store, indicators, union.tree).figures(span, every_unit(union))["R"]
        for indicator in indicators:
            behind = trace(
                connection, tables, forms, indicators, union.tree, span, "R", indicator.id
            )
            assert behind.value == found.value(indicator.id), indicator.id


# Privacy


@pytest.mark.parametrize("seed", [14, 61])
def test_a_longer_period_tells_no_more_of_persons_than_its_quarters(
    forms, tables, indicators, seed
):
    union = generate_union(seed)
    spans = (WHOLE.term(2026, 1), CUT.term(2026, 1))
    *quarters, both, cut = told(
        forms, tables, indicators, union, EARLIER, PERIOD, *spans, k=5
    )  # fmt: skip
    shown = 0
    for unit, found in both.items():
        for place, number in found.numbers.items():
            persons = any(part.persons for part in indicators.by_id[number.indicator].parts)
            if persons and not number.withheld:
                shown += 1
                assert all(unit in told for told in quarters)
                numbers = [told[unit].numbers.get(place) for told in quarters]
                assert not any(n and n.withheld for n in numbers)
    assert shown
    for found in cut.values():
        for number in found.numbers.values():
            persons = any(part.persons for part in indicators.by_id[number.indicator].parts)
            assert number.withheld == persons


# Whole runs


def a_year(tmp_path):
    folder = make_workspace(tmp_path / "ws")
    for month, period in ((5, "2026Q2"), (8, "2026Q3")):
        day = date(2026, month, 20)
        held = [activity(date_start=day, date_end=day, attended=month)]
        drop(
            folder,
            f"U1-{period}.xlsx",
            quarterly("U1", period, {"members": 40 + month}, activities=held),
        )
    run_once(folder)
    return folder


def test_a_longer_period_is_summarised_into_its_own_folder(tmp_path):
    folder = a_year(tmp_path)
    for code, attended, members in (("2026H1", 5, 45), ("2026", 13, 48), ("2026-2027", 0, 48)):
        written = summarize(opened(folder), NOW, code)
        assert [path.name for path in written] == [
            f"summary_U0_{code}.xlsx", f"summary_S_{code}.xlsx", "index.html",
        ]  # fmt: skip
        book = openpyxl.load_workbook(folder / "outputs" / code / f"summary_U0_{code}.xlsx")
        rows = {row[2]: row for row in book["数据"].iter_rows(values_only=True) if not row[3]}
        assert (rows["A03"][5], rows["O02"][5]) == (attended, members)
        assert rows["A03"][0] == code
        assert "比上期" in [cell for row in book["活动"].values for cell in row]
    assert summarize(opened(folder), NOW, "2026") == []
    assert trace_number(opened(folder), "2026", "U0", "A03").value == 13
    with pytest.raises(UsageError, match="2026H3"):
        summarize(opened(folder), NOW, "2026H3")


def test_a_run_keeps_a_longer_period_up_to_date_once_it_was_asked_for(tmp_path):
    folder = a_year(tmp_path)
    summarize(opened(folder), NOW, "2026")
    assert "2026" not in run_once(folder).periods
    drop(folder, "U3.xlsx", quarterly("U3", "2026Q3"))
    assert "2026" in run_once(folder).periods


def test_the_status_of_a_longer_period_asks_for_every_quarter(tmp_path):
    folder = a_year(tmp_path)
    states = {
        code: {unit.unit: unit.state for unit in ask_status(opened(folder), NOW, code).period.units}
        for code in ("2026Q3", "2026H1")
    }
    assert states["2026Q3"]["U1"] == "on_time"
    assert states["2026H1"]["U1"] == "missing"  # nothing came for the first quarter
