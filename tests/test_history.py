"""What a run knows of earlier quarters: editions, trends, and changes explained from records."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256

import pytest
from databases import lose_database
from mailserver import Mailbox, serving
from sqlalchemy import func, select
from workspaces import (
    NOW,
    SETTINGS,
    copied,
    drop,
    make_workspace,
    opened,
    quarterly,
    records,
    run_once,
)

from pipeline.errors import UsageError
from pipeline.periods import Period
from pipeline.queries import fetch_sent
from pipeline.rebuild import rebuild
from pipeline.records.editions import read_editions
from pipeline.summaries.coverage import Coverage
from pipeline.summaries.history import History

Q3 = Period.quarter(2026, 3)
Q2 = Q3.previous()
JULY = datetime(2026, 7, 9, 2, 0)
UNITS = frozenset({"U0", "S"})


def book(unit, period, members):
    day = {"fill_date": date(2026, 7, 1)} if period == Q2.code else {}
    counted = {"staff": members + 20, "members": members, "members_female": 0}
    return quarterly(unit, period, {**counted, **day})


@pytest.fixture(scope="module")
def lived(engine, tmp_path_factory):
    """A workspace of two quarters, to be looked at."""
    return two_quarters(tmp_path_factory.mktemp("history") / "ws")


@pytest.fixture
def workspace(lived, tmp_path):
    """A copy of it, to go on with."""
    return copied(lived, tmp_path / "ws")


def two_quarters(folder, settings=SETTINGS):
    """U1 and U2 report a quarter; then U1 corrects it, U2 does not come back and U3 begins."""
    make_workspace(folder, settings=settings)
    drop(folder, "U1.xlsx", book("U1", "2026Q2", 100), datetime(2026, 7, 8))
    drop(folder, "U2.xlsx", book("U2", "2026Q2", 50), datetime(2026, 7, 8))
    run_once(folder, JULY)
    drop(folder, "U1-2.xlsx", book("U1", "2026Q2", 110))
    drop(folder, "U1-3.xlsx", book("U1", "2026Q3", 120))
    drop(folder, "U3-3.xlsx", book("U3", "2026Q3", 30))
    run_once(folder)
    return folder


@contextmanager
def looking(folder):
    """Give the history of a workspace, and the editions of its second quarter by unit."""
    workspace = opened(folder)
    k = workspace.settings.privacy.k
    with records(folder) as store:
        with store.reading() as connection:
            editions = read_editions(connection, store.tables, Q2.code)
        yield History(store, workspace.indicators, workspace.tree, k), editions


def test_a_change_is_explained_from_what_the_last_summary_said(lived):
    with looking(lived) as (history, editions):
        found = {
            unit: next(b for b in history.bridges(Q3, unit, editions[unit]) if b.indicator == "O02")
            for unit in UNITS
        }
    root = found["U0"]
    assert (root.before, root.after) == (150, 150)
    assert [(part.kind, part.amount, part.units) for part in root.parts] == [
        ("both", 10, 1), ("new", 30, 1), ("missing", -50, 1), ("corrected", 10, 1), ("tree", 0, 0),
    ]  # fmt: skip
    assert [(t.unit, t.name, t.amount, t.kind) for t in root.top] == [
        ("U2", "乙中学工会", -50, "missing"),
        ("U3", "丙小学工会", 30, "new"),
        ("U1", "甲小学工会", 20, "both"),
    ]
    assert [part.amount for part in found["S"].parts] == [10, 0, -50, 10, 0]


def test_a_correction_that_the_reader_was_told_of_in_time_explains_nothing(tmp_path):
    folder = make_workspace(tmp_path / "ws")
    for at, members in ((JULY, 100), (datetime(2026, 8, 1, 2, 0), 110)):
        drop(folder, f"{members}.xlsx", book("U1", "2026Q2", members), datetime(2026, 7, 8))
        run_once(folder, at)
    drop(folder, "U1-3.xlsx", book("U1", "2026Q3", 120))
    run_once(folder)
    with looking(folder) as (history, editions):
        bridge = next(b for b in history.bridges(Q3, "U0", editions["U0"]) if b.indicator == "O02")
    assert [part.amount for part in bridge.parts] == [10, 0, 0, 0, 0]


def test_a_unit_that_moved_is_told_from_the_tree_of_then(workspace):
    drop(workspace, "U2-3.xlsx", book("U2", "2026Q3", 50))
    units = workspace / "config" / "orgunits.csv"
    units.write_text(
        units.read_text("utf-8").replace("U2,乙中学工会,S", "U2,乙中学工会,U0"), "utf-8"
    )
    run_once(workspace)
    with looking(workspace) as (history, editions):
        root, inner = (
            next(b for b in history.bridges(Q3, unit, editions[unit]) if b.indicator == "O02")
            for unit in ("U0", "S")
        )
    assert [part.amount for part in root.parts] == [10, 30, 0, 10, 0]
    assert [part.amount for part in inner.parts] == [10, 0, 0, 10, -50]


def test_a_missing_unit_counts_with_its_last_cover(lived):
    with looking(lived) as (history, _):
        assert history.coverage(Q3, "U0") == Coverage(2, 4, 150, 200, 1)
        assert history.coverage(Q3, "S") == Coverage(1, 3, 120, 170, 1)


def test_a_trend_begins_with_the_first_quarter_that_was_reported(lived):
    with looking(lived) as (history, _):
        trend = history.trend(Q3, "U0", UNITS)
        assert [(f.period.code, f.value("O02")) for f in trend] == [
            ("2026Q2", 160),
            ("2026Q3", 150),
        ]
        assert len(history.trend(Q3.previous().previous(), "U0", UNITS)) == 1


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_trend_tells_the_totals_of_the_figures(lived, asked_before):
    """They are worked out without the rest, unless that was asked for already."""
    with looking(lived) as (history, _):
        for quarter in (Q3, Q3.previous()):
            if asked_before:
                history.figures(quarter, UNITS)
            told = {unit: history.trend(quarter, unit, UNITS)[-1] for unit in UNITS}
            for unit, figures in history.figures(quarter, UNITS).items():
                totals = {p: number for p, number in figures.numbers.items() if not p[1]}
                assert totals and totals != figures.numbers
                assert told[unit] == replace(figures, numbers=totals)


def test_like_for_like_is_over_the_units_in_both_quarters(lived):
    with looking(lived) as (history, _):
        pair = history.like_for_like(Q3, "U0")["O02"]
    assert (pair.units, pair.before.value, pair.now.value) == (1, 110, 120)


# Editions


def editions_noted(folder):
    with records(folder) as store, store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(store.tables.editions))


def test_an_edition_is_noted_whenever_a_summary_changes_and_only_then(workspace):
    noted = editions_noted(workspace)
    with looking(workspace) as (_, editions):
        assert [e.at for e in editions["U0"]] == [JULY, NOW]
        assert [e.files for e in editions["S"]] == [2, 5]
    run_once(workspace)
    assert editions_noted(workspace) == noted


def test_a_database_from_before_gets_the_tables_of_editions(workspace):
    with records(workspace) as store, store.writing() as connection:
        store.tables.editions.drop(connection)
        store.tables.trees.drop(connection)
    assert editions_noted(workspace) == 0
    drop(workspace, "U2-3.xlsx", book("U2", "2026Q3", 60))
    run_once(workspace)
    assert editions_noted(workspace) == 2


# Privacy


def test_with_k_what_compares_persons_is_withheld_where_a_count_is(tmp_path):
    """U3 began with 30 members, which are too few for k = 40, so nothing may tell them."""
    folder = two_quarters(tmp_path / "ws", SETTINGS + "[privacy]\nk = 40\n")
    with looking(folder) as (history, editions):
        bridges = {b.indicator: b for b in history.bridges(Q3, "U0", editions["U0"])}
        assert bridges["O02"].withheld
        assert (bridges["O02"].before, bridges["O02"].parts, bridges["O02"].top) == (0, (), ())
        assert not bridges["D02"].withheld
        pairs = history.like_for_like(Q3, "U0")
        assert pairs["O02"].now.withheld
        assert pairs["O02"].before.value is None
        assert not pairs["D04"].now.withheld
        assert history.coverage(Q3, "U0") == Coverage(2, 4, None, None, 1)


# Restatement


def restated(folder):
    workspace = opened(folder)
    with records(folder) as store:
        with store.reading() as connection:
            now, before = (read_editions(connection, store.tables, p.code)["U0"] for p in (Q3, Q2))
        history = History(store, workspace.indicators, workspace.tree)
        found = history.restatements(Q3, "U0", now, before)
    return [
        (r.period, r.indicator, r.old, r.new, r.cause_unit, r.cause_name, r.version, r.cause.late)
        for r in found
        if r.indicator == "O02"
    ]


def test_a_correction_restates_what_was_published_and_a_first_workbook_does_not(tmp_path):
    folder = make_workspace(tmp_path / "ws")
    drop(folder, "1.xlsx", book("U1", "2026Q3", 100))
    run_once(folder)
    drop(folder, "2.xlsx", book("U2", "2026Q3", 50))
    drop(folder, "3.xlsx", book("U1", "2026Q3", 110))
    run_once(folder, datetime(2026, 10, 11, 2, 0))
    drop(folder, "4.xlsx", book("U3", "2026Q3", 7), datetime(2026, 10, 20))
    run_once(folder, datetime(2026, 10, 21, 2, 0))
    drop(folder, "5.xlsx", book("U1", "2026Q2", 90))
    run_once(folder, datetime(2026, 10, 22, 2, 0))
    assert restated(folder) == [
        ("2026Q3", "O02", 100, 110, "U1", "甲小学工会", 2, False),
        ("2026Q3", "O02", 160, 167, "U3", "丙小学工会", 1, True),
    ]


def test_a_late_workbook_of_the_last_quarter_is_told_beside_this_one(lived):
    assert restated(lived) == [("2026Q2", "O02", 150, 160, "U1", "甲小学工会", 2, False)]


def test_the_mail_says_which_figure_changed_and_whose_workbook_did_it(tmp_path):
    mailbox = Mailbox()
    with serving(mailbox) as port:
        folder = make_workspace(
            tmp_path / "ws",
            settings=SETTINGS + f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
            'sender = "night@example.com"\n',
        )
        drop(folder, "1.xlsx", book("U1", "2026Q3", 100))
        run_once(folder)
        first = (folder / "outputs/2026Q3/summary_U0_2026Q3.xlsx").read_bytes()
        drop(folder, "2.xlsx", book("U1", "2026Q3", 110))
        run_once(folder, datetime(2026, 10, 11, 2, 0))
        sent = len(mailbox.received)
        run_once(folder, datetime(2026, 10, 12, 2, 0))
        assert len(mailbox.received) == sent
    mails = [m for m in mailbox.received if m["To"] == "u0@example.com"]
    texts = [m.get_body(("plain",)).get_content() for m in mails]
    line = "会员数：100 → 110（甲小学工会更正，第 2 版，2026-10-10 收到）"  # it was not there on the 9th
    assert [line in text for text in texts] == [False, True]
    assert line in mails[1].get_body(("html",)).get_content()
    # What went out first can be given back, by its day and by its digits.
    digits = sha256(first).hexdigest()[:12]
    for when in ("2026-10-10", digits):
        _, path = fetch_sent(opened(folder), "2026Q3", "U0", when, tmp_path)
        assert path.read_bytes() == first
    assert next(mails[0].iter_attachments()).get_content() == first
    with pytest.raises(UsageError, match=digits):
        fetch_sent(opened(folder), "2026Q3", "", "2026-10-01", tmp_path)


def test_a_rebuilt_database_knows_the_editions_again(workspace):
    with looking(workspace) as (history, editions):
        before = editions, history.bridges(Q3, "U0", editions["U0"])
    lose_database(workspace / "state")
    assert rebuild(opened(workspace), NOW, lambda _done, _all: None).done
    with looking(workspace) as (history, editions):
        assert (editions, history.bridges(Q3, "U0", editions["U0"])) == before
