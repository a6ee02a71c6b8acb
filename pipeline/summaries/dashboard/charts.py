"""What the charts of a unit's part of the page show: a `SummaryView` in, pictures out.

A chart is drawn once in each language; one with nothing to show is left out. Long lists are cut
and the rest is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pipeline.summaries.compare import NOTHING, WITHHELD
from pipeline.summaries.dashboard import words
from pipeline.summaries.indicators import BY_UNIT, Breakdown, Indicator
from pipeline.summaries.numbers import Number, Value, round_half_up
from pipeline.summaries.sheets.reporting import STATES
from pipeline.summaries.sheets.tables import TOTAL, periods
from pipeline.summaries.sheets.units import ITSELF
from pipeline.summaries.svg import Amount, Bar, draw_bars, draw_shares
from pipeline.summaries.view import Entry, SummaryView, turnout
from pipeline.summaries.wording import plain_text
from pipeline.texts import Lang, Text

RATES: Final = ("Q05", "Q06", "A04", "D04", "V06", "P03")
MOST_MEMBERS: Final = 7
MOST_UNITS: Final = 12

_LARGE: Final = 100_000  # yuan, from which a chart counts in tens of thousands


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its caption, drawn in both languages; `note` says what it leaves out."""

    title: Text
    zh: str
    en: str
    note: Text | None = None


Draw = Callable[[Lang], str]


def pictures(view: SummaryView) -> Iterator[Picture]:
    """Yield the charts that have something to show, the most telling ones first."""
    for picture in (
        standing_picture(view),
        rates_picture(view),
        _by_member(view, "A03", "category"),
        _by_month(view, ("D01", "D02")),
        _by_unit(view, "D04"),
        _by_unit(view, "A04"),
        _by_member(view, "V03", "visit_type"),
    ):
        if picture:
            yield picture


def standing_picture(view: SummaryView) -> Picture | None:
    """Units on time, late and missing: now, and a period and a year ago where anybody reported."""
    this, *earlier = _spans(view)
    past = zip(earlier, view.earlier, strict=True)
    counted = [(label, turnout(figures)) for label, figures in past if figures]
    now = turnout(view.current)
    counted = [(this, now), *((label, units) for label, units in counted if units.reported)]
    if not now.expected:
        return None

    def draw(lang: Lang) -> str:
        bars = [
            Bar(label[lang], tuple(map(_count, (units.on_time, units.late, units.missing))))
            for label, units in counted
        ]
        names = [state[lang] for state in STATES.values()]
        return draw_shares(words.STANDING[lang], bars, names)

    return draw_both(words.STANDING, draw)


def rates_picture(view: SummaryView) -> Picture | None:
    """The key rates beside those of a quarter and a year ago, as parts of a whole."""
    found = [view.indicator(name) for name in RATES]
    entries = [view.entry(i) for i in found if i and i.format == "percent"]
    entries = [entry for entry in entries if not entry.is_empty]
    if not entries:
        return None

    def draw(lang: Lang) -> str:
        bars = [_bar(entry.indicator.label[lang], entry) for entry in entries]
        return draw_bars(words.RATES[lang], bars, _names(view, lang), full=1)

    return draw_both(words.RATES, draw)


def _by_unit(view: SummaryView, name: str) -> Picture | None:
    """A rate of every child below the pooled one, in the order that units have everywhere."""
    indicator = view.indicator(name)
    units = list(view.unit_names.items())
    if indicator is None or len(units) < 2:
        return None
    now = view.current.numbers
    rates = [(code, unit, now.get((name, BY_UNIT, code))) for code, unit in units]
    if not any(number and number.value is not None for _, _, number in rates):
        return None
    title = words.BY_UNITS.format(label=indicator.label.zh)
    title = Text(title.zh, words.BY_UNITS.format(label=indicator.label.en).en)

    def draw(lang: Lang) -> str:
        bars = [Bar(TOTAL[lang], (amount_of(indicator, now.get((name, "", ""))),), marked=True)]
        for code, unit, number in rates[:MOST_UNITS]:
            label = ITSELF.format(name=unit)[lang] if code == view.unit.code else unit
            bars.append(Bar(label, (amount_of(indicator, number),)))
        return draw_bars(title[lang], bars)

    rest = len(rates) - MOST_UNITS
    return draw_both(title, draw, words.REST_UNITS.format(n=rest) if rest > 0 else None)


