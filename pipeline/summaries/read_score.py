"""`config/score.toml` in, what is asked out; records in, the facts that answer it out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sqlalchemy import Connection, func, or_, select

from pipeline.errors import ConfigError
from pipeline.forms.model import Forms
from pipeline.orgunits import OrgTree, OrgUnit
from pipeline.periods import Period
from pipeline.records.store import Store
from pipeline.records.tables import Tables
from pipeline.summaries.indicators import BY_UNIT, Indicators
from pipeline.summaries.numbers import Figures
from pipeline.summaries.score import Check, Fact, Item, Score, ScoreSheet, score_unit
from pipeline.summaries.statements import counting_rows
from pipeline.summaries.wording import value_text
from pipeline.texts import Text
from pipeline.tomltable import Table, read_toml

SCORE_FILE = "score.toml"
HELD = Text("{n} 项", "{n}")
IN_ROWS = Text("活动台账：{rows}", "Activities: {rows}")
NO_ROWS = Text("活动台账：近 {n} 个季度没有", "Activities: none in {n} quarters")
PLAN_SOURCE = Text("年度计划 {mark}", "yearly plan {mark}")
NO_PLAN = Text("没有有效的年度计划", "no yearly plan that counts")
TRACED = Text("trace --unit {unit} {indicator}", "trace --unit {unit} {indicator}")
_MOST_ROWS = 6


def read_score_sheet(path: Path, indicators: Indicators, forms: Forms) -> ScoreSheet:
    """Read and check what is asked. Raises ConfigError naming the key and what would be right."""
    table = Table(path.name, read_toml(path))
    stars = table.raw("stars", [])
    if (
        not isinstance(stars, list)
        or any(type(s) is not int for s in stars)
        or stars != sorted(stars)
    ):
        raise table.fault(
            "stars", "应为从小到大的整数，例如 [50, 60, 75, 90] (ascending numbers)。"
        )
    items = tuple(_read_item(row, indicators, forms) for row in table.tables("items"))
    quarters = table.whole("quarters", 4)
    table.finish()
    if not items or quarters < 1:
        raise ConfigError(
            f"{path.name}: 至少要有一节 [[items]]，quarters 至少为 1 (nothing is asked)。"
        )
    return ScoreSheet(quarters, tuple(stars), items)


def scores_of_period(
    store: Store,
    path: Path,
    indicators: Indicators,
    tree: OrgTree,
    period: Period,
    figures: Mapping[str, Figures],
) -> dict[str, Score]:
    """Return the score of every unit by the sheet at `path`, from figures of all inner units."""
    sheet = read_score_sheet(path, indicators, store.forms)
    with store.reading() as connection:
        return _scores(_Source(connection, store.tables, indicators, tree, period, figures), sheet)


@dataclass(frozen=True, slots=True)
class _Source:
    connection: Connection
    tables: Tables
    indicators: Indicators
    tree: OrgTree
    period: Period
    figures: Mapping[str, Figures]


def _scores(source: _Source, sheet: ScoreSheet) -> dict[str, Score]:
    """Return the score of every unit that owes a workbook, by code, in the order of the tree."""
    held = _activities(source, sheet)
    plans = _plans(source)
    units = source.tree.reporting(source.tree.root.code, source.period.end)
    found = {}
    for unit in units:
        facts = {
            check: fact
            for item in sheet.items
            for check in item.checks
            if (fact := _fact(source, sheet, unit, check, held[unit.code], plans))
        }
        found[unit.code] = score_unit(sheet, unit.code, unit.name, facts)
    return found


def _read_item(row: Table, indicators: Indicators, forms: Forms) -> Item:
    checks = tuple(_read_check(check, indicators, forms) for check in row.tables("checks"))
    item = Item(row.string("key"), row.text("label"), row.text("note", Text("", "")), checks)
    row.finish()
    return item


def _read_check(row: Table, indicators: Indicators, forms: Forms) -> Check:
    indicator = row.choice("indicator", indicators.by_id, "")
    activities, plan = row.strings("activities"), row.flag("plan")
    if sum((bool(indicator), bool(activities), plan)) != 1:
        raise row.fault("indicator", "indicator、activities、plan 要写且只写一个 (exactly one)。")
    if activities:
        known = {c.value for c in forms.forms["activities"].field("category").choices}
        for name in activities:
            if name not in known:
                raise row.fault("activities", f"没有 “{name}” 这个活动类别 (no such category)。")
    zero, full = Fraction(row.number("zero") or 0), Fraction(row.number("full") or 1)
    points = row.whole("points", 10)
    if full <= zero or points < 1:
        raise row.fault(
            "full", "full 要大于 zero，points 至少为 1 (full above zero, points from 1)。"
        )
    check = Check(row.text("label"), points, zero, full, indicator, activities)
    row.finish()
    return check


def _fact(
    source: _Source,
    sheet: ScoreSheet,
    unit: OrgUnit,
    check: Check,
    held: list[tuple[str, str, int]],
    plans: Mapping[str, tuple[int, str]],
) -> Fact | None:
    if check.indicator:
        return _figure(source, unit, check)
    if check.activities:
        places = [
            f"{period} {row}" for period, category, row in held if category in check.activities
        ]
        shown = places[:_MOST_ROWS] + ["…"] * (len(places) > _MOST_ROWS)
        told = IN_ROWS.format(rows=", ".join(shown)) if places else NO_ROWS.format(n=sheet.quarters)
        return Fact(len(places), HELD.format(n=len(places)), told)
    count, mark = plans.get(unit.code, (0, ""))
    return Fact(count, HELD.format(n=count), PLAN_SOURCE.format(mark=mark) if mark else NO_PLAN)


def _figure(source: _Source, unit: OrgUnit, check: Check) -> Fact | None:
    """Return a unit's own figure; None where it has none, or where it is withheld."""
    above = unit.code if unit.code in source.figures else unit.parent
    figures = source.figures.get(above)
    number = figures.numbers.get((check.indicator, BY_UNIT, unit.code)) if figures else None
    if number is None or number.value is None:
        return None
    indicator = source.indicators.by_id[check.indicator]
    shown = Text(value_text(indicator, number, "zh"), value_text(indicator, number, "en"))
    return Fact(number.value, shown, TRACED.format(unit=unit.code, indicator=indicator.id))


