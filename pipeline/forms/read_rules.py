"""Rules and checks from TOML: the `[[rules]]` and `[[checks]]` of a form in, checked ones out.

A rule is compiled to the formula of the blank workbook here, so that what a sheet cannot calculate
is refused before anybody fills it. Where the sheet does not show a rule, its form says why.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import cast

from pipeline.forms.expressions import CONTEXT, Node, Scope, fields_of, parse_expression
from pipeline.forms.formulas import compile_formula
from pipeline.forms.model import Rule, SheetCheck
from pipeline.forms.read_fields import no_field
from pipeline.issues import SEVERITIES, Severity
from pipeline.texts import Text
from pipeline.tomltable import Table

CHECKS: tuple[str, ...] = (
    "unique",
    "each_month",
    "unit_active",
    "period_begun",
    "unit_named",
    "meta_agrees",
    "meta_unit_agrees",
)
SHEET_CHECKS = ("unique", "each_month")  # those that a blank workbook shows while it is filled


def read_rule(table: Table, form: str, scope: Scope, positions: Mapping[str, int]) -> Rule:
    """Return one rule of a form. Raises ConfigError."""
    name, severity = table.string("id"), _severity(table)
    reason = _pipeline_only(table)
    node = parse_expression(table.string("rule"), scope, f"{table.where} rule")
    fields = fields_of(node)
    if not fields:
        raise table.fault("rule", "规则里没有用到任何字段 (reads no field)。")
    at = table.string("at", fields[0])
    if at not in positions:
        raise no_field(table, "at", at, positions)
    rule = Rule(
        name,
        severity,
        node,
        "" if reason.zh else _formula(table, node, form, scope),
        fields,
        at,
        table.text("title"),
        _message(table, [*positions, *scope.parameters, *CONTEXT]),
        reason,
    )
    table.finish()
    return rule


def read_check(table: Table, scope: Scope) -> SheetCheck:
    """Return one check over a whole sheet or workbook. Raises ConfigError."""
    fields = table.strings("fields")
    at = table.string("at", fields[0] if fields else "")
    for name in (*fields, *([at] if at else [])):
        if name not in scope.fields:
            raise no_field(table, "fields", name, scope.fields)
    name, reason = table.choice("check", CHECKS), _pipeline_only(table)
    if not reason.zh and name not in SHEET_CHECKS:
        raise table.fault(
            "check",
            f"表内核对做不到 {name}，请用 pipeline_only 写明为什么只由汇总程序核对"
            " (cannot be shown in the sheet; say why under pipeline_only)。",
        )
    check = SheetCheck(
        table.string("id"),
        name,
        _severity(table),
        fields,
        at,
        table.string("unless", ""),
        table.text("title"),
        table.text("message"),
        reason,
    )
    table.finish()
    return check


def _formula(table: Table, node: Node, form: str, scope: Scope) -> str:
    free = {key for key, kind in scope.fields.items() if kind == "text"} - set(scope.choices)
    return compile_formula(node, form, free, f"{table.where} rule")


def _pipeline_only(table: Table) -> Text:
    """Return why the sheet does not show a rule or check, blank texts where it does."""
    reason = table.text("pipeline_only", Text("", ""))
    if "pipeline_only" in table and not (reason.zh.strip() and reason.en.strip()):
        raise table.fault("pipeline_only", "要写明原因，中英文都要 (give the reason, in both).")
    return reason


def _severity(table: Table) -> Severity:
    return cast(Severity, table.choice("severity", SEVERITIES))


def _message(table: Table, known: list[str]) -> Text:
    message = table.text("message")
    for wording in (message.zh, message.en):
        for _, name, _, _ in string.Formatter().parse(wording):
            if name is not None and name not in known:
                raise no_field(table, "message", name, known)
    return message
