"""What compares two quarters tells no more of persons than the quarters themselves."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import pytest
from attack import COUNTS, Claim, recovered_together, small
from conftest import CONFIG
from databases import empty_database
from generated_union import EARLIER, PERIOD, generate_union, store_union
from test_privacy import cells, known_union

from pipeline.records.editions import Edition, tree_digest
from pipeline.records.store import Store
from pipeline.records.tables import build_tables
from pipeline.summaries.aggregate import figures
from pipeline.summaries.history import History
from pipeline.summaries.privacy import suppress
from pipeline.summaries.read_indicators import read_indicators
from pipeline.summaries.sums import Records, read_sums

SEEDS = (5, 14, 51, 61)


@pytest.mark.parametrize("k", [5])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_attack_recovers_nothing_from_what_compares_two_quarters(forms, seed, k):
    published, bridges, pairs, quarters = comparisons(forms, seed, k)
    claims = [*claims_of_bridges(bridges, quarters), *claims_of_pairs(pairs, quarters)]
    assert small(recovered_together(published, claims), k) == {}


def test_the_attack_succeeds_where_comparisons_are_not_withheld(forms):
    """An attack that never succeeds would prove nothing."""
    fell = 0
    for seed in SEEDS:
        published, _, _, quarters = comparisons(forms, seed, 5)
        _, bridges, pairs, _ = comparisons(forms, seed, 1)
        claims = [*claims_of_bridges(bridges, quarters), *claims_of_pairs(pairs, quarters)]
        fell += len(small(recovered_together(published, claims), 5))
    assert fell


def comparisons(forms, seed, k):
    """Published cells by quarter, bridges and like-for-like by unit, and the sums behind them."""
    union, tables = generate_union(seed), build_tables(forms)
    indicators = read_indicators(CONFIG / "indicators.toml", forms)
    newest = len(union.files) * 2 // 3
    edition = Edition(
        "", EARLIER.code, "", datetime(2026, 7, 9), newest, tree_digest(union.tree), ""
    )
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        store = Store(connection.engine, tables, forms, connection)
        history = History(store, indicators, union.tree, k)
        told, sums = {}, {}
        for name, period, as_of in (
            ("now", PERIOD, None), ("before", EARLIER, None), ("said", EARLIER, newest),
        ):  # fmt: skip
            records = Records(connection, tables, forms, indicators)
            sums[name] = read_sums(records, union.tree, period, as_of)
            found = figures(connection, tables, forms, indicators, union.tree, period, as_of=as_of)
            shown = cells(suppress(found, indicators, k))
            told[name] = (known_union(union, found, period), shown)
        inner = history.figures(PERIOD, frozenset(union.tree.units))
        bridges = [b for unit in inner for b in history.bridges(PERIOD, unit, [edition])]
        pairs = {unit: history.like_for_like(PERIOD, unit) for unit in inner}
    return told, bridges, pairs, (union.tree, sums)


def claims_of_bridges(bridges, quarters):
    """Every part of a bridge: which units are behind it everybody knows."""
    tree, sums = quarters
    for bridge in bridges:
        counted = COUNTS.get(bridge.indicator, (None,))[0]
        if counted is None or bridge.withheld:
            continue
        terms = {part.kind: {} for part in bridge.parts}
        then, later = (
            {u.code for u in tree.reporting(bridge.unit, p.end)} & sums[n].units.keys()
            if bridge.unit in sums[n].units
            else set()
            for n, p in (("said", EARLIER), ("now", PERIOD))
        )
        for unit in then | later:
            in_both = unit in then and unit in later
            kind = "tree" if not in_both else None
            reported = {n: sums[n].reported(unit) for n in sums}
            if kind == "tree":
                add(terms[kind], "now", counted, unit, 1 if unit in later else 0)
                add(terms[kind], "said", counted, unit, -1 if unit in then else 0)
                continue
            add(terms["corrected"], "before", counted, unit, 1)
            add(terms["corrected"], "said", counted, unit, -1)
            if reported["now"] or reported["before"]:
                both = reported["now"] and reported["before"]
                kind = "both" if both else "new" if reported["now"] else "missing"
                add(terms[kind], "now", counted, unit, 1)
                add(terms[kind], "before", counted, unit, -1)
        for part in bridge.parts:
            known = {t: f for t, f in terms[part.kind].items() if sums[t[0]].reported(t[2])}
            yield Claim(known, Fraction(part.amount))
        for top in bridge.top:
            known = {("now", counted, top.unit): 1 if top.unit in later else 0}
            known[("said", counted, top.unit)] = -1 if top.unit in then else 0
            known = {t: f for t, f in known.items() if f and sums[t[0]].reported(t[2])}
            yield Claim(known, Fraction(top.amount))


def claims_of_pairs(pairs, quarters):
    tree, sums = quarters
    for unit, found in pairs.items():
        below = [u.code for u in tree.reporting(unit, PERIOD.end)]
        both = [u for u in below if sums["now"].reported(u) and sums["before"].reported(u)]
        for name, pair in found.items():
            for quarter, number in (("now", pair.now), ("before", pair.before)):
                counted = COUNTS.get(name, ())
                amounts = (
                    (number.value,) if len(counted) == 1 else (number.numerator, number.denominator)
                )
                for what, amount in zip(counted, amounts, strict=False):
                    if what and amount is not None:
                        yield Claim({(quarter, what, u): 1 for u in both}, Fraction(amount))


def add(terms, quarter, counted, unit, factor):
    if factor:
        terms[quarter, counted, unit] = factor