def _activities(source: _Source, sheet: ScoreSheet) -> defaultdict[str, list[tuple[str, str, int]]]:
    """Return period, category and row of each unit's activities that any check asks for."""
    found = defaultdict[str, list[tuple[str, str, int]]](list)
    asked = {name for item in sheet.items for check in item.checks for name in check.activities}
    if not asked:
        return found
    rows = source.tables.records["activities"]
    for period in reversed(list(_quarters(source.period, sheet.quarters))):
        statement = counting_rows(
            source.tables, "activities", period, rows.c.unit, rows.c.category, rows.c.row
        )
        statement = statement.where(rows.c.category.in_(sorted(asked)))
        for unit, category, row in source.connection.execute(
            statement.order_by(rows.c.unit, rows.c.row)
        ):
            found[unit].append((period.code, category, row))
    return found


def _quarters(period: Period, count: int) -> Iterator[Period]:
    for _ in range(count):
        yield period
        period = period.previous()


def _plans(source: _Source) -> dict[str, tuple[int, str]]:
    """Return how many items each unit has in plans of the year or reaching into it, and which."""
    if "plan" not in source.tables.records:
        return {}
    plan, files = source.tables.records["plan"], source.tables.files
    year, first_month = str(source.period.end.year), source.period.months[0]
    statement = (
        select(plan.c.unit, func.count(), func.max(plan.c.period), func.max(files.c.version))
        .select_from(plan.join(files, files.c.id == plan.c.file_id))
        .where(files.c.current == 1, plan.c.period <= year)
        .where(or_(plan.c.period == year, plan.c.month_end >= first_month))
        .group_by(plan.c.unit)
    )
    rows = source.connection.execute(statement)
    return {unit: (count, f"{code} v{version}") for unit, count, code, version in rows}