def _by_member(view: SummaryView, name: str, dimension: str) -> Picture | None:
    """An amount by the members of a breakdown, the largest first, beside those before."""
    breakdown = _breakdown(view, name, dimension)
    indicator = view.indicator(name)
    if breakdown is None or indicator is None:
        return None
    entries = [
        (label, view.entry(indicator, dimension, key))
        for key, label in view.members(breakdown).items()
    ]
    entries = [(label, entry) for label, entry in entries if entry.values[0]]
    if not entries:
        return None
    entries.sort(key=lambda pair: -Fraction(pair[1].values[0] or 0))
    measure = Measure.of([entry for _, entry in entries])
    rest = entries[MOST_MEMBERS:]

    def draw(lang: Lang) -> str:
        bars = [_bar(label[lang], e, measure) for label, e in entries[:MOST_MEMBERS]]
        return draw_bars(title[lang], bars, _names(view, lang))

    title = _title(indicator, breakdown, measure)
    return draw_both(title, draw, words.REST.format(n=len(rest)) if rest else None)


def _by_month(view: SummaryView, names: Sequence[str]) -> Picture | None:
    """Amounts side by side for every month of the period."""
    breakdown = _breakdown(view, names[0], "month")
    found = [i for i in map(view.indicator, names) if i]
    if breakdown is None or not found:
        return None
    months = [
        (label, [view.entry(indicator, "month", key) for indicator in found])
        for key, label in view.members(breakdown).items()
    ]
    entries = [entry for _, month in months for entry in month]
    if not any(entry.values[0] for entry in entries):
        return None
    measure = Measure.of(entries)
    both = Text("、".join(i.label.zh for i in found), ", ".join(i.label.en for i in found))

    def draw(lang: Lang) -> str:
        bars = [
            Bar(label[lang], tuple(amount_of(e.indicator, e.number, measure) for e in month))
            for label, month in months
        ]
        return draw_bars(title[lang], bars, [i.label[lang] for i in found])

    title = _title(found[0], breakdown, measure, both)
    return draw_both(title, draw)


@dataclass(frozen=True, slots=True)
class Measure:
    """What amounts of a chart are written in: large sums of money in tens of thousands."""

    unit: Text
    scale: int = 1

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Measure:
        indicator = entries[0].indicator
        largest = max((Fraction(v) for e in entries for v in e.values if v), default=Fraction(0))
        if indicator.format == "money" and largest >= _LARGE:
            return cls(words.TEN_THOUSAND, 10_000)
        return cls(indicator.unit)

    def write(self, indicator: Indicator, value: Value) -> str:
        if self.scale == 1:
            return plain_text(indicator, value)
        return f"{round_half_up(Fraction(value) / self.scale, 2):,}"


def _bar(label: str, entry: Entry, measure: Measure | None = None) -> Bar:
    numbers = (entry.number, entry.before, entry.year_ago)
    return Bar(label, tuple(amount_of(entry.indicator, n, measure) for n in numbers))


def amount_of(
    indicator: Indicator, number: Number | None, measure: Measure | None = None
) -> Amount:
    if number is None or number.value is None:
        return Amount(None, WITHHELD.zh if number and number.withheld else NOTHING.zh)
    write = measure.write if measure else plain_text
    return Amount(number.value, write(indicator, number.value))


def _count(units: int) -> Amount:
    return Amount(units, str(units))


def _names(view: SummaryView, lang: Lang) -> list[str]:
    return [span[lang] for span in _spans(view)]


def _spans(view: SummaryView) -> tuple[Text, Text, Text]:
    """How now, the period before and a year ago are called."""
    now, before, _, year_ago, _ = periods(view)
    return now, before, year_ago


def _title(
    indicator: Indicator, breakdown: Breakdown, measure: Measure, label: Text | None = None
) -> Text:
    label, by = label or indicator.label, breakdown.label
    zh = words.BY_MEMBERS.format(label=label.zh, by=by.zh).zh
    en = words.BY_MEMBERS.format(label=label.en, by=by.en.lower()).en
    return Text(
        words.IN_UNIT.format(what=zh, unit=measure.unit.zh).zh,
        words.IN_UNIT.format(what=en, unit=measure.unit.en).en,
    )


def _breakdown(view: SummaryView, name: str, dimension: str) -> Breakdown | None:
    for breakdown in view.indicators.breakdowns:
        indicators = view.indicators.of_breakdown(breakdown)
        if breakdown.dimension == dimension and any(i.id == name for i in indicators):
            return breakdown
    return None


def draw_both(title: Text, draw: Draw, note: Text | None = None) -> Picture:
    return Picture(title, draw("zh"), draw("en"), note)
