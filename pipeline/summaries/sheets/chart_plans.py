"""What the charts of the overview show, as plain values: titles, categories, series.

`plan_charts` picks up to six that have something to show. Units stand in the order that they have
everywhere, other members by size; a long list ends in one bar for the rest, so that nothing is
left out. What is undefined stays blank, it is no zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Final

from pipeline.summaries.indicators import BY_UNIT, Breakdown, Indicator
from pipeline.summaries.numbers import Figures, Value
from pipeline.summaries.sheets.reporting import STATES
from pipeline.summaries.sheets.styles import NUMBER_FORMATS, display_width
from pipeline.summaries.sheets.tables import TOTAL, periods
from pipeline.summaries.view import SummaryView, turnout
from pipeline.texts import Lang, Text

MOST_CHARTS: Final = 6
MOST_BARS: Final = 9

TITLE = "{what} · {period} · {unit}"
BY_UNITS = Text("各单位{label}", "{label} by unit")
BY_MEMBERS = Text("{label}（按{by}）", "{label} by {by}")
REST_UNITS = Text("其余 {n} 个单位", "{n} other units")
REST = Text("其余 {n} 项", "{n} others")
STANDING = Text("报送情况", "Reporting")
UNITS_COUNTED = Text("个单位", "units")
TEN_THOUSAND = Text("万元", "10,000 yuan")

_NAME_WIDTH: Final = 22  # in digits, of a name beside its bar
_MONEY_IN_TEN_THOUSANDS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart; None where there is no value."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ChartPlan:
    """One chart.

    With `total_first` the first bar is the total of the others, with `rest_last` the last one is
    what the others leave out; both look different. The first series of a `bridge` is not seen, the
    others are its ends, rises and falls; its axis may begin at a `floor` above zero.
    """

    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    number_format: str
    upright: bool = False
    stacked: bool = False
    total_first: bool = False
    rest_last: bool = False
    bridge: bool = False
    floor: float = 0.0


Planner = Callable[[SummaryView, Lang], ChartPlan | None]


def plan_charts(view: SummaryView, lang: Lang) -> tuple[ChartPlan, ...]:
    """Return the charts that have something to show, the most telling ones first."""
    plans = (planner(view, lang) for planner in _planners())
    return tuple(islice((plan for plan in plans if plan), MOST_CHARTS))


def _planners() -> tuple[Planner, ...]:
    """The charts in order; the last three stand in where an earlier one has nothing to show."""
    return (
        _plan_standing,
        partial(_plan_by_unit, "A04"),
        partial(_plan_by_member, "A03", "category"),
        partial(_plan_by_month, ("D01", "D02")),
        partial(_plan_by_unit, "D04"),
        partial(_plan_by_member, "V03", "visit_type"),
        partial(_plan_by_month, ("A02",)),
        partial(_plan_by_member, "V01", "target_class"),
        partial(_plan_by_unit, "O04"),
    )


def _plan_standing(view: SummaryView, lang: Lang) -> ChartPlan | None:
    """Units on time, late and missing, now and before, as parts of all that owe a workbook."""
    said = periods(view)
    spans = zip((said[0], said[1], said[3]), (view.current, *view.earlier), strict=True)
    counted = [(label[lang], _standing(past)) for label, past in spans if past]
    if not any(map(any, (counts for _, counts in counted))):
        return None
    by_state = zip(*(counts for _, counts in counted), strict=True)
    return ChartPlan(
        title=_title(view, lang, STANDING[lang], UNITS_COUNTED[lang]),
        categories=tuple(label for label, _ in counted),
        series=tuple(
            Series(label[lang], tuple(map(float, counts)))
            for label, counts in zip(STATES.values(), by_state, strict=True)
        ),
        number_format="#,##0;;",  # a zero would stand on its neighbour's bar
        stacked=True,
    )


def _standing(figures: Figures) -> tuple[int, int, int]:
    units = turnout(figures)
    return units.on_time, units.late, units.missing


def _plan_by_unit(name: str, view: SummaryView, lang: Lang) -> ChartPlan | None:
    """A rate of every child beside the pooled one; the rest of a long list is pooled too.

    A rate of few persons has no bar.
    """
    indicator = view.indicator(name)
    if indicator is None:
        return None
    units = list(view.unit_names.items())
    shown = units if len(units) <= MOST_BARS else units[: MOST_BARS - 1]
    bars = [
        (unit, None if view.rests_on_few(indicator, code) else _rate(view, indicator, [code]))
        for code, unit in shown
    ]
    if all(rate is None for _, rate in bars):
        return None
    if rest := [code for code, _ in units[len(shown) :]]:
        bars.append((REST_UNITS.format(n=len(rest))[lang], _rate(view, indicator, rest)))
    bars.insert(0, (TOTAL[lang], view.current.value(name)))
    return ChartPlan(
        title=_title(
            view, lang, BY_UNITS.format(label=indicator.label[lang])[lang], indicator.unit[lang]
        ),
        categories=tuple(_short(unit) for unit, _ in bars),
        series=(Series(indicator.label[lang], tuple(_float(rate) for _, rate in bars)),),
        number_format=NUMBER_FORMATS[indicator.format],
        total_first=True,
        rest_last=bool(rest),
    )


def _rate(view: SummaryView, indicator: Indicator, codes: Iterable[str]) -> Value | None:
    numbers = [view.current.numbers.get((indicator.id, BY_UNIT, code)) for code in codes]
    if any(n and n.withheld for n in numbers):
        return None
    whole = sum(Fraction(n.denominator or 0) for n in numbers if n)
    return Fraction(sum(Fraction(n.numerator or 0) for n in numbers if n), whole) if whole else None


def _plan_by_member(name: str, dimension: str, view: SummaryView, lang: Lang) -> ChartPlan | None:
    """An amount by the members of a breakdown, the largest first."""
    breakdown = _breakdown(view, name, dimension)
    if breakdown is None:
        return None
    amounts = [
        (label[lang], Fraction(value))
        for key, label in view.members(breakdown).items()
        if (value := view.current.value(name, dimension, key)) is not None and value > 0
    ]
    if not amounts:
        return None
    amounts.sort(key=lambda bar: -bar[1])
    cut = len(amounts) > MOST_BARS
    if cut:
        rest = [value for _, value in amounts[MOST_BARS - 1 :]]
        amounts[MOST_BARS - 1 :] = [(REST.format(n=len(rest))[lang], Fraction(sum(rest)))]
    indicator = view.indicators.by_id[name]
    what = BY_MEMBERS.format(label=indicator.label[lang], by=breakdown.label[lang].lower())[lang]
    bars = [(label, (value,)) for label, value in amounts]
    return replace(_plan_amounts(view, lang, what, (indicator,), bars), rest_last=cut)


def _plan_by_month(names: Sequence[str], view: SummaryView, lang: Lang) -> ChartPlan | None:
    """Amounts side by side for every month of the period."""
    breakdown = _breakdown(view, names[0], "month")
    if breakdown is None or not all(name in view.indicators.by_id for name in names):
        return None
    months = [
        (label[lang], tuple(view.current.value(name, "month", key) for name in names))
        for key, label in view.members(breakdown).items()
    ]
    if not any(any(values) for _, values in months):
        return None
    indicators = [view.indicators.by_id[name] for name in names]
    labels = "、" if lang == "zh" else ", "
    what = BY_MEMBERS.format(
        label=labels.join(indicator.label[lang] for indicator in indicators),
        by=breakdown.label[lang].lower(),
    )[lang]
    return _plan_amounts(view, lang, what, indicators, months, upright=True)


def _plan_amounts(
    view: SummaryView,
    lang: Lang,
    what: str,
    indicators: Sequence[Indicator],
    bars: Sequence[tuple[str, tuple[Value | None, ...]]],
    *,
    upright: bool = False,
) -> ChartPlan:
    """Plan a chart of amounts, large sums of money in units of 10,000 yuan."""
    unit, shown = indicators[0].unit[lang], NUMBER_FORMATS[indicators[0].format]
    if indicators[0].format == "money":
        shown = "#,##0"
        if max(value or 0 for _, values in bars for value in values) >= _MONEY_IN_TEN_THOUSANDS:
            unit, shown = TEN_THOUSAND[lang], "#,##0.00"
    scale = 10_000 if unit == TEN_THOUSAND[lang] else 1
    series = zip(*(values for _, values in bars), strict=True)
    return ChartPlan(
        title=_title(view, lang, what, unit),
        categories=tuple(label for label, _ in bars),
        series=tuple(
            Series(
                indicator.label[lang],
                tuple(None if v is None else float(Fraction(v) / scale) for v in values),
            )
            for indicator, values in zip(indicators, series, strict=True)
        ),
        number_format=shown,
        upright=upright,
    )


def _breakdown(view: SummaryView, name: str, dimension: str) -> Breakdown | None:
    found: Iterator[Breakdown] = (
        breakdown
        for breakdown in view.indicators.breakdowns
        if breakdown.dimension == dimension
        and any(i.id == name for i in view.indicators.of_breakdown(breakdown))
    )
    return next(found, None)


def _title(view: SummaryView, lang: Lang, what: str, unit: str) -> str:
    return TITLE.format(what=what, period=view.period.label[lang], unit=unit)


def _short(name: str) -> str:
    if display_width(name) <= _NAME_WIDTH:
        return name
    while display_width(name) > _NAME_WIDTH - 2:
        name = name[:-1]
    return name + "…"


def _float(value: Value | None) -> float | None:
    return None if value is None else float(value)
