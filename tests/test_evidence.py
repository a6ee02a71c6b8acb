"""The rows behind a summary add up to it, and none of them tells of one person."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import attack
import pytest
from all_evidence import read_evidence
from databases import empty_database
from generated_union import PERIOD, generate_union, store_union

from pipeline.records.tables import build_tables
from pipeline.summaries.aggregate import figures
from pipeline.summaries.draw_together import FEW_ROWS, by_workbook, without_few
from pipeline.summaries.evidence import Line, Listing, Share, merge_lines
from pipeline.summaries.privacy import suppress
from pipeline.summaries.read_evidence import (
    open_evidence,
    read_plan_items,
)

SEEDS = (0, 5, 13, 14, 51, 61)


pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(scope="module")
def unions(engine, forms, indicators):
    """Generated unions: figures, rows behind them with k = 1 and with k = 5, plan items, codes."""
    tables, found = build_tables(forms), []
    for seed in SEEDS:
        union = generate_union(seed)
        with empty_database(tables.metadata) as connection:
            store_union(connection, tables, forms, union)
            source = (connection, tables, forms, indicators, union.tree, PERIOD)
            told = figures(*source)
            published = suppress(told, indicators, 5)
            found.append(
                (
                    union.tree, told, published,
                    read_evidence(*source), read_evidence(*source, published),
                    read_plan_items(connection, tables, PERIOD),
                )
            )  # fmt: skip
    return found


def below(tree, code: str) -> list[str]:
    return [unit.code for unit in tree.reporting(code, PERIOD.end)]


def column(listing: Listing, share: Share) -> list:
    place = listing.shares.index(share)
    return [line.amounts[place] for line in listing.lines]


def listings(evidence) -> tuple[Listing, ...]:
    return (evidence.units, *evidence.ledgers)


def test_every_column_adds_up_to_the_figure_of_every_unit(unions):
    checked = set()
    for tree, told, _, evidence, _, _ in unions:
        for code, found in told.items():
            for listing in listings(evidence.of(below(tree, code))):
                for share in listing.shares:
                    total = share.total(found)
                    values = [value for value in column(listing, share) if value is not None]
                    if total is not None:
                        assert sum(values, start=Decimal(0)) == total, (code, share)
                        checked.add((share.indicator, share.side))
                    else:
                        assert not any(values), (code, share)
    assert checked == {
        (share.indicator, share.side)
        for listing in listings(unions[0][3])
        for share in listing.shares
    }


def test_every_part_of_every_indicator_is_a_column_once(unions, indicators):
    *_, evidence, _, _ = unions[0]
    listed = [share.part for listing in listings(evidence) for share in listing.shares]
    on_plans = {indicators.by_id[name].numerator for name in ("P01", "P02")}
    assert set(listed) | on_plans == {part for i in indicators for part in i.parts}
    assert len(listed) == len(set(listed))


def test_lines_stand_unit_by_unit_and_row_by_row(unions):
    for tree, told, _, evidence, _, _ in unions:
        for code in told:
            codes = below(tree, code)
            for listing in evidence.of(codes).ledgers:
                places = [(codes.index(line.unit), line.file) for line in listing.lines]
                assert [unit for unit, _ in places] == sorted(unit for unit, _ in places)
                if listing.by_row:
                    rows = [(line.unit, line.first) for line in listing.lines]
                    assert all(a[0] != b[0] or a[1] < b[1] for a, b in itertools.pairwise(rows))


@pytest.mark.parametrize("by_name", [True, False])
def test_of_too_many_rows_the_sums_of_its_months_are_read(forms, indicators, monkeypatch, by_name):
    """What is then shown is what the rows themselves would have been added up to."""
    if not by_name:
        monkeypatch.setattr("pipeline.summaries.read_evidence._ASKED_BY_NAME", 0)
    tables, union, drawn = build_tables(forms), generate_union(14), 0
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        source = (connection, tables, forms, indicators, union.tree, PERIOD)
        everything, reader = read_evidence(*source), open_evidence(*source)
        for code in figures(*source):
            codes = below(union.tree, code)
            cut = everything.of(codes)
            assert reader.of(connection, codes) == cut
            for by_row, read in zip(
                cut.ledgers, reader.of(connection, codes, 2).ledgers, strict=True
            ):
                if len(by_row.lines) > 2:
                    assert read.drawn_together == len(by_row.lines)
                    assert list(read.lines) == list(map(merge_lines, by_workbook(by_row.lines)))
                    assert by_month(read) == by_month(by_row)
                    drawn += 1
                else:
                    assert read == by_row
    assert drawn > 3


def by_month(listing: Listing) -> dict:
    (month,) = [n for n, dimension in enumerate(listing.dimensions) if dimension.monthly]
    found = {}
    for line in listing.monthly or listing.lines:
        for place, value in enumerate(line.amounts):
            told = (line.unit, line.members[month], place)
            found[told] = found.get(told, 0) + (value or 0)
    return found


def test_dues_stand_by_unit_and_month_never_by_member(unions):
    for _, _, _, evidence, _, _ in unions:
        (dues,) = [ledger for ledger in evidence.ledgers if ledger.form == "dues"]
        assert not dues.by_row
        months = {}
        for line in dues.lines:
            months.setdefault(line.unit, []).append(line)
        for lines in months.values():
            assert all(line.rows == 0 or line.rows >= FEW_ROWS for line in lines)


def test_of_persons_neither_choices_nor_words_are_told(unions):
    _, _, _, evidence, _, _ = unions[0]
    told = {ledger.form: [d.field for d in ledger.dimensions] for ledger in evidence.ledgers}
    assert told == {"activities": ["category", "date_end"], "dues": ["month"], "visits": ["date"]}


def test_with_k_no_row_of_persons_and_no_count_of_them_is_listed(unions):
    withheld = 0
    for _, told, published, _, private, _ in unions:
        assert {ledger.form for ledger in private.ledgers} <= {"activities"}
        for ledger in private.ledgers:
            assert not any(share.part.persons for share in ledger.shares)
        for line in private.units.lines:
            withheld += len(line.withheld)
            for place, share in enumerate(private.units.shares):
                value = line.amounts[place]
                assert not (share.part.persons and value and abs(value) < 5), share
            assert line.file or not line.withheld  # a unit without a workbook has nothing to hide
        assert told.keys() == published.keys()
    assert withheld


def test_the_attack_recovers_nothing_from_the_rows_beside_the_figures(unions):
    """What every single unit adds stands in the summary of the root, too."""
    added = 0
    for tree, told, published, _, private, _ in unions:
        reported = {line.unit for line in private.units.lines if line.amounts[1]}
        parents = {u.code: u.parent for u in tree.walk("R", PERIOD.end) if u.parent}
        known = attack.Union(parents, frozenset(reported))
        figures_shown = [
            cell(code, n.indicator, n.dimension, n.key, n.value, n.numerator, n.denominator)
            for code, found in published.items()
            for n in found.numbers.values()
        ]
        rows = [
            cell(line.unit if line.unit in told else parents[line.unit], share.indicator, "unit",
                 line.unit, **{share.side: line.amounts[place]})
            for line in private.units.lines
            for place, share in enumerate(private.units.shares)
            if share.part.persons and line.amounts[place] is not None
        ]  # fmt: skip
        added += len(rows)
        recovered = attack.recovered(known, figures_shown + rows)
        assert attack.small(recovered, 5) == {}
    assert added > 100


def cell(unit, indicator, dimension, key, value=None, numerator=None, denominator=None):
    shown = (None if n is None else Fraction(n) for n in (value, numerator, denominator))
    return attack.Cell(unit, indicator, dimension, key, *shown)


def test_the_plan_items_are_those_that_the_figures_count(unions):
    counted = 0
    for tree, told, _, evidence, _, items in unions:
        reported = {line.unit for line in evidence.units.lines if line.amounts[1]}
        for code, found in told.items():
            due = [i for c in below(tree, code) if c in reported for i in items.get(c, ())]
            if found.value("P01") is not None:
                assert len(due) == found.value("P01")
                assert sum(item.done for item in due) == found.value("P02")
                counted += len(due)
    assert counted


def test_drawn_together_lines_keep_their_sums_and_their_first_and_last_row():
    lines = [
        Line("A", "v1 0", 2, 9, 4, ("2026-07",), (3, None)),
        Line("A", "v1 0", 5, 30, 2, ("2026-08",), (None, None)),
    ]
    assert merge_lines(lines) == Line("A", "v1 0", 2, 30, 6, ("",), (3, None))


def test_months_of_few_rows_are_drawn_together_with_the_shortest_other():
    def month(name: str, rows: int) -> Line:
        return Line("A", "v1 0", rows, rows, rows, (name,), (rows,))

    def shown(*lines: Line) -> list[tuple[str, int]]:
        return [(line.members[0], line.rows) for line in without_few(lines, PERIOD.months)]

    july, august, september = (month(f"2026-0{n}", rows) for n, rows in ((7, 9), (8, 5), (9, 1)))
    assert shown(july, august) == [("2026-07", 9), ("2026-08", 5)]
    assert shown(july, august, september) == [("2026-07", 9), ("", 6)]
    assert shown(month("2026-07", 1), month("2026-08", 2), month("2026-09", 4)) == [
        ("2026-09", 4), ("", 3),
    ]  # fmt: skip
    assert shown(month("2026-01", 1), july, august) == [("2026-07", 9), ("2026-08", 5), ("", 0)]


def test_of_a_row_or_two_neither_place_nor_number_is_told():
    """A sum of dues that is known to be one row's tells that member's wage."""
    stray = Line("A", "v1 0", 33, 33, 1, ("2026-01",), (Decimal("29.50"),))
    assert list(without_few([stray], PERIOD.months)) == [
        Line("A", "v1 0", None, None, 0, ("",), (Decimal("29.50"),))
    ]
