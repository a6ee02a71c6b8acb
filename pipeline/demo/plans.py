"""What a unit plans for a year: real plan items in, numbered items with months and targets out.

School plans may end in January of the next year. The first year's plan begins with the demo, as
in a union that starts to use the job then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from pipeline.demo.samples import sample_rows, span
from pipeline.demo.units import DemoUnit

ANY_DAY = (3, 27)

_SHARE, _MORE = 0.78, 0.1  # of the items in a unit's source plans, and what later years add
_FREQUENCIES = {"recurring": "每月", "annual": "每年"}


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One line of a yearly plan; months are `2026-09`, `days` bounds the day of the month.

    `kind`: `single` or `span` once within its months, `deadline` towards their end, `annual` at
    any time of them, `recurring` in every one of them.
    """

    id: str
    title: str
    category: str
    kind: str
    start: str
    end: str
    target: int
    days: tuple[int, int]

    @property
    def months(self) -> tuple[str, ...]:
        """The months in which it may happen, in order."""
        first, last = _count(self.start), _count(self.end)
        return tuple(_month(number) for number in range(first, last + 1))


def plan_of(unit: DemoUnit, year: int, first_month: str) -> tuple[PlanItem, ...]:
    """Return what `unit` plans for `year`, by month, without what ends before `first_month`."""
    rng = Random(f"{unit.org.code} plan")
    share = _SHARE if year == int(first_month[:4]) else _SHARE + _MORE
    planned: dict[str, PlanItem] = {}
    for row in sample_rows("plan_items"):
        # Drawn for every row, so that the same plans come back in the next year.
        drawn = rng.random() < share and row["plan"] in unit.plans
        if drawn and row["kind"] != "undated":
            item = _dated(row, year, first_month)
            if item.end >= first_month:
                planned.setdefault(item.title, item)
    ordered = sorted(planned.values(), key=lambda item: (item.start, item.end))
    return tuple(
        replace(item, id=f"P{year % 100:02d}-{number:02d}")
        for number, item in enumerate(ordered, 1)
    )


def unplanned_things(unit: DemoUnit) -> tuple[tuple[str, str], ...]:
    """Return title and category of what such a unit does beyond its plan."""
    plans = ("P10", "P11", "P13") if unit.kind == "school" else ("P8", "P9")
    return tuple(
        (row["title"], row["category"])
        for row in sample_rows("plan_items")
        if row["plan"] in plans and row["kind"] == "undated"
    )


def plan_row(item: PlanItem, budget: int, owner: str) -> dict[str, object]:
    """Return the item as a row of the plan workbook."""
    return {
        "plan_id": item.id,
        "item": item.title,
        "category": item.category,
        "month_start": item.start,
        "month_end": item.end,
        "frequency": _FREQUENCIES.get(item.kind),
        "target": item.target,
        "budget": budget or None,
        "owner": owner,
    }


def _dated(row: dict[str, str], year: int, first_month: str) -> PlanItem:
    january = year * 12
    start = max(_month(january + int(row["month_start"]) - 1), first_month)
    end = _month(january + int(row["month_end"]) - 1)
    days = span(row["days"]) if row["days"] else ANY_DAY
    item = PlanItem(
        "", row["title"], row["category"], row["kind"], start, end, int(row["times"]), days
    )
    return replace(item, target=len(item.months)) if item.kind == "recurring" else item


def _count(month: str) -> int:
    """Return the number of months since year 0."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month(count: int) -> str:
    return f"{count // 12}-{count % 12 + 1:02d}"
