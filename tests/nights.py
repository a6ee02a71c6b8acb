"""Files taken in without a folder or a workbook: what was judged goes straight into a store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from databases import url_of

from pipeline.forms.model import Form, Forms
from pipeline.intake.submission import CoverRecord, Judgement, Submission, as_stored
from pipeline.intake.typed import Record, Records
from pipeline.issues import Issue, Severity
from pipeline.periods import Period, parse_period
from pipeline.records.lifecycle import Run, Stored, Taken
from pipeline.records.store import Store, open_store
from pipeline.records.taking import record
from pipeline.texts import Text


@contextmanager
def opened(forms: Forms, state: Path, **options: bool) -> Iterator[Store]:
    """Give the store of a workspace, and close it."""
    store = open_store(url_of(state), forms, state, **options)
    try:
        yield store
    finally:
        store.close()


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def period(code: str) -> Period:
    found = parse_period(code)
    assert found is not None
    return found


def at(text: str) -> datetime:
    """Return a moment of 2026 written as `10-15 09:00`."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M")


def issue(code: str, severity: Severity, cell: str = "B2", sheet: str = "活动台账") -> Issue:
    title = Text(f"{code} 的问题", f"fault {code}")
    message = Text(f"{sheet}!{cell}：甲一 12O 不对。", f"{sheet}!{cell}: 12O is wrong.")
    row = int(cell[1:]) if cell else None
    return Issue(code, severity, sheet, title, message, cell, row, "cost", "实际支出(元)", "12O")


def values_of(form: Form, given: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(given.get(field.key) for field in form.fields)


def report(
    forms: Forms,
    status: Judgement = "accepted",
    *,
    unit: str = "U1",
    quarter: str = "2026Q3",
    costs: Sequence[str] = ("12.30",),
    issues: Sequence[Issue] = (),
    nil: bool = False,
) -> Submission:
    """Return a judged workbook with one activity for each of `costs`."""
    book = forms.workbooks["quarterly" if "Q" in quarter else "plan"]
    cover = values_of(book.cover, {"unit": unit, "members": 48, "nil_dues": True})
    rows = [
        {"title": f"活动{n}", "date_start": date(2026, 7, n), "cost": Decimal(cost)}
        for n, cost in enumerate(costs, 1)
    ]
    activities = (
        Record(n, values_of(forms.forms["activities"], row)) for n, row in enumerate(rows, 5)
    )
    width = len(forms.forms["activities"].fields)
    judged = Submission(
        workbook=book.key,
        unit=unit,
        period=period(quarter),
        status=status,
        issues=tuple(issues),
        cover=CoverRecord(cover, {"members": 9}),
        ledgers={"activities": Records.of(activities, width)} if book.key == "quarterly" else {},
        nil=nil,
    )
    return as_stored(judged, forms)


def unreadable() -> Submission:
    return Submission("", "", None, "quarantined", (issue("F-06", "error", "", ""),))


@dataclass
class Nights:
    """A store and the run that files are taken in by; `next_run` is another night."""

    store: Store
    forms: Forms
    run: Run = field(default_factory=lambda: Run("run-1", at("10-10 02:00"), "config-a"))

    def next_run(self, *, days: int = 0, judged_under: str = "") -> None:
        """Begin another run, perhaps days later or under another configuration."""
        number = int(self.run.id.removeprefix("run-")) + 1
        now = self.run.now + timedelta(days=days)
        self.run = Run(f"run-{number}", now, judged_under or self.run.judged_under)

    def file(
        self,
        content: str,
        submission: Submission | None = None,
        *,
        path: str = "组/季报.xlsx",
        received: str = "10-09 09:00",
        clock_dependent: bool = False,
    ) -> Taken:
        """Return a judged file whose bytes are `content`."""
        known = submission is not None
        return Taken(
            path=path,
            sha256=sha256(content),
            size=len(content),
            mtime_ns=at(received).toordinal(),
            received_at=at(received),
            submission=submission,
            owner=submission.unit if submission else "",
            due=submission.period.due(15) if submission and submission.period else None,
            receipt_suffix=".xlsx" if known else ".txt",
            clock_dependent=clock_dependent,
        )

    def take(self, content: str, submission: Submission | None = None, **how: Any) -> Stored:
        """Take in one file."""
        (stored,) = self.take_all(self.file(content, submission, **how))
        return stored

    def take_all(self, *files: Taken) -> list[Stored]:
        """Take in a batch."""
        return record(self.store, self.run, files)

    def report(self, status: Judgement = "accepted", **what: Any) -> Submission:
        """Return a judged workbook."""
        return report(self.forms, status, **what)
