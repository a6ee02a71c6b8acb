"""Unions invented from a seed: a tree of units, the files they sent and the rows in them.

Nothing here adds anything up. Units start and stop, inner units report, files are refused, sent
twice and corrected, cells are blank, budgets and invitations are zero.
"""

import json
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipeline.forms.storing import to_stored
from pipeline.orgunits import OrgTree, OrgUnit, build_tree
from pipeline.periods import Period

PERIOD = Period.quarter(2026, 3)
EARLIER = PERIOD.previous()
CATEGORIES = ("文体活动", "培训", "其他")
FUNDS = ("工会经费", "会费", None)
VISIT_TYPES = ("送清凉", "生病住院", "家访")
TARGETS = ("在职职工", "困难职工")
PAY_TYPES = ("当月", "当月", "当月", "补缴", "预缴", "退费")
PLAN_IDS = ("P1", "P2", "P3")
STATUSES = (
    "accepted", "accepted", "accepted", "accepted_with_warnings", "rejected",
    "rejected", "duplicate", "quarantined", "closed",
)  # fmt: skip


@dataclass
class Row:
    """One row of a form, its values by field."""

    form: str
    file: int
    number: int
    values: dict[str, Any]
    places: dict[str, int] | None = None


@dataclass
class GeneratedUnion:
    """A tree, `files` as columns of that table, and the rows of all accepted files."""

    tree: OrgTree
    files: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


def generate_union(seed: int) -> GeneratedUnion:
    """Return the union of a seed."""
    rng = random.Random(seed)
    union = GeneratedUnion(build_tree(_units(rng)))
    drops = [
        (unit.code, book, period)
        for unit in union.tree.units.values()
        for book, period in (
            ("quarterly", PERIOD), ("quarterly", EARLIER),
            ("plan", Period.year(2026)), ("plan", Period.year(2025)),
        )
        for _ in range(rng.choice((0, 1, 2, 2, 4)))
    ]  # fmt: skip
    rng.shuffle(drops)
    for code, book, period in drops:
        _drop(rng, union, code, book, period)
    return union


def store_union(connection, tables, forms, union: GeneratedUnion) -> None:
    """Insert the files and rows of a union."""
    if union.files:
        connection.execute(tables.files.insert(), union.files)
    for form in forms.forms.values():
        kept = {column.name for column in tables.records[form.key].columns}
        stored = [
            {
                "file_id": row.file,
                "row": row.number,
                "unit": union.files[row.file - 1]["unit"],
                "period": union.files[row.file - 1]["period"],
                "places": json.dumps(row.places) if row.places else None,
            }
            | {
                f.key: to_stored(f.type, row.values.get(f.key))
                for f in form.fields
                if f.key in kept - {"unit", "period"}
            }
            for row in union.rows
            if row.form == form.key
        ]
        if stored:
            connection.execute(tables.records[form.key].insert(), stored)


def _units(rng: random.Random) -> list[OrgUnit]:
    units = [OrgUnit("R", "总工会", "", reports=rng.random() < 0.3)]
    parents = ["R"]
    for level in range(rng.randrange(1, 4)):
        parents = [
            _unit(rng, units, parent, f"{parent}{'.' if level else '-'}{n}")
            for parent in parents
            for n in range(rng.randrange(*((0, 4) if level else (2, 5))))
        ]
    return units


def _unit(rng: random.Random, units: list[OrgUnit], parent: str, code: str) -> str:
    end = PERIOD.end
    active_from, active_to = rng.choice(
        [(date.min, date.max)] * 6
        + [
            (end, date.max),
            (end + timedelta(1), date.max),
            (date.min, end),
            (date.min, end - timedelta(1)),
        ]
    )
    reports = rng.random() < 0.8
    units.append(
        OrgUnit(code, f"工会{code}", parent, reports, active_from=active_from, active_to=active_to)
    )
    return code


