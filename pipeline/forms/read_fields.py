"""Fields from TOML: `choices.toml` and the `[[fields]]` of a form in, checked `Field`s out.

Two fields of a form may not be read by the same label, nor two choices by the same spelling:
what a group wrote would mean either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import cast

from pipeline.errors import ConfigError, suggestion
from pipeline.forms.expressions import CONTEXT
from pipeline.forms.model import FIELD_TYPES, Choice, Field, FieldType, Offers
from pipeline.texts import Text, fold, label_key
from pipeline.tomltable import Table, read_toml

PREFILLS = ("", "unit", "unit_name", "period")

_KEY = re.compile(r"(?!.*__)[a-z][a-z0-9_]{0,40}")
_DEFAULT_WIDTHS: Mapping[FieldType, int] = {"int": 10, "money": 12, "date": 13, "month": 11}
_RESERVED = frozenset({"file_id", "unit", "period", "row", "places"})


def read_choices(path: Path) -> dict[str, tuple[Choice, ...]]:
    """Return the lists of choices that fields share, by name. Raises ConfigError."""
    table = Table(path.name, read_toml(path))
    return {name: _choice_list(table.tables(name)) for name in list(table.keys())}


def read_field(table: Table, lists: Mapping[str, tuple[Choice, ...]], kind: str) -> Field:
    """Return one field of a cover or a ledger. Raises ConfigError."""
    key = read_key(table, "key")
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
        offers=_offers(table),
    )
    table.finish()
    return field


def read_key(table: Table, name: str) -> str:
    """Return the name that a form, field or workbook has for programs. Raises ConfigError."""
    key = table.string(name)
    if not _KEY.fullmatch(key):
        raise table.fault(
            name, f"应为小写英文字母、数字和单个的 _ ，现在是 “{key}” (lower-case name)。"
        )
    return key


def positions_of(table: Table, fields: tuple[Field, ...]) -> dict[str, int]:
    """Return the place of every field by key. Raises ConfigError."""
    positions: dict[str, int] = {}
    for place, field in enumerate(fields):
        if field.key in positions:
            raise table.fault("fields", f"字段 {field.key} 出现了两次 (key twice)。")
        positions[field.key] = place
    for field in fields:
        if field.default_from and field.default_from not in positions:
            raise no_field(table, "default_from", field.default_from, positions)
    return positions


def labels_of(table: Table, fields: tuple[Field, ...]) -> dict[str, str]:
    """Return the field of every label that it is read by. Raises ConfigError."""
    labels: dict[str, str] = {}
    for field in fields:
        for label in (field.label.zh, field.label.en, *field.aliases):
            taken = labels.setdefault(label_key(label), field.key)
            if taken != field.key:
                raise table.fault(
                    "fields", f"“{label}” 既是 {taken} 又是 {field.key} 的名称 (label twice)。"
                )
    return labels


def find_field(table: Table, key: str, name: object, fields: Mapping[str, Field]) -> Field:
    """Return the field that a form names under `key`. Raises ConfigError."""
    if not isinstance(name, str) or name not in fields:
        raise no_field(table, key, name, fields)
    return fields[name]


def no_field(table: Table, key: str, name: object, known: Iterable[str]) -> ConfigError:
    """Return the error for a field that does not exist, naming the nearest one that does."""
    hint = suggestion(str(name), known)
    return table.fault(key, f"没有 “{name}” 这个字段 (unknown field)。{hint}")


def _choice_list(rows: list[Table]) -> tuple[Choice, ...]:
    choices = []
    for row in rows:
        value = row.string("value")
        choices.append(Choice(value, Text(value, row.string("en")), row.strings("aliases")))
        row.finish()
    return tuple(choices)


def _field_choices(
    table: Table, field_type: FieldType, lists: Mapping[str, tuple[Choice, ...]]
) -> tuple[Choice, ...]:
    if field_type != "choice":
        return ()
    source = table.raw("choices")
    if isinstance(source, str):
        if source not in lists:
            hint = suggestion(source, lists)
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


def _offers(table: Table) -> Offers | None:
    if "offers" not in table:
        table.raw("offers")
        return None
    given = Table(f"{table.where} offers", table.raw("offers"))
    offers = Offers(*(given.string(name) for name in ("form", "field", "words", "start", "end")))
    given.finish()
    return offers
