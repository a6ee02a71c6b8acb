"""What the groups put into the inbox: reports in, files with their moments out, a batch a run.

In the newest quarter every kind of trouble happens once, each to another unit; in the quarters before
only enough of it to compare with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from pipeline.demo import slips
from pipeline.demo.foreign import foreign_workbook
from pipeline.demo.reports import Report
from pipeline.demo.timeline import Window
from pipeline.forms.model import Forms
from pipeline.forms.workbook import template_name, write_template

Role = Literal["rejected", "warnings", "foreign", "spoilt", "twice", "late", "missing", "nil"]

CAST: Mapping[str, Role] = {
    "JY-02": "rejected",
    "QY-01": "warnings",
    "QY-05": "foreign",
    "QY-03": "spoilt",
    "JY-06": "twice",
    "QY-02": "late",
    "JY-04": "missing",
    "QY-06": "nil",
}
EARLIER: tuple[Mapping[str, Role], ...] = (
    {"QY-04": "missing", "JY-03": "late", "QY-01": "warnings"},
    {"QY-02": "late", "JY-05": "warnings"},
    {"JY-04": "late", "QY-03": "late", "JY-01": "warnings"},
    {"QY-03": "warnings"},
)

_PREPARED = 30  # rows of a ledger; what is filled goes beyond where it must
_FOLDERS = {"JY": "教育工会/", "QY": "企业工会联合会/"}
_SPOILT = 0.6  # of the bytes are left


@dataclass(frozen=True, slots=True)
class Drop:
    """One file in the inbox; `role` says what is told about it, None where it is simply right."""

    path: str
    data: bytes
    received_at: datetime
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What lies in the inbox before one run, and the moment of that run."""

    moment: datetime
    drops: tuple[Drop, ...]


def drop_files(inbox: Path, batch: Batch) -> None:
    """Put the files of a batch into the inbox, with their times."""
    for drop in batch.drops:
        path = inbox / drop.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drop.data)
        stamp = drop.received_at.timestamp()
        os.utime(path, (stamp, stamp))


def earlier_batch(
    reports: Iterable[Report], roles: Mapping[str, Role], window: Window, forms: Forms
) -> Batch:
    """Return the one batch of an earlier quarter; `roles` tells what goes wrong in which unit."""
    drops = []
    for share, report in _spread(reports):
        role = roles.get(report.unit.org.code)
        moment = window.late(share) if role == "late" else window.on_time(share)
        if role == "warnings":
            report = slips.with_late_visit(report)
        if role != "missing":
            drops.append(_drop(report, moment, forms, role))
    return _batch(window.last_run, drops)


def newest_batches(reports: Iterable[Report], window: Window, forms: Forms) -> tuple[Batch, Batch]:
    """Return the two batches of the newest quarter: before the first run, and after it."""
    first: list[Drop] = []
    second: list[Drop] = []
    for share, report in _spread(reports):
        early, later = window.before_first_run(share), window.before_due(share)
        drop = _drop(report, early, forms)
        match CAST.get(report.unit.org.code):
            case "missing":
                continue
            case "late":
                second.append(_drop(report, window.late(0.5), forms, "late"))
            case "rejected":
                first.append(_drop(slips.with_errors(report), early, forms, "rejected"))
                second.append(_renamed(_drop(slips.corrected(report), later, forms), "（更正）"))
            case "warnings":
                first.append(_drop(slips.with_warnings(report), early, forms, "warnings"))
            case "foreign":
                workbook = forms.workbooks["quarterly"]
                data = foreign_workbook(report.filled_on(early.date()), workbook)
                first.append(replace(drop, path=_own_name(report), data=data, role="foreign"))
            case "spoilt":
                data = drop.data[: int(len(drop.data) * _SPOILT)]
                first.append(replace(drop, path=_own_name(report), data=data, role="spoilt"))
                second.append(replace(drop, received_at=later))
            case "twice":
                first.append(drop)
                again = _renamed(drop, " - 副本")
                second.append(replace(again, received_at=later, role="twice"))
            case role:
                first.append(replace(drop, role=role))
    return _batch(window.first_run, first), _batch(window.last_run, second)


def with_plans(batch: Batch, plans: Iterable[Report], window: Window, forms: Forms) -> Batch:
    """Return the batch with yearly plans beside it."""
    drops = [_drop(plan, window.before_first_run(share), forms) for share, plan in _spread(plans)]
    return _batch(batch.moment, [*batch.drops, *drops])


def _batch(moment: datetime, drops: Iterable[Drop]) -> Batch:
    return Batch(moment, tuple(sorted(drops, key=lambda drop: (drop.received_at, drop.path))))


def _spread(reports: Iterable[Report]) -> Iterator[tuple[float, Report]]:
    """Yield every report with its place between 0 and 1, so that they come in one by one."""
    listed = list(reports)
    for number, report in enumerate(listed, 1):
        yield number / (len(listed) + 1), report


def _drop(report: Report, moment: datetime, forms: Forms, role: Role | None = None) -> Drop:
    org, period = report.unit.org, report.period
    filled = report.filled_on(moment.date())
    data = write_template(
        forms.workbooks["quarterly" if period.is_quarter else "plan"],
        org,
        period,
        rows=_PREPARED,
        cover=filled.cover,
        records=filled.records,
    )
    folder = _FOLDERS.get(org.parent, "") if period.is_quarter else "年度计划/"
    return Drop(folder + template_name(org, period), data, moment, role)


def _renamed(drop: Drop, mark: str) -> Drop:
    return replace(drop, path=drop.path.replace(".xlsx", f"{mark}.xlsx"))


def _own_name(report: Report) -> str:
    org, period = report.unit.org, report.period
    return f"{_FOLDERS.get(org.parent, '')}{org.aliases[0]}{period.label.zh}报表.xlsx"
