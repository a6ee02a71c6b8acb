"""Values to table rows and back: files, issues and what a workbook reports.

The one non-obvious rule: the fields `unit` and `period` of a cover are not stored as fields, since
every record carries both already, as they were recognised and not as they were typed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from itertools import repeat
from typing import Any

from sqlalchemy import RowMapping

from pipeline.forms.model import Form
from pipeline.intake.submission import Submission
from pipeline.intake.typed import Records
from pipeline.issues import Issue
from pipeline.records.lifecycle import Stored
from pipeline.texts import Text

FILE_COLUMNS = tuple(field.name for field in fields(Stored) if field.name != "origin")
ISSUE_COLUMNS = (
    *("file_id", "seq", "code", "severity", "sheet", "cell", "row", "field", "column_label"),
    *("value", "title_zh", "title_en", "message_zh", "message_en"),
)
_TIMES = ("received_at", "taken_at")
_FLAGS = ("nil", "on_time", "current", "settled")
_HEAD_COLUMNS = ("file_id", "row", "unit", "period", "places")
_HEAD_FIELDS = ("unit", "period")

TableRow = tuple[Any, ...]


def file_row(stored: Stored) -> TableRow:
    """Return a file in the order of FILE_COLUMNS."""
    values = {name: getattr(stored, name) for name in FILE_COLUMNS}
    values |= {name: values[name].isoformat() for name in _TIMES}
    values |= {name: int(values[name]) for name in _FLAGS}
    return tuple(values.values())


def stored_file(row: Mapping[Any, Any]) -> Stored:
    """Return a file from its row; the inverse of `file_row`."""
    values: dict[str, Any] = {name: row[name] for name in FILE_COLUMNS}
    values |= {name: datetime.fromisoformat(values[name]) for name in _TIMES}
    values |= {name: bool(values[name]) for name in _FLAGS}
    return Stored(**values)


def issue_rows(file_id: int, issues: Iterable[Issue]) -> Iterator[TableRow]:
    """Yield issues in the order of ISSUE_COLUMNS."""
    for seq, issue in enumerate(issues):
        place = (issue.sheet, issue.cell, issue.row, issue.field, issue.column, issue.value)
        words = (issue.title.zh, issue.title.en, issue.message.zh, issue.message.en)
        yield (file_id, seq, issue.code, issue.severity, *place, *words)


def stored_issue(row: RowMapping) -> Issue:
    """Return an issue from its row; the inverse of `issue_rows`."""
    return Issue(
        code=row["code"],
        severity=row["severity"],
        sheet=row["sheet"],
        title=Text(row["title_zh"], row["title_en"]),
        message=Text(row["message_zh"], row["message_en"]),
        cell=row["cell"],
        row=row["row"],
        field=row["field"],
        column=row["column_label"],
        value=row["value"],
    )


def record_columns(form: Form) -> tuple[str, ...]:
    """Return the columns of a form's table, in the order in which `record_rows` fills them."""
    return _HEAD_COLUMNS + tuple(f.key for f in form.fields if f.key not in _HEAD_FIELDS)


def record_rows(
    forms: Mapping[str, Form], cover: Form, stored: Stored, submission: Submission
) -> Iterator[tuple[str, list[TableRow]]]:
    """Yield what a workbook reports as form key and rows, the cover first, as row 0.

    The values of `submission` are those that the database keeps, see `as_stored`.
    """
    if submission.cover is not None:
        places = json.dumps(submission.cover.places, sort_keys=True)
        line = Records([0], [[value] for value in submission.cover.values])
        yield cover.key, _rows(cover, stored, line, places)
    for key, records in (submission.ledgers or {}).items():
        yield key, _rows(forms[key], stored, records, None)


def _rows(form: Form, stored: Stored, records: Records, places: str | None) -> list[TableRow]:
    columns = (
        column
        for field, column in zip(form.fields, records.columns, strict=True)
        if field.key not in _HEAD_FIELDS
    )
    file, unit, period = repeat(stored.id), repeat(stored.unit), repeat(stored.period)
    return list(zip(file, records.numbers, unit, period, repeat(places), *columns, strict=False))
