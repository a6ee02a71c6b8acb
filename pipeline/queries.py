"""Questions about what is stored: who has reported, and what is behind a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.deliver.outbox import Waiting, waiting
from pipeline.nightly import parse_asked, require_unit
from pipeline.periods import last_ended
from pipeline.publish import reported_workbook
from pipeline.records.status import PeriodStatus, read_status_over
from pipeline.records.store import Store, open_store
from pipeline.summaries.trace import Trace, trace
from pipeline.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Who has reported for a period, and what waits in the outbox."""

    period: PeriodStatus
    outbox: tuple[Waiting, ...]

    def as_json(self) -> dict[str, object]:
        """Return the object that `status --json` prints; recipients stay out of it."""
        letters = [
            {
                "kind": letter.kind,
                "unit": letter.unit,
                "period": letter.period,
                "state": letter.state,
                "attempts": letter.attempts,
                "error": letter.error,
            }
            for letter in self.outbox
        ]
        return {**self.period.as_json(), "outbox": letters}


def ask_status(workspace: Workspace, now: datetime, period: str) -> StatusReport:
    """Return who has reported for a period; without one, for the quarter last ended.

    A longer period asks for the workbooks of all its quarters.
    """
    asked = parse_asked(workspace, period) if period else last_ended(now.date())
    store = _open(workspace)
    try:
        workbook = reported_workbook(workspace)
        found = read_status_over(store, workspace.tree, asked, workbook.key)
        with store.reading() as connection:
            return StatusReport(found, tuple(waiting(connection, store.tables.messages)))
    finally:
        store.close()


def trace_number(workspace: Workspace, period: str, unit: str, indicator: str) -> Trace:
    """Return the records behind a number of a unit's summary. Raises UsageError."""
    asked = parse_asked(workspace, period)
    require_unit(workspace, unit)
    store = _open(workspace)
    try:
        with store.reading() as connection:
            return trace(
                connection,
                store.tables,
                workspace.forms,
                workspace.indicators,
                workspace.tree,
                asked,
                unit,
                indicator,
            )
    finally:
        store.close()


def _open(workspace: Workspace) -> Store:
    """Open the records only to look: nothing is made where there is nothing yet."""
    url, state = workspace.settings.database.url, workspace.paths.state
    return open_store(url, workspace.forms, state, rehearse=True)
