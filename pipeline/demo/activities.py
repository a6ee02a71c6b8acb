"""What became of the plans: a unit's activities in one quarter, as rows of the ledger.

Most planned items are done in one of their months and carry their number, some are not; a few
things happen without a plan. Results are short facts, chosen by category and by words of the title.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from pipeline.demo.people import Member
from pipeline.demo.plans import ANY_DAY, PlanItem, unplanned_things
from pipeline.demo.samples import items, sample_rows
from pipeline.demo.units import DemoUnit
from pipeline.periods import Period

Row = dict[str, object]

_DONE = 0.88  # of the planned items
_FEWEST = 5  # activities a quarter
_COMMITTEE = 5


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that takes place: what, when, how often, and the plan item behind it."""

    title: str
    category: str
    start: date
    end: date | None
    sessions: int
    plan_id: str | None


def activities_of(
    unit: DemoUnit,
    plans: Iterable[PlanItem],
    period: Period,
    members: Sequence[Member],
    age: int,
) -> list[Row]:
    """Return the activities of `period`, by date; `age` counts quarters, attendance grows with it.

    `members` are those of the period.
    """
    rng = Random(f"{unit.org.code} {period.code} activities")
    events = [event for item in plans for event in _events(unit, item, period)]
    events += _unplanned(unit, period, {event.title for event in events}, len(events), rng)
    events.sort(key=lambda event: (event.end or event.start, event.title))
    return [_row(unit, event, members, age, rng) for event in events]


def session_budget(unit: DemoUnit, title: str, category: str) -> int:
    """Return what one session of it is planned to cost, 0 where nothing is."""
    row = _category(category)
    rng = Random(f"{unit.org.code} {title} budget")
    persons = _invited(row["who"], unit.members, round(unit.members * unit.women))
    return round(persons * rng.uniform(int(row["low"]), int(row["high"])) / 50) * 50


def _events(unit: DemoUnit, item: PlanItem, period: Period) -> list[_Event]:
    rng = Random(f"{unit.org.code} {item.id} {item.title}")
    if rng.random() > _DONE:
        return []
    if item.kind == "recurring":
        months = [month for month in item.months if month in period.months]
    else:
        latest = item.months[-2:] if item.kind == "deadline" else item.months
        months = [month for month in (rng.choice(latest),) if month in period.months]
    if not months:
        return []
    days = [_weekday(month, item.days, rng) for month in months]
    sessions = len(days) if item.kind == "recurring" else item.target
    end = days[-1] if len(days) > 1 else None
    return [_Event(item.title, item.category, days[0], end, sessions, item.id)]


def _unplanned(
    unit: DemoUnit, period: Period, taken: set[str], planned: int, rng: Random
) -> list[_Event]:
    left = [thing for thing in unplanned_things(unit) if thing[0] not in taken]
    count = min(max(rng.choice((0, 1, 1)), _FEWEST - planned), len(left))
    return [
        _Event(title, category, _weekday(rng.choice(period.months), ANY_DAY, rng), None, 1, None)
        for title, category in rng.sample(left, count)
    ]


def _row(unit: DemoUnit, event: _Event, members: Sequence[Member], age: int, rng: Random) -> Row:
    category = _category(event.category)
    women = sum(member.woman for member in members)
    invited = _invited(category["who"], len(members), women)
    rate = min(rng.uniform(0.76, 0.92) + 0.012 * age, 1)
    attended = max(round(invited * event.sessions * rate), 1)
    share = 1 if category["who"] == "women" else women / len(members)
    female = min(round(attended * share * rng.uniform(0.85, 1.1)), attended)
    budget, cost, fund = _money(unit, event, category, rng)
    result, problem = _words(event, attended, rng)
    return {
        "title": event.title,
        "category": event.category,
        "date_start": event.start,
        "date_end": event.end,
        "place": rng.choice(items(category[f"{unit.kind}_place"])),
        "invited": invited,
        "attended": attended,
        "sessions": event.sessions if event.sessions > 1 else None,
        "attended_female": attended if category["who"] == "women" else female,
        "budget": budget or None,
        "cost": cost,
        "fund": fund,
        "result": result,
        "problem": problem,
        "plan_id": event.plan_id,
    }


def _money(
    unit: DemoUnit, event: _Event, category: dict[str, str], rng: Random
) -> tuple[int, Decimal, str | None]:
    budget = session_budget(unit, event.title, event.category) * event.sessions
    # At most a tenth over budget; more would be worth a warning.
    cost = Decimal(round(budget * rng.uniform(0.82, 1.06) * 2)) / 2
    fund = rng.choice((category["fund"], category["fund"], "工会经费", "会费")) if cost else None
    return budget, cost, fund


def _words(event: _Event, attended: int, rng: Random) -> tuple[str, str | None]:
    rows = [row for row in sample_rows("results") if row["category"] == event.category]
    fitting = [row for row in rows if row["about"] and row["about"] in event.title]
    row = rng.choice(fitting or [row for row in rows if not row["about"]])
    result = row["result"].format(
        n=attended,
        s=event.sessions,
        g=rng.randint(3, 5),
        k=rng.randint(2, 6),
        m=rng.randint(12, 58),
        p=rng.randint(88, 98),
    )
    return result, row["problem"] or None


def _category(name: str) -> dict[str, str]:
    return next(row for row in sample_rows("categories") if row["category"] == name)


def _invited(who: str, members: int, women: int) -> int:
    if who == "committee":
        return min(members, _COMMITTEE)
    return {"all": members, "part": (members + 1) // 2, "women": max(women, 2)}[who]


def _weekday(month: str, days: tuple[int, int], rng: Random) -> date:
    """Return a working day of the month between `days`, or any of them where there is none."""
    year, number = int(month[:4]), int(month[5:])
    last = min(days[1], monthrange(year, number)[1])
    every = [date(year, number, day) for day in range(days[0], last + 1)]
    return rng.choice([day for day in every if day.weekday() < 5] or every)
