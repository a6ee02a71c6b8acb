"""Blank workbooks handed out: one a reporting unit, under `input_templates/<period>/`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files import write_file
from pipeline.forms.model import Workbook
from pipeline.forms.workbook import template_name, write_template
from pipeline.nightly import require_unit
from pipeline.periods import Period, last_ended, parse_period
from pipeline.workspace import Workspace


def write_templates(workspace: Workspace, now: datetime, period: str, unit: str) -> list[Path]:
    """Write the blank workbooks of a quarter or a year and return their paths.

    Without a period it is the quarter that `now` lies in. Raises UsageError for what is no
    period, and for a unit that is unknown or owes no workbook in it.
    """
    wanted = parse_period(period) if period else last_ended(now.date()).following()
    if wanted is None:
        raise UsageError(f"“{period}” 不是报告期，请写成 2026Q3 或 2026 (not a period)。")
    units = workspace.tree.reporting(workspace.tree.root.code, wanted.end)
    if unit:
        require_unit(workspace, unit)
        units = tuple(u for u in units if u.code == unit)
        if not units:
            raise UsageError(f"{unit} 在 {wanted.code} 不是填报单位 (owes no workbook then)。")
    folder = workspace.paths.templates / wanted.code
    written = []
    for owner in units:
        path = folder / template_name(owner, wanted)
        write_file(
            path, write_template(workbook_for(workspace, wanted), owner, wanted, workspace.lang)
        )
        written.append(path)
    return written


def workbook_for(workspace: Workspace, period: Period) -> Workbook:
    """Return the kind of workbook that belongs to a period: quarterly, or the yearly plan."""
    every = "quarter" if period.is_quarter else "year"
    return next(w for w in workspace.forms.workbooks.values() if w.every == every)
