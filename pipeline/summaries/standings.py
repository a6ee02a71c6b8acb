"""Who has reported for a quarter: the files of a period in, one `Standing` a unit out.

Duplicates, quarantined and closed files are no submissions. What counts is decided in the order
in which files were taken, never by the time of writing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, true

from pipeline.forms.model import Forms
from pipeline.periods import Period
from pipeline.records.tables import Tables

_ACCEPTED = ("accepted", "accepted_with_warnings")
_SUBMITTED = (*_ACCEPTED, "rejected")


@dataclass(frozen=True, slots=True)
class Filing:
    """One submitted workbook of a unit; `path` is relative to the inbox."""

    path: str
    accepted: bool
    on_time: bool
    nil: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What a unit has handed in: its first workbook, the first accepted and the one that counts."""

    first: Filing
    first_accepted: Filing | None = None
    current: Filing | None = None


def read_standings(
    connection: Connection,
    tables: Tables,
    forms: Forms,
    period: Period,
    as_of: int | None = None,
) -> dict[str, Standing]:
    """Return the standing of every unit that submitted a quarterly workbook for the period.

    With `as_of`, as it was when that file was the newest one taken.
    """
    files = tables.files
    quarterly = [book.key for book in forms.workbooks.values() if book.every == "quarter"]
    known = files.c.id <= as_of if as_of is not None else true()
    found: dict[str, Standing] = {}
    for row in connection.execute(
        select(
            files.c.unit, files.c.path, files.c.status,
            files.c.on_time, files.c.nil,
        )
        .where(files.c.period == period.code, files.c.workbook.in_(quarterly))
        .where(files.c.status.in_(_SUBMITTED), known)
        .order_by(files.c.id)
    ):  # fmt: skip
        filing = Filing(row.path, row.status in _ACCEPTED, bool(row.on_time), bool(row.nil))
        standing = found.get(row.unit, Standing(filing))
        if filing.accepted and standing.first_accepted is None:
            standing = replace(standing, first_accepted=filing)
        if filing.accepted:  # the newest one counts
            standing = replace(standing, current=filing)
        found[row.unit] = standing
    return found


def counts(measure: str, standing: Standing | None) -> bool:
    """Whether an active reporting unit counts for one of the measures on units."""
    if measure == "units_expected":
        return True
    if measure == "units_missing":
        return standing is None or standing.current is None
    return filing_behind(measure, standing) is not None


def filing_behind(measure: str, standing: Standing | None) -> Filing | None:
    """Return the workbook that speaks for a unit in one of the measures on units, or None."""
    if standing is None:
        return None
    first, current = standing.first_accepted, standing.current
    match measure:
        case "units_on_time":
            return first if first and first.on_time else None
        case "units_right_first":
            return standing.first if standing.first.accepted else None
        case "units_nil":
            return current if current and current.nil else None
    return current
