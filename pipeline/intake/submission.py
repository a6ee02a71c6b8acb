"""What a group has reported, as values: the outcome of reading and judging one workbook.

Values stand in the order of the form's fields, defaults filled in, None where blank. A record
knows its row in the sheet, so that every number can be led back to it. What workers send back
holds them as the database keeps them, see `as_stored`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from pipeline.forms.model import Form, Forms, Value
from pipeline.forms.storing import TO_STORED
from pipeline.intake.rows import UNREAD
from pipeline.issues import Issue
from pipeline.periods import Period

Judgement = Literal["accepted", "accepted_with_warnings", "rejected", "quarantined", "closed"]


class Record(NamedTuple):
    """One row of a ledger; `row` is the sheet's own 1-based row number.

    A tuple, since thousands of them travel between processes.
    """

    row: int
    values: tuple[Value, ...]


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
    ledgers: Mapping[str, tuple[Record, ...]] | None = None
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
        (values,) = _stored_rows(forms.workbooks[submission.workbook].cover, [cover.values])
        cover = CoverRecord(values, cover.places)
    if ledgers is not None:
        ledgers = {
            key: tuple(map(Record, (row for row, _ in records), _stored_rows(
                forms.forms[key], [values for _, values in records])))
            for key, records in ledgers.items()
        }  # fmt: skip
    return replace(submission, cover=cover, ledgers=ledgers)


def _stored_rows(form: Form, rows: Sequence[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    columns = (
        _stored_column(TO_STORED.get(field.type), column)
        for field, column in zip(form.fields, zip(*rows, strict=True), strict=False)
    )
    return zip(*columns, strict=True)


def _stored_column(keep: Callable[[Any], Any] | None, column: Sequence[Any]) -> Sequence[Any]:
    if keep is None:
        return [None if value is UNREAD else value for value in column]
    return [None if value is None or value is UNREAD else keep(value) for value in column]
