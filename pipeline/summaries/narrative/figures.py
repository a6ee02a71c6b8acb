"""Figures as a layout sees them: `{{ A03 }}` is a number with its unit, `{{ A03.change }}` how it
has changed, `{{ A03.by.category }}` how it is made up.

Each carries its identity, see `marks`. What is undefined reads "—"; what is withheld says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pipeline.summaries.compare import NOTHING, Change
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.narrative.marks import marked, named
from pipeline.summaries.numbers import Number, round_half_up
from pipeline.summaries.view import Entry, SummaryView
from pipeline.summaries.wording import TOO_FEW, plain_text
from pipeline.texts import Lang, Text

WITHHELD = Text("—（{why}）", "— ({why})")
SINCE = (Text("比上季度", "on the previous quarter"), Text("比去年同期", "on a year ago"))
ROSE, FELL = Text("{since}增长{n}", "{n} up {since}"), Text("{since}下降{n}", "{n} down {since}")
GAINED = Text("{since}提高{n}个百分点", "{n} points up {since}")
LOST = Text("{since}降低{n}个百分点", "{n} points down {since}")
SAME = (Text("与上季度持平", "as in the previous quarter"), Text("与去年同期持平", "as a year ago"))
NEW = (Text("上季度没有", "none in the previous quarter"), Text("去年同期没有", "none a year ago"))
IN_BRACKETS = Text("（{said}）", " ({said})")
COMMA, LISTED = Text("，", ", "), Text("、", ", ")
MEMBER = Text("{member}{n}", "{member} {n}")
AND_MORE = Text("等{n}类", " and others, {n} kinds in all")
_MOST_MEMBERS = 6


@dataclass(frozen=True)
class Figure:
    """One number of the unit, with the same number of the quarter before and of a year ago."""

    view: SummaryView
    entry: Entry
    lang: Lang

    def __str__(self) -> str:
        return self._value(self.entry.number)

    def __bool__(self) -> bool:
        """Whether there is anything to speak of; a number that is withheld is."""
        number = self.entry.number
        return number is not None and bool(number.value or number.withheld)

    @property
    def label(self) -> str:
        """What it is called."""
        return self.entry.indicator.label[self.lang]

    @property
    def since_quarter(self) -> str:
        """How it has changed since the quarter before, in words; "" where nothing can be told."""
        return self._since(0)

    @property
    def since_year(self) -> str:
        """How it has changed since the same quarter of last year."""
        return self._since(1)

    @property
    def change(self) -> str:
        """Both changes in brackets, "" where there is none."""
        said = COMMA[self.lang].join(filter(None, (self.since_quarter, self.since_year)))
        return IN_BRACKETS.format(said=said)[self.lang] if said else ""

    @property
    def short_change(self) -> str:
        """The change since the quarter before as a table shows it, `+5.2%`."""
        return self._shown_change(0)

    @property
    def short_change_on_year(self) -> str:
        """The change since a year ago as a table shows it."""
        return self._shown_change(1)

    @property
    def bare(self) -> str:
        """The number without what it is counted in."""
        return self._value(self.entry.number, bare=True)

    @property
    def before(self) -> str:
        """The number of the quarter before, bare."""
        return self._value(self.entry.before, "before", bare=True)

    @property
    def year_ago(self) -> str:
        """The number of the same quarter of last year, bare."""
        return self._value(self.entry.year_ago, "year_ago", bare=True)

    @cached_property
    def by(self) -> Mapping[str, str]:
        """How it is made up, by each dimension that splits it: the largest members first."""
        return {
            breakdown.dimension: self._made_up(breakdown.dimension)
            for breakdown in self.view.indicators.breakdowns
            if breakdown.dimension in self.entry.indicator.breakdowns
        }

    @property
    def heading(self) -> str:
        """What it is called, with what it is counted in."""
        indicator = self.entry.indicator
        label, unit = indicator.label[self.lang], indicator.unit[self.lang]
        counted = unit and indicator.format != "percent"
        return label + IN_BRACKETS.format(said=unit)[self.lang] if counted else label

    def of_unit(self, code: str) -> str:
        """Return the same number of a direct child, without what it is counted in."""
        return self._value(self.view.entry(self.entry.indicator, "unit", code).number, bare=True)

    def _value(self, number: Number | None, when: str = "", *, bare: bool = False) -> str:
        if number is None:
            return NOTHING[self.lang]
        place = (number.indicator, number.dimension, number.key, *([when] if when else []))
        shown = value_text(self.entry.indicator, number, self.lang)
        if bare and number.value is not None:
            shown = plain_text(self.entry.indicator, number.value)
        return marked(shown, "value", *place)

    def _since(self, which: int) -> str:
        change = self.entry.changes[which]
        said = _change_text(change, which)
        if said is None:
            return ""
        shown = f"{round_half_up(abs(change.amount) * 100, 1)}"
        shown += "%" if change.kind == "percent" else ""
        place = (self.entry.indicator.id, ("before", "year_ago")[which])
        return said.format(since=SINCE[which][self.lang], n=marked(shown, "change", *place))[
            self.lang
        ]

    def _shown_change(self, which: int) -> str:
        change = self.entry.changes[which]
        shown = change.text[self.lang]
        return named(shown, "change", self.entry.indicator.id, ("before", "year_ago")[which])

    def _made_up(self, dimension: str) -> str:
        """Return the members with their numbers: months in time, others by size."""
        breakdown = next(b for b in self.view.indicators.breakdowns if b.dimension == dimension)
        labels = self.view.members(breakdown)
        found = [
            (labels[key], number)
            for key in labels
            if (number := self.view.entry(self.entry.indicator, dimension, key).number)
            and (number.value or number.withheld)
        ]
        if dimension != "month":
            found.sort(key=lambda pair: -(pair[1].value or 0))
        said = [
            MEMBER.format(member=_month_only(label, number)[self.lang], n=self._value(number))[
                self.lang
            ]
            for label, number in found[:_MOST_MEMBERS]
        ]
        listed = LISTED[self.lang].join(said)
        if len(found) > _MOST_MEMBERS:
            place = (self.entry.indicator.id, dimension)
            listed += AND_MORE.format(n=marked(str(len(found)), "count", *place))[self.lang]
        return listed


def value_text(indicator: Indicator, number: Number, lang: Lang) -> str:
    """Return a number with its unit as it stands in a sentence of the language."""
    if number.withheld:
        return WITHHELD.format(why=TOO_FEW[lang])[lang]
    if number.value is None:
        return NOTHING[lang]
    shown = plain_text(indicator, number.value)
    if indicator.format == "percent":
        return shown
    return (
        f"{shown}{indicator.unit.zh}" if lang == "zh" else f"{shown} {indicator.unit.en}".rstrip()
    )


def _change_text(change: Change, which: int) -> Text | None:
    if change.kind == "new":
        return NEW[which]
    if change.kind in ("none", "withheld"):
        return None
    if not round_half_up(change.amount * 100, 1):
        return SAME[which]
    if change.kind == "percent":
        return ROSE if change.amount > 0 else FELL
    return GAINED if change.amount > 0 else LOST


def _month_only(label: Text, number: Number) -> Text:
    """Return the label of a member; of a month without its year, which is said before."""
    if number.dimension != "month":
        return Text(*(named(said, "name", number.key) for said in (label.zh, label.en)))
    month = int(number.key[5:])
    said = marked(f"{month}月", "time", number.key)
    return Text(said, marked(label.en, "time", number.key))
