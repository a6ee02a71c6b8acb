"""The demo as a whole: a folder and a day in, a workspace and the story to play in it out.

The caller puts each batch into the inbox, runs the job at its moment, and tells the scenes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from pipeline.demo.drops import (
    CAST,
    EARLIER,
    Batch,
    Role,
    earlier_batch,
    newest_batches,
    with_plans,
)
from pipeline.demo.reports import Report, plan_reports, quarterly_reports
from pipeline.demo.timeline import Window, demo_quarters, due_days, window_of
from pipeline.demo.units import demo_tree, demo_units, tree_csv
from pipeline.forms.load import read_forms
from pipeline.forms.model import Forms
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period
from pipeline.texts import Text
from pipeline.workspace import init_workspace


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing to look at: whose it is, what happened, and the file it happened to.

    `file` is relative to the inbox, as `run` lists it, "" where nothing was sent.
    """

    role: Role
    unit: OrgUnit
    what: Text
    file: str = ""


@dataclass(frozen=True, slots=True)
class DemoStory:
    """Five quarters to play: batches in the order of their runs, scenes by what to open first."""

    quarters: tuple[Period, ...]
    batches: tuple[Batch, ...]
    scenes: tuple[Scene, ...]

    @property
    def newest(self) -> Period:
        """The quarter that the scenes are about."""
        return self.quarters[-1]


def make_demo(workspace: Path, today: datetime) -> DemoStory:
    """Make a workspace with the demo's units and return its story, all of it before `today`.

    Equal days give equal bytes. Raises UsageError where there is a workspace already.
    """
    quarters = demo_quarters(today)
    days = due_days(quarters[-1], today)
    tree = demo_tree(quarters[-1])
    config = init_workspace(workspace) / "config"
    (config / "orgunits.csv").write_text(tree_csv(tree), encoding="utf-8", newline="\n")
    # Settled at once, so that whoever drops a file and runs the job sees it taken.
    changes = {"name": tree[0].name, "root": tree[0].code, "due_days": days, "settle_seconds": 0}
    _change_settings(config / "union.toml", changes)
    windows = [window_of(quarter, days, today) for quarter in quarters]
    batches = _batches(quarters, windows, read_forms(config))
    return DemoStory(quarters, batches, _scenes(tree, batches))


def _change_settings(path: Path, changes: Mapping[str, object]) -> None:
    text = path.read_text(encoding="utf-8")
    for key, value in changes.items():
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        text = re.sub(rf"^{key} = .*$", line, text, count=1, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8", newline="\n")


def _batches(
    quarters: Sequence[Period], windows: Sequence[Window], forms: Forms
) -> tuple[Batch, ...]:
    units = demo_units(quarters[-1])
    reports = list(chain.from_iterable(quarterly_reports(unit, quarters) for unit in units))
    plans = list(chain.from_iterable(plan_reports(unit, quarters) for unit in units))
    batches: list[Batch] = []
    for quarter, window, roles in zip(quarters[:-1], windows[:-1], EARLIER, strict=True):
        batch = earlier_batch(_of(reports, quarter), roles, window, forms)
        # A plan is sent in once its year has begun.
        begun = [plan for plan in plans if plan.period.start.year <= window.last_run.year]
        batches.append(with_plans(batch, begun, window, forms))
        plans = [plan for plan in plans if plan not in begun]
    first, second = newest_batches(_of(reports, quarters[-1]), windows[-1], forms)
    return (*batches, with_plans(first, plans, windows[-1], forms), second)


def _of(reports: Iterable[Report], quarter: Period) -> list[Report]:
    return [report for report in reports if report.period == quarter]


def _scenes(tree: Iterable[OrgUnit], batches: Sequence[Batch]) -> tuple[Scene, ...]:
    units = {unit.code: unit for unit in tree}
    files = {drop.role: drop.path for batch in batches[-2:] for drop in batch.drops}
    return tuple(
        Scene(role, units[code], _TOLD[role].format(name=units[code].name), files.get(role, ""))
        for code, role in CAST.items()
    )


_TOLD: Mapping[Role, Text] = {
    "rejected": Text(
        "{name}：第一次报表有 12 处错误（12O0、日期不在季度内、实到多于应到等），退回后改好重报。",
        "{name}: twelve errors at first (12O0, a date outside the quarter, more present than "
        "invited …); returned, corrected and accepted.",
    ),
    "warnings": Text(
        "{name}：已收下，有 6 处请核对（超预算、成果是套话、欠缴没写原因等）。",
        "{name}: accepted, with six places to check (over budget, a stock phrase for a result, "
        "arrears without a reason …).",
    ),
    "foreign": Text(
        "{name}：没有用模板，自己做的表，列序、名称、写法都不同，照样读得出来。",
        "{name}: not our template; other columns, names and spellings, and read all the same.",
    ),
    "spoilt": Text(
        "{name}：第一个文件没传完，打不开；又传了一次。",
        "{name}: the first file was cut off and could not be opened; it was sent again.",
    ),
    "twice": Text(
        "{name}：同一份报表交了两次，只算一次。",
        "{name}: the same workbook sent twice, counted once.",
    ),
    "late": Text("{name}：过了截止日才交，算逾期。", "{name}: sent after the due date."),
    "missing": Text("{name}：还没有交。", "{name}: has not reported."),
    "nil": Text(
        "{name}：新成立，三张台账都是零报告。",
        "{name}: founded this quarter, nothing to report on any ledger.",
    ),
}
