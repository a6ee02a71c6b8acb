"""Counts of persons below k are published nowhere, and nobody can work them out."""

from __future__ import annotations

import io
import itertools
import random
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from attack import COUNTS, Cell, Union, recovered, small
from books import ROWS
from databases import empty_database
from generated_union import EARLIER, PERIOD, generate_union, store_union
from mailserver import Mailbox, serving
from narratives import document_text
from published import numbers_before, numbers_of
from workspaces import NARRATED, SETTINGS, activity, drop, make_workspace, quarterly, run_once

from pipeline.errors import ConfigError
from pipeline.orgunits import OrgUnit
from pipeline.records.tables import build_tables
from pipeline.summaries.aggregate import figures
from pipeline.summaries.numbers import Figures, Number
from pipeline.summaries.privacy import suppress, suppress_faults, suppress_issues
from pipeline.summaries.view import OpenIssue, SummaryView, UnitStatus
from pipeline.summaries.workbook import write_summary
from pipeline.texts import Text
from pipeline.workspace import open_workspace

SEEDS = (0, 5, 13, 14, 51, 61, 107)  # one summary and several, up to twelve
Tree = Mapping[str, "Tree | int"]


@pytest.fixture(scope="module")
def unions(forms, indicators):
    """Generated unions: what everybody knows of them, and the figures of both quarters."""
    tables, found = build_tables(forms), {}
    for seed in SEEDS:
        made = generate_union(seed)
        with empty_database(tables.metadata) as connection:
            store_union(connection, tables, forms, made)
            for period in (PERIOD, EARLIER):
                told = figures(connection, tables, forms, indicators, made.tree, period)
                found[seed, period] = known_union(made, told, period), told
    return found


@pytest.fixture(scope="module")
def published(unions, indicators):
    """The same figures for a k, as they are published."""

    @cache
    def of(k: int):
        return {at: (union, suppress(told, indicators, k)) for at, (union, told) in unions.items()}

    return of


def known_union(made, told: Mapping[str, Figures], period) -> Union:
    active = made.tree.walk("R", period.end)
    reported = {
        key
        for unit, found in told.items()
        for key in found.keys("unit", "O01")
        if key == unit or key not in told
    }
    return Union({u.code: u.parent for u in active if u.parent}, frozenset(reported))


def cells(told: Mapping[str, Figures]) -> list[Cell]:
    return [
        Cell(unit, n.indicator, n.dimension, n.key, *map(_fraction, (n.value, n.numerator, n.denominator)))
        for unit, found in told.items()
        for n in found.numbers.values()
    ]  # fmt: skip


def _fraction(value) -> Fraction | None:
    return None if value is None else Fraction(value)


def shown_counts(told: Mapping[str, Figures]) -> Iterator[int]:
    """Every published count of persons, parts of rates included."""
    for cell in cells(told):
        counted = COUNTS.get(cell.indicator, ())
        parts = (cell.value,) if len(counted) == 1 else (cell.numerator, cell.denominator)
        for name, amount in zip(counted, parts, strict=False):
            if name and amount is not None:
                yield int(amount)


# What is published


@pytest.mark.parametrize("k", [5, 20])
def test_no_count_from_1_to_k_is_published(published, k):
    for _, told in published(k).values():
        assert all(n == 0 or abs(n) >= k for n in shown_counts(told))


def test_with_k_1_nothing_changes(unions, indicators):
    for _, told in unions.values():
        assert suppress(told, indicators, 1) == told


def test_what_is_withheld_has_no_value_and_no_parts(published):
    _, told = published(5)[14, PERIOD]
    withheld = [n for found in told.values() for n in found.numbers.values() if n.withheld]
    assert {n.indicator for n in withheld} > {"O05", "V01"}
    assert all((n.value, n.numerator, n.denominator) == (None,) * 3 for n in withheld)


