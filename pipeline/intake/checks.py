"""Checks over a whole sheet or workbook: the named functions that forms refer to.

Each takes what has been read and yields a `Hit`: where, and the values for the message that the
form gives. A check over several rows speaks of the later one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pipeline.forms.model import Form, SheetCheck
from pipeline.intake.typed import UNREAD, Records
from pipeline.orgunits import OrgTree
from pipeline.periods import Period
from pipeline.texts import Text, fold


@dataclass(frozen=True, slots=True)
class Hit:
    """One violation: the row number it speaks of (None for the heading) and message values."""

    row: int | None
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a check may look at. `cover` holds the cover's values by key, `meta` that of `_meta`."""

    form: Form
    rows: Records
    cover: Mapping[str, Any]
    meta: Mapping[str, str] | None
    period: Period
    tree: OrgTree
    today: date


Check = Callable[[SheetCheck, Sheet], Iterator[Hit]]


def run_check(check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    """Yield the violations of one check."""
    if check.unless and sheet.cover.get(check.unless) is True:
        return
    yield from _CHECKS[check.check](check, sheet)


def _unique(check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    columns = (sheet.rows.columns[sheet.form.positions[key]] for key in check.fields)
    keys = list(zip(*columns, strict=True))
    if len(set(keys)) == len(keys):
        return
    first: dict[tuple[object, ...], int] = {}
    for number, key in zip(sheet.rows.numbers, keys, strict=True):
        if None in key or UNREAD in key:
            continue
        seen = first.setdefault(key, number)
        if seen != number:
            yield Hit(number, {"first": seen})


def _each_month(check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    position = sheet.form.positions[check.fields[0]]
    present = set(sheet.rows.columns[position])
    missing = [month for month in sheet.period.months if month not in present]
    if missing:
        yield Hit(None, {"missing": Text("、".join(missing), ", ".join(missing))})


def _unit_active(_check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    code = sheet.cover["unit"]
    unit = sheet.tree.units.get(code)
    if unit is None:
        why = Text("不在单位表里", "is not in the list of units")
    elif not unit.reports:
        why = Text("不是填报单位", "is not a unit that reports")
    elif not unit.active_on(sheet.period.end):
        why = Text("在这个报告期不是在册单位", "is not active in this period")
    else:
        return
    yield Hit(0, {"value": code, "why": why})


def _period_begun(check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    if sheet.period.start > sheet.today:
        yield Hit(
            0,
            {
                "value": sheet.cover[check.at],
                "why": Text("还没有开始", "has not begun yet"),
            },
        )


def _unit_named(check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    unit = sheet.tree.units.get(sheet.cover["unit"])
    name = sheet.cover[check.at]
    if unit is None or not isinstance(name, str) or name == unit.name:
        return
    if fold(name) not in {fold(known) for known in (unit.name, *unit.aliases)}:
        yield Hit(0, {"value": name, "name": unit.name})


def _meta_agrees(_check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    """The unit differs but is not both known, or the period differs."""
    meta = sheet.meta or {}
    unit, period = meta.get("unit", ""), meta.get("period", "")
    differs = unit and unit != sheet.cover["unit"] and not _both_known(sheet, unit)
    if differs or (period and period != sheet.period.code):
        yield Hit(
            0,
            {
                "value": f"{sheet.cover['unit']} {sheet.period.code}",
                "meta": f"{unit} {period}".strip(),
            },
        )


def _meta_unit_agrees(_check: SheetCheck, sheet: Sheet) -> Iterator[Hit]:
    unit = (sheet.meta or {}).get("unit", "")
    if unit and unit != sheet.cover["unit"] and _both_known(sheet, unit):
        yield Hit(0, {"value": sheet.cover["unit"], "meta": unit})


def _both_known(sheet: Sheet, unit: str) -> bool:
    return unit in sheet.tree.units and sheet.cover["unit"] in sheet.tree.units


_CHECKS: Mapping[str, Check] = {
    "unique": _unique,
    "each_month": _each_month,
    "unit_active": _unit_active,
    "period_begun": _period_begun,
    "unit_named": _unit_named,
    "meta_agrees": _meta_agrees,
    "meta_unit_agrees": _meta_unit_agrees,
}
