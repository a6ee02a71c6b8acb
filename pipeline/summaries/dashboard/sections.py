"""A unit's part of the page, in words: a `SummaryView` in, a `Section` out.

Nothing here is markup. Numbers are written as in the workbook, "—" where there is none and "*"
where it is withheld; a wording that is the same in both languages is a plain string.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.issues import SEVERITY_LABELS
from pipeline.orgunits import OrgUnit
from pipeline.summaries.compare import NOTHING, WITHHELD, Change
from pipeline.summaries.dashboard import words
from pipeline.summaries.dashboard.changes import bridge_pictures, trend_pictures
from pipeline.summaries.dashboard.charts import Picture, pictures
from pipeline.summaries.indicators import BY_UNIT, Indicator
from pipeline.summaries.numbers import Number
from pipeline.summaries.sheets.canvas import COVERED, CUT_OFF, NO_CUT_OFF
from pipeline.summaries.sheets.reporting import STATES, YES
from pipeline.summaries.sheets.tables import TOTAL, measured
from pipeline.summaries.sheets.units import ITSELF
from pipeline.summaries.view import (
    OpenIssue,
    SummaryView,
    Turnout,
    UnitStatus,
    turnout,
)
from pipeline.summaries.wording import plain_text
from pipeline.texts import Text

Words = Text | str

_MOST_NAMES: Final = 12
_MOST_WITH_ISSUE: Final = 5


@dataclass(frozen=True, slots=True)
class Card:
    """One key figure: what, how much, and how it has changed since a quarter and a year ago."""

    label: Text
    value: str
    unit: Words
    since_before: Words
    since_year_ago: Words


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table.

    `link` is the unit whose part of the page it leads to, `mark` what it is chosen by.
    """

    head: Words
    cells: tuple[Words, ...]
    unit: Words = ""
    link: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of units: its heading, what it is counted in, and where it is shown."""

    label: Text
    unit: Text
    group: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Split:
    """A breakdown: its members, and the indicators that are split."""

    title: Text
    by: Text
    heads: tuple[Text, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All that the page shows of one unit."""

    code: str
    name: str
    above: tuple[tuple[str, str], ...]
    workbook: str
    covered: Text
    cut_off: Text
    turnout: Turnout
    missing: tuple[str, ...]
    more_missing: int
    cards: tuple[Card, ...]
    pictures: tuple[Picture, ...]
    trends: tuple[Picture, ...]
    bridges: tuple[Picture, ...]
    columns: tuple[Column, ...]
    units: tuple[Line, ...]
    indicators: tuple[Line, ...]
    splits: tuple[Split, ...]
    statuses: tuple[Line, ...]
    issues: tuple[Line, ...]


def section(view: SummaryView, inner: Mapping[str, OrgUnit]) -> Section:
    """Return a unit's part of the page; `inner` are the units that have one."""
    missing = [status.name for status in view.statuses if status.state == "missing"]
    units = turnout(view.current)
    return Section(
        code=view.unit.code,
        name=view.unit.name,
        above=tuple(reversed(list(_above(view.unit, inner)))),
        workbook=f"summary_{view.unit.code}_{view.period.code}.xlsx",
        covered=_covered(view, units),
        cut_off=CUT_OFF.format(at=f"{view.cut_off:%Y-%m-%d %H:%M}") if view.cut_off else NO_CUT_OFF,
        turnout=units,
        missing=tuple(missing[:_MOST_NAMES]),
        more_missing=len(missing[_MOST_NAMES:]),
        cards=tuple(_cards(view)),
        pictures=tuple(pictures(view)),
        trends=tuple(trend_pictures(view)),
        bridges=tuple(bridge_pictures(view)),
        columns=tuple(_columns(view)),
        units=tuple(_units(view, inner)),
        indicators=tuple(_indicators(view)),
        splits=tuple(_splits(view)),
        statuses=tuple(map(_status, view.statuses)),
        issues=tuple(_issues(view)),
    )


def _covered(view: SummaryView, units: Turnout) -> Text:
    """Say how many units are behind the figures, and how many of the members where that is known."""
    said = COVERED.format(reported=units.reported, expected=units.expected)
    if view.coverage is None or view.coverage.share is None:
        return said
    more = words.MEMBERS_COVERED.format(share=int(view.coverage.share * 100))
    return Text(said.zh + more.zh, said.en + more.en)


def _above(unit: OrgUnit, inner: Mapping[str, OrgUnit]) -> Iterator[tuple[str, str]]:
    while (above := inner.get(unit.parent)) is not None:
        yield above.code, above.name
        unit = above


def _cards(view: SummaryView) -> Iterator[Card]:
    for indicator in view.key_figures:
        entry = view.entry(indicator)
        before, year_ago = map(_change, entry.changes)
        unit: Words = "" if indicator.format == "percent" else indicator.unit
        has_value = entry.number is not None and entry.number.value is not None
        yield Card(
            indicator.label, _value(indicator, entry.number), unit if has_value else "",
            before, year_ago,
        )  # fmt: skip