def test_units_activities_plans_and_money_are_published(published):
    for _, told in published(20).values():
        for found in told.values():
            for number in found.numbers.values():
                if number.withheld:
                    assert number.indicator in COUNTS
                    assert number.indicator not in ("A01", "A02", "D02", "V03")


def test_the_order_of_the_numbers_stays(unions, published):
    for at, (_, told) in unions.items():
        _, shown = published(5)[at]
        assert list(shown) == list(told)
        assert all(list(shown[u].numbers) == list(told[u].numbers) for u in told)


# Small examples, with pencil and paper


def summaries(tree: Tree, name: str = "V01", code: str = "R") -> dict[str, Figures]:
    """Return the figures of a tree of units that count one thing: children by code, or a count."""
    found = {}
    numbers = [_number(name, "", "", _total(tree))]
    for child, below in tree.items():
        numbers.append(_number(name, "unit", child, _total(below)))
        if not isinstance(below, int):
            found |= summaries(below, name, child)
    places = {(n.indicator, n.dimension, n.key): n for n in numbers}
    return {code: Figures(OrgUnit(code, code, "", False), PERIOD, places)} | found


def _number(name: str, dimension: str, key: str, value: int) -> Number:
    return Number(name, dimension, key, value, None, None, 1, 1)


def _total(tree: Tree | int) -> int:
    return tree if isinstance(tree, int) else sum(map(_total, tree.values()))


def blank(told: Mapping[str, Figures]) -> set[str]:
    """Where numbers are blank: `unit` for its total, `unit/child` for a line of its table."""
    return {
        f"{unit}/{n.key}" if n.key else unit
        for unit, found in told.items()
        for n in found.numbers.values()
        if n.withheld
    }


@pytest.mark.parametrize(
    ("tree", "withheld"),
    [
        ({"a": 30, "b": 40}, ""),
        ({"a": 30, "b": 0, "c": 40}, ""),  # a zero tells of nobody
        ({"a": 3, "b": 40, "c": 30}, "R/a R/c"),  # with the smallest of the others
        ({"a": 3, "b": 0, "c": 30}, "R/a R/c"),  # a zero covers nothing
        ({"a": 3, "b": 4, "c": 30}, "R/a R/b"),  # cover each other
        ({"a": 1, "b": 2, "c": 9, "d": 30}, "R/a R/b R/c"),  # 3 together, so a third
        ({"a": 1, "b": 2}, "R R/a R/b"),  # the total is small itself
        ({"a": 3, "b": 0}, "R R/a"),
        ({"A": {"a": 3, "b": 20}, "B": {"c": 30, "d": 40}}, "A/a A/b"),
        ({"A": {"a": 3}, "B": {"c": 30, "d": 40}}, "A A/a B R/A R/B B/c"),
        ({"A": {"a": 3}, "B": {"c": 30, "d": 40}, "C": {"e": 9}}, "A A/a C C/e R/A R/C"),
    ],
)
def test_a_small_count_is_withheld_with_its_complement(indicators, tree, withheld):
    assert blank(suppress(summaries(tree), indicators, 5)) == set(withheld.split())


@pytest.mark.parametrize(
    ("stays", "withheld", "counts"),
    [
        ("O02", "O03", {"O02": (40, 60), "O03": (38, 30)}),  # two men
        ("O02", "O01", {"O02": (40, 50), "O01": (42, 60)}),  # two that are no members
    ],
)
def test_what_remains_of_a_whole_is_not_told(indicators, stays, withheld, counts):
    """The members stay, which more indicators are made of."""
    numbers = {}
    for name, (a, b) in counts.items():
        numbers |= summaries({"a": a, "b": b}, name)["R"].numbers
    told = {"R": Figures(OrgUnit("R", "R", "", False), PERIOD, numbers)}
    published = suppress(told, indicators, 5)["R"]
    assert [published.value(stays, "unit", key) for key in "ab"] == [*counts[stays]]
    assert [published.value(withheld, "unit", key) for key in "ab"] == [None, None]
    assert published.value(withheld) == sum(counts[withheld])


