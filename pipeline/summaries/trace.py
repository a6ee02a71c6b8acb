"""A number in, the file, sheet, row and value of every record behind it out.

The rows of the numerator add up to a number that is added up, and the two sums of a ratio divide
to it. A row stands for one record; where an expression was added up (`due - paid`) it stands as
one signed value. What a record leaves blank is not behind anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, func, select

from pipeline.errors import UsageError, suggestion
from pipeline.forms.expressions import fields_of
from pipeline.forms.model import Forms
from pipeline.orgunits import OrgTree
from pipeline.periods import Period
from pipeline.records.sql import context_values
from pipeline.records.tables import Tables
from pipeline.summaries.indicators import (
    BY_UNIT,
    NO_MEMBER,
    ON_PLANS,
    ON_UNITS,
    Breakdown,
    Indicator,
    Indicators,
    Measure,
    Part,
    Rows,
    amount,
)
from pipeline.summaries.numbers import Value
from pipeline.summaries.standings import (
    Standing,
    counts,
    filing_behind,
    read_standings,
)
from pipeline.summaries.statements import (
    belongs_to,
    counting_rows,
    due_plan_items,
    member_of,
    months_of,
    share_of,
)

Side = Literal["numerator", "denominator"]


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One record behind a number.

    `file` is relative to the inbox, None for a unit that has sent none; `sheet` is the Chinese
    name; `row` the sheet's own row number, None where a whole workbook or sheet counts.
    """

    unit: str
    file: str | None
    sheet: str
    row: int | None
    field: str
    value: int | Decimal
    part: Side

    def as_json(self) -> dict[str, object]:
        """Return the object that `trace --json` prints for this record."""
        return {
            "unit": self.unit,
            "file": self.file,
            "sheet": self.sheet,
            "row": self.row,
            "field": self.field,
            "value": _json_number(self.value),
            "part": self.part,
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """A number and the records behind it; the value is None where it is undefined."""

    indicator: str
    value: Value | None
    rows: tuple[TraceRow, ...]

    def as_json(self) -> dict[str, object]:
        """Return the object that `trace --json` prints."""
        return {
            "indicator": self.indicator,
            "value": None if self.value is None else _json_number(self.value),
            "rows": [row.as_json() for row in self.rows],
        }


def trace(
    connection: Connection,
    tables: Tables,
    forms: Forms,
    indicators: Indicators,
    tree: OrgTree,
    period: Period,
    unit: str,
    indicator: str,
    dimension: str = "",
    key: str = "",
) -> Trace:
    """Return the records behind a number of a unit's summary; a unit without one has it too.

    `dimension` and `key` choose a number of a breakdown. The records of a longer period are those
    of its quarters, one after the other; what stands at a moment has those of the last one that
    anybody reported. Raises UsageError, naming the nearest, for an indicator, unit, period,
    dimension or member that does not exist.
    """
    chosen = indicators.by_id.get(indicator)
    if chosen is None:
        raise _unknown("指标", "indicator", indicator, tuple(indicators.by_id))
    breakdown = _breakdown(indicators, chosen, dimension)
    member = key if dimension == BY_UNIT else ""
    units = {q: _units(tree, q, unit, member) for q in _quarters_of(tree, period, unit, member)}
    standings = {q: read_standings(connection, tables, forms, q) for q in units}
    if not any(standings.values()) and not chosen.on_units:
        raise _unknown("报告期的报表", "period", period.code, _periods(connection, tables))
    source = _Source(connection, tables, forms, indicators, period)
    searches = [_Search(source, q, units[q], standings[q], breakdown, key) for q in units]
    last = _last_reported(tree, standings)
    sides = [
        tuple(
            row
            for search in searches
            if search.period == last or not (isinstance(part, Rows) and part.stock)
            for row in search.records(part, side)
        )
        for part, side in _sides(chosen)
    ]
    rows = tuple(row for side in sides for row in side)
    if breakdown and not rows:
        _require_member(forms, breakdown, key)
    given = chosen.on_units or (rows if breakdown else any(s.reported() for s in searches))
    sums = [sum(row.value for row in side) for side in sides]
    return Trace(indicator, chosen.value(*sums) if given else None, rows)


@dataclass(frozen=True, slots=True)
class _Source:
    connection: Connection
    tables: Tables
    forms: Forms
    indicators: Indicators
    span: Period


@dataclass(frozen=True, slots=True)
class _Search:
    """Where the records of a part are looked for: `units` are the codes that owe a workbook for the
    quarter `period`.
    """

    source: _Source
    period: Period
    units: tuple[str, ...]
    standings: Mapping[str, Standing]
    breakdown: Breakdown | None
    key: str

    @property
    def tables(self) -> Tables:
        return self.source.tables

    @property
    def forms(self) -> Forms:
        return self.source.forms

    @property
    def is_cut(self) -> bool:
        return not self.source.span.covers(self.period)

    def reported(self) -> list[str]:
        return [code for code in self.units if counts("units_reported", self.standings.get(code))]

    def records(self, part: Part, side: Side) -> Iterator[TraceRow]:
        if isinstance(part, Rows):
            return self._ledger_rows(part, side)
        if part.name in ON_UNITS:
            return self._workbooks(part.name, side)
        if part.name in ON_PLANS:
            return self._plan_items(part, side)
        return self._sheets(part.form, side)

    def _ledger_rows(self, part: Rows, side: Side) -> Iterator[TraceRow]:
        rows, files = self.tables.records[part.form], self.tables.files
        share = share_of(part, self.tables, self.forms)
        statement = self._counting(
            part.form, rows.c.unit, files.c.path, rows.c.row, rows.c.places, share
        )
        statement = statement.where(share.is_not(None))
        if self.breakdown:
            member = member_of(self.breakdown, self.tables, self.forms)
            blank = self.key == NO_MEMBER.zh
            statement = statement.where(member.is_(None) if blank else member == self.key)
        statement = statement.order_by(rows.c.unit, rows.c.file_id, rows.c.row)
        spoken = part.value or part.where
        read = fields_of(spoken) if spoken else ()
        field, sheet = part.text or ", ".join(read), self.forms.forms[part.form].label.zh
        for unit, file, number, places, value in self._execute(statement):
            row = _row_of_cover(places, read) if places else number
            yield TraceRow(unit, file, sheet, row, field, amount(part, int(value)), side)

    def _workbooks(self, measure: str, side: Side) -> Iterator[TraceRow]:
        for unit in self.units:
            standing = self.standings.get(unit)
            if counts(measure, standing):
                filing = filing_behind(measure, standing)
                yield TraceRow(unit, filing.path if filing else None, "", None, "", 1, side)

    def _sheets(self, form: str, side: Side) -> Iterator[TraceRow]:
        unit = self.tables.records[form].c.unit
        path = func.min(self.tables.files.c.path)
        statement = self._counting(form, unit, path).group_by(unit).order_by(unit)
        for code, file in self._execute(statement):
            yield TraceRow(code, file, self.forms.forms[form].label.zh, None, "", 1, side)

    def _plan_items(self, part: Measure, side: Side) -> Iterator[TraceRow]:
        months = months_of(self.source.span, self.period)
        items = due_plan_items(self.tables, self.period, months=months).subquery()
        statement = select(items).where(items.c.unit.in_(self.reported()))
        if part.name == "plan_done":
            statement = statement.where(items.c.done == 1)
        field = "target" if part.name == "plan_done" else "month_end"
        sheet = self.forms.forms["plan"].label.zh
        statement = statement.order_by(items.c.unit, items.c.path, items.c.row)
        for unit, file, row, *_ in self._execute(statement):
            yield TraceRow(unit, file, sheet, row, field, 1, side)

    def _counting(self, form: str, *columns: ColumnElement[Any]) -> Select[Any]:
        unit = self.tables.records[form].c.unit
        statement = counting_rows(self.tables, form, self.period, *columns)
        if self.is_cut:
            source = self.source
            statement = statement.where(
                belongs_to(
                    source.span, self.tables, self.forms, source.indicators, form, self.period
                )
            )
        return statement.where(unit.in_(self.reported()))

    def _execute(self, statement: Select[Any]) -> Iterable[Any]:
        return self.source.connection.execute(statement, context_values(self.period))


def _sides(indicator: Indicator) -> Iterator[tuple[Part, Side]]:
    yield indicator.numerator, "numerator"
    if indicator.denominator is not None:
        yield indicator.denominator, "denominator"


def _quarters_of(tree: OrgTree, period: Period, unit: str, member: str) -> list[Period]:
    """Return the quarters of a period in which a unit, and a member below it, were active.

    Where there is none it is the last one, so that it is said what is not there.
    """
    codes = {unit, member} - {""}
    found = [
        quarter
        for quarter in period.quarters
        if codes <= {u.code for u in tree.walk(tree.root.code, quarter.end)}
    ]
    return found or list(period.quarters[-1:])


def _last_reported(
    tree: OrgTree, standings: Mapping[Period, Mapping[str, Standing]]
) -> Period | None:
    for quarter in reversed(list(standings)):
        owing = tree.reporting(tree.root.code, quarter.end)
        found = (standings[quarter].get(unit.code) for unit in owing)
        if any(counts("units_reported", standing) for standing in found):
            return quarter
    return None


def _units(tree: OrgTree, period: Period, unit: str, member: str) -> tuple[str, ...]:
    """Return the codes of the units behind a unit's number, or behind that of one member."""
    active = [found.code for found in tree.walk(tree.root.code, period.end)]
    if unit not in active:
        raise _unknown("单位", "unit", unit, active)
    if member:
        members = [child.code for child in tree.children(unit, period.end)]
        if tree.units[unit].reports:
            members.append(unit)
        if member not in members:
            raise _unknown(f"{unit} 的下级单位", "unit below it", member, members)
        if member == unit:
            return (unit,)
    return tuple(below.code for below in tree.reporting(member or unit, period.end))


def _breakdown(indicators: Indicators, indicator: Indicator, dimension: str) -> Breakdown | None:
    if dimension in ("", BY_UNIT):
        return None
    for breakdown in indicators.breakdowns:
        if breakdown.dimension == dimension and indicator in indicators.of_breakdown(breakdown):
            return breakdown
    raise _unknown(
        f"{indicator.id} 的细分", "breakdown", dimension, (BY_UNIT, *indicator.breakdowns)
    )


def _periods(connection: Connection, tables: Tables) -> list[str]:
    """Return the periods for which anything was submitted."""
    period = tables.files.c.period
    found = connection.execute(select(period).distinct().where(period.is_not(None)))
    return sorted(found.scalars())


def _require_member(forms: Forms, breakdown: Breakdown, key: str) -> None:
    choices = forms.forms[breakdown.form].field(breakdown.field).choices
    known = [choice.value for choice in choices] + [NO_MEMBER.zh]
    if choices and key not in known:
        raise _unknown("选项", "member", key, known)


def _row_of_cover(places: str, fields: Iterable[str]) -> int | None:
    rows: Mapping[str, int] = json.loads(places)
    return next((rows[field] for field in fields if field in rows), None)


def _unknown(kind: str, kind_en: str, word: str, known: Sequence[str]) -> UsageError:
    hint = suggestion(word, known) or f"可用：{'、'.join(known[:12])}"
    return UsageError(f"没有 “{word}” 这个{kind} (no such {kind_en})。{hint}")


def _json_number(value: Value) -> int | float:
    return value if isinstance(value, int) else float(value)
