"""What is asked: fields, rules, forms and the workbooks they make up.

A form is one sheet, declared in one TOML file and loaded by `load`. Everything else (columns,
drop-downs, reading, validation, tables, breakdowns, headings) derives from these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from pipeline.forms.expressions import Node, Type
from pipeline.issues import Severity
from pipeline.texts import Text

FieldType = Literal["int", "money", "date", "month", "choice", "flag", "text", "period", "year"]
FIELD_TYPES: tuple[FieldType, ...] = get_args(FieldType)

EXPRESSION_TYPES: Mapping[FieldType, Type] = {
    "int": "number",
    "money": "number",
    "date": "date",
    "month": "month",
    "choice": "text",
    "flag": "flag",
    "text": "text",
    "period": "text",
    "year": "text",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One member of a drop-down; `value` is what is stored, the Chinese wording."""

    value: str
    label: Text
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offers:
    """Where the words of a field's drop-down come from: a field of another form's records.

    `words` is the field that says in plain words what each stands for. Only records count whose
    months, `start` to `end`, meet the period.
    """

    form: str
    field: str
    words: str
    start: str
    end: str


@dataclass(frozen=True, slots=True, eq=False)  # so that what is made of it can be kept by it
class Field:
    """One column of a ledger or one line of a cover.

    `default` stands for a blank (in the field's own type); `default_from` is the key of another
    field of the row that stands for it. `minimum` is inclusive. `sensitive` fields never leave
    `state/` and the group's own receipts. `prefill` names what a blank workbook already knows
    (`unit`, `unit_name`, `period`). `spellings` maps every folded way of writing a choice to its
    value. `examples` are the values of the two example rows, as people would type them.

    `carry` puts the value of the last accepted workbook into the next blank one, where it may be
    changed; `compare` shows that value, or a ledger's sum of it, beside the entry; `offers` makes
    a drop-down of what other records hold.
    """

    key: str
    label: Text
    type: FieldType
    required: bool = False
    aliases: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    default: int | Decimal | str | None = None
    default_from: str = ""
    minimum: Decimal | None = None
    sensitive: bool = False
    prefill: str = ""
    hint: Text = Text("", "")
    examples: tuple[Text, ...] = ()
    width: int = 12
    spellings: Mapping[str, str] | None = None
    carry: bool = False
    compare: bool = False
    offers: Offers | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One check of a row: violated where `node` is definitely false (see `violations`), in the
    pipeline, and where `formula` is TRUE, in the sheet.

    `at` is the field whose cell is marked, `fields` all fields the rule reads. `title` says what
    kind of fault it is without a value; `message` may quote fields and parameters as `{key}`.
    `pipeline_only` says why the sheet does not show the rule; then there is no `formula`.
    """

    id: str
    severity: Severity
    node: Node
    formula: str
    fields: tuple[str, ...]
    at: str
    title: Text
    message: Text
    pipeline_only: Text = Text("", "")


@dataclass(frozen=True, slots=True)
class SheetCheck:
    """A check over a whole sheet or workbook: a named function of `intake.checks`.

    `pipeline_only` says why the sheet does not show it.
    """

    id: str
    check: str
    severity: Severity
    fields: tuple[str, ...]
    at: str
    unless: str
    title: Text
    message: Text
    pipeline_only: Text = Text("", "")


Value = int | Decimal | date | str | bool | None


@dataclass(frozen=True, slots=True)
class Roster:
    """Rows that a blank ledger already holds: who was in the last one, once in every month.

    `by` tells persons apart and `month` is the field that takes the months; the values of the
    fields that `carry` go along. Who was last in one of the states of `leave_out` is no longer
    there; `turn` replaces values that held for one period only.
    """

    by: str
    month: str
    leave_out: Mapping[str, tuple[str, ...]]
    turn: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What changed in a form with version `since` of its workbook.

    `renames` maps the keys of labels until then to fields, `removed` holds the keys of labels that
    nobody asks for any more, `defaults` the values of the fields that did not exist before.
    """

    since: int
    renames: Mapping[str, str]
    removed: frozenset[str]
    defaults: Mapping[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One sheet.

    `nil` is the key of the cover field that says "nothing to report" for it. `positions` gives each
    field's place in a row; `labels` maps every heading, as `label_key` folds it, to its field, and
    `sheet_keys` holds the sheet's names folded likewise. `stand_ins` are positions of fields for
    whose blank another field of the row stands, each with that one's.
    """

    key: str
    kind: Literal["cover", "ledger"]
    label: Text
    aliases: tuple[str, ...]
    hint: Text
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    checks: tuple[SheetCheck, ...]
    parameters: Mapping[str, Decimal | str | tuple[str, ...]]
    nil: str
    positions: Mapping[str, int]
    labels: Mapping[str, str]
    sheet_keys: frozenset[str]
    stand_ins: tuple[tuple[int, int], ...]
    upgrades: tuple[Upgrade, ...] = ()
    roster: Roster | None = None

    def field(self, key: str) -> Field:
        """Return the field with this key; a wrong key is a KeyError."""
        return self.fields[self.positions[key]]


@dataclass(frozen=True, slots=True, eq=False)
class Workbook:
    """One kind of workbook that groups fill: a cover and its ledgers, for a quarter or a year.

    `since` gives the version with which a ledger was added, by its key.
    """

    key: str
    label: Text
    version: int
    every: Literal["quarter", "year"]
    cover: Form
    ledgers: tuple[Form, ...]
    notes: Text
    since: Mapping[str, int] = field(default_factory=dict)

    @property
    def forms(self) -> tuple[Form, ...]:
        """The cover and the ledgers, in the order of the sheets."""
        return (self.cover, *self.ledgers)


@dataclass(frozen=True, slots=True)
class Forms:
    """Everything that is asked: all forms and all workbooks of a workspace, by key."""

    forms: Mapping[str, Form]
    workbooks: Mapping[str, Workbook]
    digest: str

    @property
    def ledgers(self) -> tuple[Form, ...]:
        """All ledgers, in the order of their files."""
        return tuple(form for form in self.forms.values() if form.kind == "ledger")
