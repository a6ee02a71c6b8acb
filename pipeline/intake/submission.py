"""What a group has reported, as values: the outcome of reading and judging one workbook.

Values stand in the order of the form's fields, defaults filled in, None where blank. A record
knows its row in the sheet, so that every number can be led back to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.forms.model import Value
from pipeline.issues import Issue
from pipeline.periods import Period

Judgement = Literal["accepted", "accepted_with_warnings", "rejected", "quarantined", "closed"]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a ledger; `row` is the sheet's own 1-based row number."""

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