def test_a_net_change_below_zero_counts_too(indicators):
    published = suppress(summaries({"a": -3, "b": 12, "c": -8, "d": 0}, "O05"), indicators, 5)
    assert published["R"].value("O05", "unit", "a") is None
    assert published["R"].value("O05", "unit", "b") == 12
    assert published["R"].value("O05", "unit", "d") == 0


# Attacks


@pytest.mark.parametrize("k", [5, 20])
def test_the_attack_recovers_nothing(published, k):
    for (seed, period), (union, told) in published(k).items():
        assert small(recovered(union, cells(told)), k) == {}, (seed, period.code)


def test_the_attack_recovers_what_is_blanked_without_its_complement(unions):
    """An attack that never succeeds would prove nothing."""
    fell = 0
    for union, told in unions.values():
        naive = [
            replace(cell, value=None) if 0 < abs(cell.value or 0) < 5 else cell
            for cell in cells(told)
            if len(COUNTS.get(cell.indicator, ())) == 1
        ]
        fell += len(small(recovered(union, naive), 5))
    assert fell > 100


def test_the_attack_recovers_nothing_from_two_quarters_of_workbooks(forms, indicators, unions):
    """What stands in the sheets of a quarter, and in those of the next one beside it."""
    now, before = (unions[61, period] for period in (PERIOD, EARLIER))
    books = {
        "now": workbooks(forms, indicators, now[1], before[1]),
        "before": workbooks(forms, indicators, before[1], {}),
    }
    told = [cell for book in books["before"] for cell in numbers_of(book)]
    beside = [c for book in books["now"] for c in numbers_before(book, indicators, forms)]
    assert {cell.dimension for cell in beside} >= {"", "unit", "category", "visit_type"}
    assert small(recovered(before[0], told + beside), 5) == {}
    current = [cell for book in books["now"] for cell in numbers_of(book)]
    assert small(recovered(now[0], current), 5) == {}


def workbooks(forms, indicators, told, earlier):
    """The summary workbooks of all inner units, as they are read."""
    told, earlier = (suppress(found, indicators, 5) for found in (told, earlier))
    for unit, found in told.items():
        children = tuple(
            OrgUnit(key, f"工会{key}", unit, True)
            for key in dict.fromkeys(found.keys("unit", "Q01"))
            if key != unit
        )
        view = SummaryView(
            "总工会", found, earlier.get(unit), None, indicators, forms, children, (), (), None, k=5
        )  # fmt: skip
        yield openpyxl.load_workbook(io.BytesIO(write_summary(view, "zh")), read_only=True)


@pytest.mark.parametrize("seed", range(40))
def test_trying_every_table_leaves_a_small_count_open(indicators, seed):
    """Whoever knows that a count is no fraction, never negative, and that a blank is no zero."""
    rng, k, most = random.Random(seed), 5, 40
    tree = {
        unit: {f"{unit}{n}": rng.choice((0, 1, 2, 3, 4, 6, 9)) for n in range(rng.randrange(1, 4))}
        for unit in "AB"
    }
    published = suppress(summaries(tree), indicators, k)
    total = published["R"].value("V01")
    tables = {unit: list(possible(published[unit], tree[unit], most)) for unit in tree}
    for unit, other in ("AB", "BA"):
        reach = {sum(table) for table in tables[other]}
        fits = [t for t in tables[unit] if total is None or total - sum(t) in reach]
        for place, (leaf, count) in enumerate(tree[unit].items()):
            values = {table[place] for table in fits}
            assert count in values
            if 0 < count < k:
                assert max(values) >= k, leaf


def possible(found: Figures, leaves: Mapping[str, int], most: int) -> Iterator[tuple[int, ...]]:
    """Every table of a unit's leaves that goes with its summary."""
    shown = [found.value("V01", "unit", leaf) for leaf in leaves]
    choices = [range(1, most) if value is None else (value,) for value in shown]
    total = found.value("V01")
    return (t for t in itertools.product(*choices) if total is None or sum(t) == total)


