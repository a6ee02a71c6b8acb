"""How figures have moved: trends over up to eight quarters, and bridges that explain a change.

A trend needs three quarters; a bridge is drawn of a key figure that has changed and is not
withheld, and names the units that moved it most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from pipeline.summaries.bridge import Bridge
from pipeline.summaries.dashboard import words
from pipeline.summaries.dashboard.charts import Measure, Picture, amount_of, draw_both
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.numbers import Value
from pipeline.summaries.svg import Amount, Bar, draw_line
from pipeline.summaries.svg_bridge import draw_bridge
from pipeline.summaries.view import Entry, SummaryView
from pipeline.summaries.wording import plain_text
from pipeline.texts import Lang, Text

TRENDS: Final = ("O02", "A03", "A04", "D02", "D04", "V03")
_FEWEST: Final = 3


def trend_pictures(view: SummaryView) -> Iterator[Picture]:
    """Yield a line for each of the figures that a reader follows from quarter to quarter."""
    if len(view.trend) < _FEWEST:
        return
    for indicator in filter(None, map(view.indicator, TRENDS)):
        numbers = [past.numbers.get((indicator.id, "", "")) for past in view.trend]
        if sum(number is not None and number.value is not None for number in numbers) < _FEWEST:
            continue
        measure = Measure.of([Entry(indicator, number, None, None) for number in numbers])
        points = [
            Bar(past.period.code[2:], (amount_of(indicator, number, measure),))
            for past, number in zip(view.trend, numbers, strict=True)
        ]
        title = _titled(indicator, measure)
        yield draw_both(title, partial(_draw_trend, title, points))


def bridge_pictures(view: SummaryView) -> Iterator[Picture]:
    """Yield why each additive key figure has changed since the last quarter's summary."""
    for bridge in view.bridges:
        indicator = view.indicator(bridge.indicator)
        if indicator is None or bridge.withheld or not bridge.difference:
            continue
        title = _titled(indicator, Measure(indicator.unit))
        yield draw_both(
            title, partial(_draw, title, bridge, indicator), _moved_by(indicator, bridge)
        )


def _draw_trend(title: Text, points: Sequence[Bar], lang: Lang) -> str:
    return draw_line(title[lang], points)


def _draw(title: Text, bridge: Bridge, indicator: Indicator, lang: Lang) -> str:
    parts = [
        Bar(words.REASONS[part.kind][lang], (Amount(part.amount, _signed(indicator, part.amount)),))
        for part in bridge.parts
        if part.amount
    ]
    before, after = (
        Bar(label[lang], (Amount(value, plain_text(indicator, value)),))
        for label, value in ((words.BEFORE, bridge.before), (words.NOW, bridge.after))
    )
    return draw_bridge(title[lang], before, parts, after)


def _moved_by(indicator: Indicator, bridge: Bridge) -> Text | None:
    if not bridge.top:
        return None
    named = [f"{unit.name} {_signed(indicator, unit.amount)}" for unit in bridge.top]
    return Text(
        words.MOVED_BY.format(units="、".join(named)).zh,
        words.MOVED_BY.format(units=", ".join(named)).en,
    )


def _titled(indicator: Indicator, measure: Measure) -> Text:
    label, unit = indicator.label, measure.unit
    return Text(
        words.IN_UNIT.format(what=label.zh, unit=unit.zh).zh,
        words.IN_UNIT.format(what=label.en, unit=unit.en).en,
    )


def _signed(indicator: Indicator, value: Value | Decimal) -> str:
    return ("+" if value > 0 else "") + plain_text(indicator, value)
