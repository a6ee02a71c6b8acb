"""Who has reported: the tree and the log of files in, the state of every unit out.

A unit has reported once a workbook of its was accepted, and on time if its first accepted version
was: a later correction makes nobody late. What travels upward of the issues says which kind of
fault stands where, never a value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import and_, or_, select

from pipeline.issues import Severity
from pipeline.orgunits import OrgTree, OrgUnit
from pipeline.periods import Period
from pipeline.records.lifecycle import ACCEPTED, Key, Status, Stored
from pipeline.records.rows import stored_issue
from pipeline.records.store import Store
from pipeline.records.taking import read_files
from pipeline.texts import Text

State = Literal["on_time", "late", "missing"]
_WORSE: tuple[State, ...] = ("on_time", "late", "missing")


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """One unit that owes a workbook.

    `version` is the one that counts; `status`, `received_at`, `errors` and `warnings` are those of
    its newest file, whatever became of it, None and 0 where there is none.
    """

    unit: str
    name: str
    contact: str
    state: State
    nil: bool
    status: Status | None
    version: int | None
    received_at: datetime | None
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class PeriodStatus:
    """All units that owe one kind of workbook for a period, in the order of the tree."""

    period: str
    units: tuple[UnitStatus, ...]

    def count(self, *states: State) -> int:
        """Return how many units are in one of these states."""
        return sum(unit.state in states for unit in self.units)

    @property
    def nil(self) -> int:
        """How many units reported that there was nothing to report."""
        return sum(unit.nil for unit in self.units)

    @property
    def missing(self) -> tuple[UnitStatus, ...]:
        """The units without an accepted workbook."""
        return tuple(unit for unit in self.units if unit.state == "missing")

    @property
    def reporting_rate(self) -> float | None:
        """Reported of expected; None where none is expected."""
        return self.count("on_time", "late") / len(self.units) if self.units else None

    def as_json(self) -> dict[str, object]:
        """Return the object that `status --json` prints."""
        return {
            "period": self.period,
            "expected": len(self.units),
            "reported": self.count("on_time", "late"),
            "on_time": self.count("on_time"),
            "late": self.count("late"),
            "nil": self.nil,
            "missing": [
                {"unit": unit.unit, "name": unit.name, "contact": unit.contact}
                for unit in self.missing
            ],
            "reporting_rate": self.reporting_rate,
            "units": [_unit_json(unit) for unit in self.units],
        }


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """One kind of fault in one sheet of a unit's workbook; `cells` are where it has a cell."""

    unit: str
    sheet: str
    code: str
    severity: Severity
    title: Text
    cells: tuple[str, ...]
    count: int


def read_status(store: Store, tree: OrgTree, period: Period, workbook: str) -> PeriodStatus:
    """Return who has reported this kind of workbook for the period.

    Those who owe one are the reporting units that are active on the period's last day.
    """
    by_unit: defaultdict[str | None, list[Stored]] = defaultdict(list)
    for stored in read_files(store, period=period.code):
        if stored.workbook == workbook:
            by_unit[stored.unit].append(stored)
    units = tree.reporting(tree.root.code, period.end)
    return PeriodStatus(period.code, tuple(_unit_status(u, by_unit[u.code]) for u in units))


def read_status_over(store: Store, tree: OrgTree, period: Period, workbook: str) -> PeriodStatus:
    """Return who has reported for every quarter of a period; one that missed any is missing.

    Errors and warnings are those of all quarters together, all else is that of the last one.
    """
    found: dict[str, UnitStatus] = {}
    for quarter in period.quarters:
        for status in read_status(store, tree, quarter, workbook).units:
            before = found.get(status.unit)
            found[status.unit] = _worse(before, status) if before else status
    return PeriodStatus(period.code, tuple(found.values()))


def read_open_issues_over(
    store: Store, units: Sequence[str], periods: Iterable[str]
) -> list[OpenIssue]:
    """Return what the units still have to look at in any of the periods, by unit."""
    found = [issue for period in periods for issue in read_open_issues(store, units, period)]
    order = {unit: number for number, unit in enumerate(units)}
    return sorted(found, key=lambda issue: order[issue.unit])


def read_open_issues(store: Store, units: Sequence[str], period: str) -> list[OpenIssue]:
    """Return what the units still have to look at, by unit, then in the order of the workbook.

    These are the warnings of what counts, and the errors of the newest refused file where nothing
    was accepted after it.
    """
    tables = store.tables
    current, refused = _open_files(read_files(store, period=period), set(units))
    issues, files = tables.issues.c, tables.files.c
    wanted = or_(
        and_(issues.severity == "warning", files.current == 1),
        and_(issues.severity == "error", files.status == "rejected"),
    )
    unit_of = current | refused
    query = select(tables.issues).join(tables.files, files.id == issues.file_id)
    query = query.where(files.period == period, wanted).order_by(issues.file_id, issues.seq)
    with store.reading() as connection:
        rows = connection.execute(query).mappings().all()
    grouped: defaultdict[tuple[str, str, str, Severity, Text], list[str]] = defaultdict(list)
    for row in rows:
        if row["file_id"] not in unit_of:
            continue
        issue = stored_issue(row)
        place = (unit_of[row["file_id"]], issue.sheet, issue.code, issue.severity, issue.title)
        grouped[place].append(issue.cell)
    found = [
        OpenIssue(*place, tuple(filter(None, cells)), len(cells))
        for place, cells in grouped.items()
    ]
    order = {unit: number for number, unit in enumerate(units)}
    return sorted(found, key=lambda issue: order[issue.unit])


def _unit_status(unit: OrgUnit, files: Sequence[Stored]) -> UnitStatus:
    accepted = [stored for stored in files if stored.status in ACCEPTED]
    newest = files[-1] if files else None
    state: State = "missing"
    if accepted:
        state = "on_time" if accepted[0].on_time else "late"
    return UnitStatus(
        unit=unit.code,
        name=unit.name,
        contact=unit.contact,
        state=state,
        nil=bool(accepted) and accepted[-1].nil,
        status=newest.status if newest else None,
        version=accepted[-1].version if accepted else None,
        received_at=newest.received_at if newest else None,
        errors=newest.errors if newest else 0,
        warnings=newest.warnings if newest else 0,
    )


def _worse(before: UnitStatus, now: UnitStatus) -> UnitStatus:
    worst = max(before.state, now.state, key=_WORSE.index)
    return replace(
        now,
        state=worst,
        nil=before.nil and now.nil,
        errors=before.errors + now.errors,
        warnings=before.warnings + now.warnings,
    )


def _unit_json(unit: UnitStatus) -> dict[str, object]:
    return {
        "unit": unit.unit,
        "name": unit.name,
        "state": unit.state,
        "nil": unit.nil,
        "status": unit.status,
        "version": unit.version,
        "received_at": unit.received_at.isoformat() if unit.received_at else None,
        "errors": unit.errors,
        "warnings": unit.warnings,
    }


def _open_files(files: Iterable[Stored], units: set[str]) -> tuple[dict[int, str], dict[int, str]]:
    current: dict[Key, Stored] = {}
    refused: dict[Key, Stored] = {}
    for stored in files:
        if stored.unit not in units:
            continue
        if stored.status in ACCEPTED:
            current[stored.key] = stored
            refused.pop(stored.key, None)
        elif stored.status == "rejected":
            refused[stored.key] = stored
    return _units_by_file(current.values()), _units_by_file(refused.values())


def _units_by_file(files: Iterable[Stored]) -> dict[int, str]:
    return {stored.id: stored.unit for stored in files if stored.unit is not None}