# Whole runs

COUNTED = {"staff": 7313, "members": 5557, "members_female": 3191, "joined": 1409, "left": 0}
HELD = {"invited": 2311, "attended": 2203}
VISITED = {"persons": 1607, "households": 1511}
TOLD = (*COUNTED.values(), *HELD.values(), *VISITED.values())
RATES = ("0.7598", "0.9532", "0.3964", "75.9", "76.0", "95.3")


def test_a_run_publishes_no_count_below_k_in_any_file_or_mail(tmp_path):
    mailbox = Mailbox()
    with serving(mailbox) as port:
        workspace = make_workspace(
            tmp_path / "ws",
            settings=NARRATED + f"[privacy]\nk = 20000\n[mail]\nhost = '127.0.0.1'\nport = {port}\n"
            "security = 'none'\nsender = 'night@example.com'\n",
        )
        for period, first in (("2026Q2", date(2026, 4, 1)), ("2026Q3", date(2026, 7, 1))):
            for unit in ("U1", "S"):
                drop(workspace, f"{unit}-{period}.xlsx", a_workbook(unit, period, first))
        report = run_once(workspace)
    assert report.counts["accepted"] == 4
    assert sorted(report.periods) == ["2026Q2", "2026Q3"]
    files = sorted((workspace / "outputs" / "2026Q3").iterdir())
    wanted = {"index.html"} | {
        f"{kind}_{unit}_2026Q3.{suffix}"
        for unit in ("S", "U0")
        for kind, suffix in (("summary", "xlsx"), ("narrative", "docx"))
    }
    assert wanted <= {file.name for file in files}
    for file in (*files, *(workspace / "outputs" / "2026Q2").iterdir()):
        assert not told_in(everything_in(file)), file.name
        if file.suffix == ".docx":
            assert "—（人数少，不公布）" in everything_in(file)
    mails = [
        m for m in mailbox.received if "summary" in str(next(m.iter_attachments()).get_filename())
    ]
    assert len(mails) == 4
    for mail in mails:
        bodies = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
        assert all("人数少，不公布" in body and not told_in(body) for body in bodies)


def a_workbook(unit: str, period: str, first: date) -> bytes:
    day = {"date_start": first, "date_end": first}
    return quarterly(
        unit,
        period,
        {**COUNTED, "fill_date": date(2026, 10, 8)},
        activities=[activity(**day, **HELD)],
        visits=[{**ROWS["visits"], "date": first, **VISITED}],
    )


def everything_in(path: Path) -> str:
    """All texts, cells and charts of a workbook, the words of a page."""
    if path.suffix == ".html":
        return re.sub(r"<[^>]*>", "\n", path.read_text("utf-8"))
    if path.suffix == ".docx":
        return document_text(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(n).decode() for n in archive.namelist() if "theme" not in n]
    return "\n".join(parts)


def told_in(text: str) -> list[str]:
    """The counts that a text gives away, whatever the way they are written."""
    doubled = [n for count in TOLD for n in (count, 2 * count)]
    written = [f"{n:{style}}" for n in doubled if n for style in ("d", ",")]
    return [
        w for w in (*written, *RATES) if re.search(rf"(?<![\d.]){re.escape(w)}(?!\d{{3}})", text)
    ]


def test_the_run_tells_the_same_counts_without_k(tmp_path):
    """What is looked for above is there to be found."""
    workspace = make_workspace(tmp_path / "ws")
    drop(workspace, "1.xlsx", a_workbook("U1", "2026Q3", date(2026, 7, 1)))
    run_once(workspace, mail=False)
    folder = workspace / "outputs" / "2026Q3"
    wanted = {str(n) for n in TOLD if n}
    # The page shows values, not what rates are made of.
    for name, unsaid in (("summary_U0_2026Q3.xlsx", set()), ("index.html", {"2311"})):
        found = {n.replace(",", "") for n in told_in(everything_in(folder / name))}
        assert wanted - found == unsaid, name


