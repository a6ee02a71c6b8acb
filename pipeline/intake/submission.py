"""What a group has reported, as values: the outcome of reading and judging one workbook.

Values stand in the order of the form's fields, defaults filled in, None where blank. A record
knows its row in the sheet, so that every number can be led back to it. What workers send back
holds them as the database keeps them, see `as_stored`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.forms.model import Field, Form, Forms, Value
from pipeline.forms.storing import TO_STORED, to_stored
from pipeline.intake.typed import UNREAD, Records
from pipeline.issues import Issue
from pipeline.periods import Period

Judgement = Literal["accepted", "accepted_with_warnings", "rejected", "quarantined", "closed"]


@dataclass(frozen=True, slots=True)
class CoverRecord:
    """A cover's values and the row each stands in, by field key."""

    values: tuple[Value, ...]
    places: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Submission:
    """One workbook, judged.

    `workbook` is the key of its kind, "" where it is none. `unit` is "" and `period` None where they cannot be read; then the status is quarantined.
    `nil` says that every ledger of the workbook that can be nil is ticked so. `sheet_names` maps
    a form's Chinese name to the sheet's name in this workbook. `withheld` says that its content may
    be another unit's than the one its receipt goes to, which then must not show it.
    """

    workbook: str
    unit: str
    period: Period | None
    status: Judgement
    issues: tuple[Issue, ...]
    cover: CoverRecord | None = None
    ledgers: Mapping[str, Records] | None = None
    nil: bool = False
    sheet_names: Mapping[str, str] | None = None
    withheld: bool = False


def as_stored(submission: Submission, forms: Forms) -> Submission:
    """Return the submission with its values as the database keeps them.

    They travel lightly between processes. What could not be read is None: nothing of a workbook
    with such a cell counts.
    """
    cover, ledgers = submission.cover, submission.ledgers
    if cover is not None:
        fields = forms.workbooks[submission.workbook].cover.fields
        pairs: Iterable[tuple[Field, Any]] = zip(fields, cover.values, strict=True)
        values = (None if v is UNREAD else to_stored(field.type, v) for field, v in pairs)
        cover = CoverRecord(tuple(values), cover.places)
    if ledgers is not None:
        ledgers = {key: _stored_records(forms.forms[key], ledgers[key]) for key in ledgers}
    return replace(submission, cover=cover, ledgers=ledgers)


def _stored_records(form: Form, records: Records) -> Records:
    columns = zip(form.fields, records.columns, strict=True)
    stored = (_stored(field, values, unread=bool(records.unread)) for field, values in columns)
    return Records(records.numbers, list(stored))


def _stored(field: Field, values: Sequence[Any], *, unread: bool) -> Sequence[Any]:
    keep = TO_STORED.get(field.type)
    if unread:
        values = [None if value is UNREAD else value for value in values]
    if keep is None:
        return values
    return [None if value is None else keep(value) for value in values]
