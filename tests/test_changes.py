"""What a total covers, how it compares like for like, and that every change is explained exactly."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from databases import empty_database
from generated_union import EARLIER, PERIOD, generate_union, store_union
from hypothesis import given, settings
from hypothesis import strategies as st
from test_numbers import all_indicators, inner_units, reported_in, reporting_below

from pipeline.orgunits import OrgUnit, build_tree
from pipeline.summaries.aggregate import figures
from pipeline.summaries.bridge import KINDS, Quarter, bridges_of
from pipeline.summaries.coverage import Coverage, coverage_of, like_for_like
from pipeline.summaries.indicators import EXPECTED, REPORTED, Measure
from pipeline.summaries.sums import Records, Sums, read_sums

pytestmark = pytest.mark.usefixtures("engine")


# Explained change


def test_the_parts_of_a_bridge_add_up_to_the_difference(forms, tables, indicators):
    """Between what the earlier summary said, by the files and the tree of its day, and now."""

    @given(seed=st.integers(0, 10**6))
    @settings(max_examples=12, deadline=None)
    def adds_up(seed):
        check_bridges(forms, tables, indicators, seed)

    adds_up()


def check_bridges(forms, tables, indicators, seed):
    union, rng = generate_union(seed), random.Random(seed)
    tree_then = tree_of_then(rng, union.tree)
    newest = rng.randrange(len(union.files) + 1)
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        records = Records(connection, tables, forms, indicators)
        said_then = figures(connection, tables, forms, indicators, tree_then, EARLIER, as_of=newest)
        says_now = figures(connection, tables, forms, indicators, union.tree, PERIOD)
        said = Quarter(read_sums(records, tree_then, EARLIER, as_of=newest), tree_then)
        before = Quarter(read_sums(records, union.tree, EARLIER), union.tree)
        now = Quarter(read_sums(records, union.tree, PERIOD), union.tree)
    for unit, found in says_now.items():
        for indicator in indicators:
            for bridge in bridges_of(indicator, unit, said, before, now):
                assert [part.kind for part in bridge.parts] == list(KINDS)
                assert sum(part.amount for part in bridge.parts) == bridge.difference
                assert bridge.after == printed(found, indicator.id, bridge.side)
                if unit in said_then:
                    assert bridge.before == printed(said_then[unit], indicator.id, bridge.side)


def printed(found, indicator, side):
    """What a summary says; where nobody reported it says nothing, which adds nothing."""
    return getattr(found.numbers[indicator, "", ""], side) or 0


def tree_of_then(rng, tree):
    """The tree with some units under another parent, not there yet, or reporting otherwise."""
    leaves = [u for u in tree.units.values() if not tree._children.get(u.code) and u.parent]
    parents = [u.code for u in tree.units.values() if u not in leaves]
    changed = {u.code: u for u in tree.units.values()}
    for unit in rng.sample(leaves, min(3, len(leaves))):
        match rng.randrange(4):
            case 0:
                changed[unit.code] = replace(unit, parent=rng.choice(parents))
            case 1:
                changed.pop(unit.code)
            case 2:
                changed[unit.code] = replace(unit, reports=not unit.reports)
            case 3:
                changed["gone"] = OrgUnit("gone", "撤销的工会", "R", True)
    return build_tree(changed.values())


A, B, C, D, E = (OrgUnit(code, f"工会{code}", "R", True) for code in "ABCDE")
ROOT = OrgUnit("R", "总工会", "", False)
MEMBERS = Measure("units_with_rows")  # any part will do


def quarter(period, members, units):
    """A quarter in which units count members; one that is not named has no workbook."""
    codes = ["R", *(unit.code for unit in units)]
    columns = {
        EXPECTED: [int(code != "R") for code in codes],
        REPORTED: [int(code in members) for code in codes],
        MEMBERS: [members.get(code, 0) for code in codes],
    }
    places = {code: place for place, code in enumerate(codes)}
    return Quarter(Sums(period, places, columns, {}), build_tree([ROOT, *units]))


def test_every_reason_of_a_change_with_pencil_and_paper(indicators):
    indicator = replace(indicators.by_id["Q03"], id="X", numerator=MEMBERS, denominator=None)
    said = quarter(EARLIER, {"A": 10, "B": 20, "C": 30, "D": 40}, [A, B, C, D])
    before = quarter(EARLIER, {"A": 12, "B": 20, "D": 40}, [A, B, C, D])
    now = quarter(PERIOD, {"A": 15, "C": 33, "E": 7}, [A, B, C, E])
    (bridge,) = bridges_of(indicator, "R", said, before, now)
    assert (bridge.before, bridge.after, bridge.difference) == (100, 55, -45)
    assert {part.kind: (part.amount, part.units) for part in bridge.parts} == {
        "both": (3, 1),  # A, 12 to 15
        "new": (33, 1),  # C, whose workbook of the earlier quarter no longer counts
        "missing": (-20, 1),  # B
        "corrected": (2 - 30, 2),  # A, 10 to 12; C
        "tree": (-40 + 7, 2),  # D closed, E created
    }
    assert [(top.unit, top.amount, top.kind) for top in bridge.top] == [
        ("D", -40, "tree"), ("B", -20, "missing"), ("E", 7, "tree"),
    ]  # fmt: skip


def test_a_unit_that_moved_changes_its_parents_and_not_the_root(indicators):
    indicator = replace(indicators.by_id["Q03"], id="X", numerator=MEMBERS, denominator=None)
    inner = [OrgUnit(code, code, "R", False) for code in ("I", "J")]
    then = [*inner, replace(A, parent="I"), replace(B, parent="I"), replace(C, parent="J")]
    later = [*inner, replace(A, parent="I"), replace(B, parent="J"), replace(C, parent="J")]
    counts = {"A": 1, "B": 2, "C": 4}
    said, before = (quarter(EARLIER, counts, units) for units in (then, later))
    now = quarter(PERIOD, counts, later)
    moved = {}
    for unit in "RIJ":
        (bridge,) = bridges_of(indicator, unit, said, before, now)
        moved[unit] = {part.kind: part.amount for part in bridge.parts if part.amount}
    assert moved == {"R": {}, "I": {"tree": -2}, "J": {"tree": 2}}


# Coverage and like for like


@pytest.mark.parametrize("seed", range(8))
def test_like_for_like_is_what_the_units_in_both_add_up_to(forms, tables, indicators, seed):
    union = generate_union(seed)
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        records = Records(connection, tables, forms, indicators)
        now, before = (read_sums(records, union.tree, p) for p in (PERIOD, EARLIER))
    for unit in inner_units(union, PERIOD.end):
        below = reporting_below(union, unit, PERIOD.end)
        in_both = [
            code
            for code in below
            if all(reported_in(union, p, [code]) for p in (PERIOD, EARLIER))
            and union.tree.units[code].active_on(EARLIER.end)
            and all_above_active(union, code)
        ]
        found = like_for_like(unit, union.tree, now, before, indicators)
        assert bool(found) == bool(in_both)
        for name, pair in found.items():
            assert pair.units == len(in_both)
            for number, period in ((pair.now, PERIOD), (pair.before, EARLIER)):
                parts = (number.value, number.numerator, number.denominator)
                assert parts == all_indicators(union, period, in_both)[name]


def all_above_active(union, code):
    while code:
        if not union.tree.units[code].active_on(EARLIER.end):
            return False
        code = union.tree.units[code].parent
    return True


def test_missing_units_count_with_the_members_of_their_last_cover(indicators):
    units = [A, B, C, D]
    now = quarter(PERIOD, {"A": 60}, units).sums
    earlier = quarter(EARLIER, {"A": 50, "B": 30}, units).sums
    longer_ago = quarter(EARLIER.previous(), {"B": 7, "C": 10}, units).sums
    members = replace(indicators.by_id["O02"], numerator=MEMBERS)
    indicators = replace(indicators, by_id={**indicators.by_id, "O02": members})
    tree = build_tree([ROOT, *units])
    found = coverage_of("R", tree, now, [earlier, longer_ago], indicators)
    assert found == Coverage(1, 4, 60, 100, 1)
    assert found.share == Fraction(60, 100)
    assert found.text.zh == "1/4 个单位，会员覆盖 60%（另有 1 个单位会员数不详）"


def test_a_share_of_nearly_all_is_not_rounded_up_to_all():
    assert "99%" in Coverage(33, 34, 9996, 10000, 0).text.zh


def test_nothing_known_is_no_share():
    assert Coverage(0, 2, 0, 0, 2).share is None
    assert Coverage(0, 2, 0, 0, 2).text.en == "0 of 2 units (members of 2 more unknown)"


def test_units_without_workbooks_below_have_no_like_for_like(indicators):
    quiet = quarter(PERIOD, {}, [A, B]).sums
    assert like_for_like("R", build_tree([ROOT, A, B]), quiet, quiet, indicators) == {}
