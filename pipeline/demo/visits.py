"""Whom the union went to see: members and a quarter in, the rows of the visits ledger out.

Kinds of visits fit the season: coolness in summer, warmth in winter, illness at any time. Whoever is
ill, marries or mourns is seen within a week; festivals and birthdays bring goods, never cash.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from pipeline.demo.people import Member
from pipeline.demo.samples import sample_rows, span
from pipeline.demo.units import DemoUnit
from pipeline.periods import Period

Row = dict[str, object]

_GROUPS = {
    ("school", "一线职工"): "保安、食堂岗位",
    ("company", "一线职工"): "一号车间班组",
    ("school", "农民工"): "校舍维修队",
    ("company", "农民工"): "装卸班组",
    ("school", "在职职工"): "各年级组职工",
    ("company", "在职职工"): "各部门职工",
    ("school", "离退休"): "退休教职工代表",
    ("company", "离退休"): "退休职工代表",
    ("school", "劳模先进"): "先进教师代表",
    ("company", "劳模先进"): "先进职工代表",
}
_IN_NEED = ("困难职工", "职工家属")


def visits_of(unit: DemoUnit, period: Period, members: Sequence[Member], age: int) -> list[Row]:
    """Return the visits of `period`, by date; `age` counts quarters, visits grow with it."""
    rng = Random(f"{unit.org.code} {period.code} visits")
    rows = []
    for kind in sample_rows("visits"):
        first, last = span(kind["months"])
        months = [month for month in period.months if first <= int(month[5:]) <= last]
        if months and rng.random() < float(kind["chance"]) * (0.85 + 0.05 * age):
            rows.append(_row(unit, kind, rng.choice(months), members, rng))
    return sorted(rows, key=lambda row: str(row["date"]))


def _row(
    unit: DemoUnit, kind: dict[str, str], month: str, members: Sequence[Member], rng: Random
) -> Row:
    year, number = int(month[:4]), int(month[5:])
    day = date(year, number, rng.randint(2, monthrange(year, number)[1] - 2))
    persons = min(rng.randint(*span(kind["persons"])), len(members))
    cash = rng.randint(*span(kind["cash"])) // 100 * 100
    worth = persons * (rng.randint(*span(kind["goods_each"])) // 5 * 5)
    chair, deputy = members[:2]
    return {
        "date": day,
        "visit_type": kind["visit_type"],
        "target_name": _target(unit, kind["target_class"], persons, members, rng),
        "target_class": kind["target_class"],
        "households": persons if kind["mode"] == "上门" and persons > 1 else None,
        "persons": persons,
        "event_date": day - timedelta(days=rng.randint(0, 6)) if kind["event"] else None,
        "cash": cash,
        "goods": kind["goods"] or None,
        "goods_value": worth or None,
        "fund": kind["fund"] or None,
        "visitors": f"{chair.name}、{deputy.name}",
        "mode": kind["mode"],
        "resolved": _resolved(kind["target_class"], cash, rng),
        "note": kind["event"] or None,
    }


def _target(
    unit: DemoUnit, group: str, persons: int, members: Sequence[Member], rng: Random
) -> str:
    women = [member for member in members[2:] if member.woman]
    named = rng.choice(women if group == "女职工" and women else members[2:]).name
    if group == "职工家属":
        return f"{named}家属"
    return named if persons == 1 else _GROUPS[unit.kind, group]


def _resolved(group: str, cash: int, rng: Random) -> str:
    if group in _IN_NEED or cash:
        return rng.choices(("已办结", "办理中", "未办", "无诉求"), (60, 18, 4, 18))[0]
    return rng.choices(("无诉求", "已办结"), (75, 25))[0]
