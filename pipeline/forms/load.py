"""Forms from TOML: `config/choices.toml`, `config/forms/*.toml` and `config/workbooks/*.toml` in,
one checked `Forms` out.

Everything that can be wrong is found here, once, with file and key: unknown keys, unknown fields
in rules and messages, choices that do not exist, two fields read by the same label.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

from pipeline.errors import ConfigError, nearest
from pipeline.forms.expressions import CONTEXT, Node, Scope, fields_of, parse_expression
from pipeline.forms.formulas import compile_formula
from pipeline.forms.known import check_offers, read_offers, read_roster
from pipeline.forms.model import (
    EXPRESSION_TYPES,
    FIELD_TYPES,
    Choice,
    Field,
    FieldType,
    Form,
    Forms,
    Rule,
    SheetCheck,
    Workbook,
)
from pipeline.forms.versions import check_versions, read_since, read_upgrades
from pipeline.issues import SEVERITIES, Severity
from pipeline.texts import Text, fold, label_key
from pipeline.tomltable import Table, read_source, read_toml

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
PREFILLS = ("", "unit", "unit_name", "period")

_KEY = re.compile(r"(?!.*__)[a-z][a-z0-9_]{0,40}")
_DEFAULT_WIDTHS: Mapping[FieldType, int] = {"int": 10, "money": 12, "date": 13, "month": 11}
_RESERVED = frozenset({"file_id", "unit", "period", "row", "places"})

T = TypeVar("T", Form, Workbook)


def read_forms(config: Path) -> Forms:
    """Read all forms and workbooks of a workspace's `config` folder. Raises ConfigError.

    Files that are what they were when they were last read are not gone through again: the worker
    of `check` is a copy of a process that has done so.
    """
    return _read_forms(config, _digest(config))


@lru_cache(maxsize=1)
def _read_forms(config: Path, digest: str) -> Forms:
    choices = _read_choices(config / "choices.toml")
    forms = _read_all(config / "forms", lambda path: _read_form(path, choices))
    check_offers(forms)
    workbooks = _read_all(config / "workbooks", lambda path: _read_workbook(path, forms))
    return Forms(forms, workbooks, digest)


def _toml_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise ConfigError(f"{folder}: 没有 .toml 文件 (no definitions)。请用 init 重新生成配置。")
    return files


def _read_all(folder: Path, read: Callable[[Path], T]) -> dict[str, T]:
    found: dict[str, T] = {}
    files: dict[str, str] = {}
    for path in _toml_files(folder):
        item = read(path)
        key = item.key
        if key in found:
            raise ConfigError(
                f"{path.name}: key = “{key}” 已经用在 {files[key]} 里 (key twice)。请改成唯一的。"
            )
        found[key], files[key] = item, path.name
    return found


def _digest(config: Path) -> str:
    files = [config / "choices.toml", *_toml_files(config / "forms")]
    files += _toml_files(config / "workbooks")
    return hashlib.sha256(b"\0".join(map(read_source, files))).hexdigest()


def _read_choices(path: Path) -> dict[str, tuple[Choice, ...]]:
    table = Table(path.name, read_toml(path))
    return {name: _choice_list(table.tables(name)) for name in list(table.keys())}


def _choice_list(rows: list[Table]) -> tuple[Choice, ...]:
    choices = []
    for row in rows:
        value = row.string("value")
        choices.append(Choice(value, Text(value, row.string("en")), row.strings("aliases")))
        row.finish()
    return tuple(choices)


def _read_form(path: Path, lists: Mapping[str, tuple[Choice, ...]]) -> Form:
    table = Table(path.name, read_toml(path))
    key = _key(table, "key")
    kind = table.choice("kind", ("cover", "ledger"))
    label, aliases = table.text("label"), table.strings("aliases")
    hint = table.text("hint", Text("", ""))
    fields = tuple(_read_field(row, lists, kind) for row in table.tables("fields"))
    if not fields:
        raise table.fault("fields", "至少要有一个字段 (at least one field)。")
    positions, labels = _positions(table, fields), _labels(table, fields)
    parameters = _parameters(Table(f"{path.name} [parameters]", table.raw("parameters", {})))
    scope = Scope(
        {field.key: EXPRESSION_TYPES[field.type] for field in fields},
        {field.key: tuple(c.value for c in field.choices) for field in fields if field.choices},
        parameters,
    )
    rules = tuple(_read_rule(row, key, scope, positions) for row in table.tables("rules"))
    checks = tuple(_read_check(row, scope) for row in table.tables("checks"))
    nil = table.string("nil", "")
    upgrades, roster = read_upgrades(table, fields), read_roster(table, fields)
    table.finish()
    return Form(
        key, "cover" if kind == "cover" else "ledger", label, aliases, hint,
        fields, rules, checks, parameters, nil, positions, labels,
        frozenset(map(label_key, (label.zh, label.en, *aliases))),
        tuple((positions[f.key], positions[f.default_from]) for f in fields if f.default_from),
        upgrades, roster,
    )  # fmt: skip


def _key(table: Table, name: str) -> str:
    key = table.string(name)
    if not _KEY.fullmatch(key):
        raise table.fault(
            name, f"应为小写英文字母、数字和单个的 _ ，现在是 “{key}” (lower-case name)。"
        )
    return key


def _read_field(table: Table, lists: Mapping[str, tuple[Choice, ...]], kind: str) -> Field:
    key = _key(table, "key")
    if key in CONTEXT or (kind == "ledger" and key in _RESERVED):
        raise table.fault("key", f"“{key}” 是保留的名字，请换一个 (reserved name)。")
    label = table.text("label")
    field_type = cast(FieldType, table.choice("type", FIELD_TYPES))
    choices = _field_choices(table, field_type, lists)
    minimum = table.number("minimum")
    if field_type in ("int", "money") and minimum is None and not table.flag("negative"):
        minimum = Decimal(0)
    field = Field(
        key=key,
        label=label,
        type=field_type,
        required=table.flag("required"),
        aliases=table.strings("aliases"),
        choices=choices,
        default=_default(table, field_type, choices),
        default_from=table.string("default_from", ""),
        minimum=minimum,
        sensitive=table.flag("sensitive"),
        prefill=table.choice("prefill", PREFILLS, ""),
        hint=table.text("hint", Text("", "")),
        examples=table.texts("examples"),
        width=table.whole("width", _DEFAULT_WIDTHS.get(field_type, 14)),
        spellings=_spellings(table, choices) if choices else None,
        carry=table.flag("carry"),
        compare=table.flag("compare"),
        offers=read_offers(table),
    )
    table.finish()
    return field


def _field_choices(
    table: Table, field_type: FieldType, lists: Mapping[str, tuple[Choice, ...]]
) -> tuple[Choice, ...]:
    if field_type != "choice":
        return ()
    source = table.raw("choices")
    if isinstance(source, str):
        if source not in lists:
            close = nearest(source, lists)
            hint = f"是否想写 “{close}”？" if close else ""
            raise table.fault("choices", f"choices.toml 里没有 “{source}” (no such list)。{hint}")
        return lists[source]
    values = table.strings("choices")
    if not values:
        raise table.fault("choices", "选项不能为空 (a choice field needs choices)。")
    return tuple(Choice(value, Text(value, value)) for value in values)


def _default(
    table: Table, field_type: FieldType, choices: tuple[Choice, ...]
) -> int | Decimal | str | None:
    if "default" not in table:
        table.raw("default")
        return None
    if field_type in ("int", "money"):
        number = table.number("default")
        assert number is not None
        return int(number) if field_type == "int" else number.quantize(Decimal("0.01"))
    value = table.string("default")
    if choices and value not in [choice.value for choice in choices]:
        raise table.fault("default", f"“{value}” 不在选项里 (not a choice)。")
    return value


def _spellings(table: Table, choices: tuple[Choice, ...]) -> dict[str, str]:
    spellings: dict[str, str] = {}
    for choice in choices:
        for spelling in (choice.value, choice.label.en, *choice.aliases):
            taken = spellings.setdefault(fold(spelling), choice.value)
            if taken != choice.value:
                raise table.fault(
                    "choices",
                    f"“{spelling}” 既指 {taken} 又指 {choice.value} (ambiguous spelling)。",
                )
    return spellings


def _positions(table: Table, fields: tuple[Field, ...]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for place, field in enumerate(fields):
        if field.key in positions:
            raise table.fault("fields", f"字段 {field.key} 出现了两次 (key twice)。")
        positions[field.key] = place
    for field in fields:
        if field.default_from and field.default_from not in positions:
            raise _no_field(table, "default_from", field.default_from, positions)
    return positions


def _labels(table: Table, fields: tuple[Field, ...]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for field in fields:
        for label in (field.label.zh, field.label.en, *field.aliases):
            taken = labels.setdefault(label_key(label), field.key)
            if taken != field.key:
                raise table.fault(
                    "fields", f"“{label}” 既是 {taken} 又是 {field.key} 的名称 (label twice)。"
                )
    return labels


def _no_field(table: Table, key: str, name: str, known: Iterable[str]) -> ConfigError:
    close = nearest(name, known)
    hint = f"是否想写 “{close}”？ Did you mean “{close}”?" if close else ""
    return table.fault(key, f"没有 “{name}” 这个字段 (unknown field)。{hint}")


def _parameters(table: Table) -> dict[str, Decimal | str | tuple[str, ...]]:
    parameters: dict[str, Decimal | str | tuple[str, ...]] = {}
    for key in list(table.keys()):
        value = table.raw(key)
        if isinstance(value, list):
            parameters[key] = table.strings(key)
        elif isinstance(value, str):
            parameters[key] = value
        else:
            parameters[key] = table.number(key) or Decimal(0)
    return parameters


def _read_rule(table: Table, form: str, scope: Scope, positions: Mapping[str, int]) -> Rule:
    name, severity = table.string("id"), _severity(table)
    reason = _pipeline_only(table)
    node = parse_expression(table.string("rule"), scope, f"{table.where} rule")
    fields = fields_of(node)
    if not fields:
        raise table.fault("rule", "规则里没有用到任何字段 (reads no field)。")
    at = table.string("at", fields[0])
    if at not in positions:
        raise _no_field(table, "at", at, positions)
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


def _formula(table: Table, node: Node, form: str, scope: Scope) -> str:
    free = {key for key, kind in scope.fields.items() if kind == "text"} - set(scope.choices)
    return compile_formula(node, form, free, f"{table.where} rule")


def _pipeline_only(table: Table) -> Text:
    """Return why the sheet does not show a rule or check, blank texts where it does."""
    reason = table.text("pipeline_only", Text("", ""))
    if "pipeline_only" in table and not (reason.zh.strip() and reason.en.strip()):
        raise table.fault("pipeline_only", "要写明原因，中英文都要 (give the reason, in both).")
    return reason


def _read_check(table: Table, scope: Scope) -> SheetCheck:
    fields = table.strings("fields")
    at = table.string("at", fields[0] if fields else "")
    for name in (*fields, *([at] if at else [])):
        if name not in scope.fields:
            raise _no_field(table, "fields", name, scope.fields)
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


def _severity(table: Table) -> Severity:
    return cast(Severity, table.choice("severity", SEVERITIES))


def _message(table: Table, known: list[str]) -> Text:
    message = table.text("message")
    for wording in (message.zh, message.en):
        for _, name, _, _ in string.Formatter().parse(wording):
            if name is not None and name not in known:
                raise _no_field(table, "message", name, known)
    return message


def _read_workbook(path: Path, forms: Mapping[str, Form]) -> Workbook:
    table = Table(path.name, read_toml(path))
    workbook = Workbook(
        _key(table, "key"),
        table.text("label"),
        table.whole("version", 1),
        "year" if table.choice("every", ("quarter", "year")) == "year" else "quarter",
        _form(table, table.string("cover"), forms),
        tuple(_form(table, name, forms) for name in table.strings("ledgers")),
        table.text("notes", Text("", "")),
        read_since(table),
    )
    table.finish()
    for ledger in workbook.ledgers:
        _check_ticks(path, ledger, workbook.cover)
    check_versions(path.name, workbook)
    return workbook


def _check_ticks(path: Path, ledger: Form, cover: Form) -> None:
    ticks = {"nil": ledger.nil, **{f"{check.id} unless": check.unless for check in ledger.checks}}
    for key, name in ticks.items():
        if name and name not in cover.positions:
            raise ConfigError(
                f"{path.name}: {ledger.key}.toml 的 {key} = “{name}” 不是"
                f" {cover.key}.toml 的字段 (must be a field of the cover)。"
            )


def _form(table: Table, name: str, forms: Mapping[str, Form]) -> Form:
    if name not in forms:
        close = nearest(name, forms)
        hint = f"是否想写 “{close}”？" if close else ""
        raise table.fault("ledgers", f"config/forms/ 里没有 “{name}” (unknown form)。{hint}")
    return forms[name]
