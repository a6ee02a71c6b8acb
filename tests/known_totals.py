"""Workbooks with known totals taken in by a whole run: `python tests/known_totals.py --count 10000`.

Each is filled from a seed, its totals known before it is written, in whole fen: as a template
filled in Excel, saved again by openpyxl, oddly spelt, as `.ods` or as `.xls`; amounts as numbers
or as people type them. Some are corrections of a workbook that came before. After the run the
figures of every unit and every group must equal what was put in.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from foreign_books import as_ods, as_xls, oddly_spelt, saved_again
from workspaces import NOW, activity, drop, make_workspace, opened, quarterly, run_once

from pipeline.books.read import read_book
from pipeline.books.screen import Limits
from pipeline.periods import Period
from pipeline.records.store import open_store
from pipeline.summaries.aggregate import figures
from pipeline.workspace import Workspace

QUARTER = Period.quarter(2026, 3)
NAME = "甲小学工会"
GROUP = 100  # units a group
MONEY = ("A07", "D01", "D02", "V03")  # indicators in yuan
COUNTS = ("A03", "V01")  # in persons
KINDS = ("xlsx",) * 16 + ("odd xlsx", "ods", "xls", "openpyxl")
Totals = Counter[str]


@dataclass(frozen=True)
class Filled:
    """A workbook with the totals that were put into it, money in fen."""

    kind: str
    data: bytes
    totals: Totals


def fill(seed: int, unit: str, edition: int) -> Filled:
    """Return the workbook of a unit; each edition has other figures."""
    rng = random.Random(f"{seed}/{unit}/{edition}")
    totals: Totals = Counter()
    ledgers = {
        "activities": [_activity(rng, totals) for _ in range(rng.randrange(12))],
        "dues": [_payment(rng, totals, number) for number in range(rng.randrange(30))],
        "visits": [_visit(rng, totals, number) for number in range(rng.randrange(8))],
    }
    data = quarterly(unit, cover={"unit_name": NAME}, **ledgers)
    kind = rng.choice(KINDS)
    return Filled(kind, _spelt(kind, data), totals)


def fill_workspace(folder: Path, seed: int, count: int) -> tuple[dict[str, Totals], Counter[str]]:
    """Drop the workbooks of `count` units into a new workspace; return what each unit's last
    workbook adds up to, and how many there are of each kind."""
    units = [f"U{number:05}" for number in range(count)]
    lines = [
        "code,name,parent,reports,email,contact,aliases,active_from,active_to",
        "ALL,总,,否,,,,,",
    ]
    lines += [f"{group},组,ALL,否,,,,," for group in sorted({group_of(unit) for unit in units})]
    lines += [f"{unit},{NAME},{group_of(unit)},是,,,,," for unit in units]
    make_workspace(folder, "\n".join(lines), SETTINGS)
    rng = random.Random(seed)
    expected, kinds = {}, Counter[str]()
    for unit in units:
        for edition in range(rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 1, 3))):
            filled = fill(seed, unit, edition)
            at = NOW - timedelta(hours=9 - edition)
            drop(folder, f"第{edition}次/{unit}.xlsx", filled.data, at)
            kinds[filled.kind] += 1
            expected[unit] = filled.totals
    return expected, kinds


def group_of(unit: str) -> str:
    """Return the group that a unit belongs to."""
    return f"G{int(unit[1:]) // GROUP:03}"


def differences(folder: Path, expected: Mapping[str, Totals]) -> Iterator[str]:
    """Yield where the figures of a unit, a group or the whole differ from what was put in."""
    groups: dict[str, Totals] = {}
    whole: Totals = Counter()
    for unit, totals in expected.items():
        groups.setdefault(group_of(unit), Counter()).update(totals)
        whole.update(totals)
    workspace = opened(folder)
    found = _figures(workspace)
    for indicator in (*MONEY, *COUNTS):
        for code, totals in {"ALL": whole, **groups}.items():
            yield from _difference(code, indicator, found[code].value(indicator), totals)
        for unit, totals in expected.items():
            value = found[group_of(unit)].value(indicator, "unit", unit)
            yield from _difference(unit, indicator, value, totals)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill, run and compare; the status is 1 where a single fen differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "union")
        folder.mkdir()
        expected, kinds = fill_workspace(folder, asked.seed, asked.count)
        began = datetime.now()
        report = run_once(folder, in_workers=True, mail=False, render=False)
        took = datetime.now() - began
        wrong = list(differences(folder, expected))
    total = sum(totals["D02"] + totals["A07"] + totals["V03"] for totals in expected.values())
    print(dict(kinds), report.counts, f"taken in {took.total_seconds():.0f} s")
    print(f"{sum(kinds.values())} workbooks, {Decimal(total) / 100} yuan, {len(wrong)} differences")
    print(*wrong[:20], sep="\n")
    return 1 if wrong else 0


SETTINGS = """[union]
name = "总"
[intake]
settle_seconds = 0
[workers]
count = 2
"""


def _difference(code: str, indicator: str, value: object, totals: Totals) -> Iterator[str]:
    put_in = Decimal(totals[indicator])
    put_in = put_in / 100 if indicator in MONEY else put_in
    if value != put_in and not (value is None and not put_in):
        yield f"{code} {indicator}: {value} instead of {put_in}"


def _figures(workspace: Workspace) -> Mapping[str, Any]:
    store = open_store(workspace.settings.database.url, workspace.forms, workspace.paths.state)
    try:
        with store.reading() as connection:
            return figures(
                connection,
                store.tables,
                workspace.forms,
                workspace.indicators,
                workspace.tree,
                QUARTER,
            )
    finally:
        store.close()


def _spelt(kind: str, data: bytes) -> bytes:
    if kind == "odd xlsx":
        return oddly_spelt(data)
    if kind == "openpyxl":
        return saved_again(data)
    if kind in ("ods", "xls"):
        book = read_book(data, Limits())
        return as_ods(book) if kind == "ods" else as_xls(book)
    return data


def _activity(rng: random.Random, totals: Totals) -> dict[str, Any]:
    cost, attended = rng.randrange(5_000_000), rng.randrange(300)
    totals.update(A07=cost, A03=attended)
    return activity(
        title=f"活动{rng.random()}",
        invited=300,
        attended=attended,
        cost=_typed(rng, cost),
        fund="会费",
    )


def _payment(rng: random.Random, totals: Totals, number: int) -> dict[str, Any]:
    due = rng.randrange(1, 9_999)
    paid = rng.choice((due, due, due, 0, rng.randrange(due)))
    totals.update(D01=due, D02=paid)
    return {
        "month": f"2026-0{7 + number % 3}", "member_id": f"M{number}", "name": "甲一",
        "due": _typed(rng, due), "paid": _typed(rng, paid), "reason": "请假",
    }  # fmt: skip


def _visit(rng: random.Random, totals: Totals, number: int) -> dict[str, Any]:
    cash, goods, persons = rng.randrange(100_000), rng.randrange(100_000), rng.randrange(1, 9)
    totals.update(V03=cash + goods, V01=persons)
    return {
        "date": QUARTER.start + timedelta(number), "visit_type": "家访", "target_name": f"乙{number}",
        "target_class": "在职职工", "persons": persons, "cash": _typed(rng, cash),
        "goods_value": _typed(rng, goods), "fund": "工会经费", "visitors": "丙三",
    }  # fmt: skip


def _typed(rng: random.Random, fen: int) -> object:
    """Return an amount as a number, or now and then as text that people write."""
    yuan = Decimal(fen) / 100
    if rng.random() < 0.9:
        return float(yuan)
    return rng.choice((f"{yuan:,.2f}", f"{yuan:.2f}元", f"￥{yuan:.2f}", f" {yuan:.2f} "))


if __name__ == "__main__":
    sys.exit(main())