def _drop(rng: random.Random, union: GeneratedUnion, code: str, book: str, period: Period) -> None:
    same = [
        f
        for f in union.files
        if (f["unit"], f["workbook"], f["period"]) == (code, book, period.code)
    ]
    versions = [f["version"] for f in same if f["status"].startswith("accepted")]
    status = rng.choice(STATUSES)
    accepted = status.startswith("accepted")
    if accepted:
        for file in same:
            file["current"] = 0
    number = len(union.files) + 1
    union.files.append(
        {
            "id": number,
            "run_id": "r",
            "path": f"{code}/{number}.xlsx",
            "sha256": f"{number:064x}",
            "size": 1,
            "mtime_ns": 0,
            "received_at": "2026-10-08T12:00:00",
            "taken_at": "2026-10-08T12:00:00",
            "unit": code,
            "period": period.code,
            "workbook": book,
            # A duplicate has the version of the file that it equals.
            "version": len(versions) + 1 if accepted else 1 if status == "duplicate" else None,
            "status": status,
            "errors": int(status == "rejected"),
            "warnings": int(status == "accepted_with_warnings"),
            "nil": int(rng.random() < 0.2),
            "on_time": int(rng.random() < 0.6),
            "current": int(accepted),
            "duplicate_of": None,
            "judged_under": "",
            "receipt": "",
            "settled": 1,
        }
    )
    if accepted and book == "plan":
        union.rows += _plan_rows(rng, number)
    elif accepted:
        union.rows += _quarterly_rows(rng, number, period)


def _quarterly_rows(rng: random.Random, file: int, period: Period) -> list[Row]:
    cover = {
        "staff": rng.choice((0, 30, 41)), "members": rng.choice((0, 25, 30)),
        "members_female": rng.choice((None, 0, 12)),
        "joined": rng.randrange(4), "left": rng.randrange(4),
    }  # fmt: skip
    places = {key: place for place, key in enumerate(cover, start=9)}
    found = [Row("cover", file, 0, cover, places)]
    for form, make in (("activities", _activity), ("dues", _dues), ("visits", _visit)):
        found += [
            Row(form, file, number, make(rng, period))
            for number in range(2, 2 + rng.choice((0, 0, 2, 4, 8)))
        ]
    return found


def _money(rng: random.Random, *usual: str) -> Decimal:
    return Decimal(rng.choice(usual)) if rng.random() < 0.5 else Decimal(rng.randrange(10**6)) / 100


def _day(rng: random.Random, period: Period) -> date:
    return period.start + timedelta(rng.randrange((period.end - period.start).days + 1))


def _activity(rng: random.Random, period: Period) -> dict[str, Any]:
    return {
        "title": "活动", "category": rng.choice(CATEGORIES), "date_start": period.start,
        "date_end": _day(rng, period), "place": "会议室",
        "invited": rng.choice((0, 10, 33)), "attended": rng.choice((0, 7, 10)),
        "sessions": rng.choice((0, 1, 1, 2)),
        "budget": rng.choice((None, Decimal(0), _money(rng, "100", "0.01"))),
        "cost": _money(rng, "0", "99.99"), "fund": rng.choice(FUNDS), "result": "有事实",
        "plan_id": rng.choice((None, *PLAN_IDS)),
    }  # fmt: skip


def _dues(rng: random.Random, period: Period) -> dict[str, Any]:
    pay_type = rng.choice(PAY_TYPES)
    due = rng.choice((Decimal(0), Decimal("22.80"), Decimal("19.95")))
    paid = rng.choice((Decimal(0), due, due - Decimal("0.05") if due else due, Decimal("30")))
    return {
        "month": rng.choice((*period.months, "2026-01" if pay_type != "当月" else period.months[0])),
        "member_id": "M1", "name": "甲一", "status": "正常", "due": due,
        "paid": -paid if pay_type == "退费" else paid, "pay_type": pay_type,
    }  # fmt: skip


def _visit(rng: random.Random, period: Period) -> dict[str, Any]:
    day = _day(rng, period)
    return {
        "date": day, "visit_type": rng.choice(VISIT_TYPES), "target_name": "乙二",
        "target_class": rng.choice(TARGETS), "households": rng.randrange(1, 4),
        "persons": rng.randrange(1, 6),
        "event_date": rng.choice((None, day - timedelta(rng.choice((0, 7, 8, 40))))),
        "cash": _money(rng, "0", "500"), "goods_value": _money(rng, "0", "33.33"),
        "fund": rng.choice(FUNDS), "visitors": "丙三",
        "resolved": rng.choice((None, "无诉求", "已办结", "办理中", "未办")),
    }  # fmt: skip


def _plan_rows(rng: random.Random, file: int) -> list[Row]:
    chosen = rng.sample(PLAN_IDS, rng.randrange(len(PLAN_IDS) + 1))
    months = ("2026-04", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10")
    found = []
    for number, plan_id in enumerate(chosen, start=2):
        start, end = sorted(rng.choices(months, k=2))
        values = {
            "plan_id": plan_id, "item": "事项", "category": "培训", "month_start": start,
            "month_end": end, "frequency": "单次", "target": rng.choice((1, 1, 2, 3)),
        }  # fmt: skip
        found.append(Row("plan", file, number, values))
    return found
