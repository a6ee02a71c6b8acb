"""What a unit reports, still values: its quarters and its plans in the shape that forms ask for.

In: a unit and the demo's quarters. Out: one `Report` a quarter and one a year, complete and right;
what people get wrong is added later, by `slips`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pipeline.demo.activities import activities_of, session_budget
from pipeline.demo.dues import dues_by_month
from pipeline.demo.people import Member, founding_members, members_of
from pipeline.demo.plans import PlanItem, plan_of, plan_row
from pipeline.demo.units import FOUNDED_LAST, DemoUnit, phone
from pipeline.demo.visits import visits_of
from pipeline.periods import Period

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Report:
    """One workbook to be: the values of its cover by field key, its rows by form and field key."""

    unit: DemoUnit
    period: Period
    cover: Mapping[str, object]
    records: Mapping[str, Sequence[Row]]

    def filled_on(self, day: date) -> Report:
        """Return the report with its date of filling."""
        return replace(self, cover={**self.cover, "fill_date": day})


def quarterly_reports(unit: DemoUnit, quarters: Sequence[Period]) -> list[Report]:
    """Return the reports of the quarters in which the unit exists, in order."""
    months = [month for quarter in quarters for month in quarter.months]
    if unit.org.code == FOUNDED_LAST:
        newest = quarters[-1]
        members: tuple[Member, ...] = founding_members(unit, newest.months[-1])
        return [Report(unit, newest, _cover(unit, members, newest, 0, {}), {})]
    members = members_of(unit, months)
    plans = _plans(unit, quarters)
    dues = dues_by_month(members, months, unit.org.code)
    reports = []
    for age, quarter in enumerate(quarters):
        present = [member for member in members if member.stays(quarter.months[-1])]
        records = {
            "activities": activities_of(unit, plans, quarter, present, age),
            "dues": [row for month in quarter.months for row in dues[month]],
            "visits": visits_of(unit, quarter, present, age),
        }
        cover = _cover(unit, members, quarter, age, records)
        reports.append(Report(unit, quarter, cover, records))
    return reports


def plan_reports(unit: DemoUnit, quarters: Sequence[Period]) -> list[Report]:
    """Return the plans of the calendar years involved; none for a unit that plans nothing."""
    chair, deputy = _officers(unit, quarters)
    owners = (chair.name, deputy.name)
    reports = []
    for year in _years(quarters):
        plan = plan_of(unit, year, quarters[0].months[0])
        rows = [
            plan_row(item, _budget(unit, item), owners[number % 2])
            for number, item in enumerate(plan)
        ]
        if rows:
            cover = {"preparer": deputy.name}
            reports.append(Report(unit, Period.year(year), cover, {"plan": rows}))
    return reports


def _plans(unit: DemoUnit, quarters: Sequence[Period]) -> list[PlanItem]:
    first = quarters[0].months[0]
    return [item for year in _years(quarters) for item in plan_of(unit, year, first)]


def _years(quarters: Sequence[Period]) -> list[int]:
    return sorted({quarter.start.year for quarter in quarters})


def _budget(unit: DemoUnit, item: PlanItem) -> int:
    return session_budget(unit, item.title, item.category) * item.target


def _officers(unit: DemoUnit, quarters: Sequence[Period]) -> tuple[Member, Member]:
    chair, deputy = members_of(unit, [m for quarter in quarters for m in quarter.months])[:2]
    return chair, deputy


def _cover(
    unit: DemoUnit,
    members: Sequence[Member],
    quarter: Period,
    age: int,
    records: Mapping[str, Sequence[Row]],
) -> Row:
    present = [member for member in members if member.stays(quarter.months[-1])]
    gone = [member for member in members if member.left and member.left <= quarter.months[-1]]
    retired = sum(member.leaves_as == "退休" for member in gone)
    outsiders = max(unit.members // 6 - age // 2, 1)
    ticks = {f"nil_{form}": None if records.get(form) else "是" for form in _LEDGERS}
    return {
        "submit_type": "首报",
        "preparer": members[1].name,
        "phone": phone(unit.number),
        "reviewer": members[0].name,
        "staff": len(present) + outsiders,
        "members": len(present),
        "members_female": sum(member.woman for member in present),
        "joined": sum(member.joined in quarter.months for member in members),
        "left": sum(member.left in quarter.months for member in members),
        "retirees": unit.members // 4 + retired,
        "hardship": unit.number % 3,
        **ticks,
    }


_LEDGERS = ("activities", "dues", "visits")