def visits(*persons: tuple[str, int]) -> list[dict[str, object]]:
    return [{**ROWS["visits"], "visit_type": kind, "persons": n} for kind, n in persons]


def test_what_an_inner_unit_would_publish_counts_where_only_the_root_is_rendered(tmp_path):
    """S publishes 9 of the 11, so that U3 has 2; a later `summaries = "all"` must not tell."""
    settings = SETTINGS.replace("[intake]", 'summaries = "root"\n[intake]')
    workspace = make_workspace(tmp_path / "ws", settings=settings + "[privacy]\nk = 5\n")
    drop(workspace, "S.xlsx", quarterly("S", visits=visits(("丧事", 9))))
    drop(workspace, "U3.xlsx", quarterly("U3", visits=visits(("丧事", 2), ("送清凉", 40))))
    run_once(workspace, mail=False)
    book = openpyxl.load_workbook(workspace / "outputs/2026Q3/summary_U0_2026Q3.xlsx")
    values = {(c.dimension, c.key): c.value for c in numbers_of(book) if c.indicator == "V01"}
    assert values["", ""] == 51
    assert values["unit", "S"] is None
    assert values["unit", "U3"] is None


def test_late_visits_are_not_told_by_the_open_issues(tmp_path):
    """The rest of the rate of visits in time, and a warning each."""
    workspace = make_workspace(tmp_path / "ws", settings=SETTINGS + "[privacy]\nk = 5\n")
    late = {"date": date(2026, 8, 20), "event_date": date(2026, 8, 1)}
    drop(workspace, "1.xlsx", quarterly(visits=[{**row, **late} for row in visits(("丧事", 9))]))
    report = run_once(workspace, mail=False)
    assert report.files[0].warnings == 1
    book = openpyxl.load_workbook(workspace / "outputs/2026Q3/summary_S_2026Q3.xlsx")
    issue = next(row for row in book["待处理问题"].values if row[3] == "V-05")
    assert issue[6:8] == ("*", None)
    unit = next(row for row in book["报送情况"].values if row[1] == "U1")
    assert unit[6:8] == (0, "*")


def test_people_read_why_a_number_is_not_there(forms, indicators, unions):
    now, before = (unions[14, period][1] for period in (PERIOD, EARLIER))
    book = next(iter(workbooks(forms, indicators, now, before)))
    notes = "".join(str(cell or "") for row in book["封面"].values for cell in row)
    assert "不足 5 人" in notes
    assert "* 人数少于 5" in str(book["走访慰问"]["A2"].value)
    marks = [cell for row in book["走访慰问"].values for cell in row if cell == "*"]
    assert marks


def test_faults_in_a_ledger_of_persons_are_counted_from_k_on(forms, indicators):
    few, many, none = (
        OpenIssue("U1", "甲", sheet, code, "warning", Text("问题", "fault"), count, ("B5", "B6"))
        for sheet, code, count in (("会费台账", "D-05", 2), ("会费台账", "D-08", 7), ("活动台账", "A-07", 2))
    )  # fmt: skip
    issues = suppress_issues([few, many, none], indicators, forms, 5)
    assert issues == (replace(few, count=None, cells=()), many, none)
    status = UnitStatus("U1", "甲", "on_time", False, errors=1, warnings=11)
    assert suppress_faults(status, issues) == replace(status, warnings=None)
    assert suppress_faults(status, [many, none]) == status


def test_k_without_an_indicator_of_persons_is_a_wrong_setting(tmp_path):
    folder = make_workspace(tmp_path / "ws", settings=SETTINGS + "[privacy]\nk = 5\n")
    path = folder / "config" / "indicators.toml"
    text = path.read_text("utf-8").replace(", persons = true", "").replace("persons = true\n", "")
    path.write_text(text.replace('within = "O02"\n', ""), "utf-8")
    with pytest.raises(ConfigError, match="persons = true"):
        open_workspace(folder)
