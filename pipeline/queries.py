"""Questions about what is stored: who has reported, what is behind a number, what was published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.deliver.outbox import Waiting, waiting
from pipeline.errors import UsageError
from pipeline.files import write_file
from pipeline.nightly import parse_asked, require_unit
from pipeline.periods import last_ended
from pipeline.records.editions import Edition, kept_path, read_editions
from pipeline.records.status import PeriodStatus, read_status_over
from pipeline.records.store import Store, open_store
from pipeline.showing import reported_workbook
from pipeline.summaries.trace import Trace, trace
from pipeline.workspace import Workspace, parse_today

_DIGITS = re.compile(r"(?=.*[a-f]|\d{9})[0-9a-f]{6,64}")  # no day


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


def fetch_sent(
    workspace: Workspace, period: str, unit: str, when: str, folder: Path
) -> tuple[Edition, Path]:
    """Write a summary as it was published, byte for byte, into a folder; return it and the path.

    `when` is a day or moment, for the edition that held then, or the first digits of its SHA-256.
    Without a unit it is the root's. Raises UsageError, naming what there is.
    """
    asked, code = parse_asked(workspace, period).code, unit or workspace.tree.root.code
    require_unit(workspace, code)
    store = _open(workspace)
    try:
        with store.reading() as connection:
            editions = read_editions(connection, store.tables, asked).get(code, [])
    finally:
        store.close()
    found = _edition_of(editions, when)
    if found is None:
        known = "；".join(f"{e.at:%Y-%m-%dT%H:%M} {e.sha256[:12]}" for e in editions) or "无 none"
        raise UsageError(
            f"{asked} {code}: 没有 “{when}” 时的汇总表 (no such edition)。有过的：{known}。"
        )
    content = kept_path(workspace.paths.state, found.sha256).read_bytes()
    path = folder / f"summary_{code}_{asked}_{found.at:%Y%m%dT%H%M%S}.xlsx"
    write_file(path, content)
    return found, path


def _edition_of(editions: Sequence[Edition], when: str) -> Edition | None:
    if _DIGITS.fullmatch(when):
        named = [edition for edition in editions if edition.sha256.startswith(when)]
    else:
        moment = parse_today(when, "--as-sent")
        named = [edition for edition in editions if edition.at <= moment]
    return named[-1] if named else None


def _open(workspace: Workspace) -> Store:
    """Open the records only to look: nothing is made where there is nothing yet."""
    url, state = workspace.settings.database.url, workspace.paths.state
    return open_store(url, workspace.forms, state, rehearse=True)
