"""Forms from TOML: `config/choices.toml`, `config/forms/*.toml` and `config/workbooks/*.toml` in,
one checked `Forms` out.

Everything that can be wrong is found here and in `read_fields` and `read_rules`, once, with file
and key: unknown keys, unknown fields in rules and messages, choices that do not exist, two fields
read by the same label.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pipeline.errors import ConfigError, suggestion
from pipeline.forms.expressions import Scope
from pipeline.forms.known import check_offers, read_roster
from pipeline.forms.model import EXPRESSION_TYPES, Choice, Form, Forms, Workbook
from pipeline.forms.read_fields import labels_of, positions_of, read_choices, read_field, read_key
from pipeline.forms.read_rules import read_check, read_rule
from pipeline.forms.versions import check_versions, read_since, read_upgrades
from pipeline.texts import Text, label_key
from pipeline.tomltable import Table, read_source, read_toml

T = TypeVar("T", Form, Workbook)


def read_forms(config: Path) -> Forms:
    """Read all forms and workbooks of a workspace's `config` folder. Raises ConfigError.

    Files that say what was last read are not gone through again, wherever they lie: the worker of
    `check` is a copy of a process that has done so.
    """
    return _read_forms(_Source(_digest(config), config))


@dataclass(frozen=True, slots=True)
class _Source:
    """What the files say, and where they lie, which makes no difference."""

    digest: str
    config: Path = field(compare=False)


@lru_cache(maxsize=1)
def _read_forms(source: _Source) -> Forms:
    choices = read_choices(source.config / "choices.toml")
    forms = _read_all(source.config / "forms", lambda path: _read_form(path, choices))
    check_offers(forms)
    workbooks = _read_all(source.config / "workbooks", lambda path: _read_workbook(path, forms))
    return Forms(forms, workbooks, source.digest)


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


def _read_form(path: Path, lists: Mapping[str, tuple[Choice, ...]]) -> Form:
    table = Table(path.name, read_toml(path))
    key = read_key(table, "key")
    kind = table.choice("kind", ("cover", "ledger"))
    label, aliases = table.text("label"), table.strings("aliases")
    hint = table.text("hint", Text("", ""))
    fields = tuple(read_field(row, lists, kind) for row in table.tables("fields"))
    if not fields:
        raise table.fault("fields", "至少要有一个字段 (at least one field)。")
    positions, labels = positions_of(table, fields), labels_of(table, fields)
    parameters = _parameters(Table(f"{path.name} [parameters]", table.raw("parameters", {})))
    scope = Scope(
        {field.key: EXPRESSION_TYPES[field.type] for field in fields},
        {field.key: tuple(c.value for c in field.choices) for field in fields if field.choices},
        parameters,
    )
    rules = tuple(read_rule(row, key, scope, positions) for row in table.tables("rules"))
    checks = tuple(read_check(row, scope) for row in table.tables("checks"))
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


def _read_workbook(path: Path, forms: Mapping[str, Form]) -> Workbook:
    table = Table(path.name, read_toml(path))
    workbook = Workbook(
        read_key(table, "key"),
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
        hint = suggestion(name, forms)
        raise table.fault("ledgers", f"config/forms/ 里没有 “{name}” (unknown form)。{hint}")
    return forms[name]
