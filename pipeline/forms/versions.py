"""Older versions of a form: what changed from one to the next, so that their workbooks are read.

In: the `[[upgrades]]` of a form's TOML, and the version that a workbook was made with. Out: its
labels as they were, the columns that are gone since, and the values that stand for columns that
did not exist. A label may have meant another field then; for an older workbook the older meaning
counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pipeline.errors import ConfigError
from pipeline.forms.model import Field, Form, Upgrade, Value, Workbook
from pipeline.forms.read_fields import find_field
from pipeline.texts import label_key
from pipeline.tomltable import Table


def labels_then(form: Form, version: int | None) -> Mapping[str, str]:
    """Return the field of every label as a workbook of `version` means it.

    Of a workbook that does not tell its version, labels of old are read where they mean nothing
    else today.
    """
    if not form.upgrades:
        return form.labels
    if version is None:
        old = {label: key for upgrade in form.upgrades for label, key in upgrade.renames.items()}
        return {**old, **form.labels}
    labels = dict(form.labels)
    for upgrade in reversed(_later(form, version)):  # what was nearest to the workbook wins
        labels.update(upgrade.renames)
        for label in upgrade.removed:
            labels.pop(label, None)
    return labels


def removed_since(form: Form, version: int | None) -> frozenset[str]:
    """Return the label keys that a workbook of `version` may have and nobody asks for any more."""
    later = _later(form, version)
    return frozenset().union(*(upgrade.removed for upgrade in later)) if later else frozenset()


def stand_for_missing(form: Form, version: int | None) -> Mapping[str, Value]:
    """Return the values of the fields that did not exist in `version`, by field key."""
    return {
        key: value for upgrade in _later(form, version) for key, value in upgrade.defaults.items()
    }


def read_upgrades(table: Table, fields: tuple[Field, ...]) -> tuple[Upgrade, ...]:
    """Return the `[[upgrades]]` of a form, oldest first. Raises ConfigError."""
    by_key = {field.key: field for field in fields}
    upgrades = []
    for row in table.tables("upgrades"):
        since = row.whole("since", 0)
        if since < 2:
            raise row.fault("since", "应为 2 或更大的版本号 (a version from 2 on)。")
        renames = {
            label_key(label): find_field(row, "renames", field, by_key).key
            for label, field in row.pairs("renames").items()
        }
        defaults = {
            key: _value(row, find_field(row, "defaults", key, by_key), given)
            for key, given in row.pairs("defaults").items()
        }
        removed = frozenset(map(label_key, row.strings("removed")))
        if removed & renames.keys():
            raise row.fault("removed", "同一个表头既改了名又去掉了 (both renamed and removed)。")
        row.finish()
        upgrades.append(Upgrade(since, renames, removed, defaults))
    return tuple(sorted(upgrades, key=lambda upgrade: upgrade.since))


def read_since(table: Table) -> Mapping[str, int]:
    """Return with which version ledgers were added to a workbook, `since = { awards = 2 }`."""
    since = {}
    for key, version in table.pairs("since").items():
        if type(version) is not int or version < 2:
            raise table.fault("since", f"{key} 应为 2 或更大的版本号 (a version from 2 on)。")
        since[key] = version
    return since


def check_versions(where: str, workbook: Workbook) -> None:
    """Raise ConfigError where something changed in a version that the workbook has not got yet."""
    ledgers = [form.key for form in workbook.ledgers]
    for key in workbook.since:
        if key not in ledgers:
            raise ConfigError(f"{where} since: ledgers 里没有 “{key}” (no such ledger)。")
    changes = [(form.key, upgrade.since) for form in workbook.forms for upgrade in form.upgrades]
    for key, since in (*changes, *workbook.since.items()):
        if since > workbook.version:
            raise ConfigError(
                f"{where} version: 应不小于 {since}，因为 {key} 从第 {since} 版起有改动 (since)，"
                f"现在是 {workbook.version} (raise the version)。"
            )


def _later(form: Form, version: int | None) -> list[Upgrade]:
    if version is None:
        return []
    return [upgrade for upgrade in form.upgrades if upgrade.since > version]


def _value(table: Table, field: Field, given: object) -> Value:
    """Return a default in the field's own type; an empty text stands for a blank."""
    if given == "":
        return None
    match field.type:
        case "flag" if isinstance(given, bool):
            return given
        case "int" if type(given) is int:
            return given
        case "money" if type(given) is int or isinstance(given, Decimal):
            return Decimal(given).quantize(Decimal("0.01"))
        case "choice" if given in [choice.value for choice in field.choices]:
            return str(given)
        case "text" | "month" if isinstance(given, str):
            return given
    raise table.fault("defaults", f"{field.key} = {given!r} 不合这个字段的类型 (wrong type)。")
