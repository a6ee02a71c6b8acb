"""`config/indicators.toml` in, checked `Indicators` out.

Everything that can be wrong is found here, once, with file, indicator and key: unknown forms,
fields, groups and indicators, expressions outside the rule language, sums that would not be exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from sqlalchemy import ColumnElement, column

from pipeline.errors import ConfigError, ExpressionError, suggestion
from pipeline.forms.expressions import Node, Scope, Type, parse_expression
from pipeline.forms.model import EXPRESSION_TYPES, Field, Form, Forms
from pipeline.records.sql import compile_amount, compile_condition
from pipeline.summaries.indicators import (
    BY_UNIT,
    MEASURES,
    ON_PLANS,
    Breakdown,
    Comparison,
    Format,
    Indicator,
    Indicators,
    Measure,
    Part,
    Rows,
)
from pipeline.texts import Text
from pipeline.tomltable import Table, read_toml

KINDS = ("count", "sum", "ratio", "measure")

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,20}")
_DIMENSION = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SPLITS = ("choice", "month", "date")
_PLAN_FIELDS = {
    "plan": ("plan_id", "month_start", "month_end", "target"),
    "activities": ("plan_id", "date_end", "sessions"),
}


def read_indicators(path: Path, forms: Forms) -> Indicators:
    """Read the indicators over these forms. Raises ConfigError."""
    table = Table(path.name, read_toml(path))
    groups = _read_groups(table)
    breakdowns = _read_breakdowns(table, forms)
    rows = table.tables("indicators")
    table.finish()
    additive = {
        row.string("id"): _read_additive(row, forms)
        for row in rows
        if row.choice("kind", KINDS) != "ratio"
    }
    by_id: dict[str, Indicator] = {}
    for row in rows:
        indicator = _read_indicator(row, forms, groups, breakdowns, additive)
        if indicator.id in by_id:
            raise row.fault("id", f"“{indicator.id}” 用了两次 (id twice)。请改成唯一的。")
        by_id[indicator.id] = indicator
    return Indicators(groups, by_id, breakdowns)


def _read_groups(table: Table) -> dict[str, Text]:
    groups: dict[str, Text] = {}
    for row in table.tables("groups"):
        groups[row.string("key")] = row.text("label")
        row.finish()
    return groups


def _read_breakdowns(table: Table, forms: Forms) -> tuple[Breakdown, ...]:
    found: dict[tuple[str, str], Breakdown] = {}
    for row in table.tables("breakdowns"):
        dimension = row.string("dimension")
        if not _DIMENSION.fullmatch(dimension) or dimension == BY_UNIT:
            raise row.fault(
                "dimension", f"应为小写英文名，且不能是 {BY_UNIT}，现在是 “{dimension}” (a name)。"
            )
        form = _form(row, forms)
        field = _split_field(row, form)
        breakdown = Breakdown(dimension, form.key, field.key, row.text("label"))
        row.finish()
        if found.setdefault((dimension, form.key), breakdown) is not breakdown:
            raise row.fault("dimension", f"{form.key} 已有 “{dimension}” (twice for this form)。")
    return tuple(found.values())


def _split_field(row: Table, form: Form) -> Field:
    splits = [field for field in form.fields if field.type in _SPLITS and not field.sensitive]
    key = row.choice("field", [field.key for field in splits])
    return form.field(key)


def _read_indicator(
    row: Table,
    forms: Forms,
    groups: Mapping[str, Text],
    breakdowns: tuple[Breakdown, ...],
    additive: Mapping[str, Part],
) -> Indicator:
    name, shown = row.string("id"), cast(Format, row.choice("format", get_args(Format)))
    if not _ID.fullmatch(name):
        raise row.fault("id", f"应为字母开头的编号，例如 A09，现在是 “{name}” (an id)。")
    ratio = row.choice("kind", KINDS) == "ratio"
    by_default = "points" if shown == "percent" else "percent"
    indicator = Indicator(
        id=name,
        group=row.choice("group", groups),
        label=row.text("label"),
        unit=row.text("unit"),
        format=shown,
        compare=cast(Comparison, row.choice("compare", get_args(Comparison), by_default)),
        numerator=_read_side(row, "numerator", forms, additive) if ratio else additive[name],
        denominator=_read_side(row, "denominator", forms, additive) if ratio else None,
        breakdowns=row.strings("breakdowns"),
        within=None if ratio else _read_within(row, additive),
    )
    row.finish()
    _check_format(row, indicator)
    _check_breakdowns(row, indicator, breakdowns)
    return indicator


def _read_additive(row: Table, forms: Forms) -> Part:
    kind = row.string("kind")
    if kind == "measure":
        return _read_measure(row, forms)
    return _read_rows(row, forms, row.string("value") if kind == "sum" else "")


def _read_side(row: Table, key: str, forms: Forms, additive: Mapping[str, Part]) -> Part:
    value = row.raw(key)
    if isinstance(value, str):
        if value not in additive:
            raise row.fault(
                key,
                f"没有可相加的指标 “{value}” (no such additive indicator)。{suggestion(value, additive)}",
            )
        return additive[value]
    if value is None:
        row.string(key)  # says that it is missing, or what it was taken for
    side = Table(f"{row.where} {key}", value)
    part = (
        _read_measure(side, forms)
        if "measure" in side
        else _read_rows(side, forms, side.string("value", ""))
    )
    side.finish()
    return part


def _read_within(row: Table, additive: Mapping[str, Part]) -> Part | None:
    """Return the count of persons that `within` names: both must count persons."""
    if not (name := row.string("within", "")):
        return None
    persons = {known: part for known, part in additive.items() if part.persons}
    if row.string("id") not in persons or name not in persons:
        raise row.fault(
            "within",
            f"本指标和 “{name}” 都要是 persons = true 的人数 (both must count persons)。"
            f"{suggestion(name, persons)}",
        )
    return persons[name]


def _read_measure(row: Table, forms: Forms) -> Measure:
    name = row.choice("measure", MEASURES)
    for form, fields in _PLAN_FIELDS.items() if name in ON_PLANS else ():
        for field in fields:
            if form not in forms.forms or field not in forms.forms[form].positions:
                raise row.fault(
                    "measure", f"“{name}” 需要 {form}.toml 的字段 {field} (field not there)。"
                )
    return Measure(name, _form(row, forms).key if name == "units_with_rows" else "")


def _read_rows(row: Table, forms: Forms, value: str) -> Rows:
    form = _form(row, forms)
    columns: dict[str, ColumnElement[Any]] = {field.key: column(field.key) for field in form.fields}
    condition, summed, digits = row.string("where", ""), None, 0
    try:
        where = _parse(row, form, "where", condition, "bool") if condition else None
        if where:
            compile_condition(where, form, columns)
        if value:
            summed = _parse(row, form, "value", value, "number")
            places = compile_amount(summed, form, columns).digits
            if places is None:
                raise ExpressionError(
                    "除法的结果不能相加。请用 kind = “ratio” (a sum of quotients is not exact)。"
                )
            digits = places
    except ExpressionError as error:
        raise _placed(row, error) from None
    if (persons := row.flag("persons")) and digits:
        raise row.fault("persons", "人数应是整数，这里加的是金额 (money is no count of persons)。")
    is_field = form.kind != "ledger" and value in form.positions
    stock = row.flag("stock", is_field)
    return Rows(form.key, summed, where, digits, value, persons, stock)


def _parse(row: Table, form: Form, key: str, text: str, expect: Type) -> Node:
    scope = Scope(
        {field.key: EXPRESSION_TYPES[field.type] for field in form.fields},
        {
            field.key: tuple(c.value for c in field.choices)
            for field in form.fields
            if field.choices
        },
        form.parameters,
    )
    return parse_expression(text, scope, f"{row.where} {key}", expect)


def _placed(row: Table, error: ExpressionError) -> ConfigError:
    message = str(error)
    return error if message.startswith(row.where) else ConfigError(f"{row.where}: {message}")


def _form(row: Table, forms: Forms) -> Form:
    """The form that `form` names: one of a workbook for a quarter."""
    quarterly = {
        form.key: form
        for workbook in forms.workbooks.values()
        if workbook.every == "quarter"
        for form in workbook.forms
    }
    return quarterly[row.choice("form", quarterly)]


def _check_format(row: Table, indicator: Indicator) -> None:
    money = indicator.numerator.digits >= 2
    if indicator.denominator is not None:
        right = indicator.format != "count" and (money or indicator.format != "money")
    else:
        right = indicator.format == ("money" if money else "count")
    if not right:
        raise row.fault(
            "format",
            f"“{indicator.format}” 与所算的数不符：个数用 count，金额用 money，比率用 percent 或"
            " average (count for whole numbers, money for yuan, percent or average for ratios)。",
        )


def _check_breakdowns(row: Table, indicator: Indicator, breakdowns: tuple[Breakdown, ...]) -> None:
    forms = {part.form for part in indicator.parts if isinstance(part, Rows)}
    known = [b.dimension for b in breakdowns if forms == {b.form}]
    for dimension in indicator.breakdowns:
        if dimension not in known or any(isinstance(part, Measure) for part in indicator.parts):
            raise row.fault(
                "breakdowns",
                f"没有对 {'、'.join(sorted(forms)) or '它'} 的 “{dimension}” 细分"
                f" (no such [[breakdowns]] for its form)。{suggestion(dimension, known)}",
            )
