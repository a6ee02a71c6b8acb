"""Why a figure changed, planned as a chart: from the last quarter by its reasons to this one.

The lowest part of each column is not seen and lifts the seen one to its place. Where the changes
are small beside the figure the axis begins above zero, and the title says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice

from pipeline.summaries.bridge import KINDS, Bridge
from pipeline.summaries.highlights import telling_bridges
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.sheets.chart_plans import TEN_THOUSAND, ChartPlan, Series
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang, Text

BEFORE = Text("上季度", "Last quarter")
NOW = Text("本期", "Now")
WHY = Text("{label}为什么变 · {unit}", "Why it changed: {label} · {unit}")
FROM_ABOVE = Text("（纵轴从 {low} 起）", " (axis from {low})")
ENDS = Text("合计", "Total")
RISE = Text("增加", "More")
FALL = Text("减少", "Less")
SHORT: dict[str, Text] = {
    "both": Text("都报的", "Both"),
    "new": Text("新报", "New"),
    "missing": Text("未报", "Missing"),
    "corrected": Text("上季更正", "Corrected"),
    "tree": Text("单位增减", "Units"),
}

_MOST = 2
_FLAT = 0.6  # of the highest level; where all stand above it the changes would hardly be seen
_LARGE = 100_000  # yuan


def plan_bridges(view: SummaryView, lang: Lang) -> tuple[ChartPlan, ...]:
    """Return the charts of the first key figures that have changed."""
    found = (_plan(lang, *pair) for pair in telling_bridges(view))
    return tuple(islice((plan for plan in found if plan), _MOST))


@dataclass(frozen=True, slots=True)
class _Step:
    label: str
    before: float
    after: float


def _plan(lang: Lang, indicator: Indicator, bridge: Bridge) -> ChartPlan | None:
    unit, scale = indicator.unit[lang], 1
    if indicator.format == "money" and max(bridge.before, bridge.after) >= _LARGE:
        unit, scale = TEN_THOUSAND[lang], 10_000
    steps = list(_steps(bridge, lang, scale))
    ends = (float(bridge.before) / scale, float(bridge.after) / scale)
    levels = [*ends, *(step.after for step in steps)]
    if min(levels) < 0:
        return None  # a column cannot hang below the axis and stand on it
    floor = _floor(min(levels), max(levels))
    shown = "#,##0.00" if scale > 1 else "#,##0"
    title = WHY.format(label=indicator.label[lang], unit=unit)[lang]
    if floor:
        title += FROM_ABOVE.format(low=f"{floor:,.2f}" if scale > 1 else f"{floor:,.0f}")[lang]
    return ChartPlan(
        title=title,
        categories=(BEFORE[lang], *(step.label for step in steps), NOW[lang]),
        series=(
            Series("", (None, *(min(step.before, step.after) for step in steps), None)),
            Series(ENDS[lang], (ends[0], *(None for _ in steps), ends[1])),
            Series(RISE[lang], (None, *(_rise(s.after - s.before) for s in steps), None)),
            Series(FALL[lang], (None, *(_rise(s.before - s.after) for s in steps), None)),
        ),
        number_format=shown,
        upright=True,
        stacked=True,
        bridge=True,
        floor=floor,
    )


def _steps(bridge: Bridge, lang: Lang, scale: int) -> Iterator[_Step]:
    parts = [part for part in bridge.parts if part.amount]
    levels = list(accumulate((part.amount for part in parts), initial=bridge.before))
    for part, before, after in zip(parts, levels, levels[1:], strict=False):
        label = SHORT.get(part.kind, KINDS[part.kind])[lang]
        yield _Step(label, float(before) / scale, float(after) / scale)


def _rise(height: float) -> float | None:
    return height if height > 0 else None


def _floor(low: float, high: float) -> float:
    """Return where the axis begins: at zero, unless all columns are about as high.

    >>> _floor(500, 1000), _floor(15500, 16700)
    (0.0, 14000.0)
    """
    if low <= _FLAT * high or low == high:
        return 0.0
    step = 10.0 ** math.floor(math.log10(high - low))
    return max(0.0, (low - (high - low)) // step * step)