def _columns(view: SummaryView) -> Iterator[Column]:
    keys = view.key_figures
    for indicator in view.indicators:
        yield Column(indicator.label, indicator.unit, indicator.group, indicator in keys)


def _units(view: SummaryView, inner: Mapping[str, OrgUnit]) -> Iterator[Line]:
    """The direct children, then the total, each with all indicators."""
    for code, name in view.unit_names.items():
        itself = code == view.unit.code
        link = code if code in inner and not itself else ""
        cells = tuple(
            _value(i, view.current.numbers.get((i.id, BY_UNIT, code))) for i in view.indicators
        )
        yield Line(ITSELF.format(name=name) if itself else name, cells, link=link)
    totals = (_value(i, view.current.numbers.get((i.id, "", ""))) for i in view.indicators)
    yield Line(TOTAL, tuple(totals), mark="total")


def _indicators(view: SummaryView) -> Iterator[Line]:
    """All indicators: their group, their values and changes, and how much they cover."""
    for indicator in view.indicators:
        entry = view.entry(indicator)
        before, year_ago = map(_change, entry.changes)
        number = entry.number
        yield Line(
            indicator.label,
            (
                view.indicators.groups[indicator.group],
                _value(indicator, number),
                _value(indicator, entry.before),
                before,
                _value(indicator, entry.year_ago),
                year_ago,
                f"{number.reported}/{number.expected}" if number else NOTHING.zh,
            ),
            indicator.unit,
            mark=indicator.group,
        )


def _splits(view: SummaryView) -> Iterator[Split]:
    for group in view.indicators.groups:
        for breakdown, indicators in view.breakdowns(group):
            label, by = view.indicators.groups[group], breakdown.label
            yield Split(
                Text(
                    words.BY_MEMBERS.format(label=label.zh, by=by.zh).zh,
                    words.BY_MEMBERS.format(label=label.en, by=by.en.lower()).en,
                ),
                by,
                tuple(map(measured, indicators)),
                tuple(_members(view, breakdown.dimension, view.members(breakdown), indicators)),
            )


def _members(
    view: SummaryView, dimension: str, members: Mapping[str, Text], indicators: Iterable[Indicator]
) -> Iterator[Line]:
    """Three cells an indicator: now, and the changes; members with nothing anywhere are left out."""
    for key, label in members.items():
        entries = [view.entry(indicator, dimension, key) for indicator in indicators]
        if all(entry.is_empty for entry in entries):
            continue
        cells: list[Words] = []
        for entry in entries:
            cells += [_value(entry.indicator, entry.number), *map(_change, entry.changes)]
        yield Line(label, tuple(cells))


def _status(status: UnitStatus) -> Line:
    received = status.received_at
    return Line(
        status.name,
        (
            status.unit,
            STATES[status.state],
            f"{received:%Y-%m-%d %H:%M}" if received else NOTHING.zh,
            str(status.version) if status.version else NOTHING.zh,
            YES if status.nil else "",
            *(_faults(n, status) for n in (status.errors, status.warnings)),
        ),
        mark=status.state,
    )


def _faults(count: int | None, status: UnitStatus) -> str:
    if status.received_at is None:
        return NOTHING.zh
    return WITHHELD.zh if count is None else str(count)


def _issues(view: SummaryView) -> Iterator[Line]:
    """One row a kind of fault: in how many units, in how many places, and in which units first."""
    sheets = {form.label.zh: form.label for form in view.forms.forms.values()}
    kinds: dict[tuple[str, str, str], list[OpenIssue]] = {}
    for issue in view.issues:
        kinds.setdefault((issue.sheet, issue.code, issue.title.zh), []).append(issue)
    for (sheet, code, _), found in kinds.items():
        counts = [issue.count for issue in found]
        told = [count for count in counts if count is not None]
        names = list(dict.fromkeys(issue.name for issue in found))
        yield Line(
            found[0].title,
            (
                sheets.get(sheet, sheet),
                code,
                SEVERITY_LABELS[found[0].severity],
                str(len(names)),
                f"{sum(told)}" if len(told) == len(counts) else WITHHELD.zh,
                _listed(names),
            ),
            mark=found[0].severity,
        )


def _listed(names: list[str]) -> Words:
    shown, rest = names[:_MOST_WITH_ISSUE], len(names[_MOST_WITH_ISSUE:])
    listed = Text("、".join(shown), ", ".join(shown))
    if not rest:
        return listed
    more = words.MORE.format(n=rest)
    return Text(f"{listed.zh}，{more.zh}", f"{listed.en}, {more.en}")


def _value(indicator: Indicator, number: Number | None) -> str:
    if number is None or number.value is None:
        return WITHHELD.zh if number is not None and number.withheld else NOTHING.zh
    return plain_text(indicator, number.value)


def _change(change: Change) -> Words:
    return change.text
