"""What is known of a unit before it fills anything in, and how forms declare it.

In: the `[roster]` of the forms' TOML, and what their fields offer. Out: the checked values, and
`Known`, the plain values that a blank workbook is written with. Whoever reads them from records
sees to it that they are the unit's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import ConfigError
from pipeline.forms.model import Field, Form, Roster, Value
from pipeline.forms.read_fields import find_field
from pipeline.periods import Period
from pipeline.tomltable import Table


@dataclass(frozen=True, slots=True)
class Totals:
    """What a form added up to in an earlier period: its rows, and sums or values by field key."""

    rows: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a unit before it fills a workbook.

    `cover` and `rows` (by ledger) are written into the entry cells; `totals`, by form, are shown
    beside them and belong to `period`. `offers` gives, by form and field, the words of a drop-down
    with what each means.
    """

    cover: Mapping[str, Value] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, Value]]] = field(default_factory=dict)
    totals: Mapping[str, Totals] = field(default_factory=dict)
    offers: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    period: Period | None = None


NOTHING = Known()


def read_roster(table: Table, fields: tuple[Field, ...]) -> Roster | None:
    """Return the `[roster]` of a form. Raises ConfigError."""
    if "roster" not in table:
        table.raw("roster")
        return None
    given = Table(f"{table.where} [roster]", table.raw("roster"))
    by_key = {field.key: field for field in fields}
    by, month = (find_field(given, name, given.string(name), by_key) for name in ("by", "month"))
    if not by.carry:
        raise given.fault("by", f"{by.key} 应写 carry = true (must be carried)。")
    if month.type != "month":
        raise given.fault("month", f"{month.key} 不是月份 (not a month)。")
    leave_out = {
        find_field(given, "leave_out", key, by_key).key: tuple(map(str, values))
        for key, values in given.pairs("leave_out").items()
        if isinstance(values, list)
    }
    turn = {
        find_field(given, "turn", key, by_key).key: {str(a): str(b) for a, b in values.items()}
        for key, values in given.pairs("turn").items()
        if isinstance(values, dict)
    }
    given.finish()
    for name, found in (("leave_out", leave_out), ("turn", turn)):
        for key, values in found.items():
            if not by_key[key].carry:
                raise given.fault(name, f"{key} 应写 carry = true (must be carried)。")
            _check_choices(given, name, by_key[key], values)
    return Roster(by.key, month.key, leave_out, turn)


def check_offers(forms: Mapping[str, Form]) -> None:
    """Raise ConfigError where a field offers what no form has."""
    for form in forms.values():
        for asked in form.fields:
            if asked.offers is None:
                continue
            offers, where = asked.offers, f"{form.key}.toml {asked.key} offers"
            if offers.form not in forms:
                raise ConfigError(f"{where}: config/forms/ 里没有 “{offers.form}” (unknown form)。")
            positions = forms[offers.form].positions
            for key in (offers.field, offers.words, offers.start, offers.end):
                if key not in positions:
                    raise ConfigError(f"{where}: {offers.form}.toml 没有 “{key}” (unknown field)。")


def _check_choices(
    table: Table, key: str, field: Field, values: Sequence[str] | Mapping[str, str]
) -> None:
    words = [*values, *(values.values() if isinstance(values, Mapping) else ())]
    known = [choice.value for choice in field.choices]
    for word in words:
        if known and word not in known:
            raise table.fault(key, f"{field.key} 没有 “{word}” 这个选项 (not a choice)。")
