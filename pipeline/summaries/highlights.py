"""The sentences that a chair reads first: a view in, what changed and why, what is left to do out.

Each is a fact of the view with its number; none is a phrase. Of the changes only those are told of
the figures that tell most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from pipeline.summaries.bridge import KINDS, Amount, Bridge
from pipeline.summaries.compare import change
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.view import SummaryView
from pipeline.summaries.wording import plain_text
from pipeline.texts import Lang, Text

MOST_CHANGES = 3

CHANGED = Text(
    "{label} {now} {unit}，比上季度 {since}{alike}。{why}",
    "{label}: {now} {unit}, {since} since last quarter{alike}. {why}",
)
ALIKE = Text(
    "（两季都报的 {n} 个单位 {since}）", " ({since} over the {n} units reporting in both quarters)"
)
WHY = Text("原因：{parts}；变化最大的：{units}。", "Why: {parts}; most by: {units}.")
PLAN = Text("到期计划 {due} 项，完成 {done} 项。", "Of {due} plan items due, {done} are done.")
PLAN_LEFT = Text(
    "到期计划 {due} 项，完成 {done} 项，未完成 {n} 项：{units}。",
    "Of {due} plan items due, {done} are done; {n} are not: {units}.",
)
FAULTS = Text(
    "{units} 个单位的报表里还有没改的错误或提醒，见《待处理问题》。",
    "Workbooks of {units} units still have errors or warnings: see Open issues.",
)
RESTATED = Text(
    "已公布的数有 {n} 处更改，由 {units}的报表引起，见《报送情况》。",
    "{n} published figures have changed, by workbooks of {units}: see Reporting.",
)
AND_MORE = Text("{names}等 {n} 个单位", "{names} and others, {n} units")

_TELLING = ("D02", "A03", "A07", "V03", "A01", "V01", "O02")
_MOST_NAMES = 3


def highlights(view: SummaryView, lang: Lang) -> list[str]:
    """Return the sentences, the changes first."""
    changes = (_change(view, lang, *pair) for pair in telling_bridges(view))
    return [
        *islice(changes, MOST_CHANGES),
        *_restated(view, lang),
        *_plan(view, lang),
        *_faults(view, lang),
    ]


def telling_bridges(view: SummaryView) -> Iterator[tuple[Indicator, Bridge]]:
    """Yield the amounts that have changed, with why, the most telling first."""
    by_id = {b.indicator: b for b in view.bridges if b.side == "value" and not b.withheld}
    for name in _TELLING:
        bridge, indicator = by_id.get(name), view.indicator(name)
        if bridge and indicator and bridge.difference:
            yield indicator, bridge


def _change(view: SummaryView, lang: Lang, indicator: Indicator, bridge: Bridge) -> str:
    since, _ = view.entry(indicator).changes
    parts = [
        f"{KINDS[part.kind][lang]} {_signed(indicator, part.amount)}"
        for part in bridge.parts
        if part.amount
    ]
    units = [f"{unit.name} {_signed(indicator, unit.amount)}" for unit in bridge.top if unit.amount]
    why = WHY.format(parts=_listed(parts, lang), units=_listed(units, lang))[lang] if parts else ""
    return CHANGED.format(
        label=indicator.label[lang],
        now=plain_text(indicator, bridge.after),
        unit=indicator.unit[lang],
        since=since.text[lang],
        alike=_alike(view, indicator, lang),
        why=why,
    )[lang].rstrip()


def _alike(view: SummaryView, indicator: Indicator, lang: Lang) -> str:
    """Say how it changed where like is compared with like, if not all are alike."""
    pair = view.like_for_like.get(indicator.id)
    if pair is None or pair.units == len(view.statuses):
        return ""
    since = change(indicator, pair.now, pair.before)
    if since.kind not in ("percent", "points"):
        return ""
    return ALIKE.format(n=pair.units, since=since.text[lang])[lang]


def _restated(view: SummaryView, lang: Lang) -> Iterator[str]:
    if view.restatements:
        units = list(dict.fromkeys(restated.cause_name for restated in view.restatements))
        yield RESTATED.format(n=len(view.restatements), units=_some(units, lang))[lang]


def _plan(view: SummaryView, lang: Lang) -> Iterator[str]:
    left = [item for item in view.plan if not item.done]
    numbers = {"due": len(view.plan), "done": len(view.plan) - len(left)}
    if left:
        names = {status.unit: status.name for status in view.statuses}
        units = list(dict.fromkeys(names.get(item.unit, item.unit) for item in left))
        yield PLAN_LEFT.format(**numbers, n=len(left), units=_some(units, lang))[lang]
    elif view.plan:
        yield PLAN.format(**numbers)[lang]


def _faults(view: SummaryView, lang: Lang) -> Iterator[str]:
    units = sum(1 for status in view.statuses if status.errors != 0 or status.warnings != 0)
    if units:
        yield FAULTS.format(units=units)[lang]


def _signed(indicator: Indicator, amount: Amount) -> str:
    """Return an amount with its sign, a minus that no line is broken after."""
    size = -amount if amount < 0 else amount
    return ("\N{MINUS SIGN}" if amount < 0 else "+") + plain_text(indicator, size)


def _some(names: Sequence[str], lang: Lang) -> str:
    """Return the first names, and how many they are where there are more."""
    listed = _listed(names[:_MOST_NAMES], lang)
    return (
        listed if len(names) <= _MOST_NAMES else AND_MORE.format(names=listed, n=len(names))[lang]
    )


def _listed(texts: Iterable[str], lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(texts)
