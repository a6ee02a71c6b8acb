"""Numbers as people read them in a sentence or a mail; workbooks format their own cells."""

from __future__ import annotations

from fractions import Fraction

from pipeline.periods import parse_period
from pipeline.summaries.compare import NOTHING
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.numbers import Number, Value, round_half_up
from pipeline.summaries.restate import Restatement
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang, Text

RESTATED = Text(
    "{label}：{old} → {new}（{unit}更正，第 {version} 版，{when} 收到）",
    "{label}: {old} → {new} ({unit} corrected it, version {version}, received {when})",
)
RESTATED_LATE = Text(
    "{label}：{old} → {new}（{unit}迟报，第 {version} 版，{when} 收到）",
    "{label}: {old} → {new} ({unit} came late, version {version}, received {when})",
)
TOO_FEW = Text("人数少，不公布", "withheld: too few persons")


def value_text(indicator: Indicator, number: Number | None, lang: Lang) -> str:
    """Return a number with its unit of measure, "—" where it is undefined; say if it is withheld."""
    if number and number.withheld:
        return TOO_FEW[lang]
    value = number.value if number else None
    if value is None:
        return NOTHING[lang]
    if indicator.format == "percent":
        return plain_text(indicator, value)
    return f"{plain_text(indicator, value)} {indicator.unit[lang]}".rstrip()


def restated_lines(view: SummaryView, since: int | None, lang: Lang) -> list[str]:
    """Return one line for each published figure that was restated after file number `since`.

    Without it the reader has had no summary of this period yet, and only what an earlier one said
    can have changed for him.
    """
    return [
        _restated_line(view, restated, lang)
        for restated in view.restatements
        if (restated.period != view.period.code if since is None else restated.cause.file > since)
    ]


def _restated_line(view: SummaryView, restated: Restatement, lang: Lang) -> str:
    indicator = view.indicators.by_id[restated.indicator]
    period = parse_period(restated.period)
    earlier = period and restated.period != view.period.code
    words = RESTATED_LATE if restated.cause.late else RESTATED
    return words.format(
        label=(period.label[lang] + " " if period and earlier else "") + indicator.label[lang],
        old=NOTHING[lang] if restated.old is None else plain_text(indicator, restated.old),
        new=NOTHING[lang] if restated.new is None else plain_text(indicator, restated.new),
        unit=restated.cause_name,
        version=restated.version,
        when=f"{restated.when:%Y-%m-%d}",
    )[lang]


def plain_text(indicator: Indicator, value: Value) -> str:
    """Return a value alone: thousands separated, money with two decimals, rates with one.

    Rounded half up, as everywhere.
    """
    match indicator.format:
        case "count":
            return f"{value:,}"
        case "money":
            return f"{round_half_up(Fraction(value), 2):,}"
        case "percent":
            return f"{round_half_up(Fraction(value) * 100, 1)}%"
        case "average":
            return f"{round_half_up(Fraction(value), 2):,}"
