"""A narrative read again: every figure in a Word file out, with where the file says it comes from.

`strays` compares each one with its source: the figures of the view, the rows of the ledgers, the
lists, the calendar. A figure without an identity, or one that its source does not hold, is a stray.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from lxml import etree

from pipeline.orgunits import OrgUnit
from pipeline.periods import Period
from pipeline.summaries.indicators import Indicator
from pipeline.summaries.masking import Masker
from pipeline.summaries.narrative.accounts import Activity, PlanItem, Problem
from pipeline.summaries.narrative.document import layout_of
from pipeline.summaries.narrative.write import Length, prepare_narrative
from pipeline.summaries.numbers import Number
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FIGURE = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Said:
    """A piece of a paragraph; `identity` is "" where the file gives none."""

    identity: str
    text: str


def narrative(
    view: SummaryView,
    accounts: Accounts,
    folder: Any,
    lang: Lang = "zh",
    length: Length = "standard",
) -> bytes:
    """Return a narrative in a shipped layout."""
    name = f"narrative_{'short_' if length == 'short' else ''}{lang}.docx"
    layout = layout_of(name, (folder / name).read_bytes())
    return prepare_narrative(view, accounts, layout, lang, length)()


@dataclass(frozen=True)
class Accounts:
    """What units tell, by unit, as it would be read from the store."""

    activities_of: dict[str, list[Activity]]
    plan: dict[str, list[PlanItem]]
    names: dict[str, frozenset[str]]

    def glances(self, units: list[str]) -> list[Activity]:
        return [a for unit in units for a in self.activities_of.get(unit, ())]

    def problems(self, units: list[str]) -> list[Problem]:
        named = [
            Problem(a.unit, a.row, a.date_end.isoformat(), a.plan_id, a.problem)
            for a in self.glances(units)
            if a.problem
        ]
        return sorted(named, key=lambda problem: (problem.date_end, problem.unit, problem.row))

    def activities(self, places: set[tuple[str, int]]) -> dict[tuple[str, int], Activity]:
        all_of_them = {(a.unit, a.row): a for rows in self.activities_of.values() for a in rows}
        return {place: all_of_them[place] for place in places}

    def maskers(self, units: list[str]) -> dict[str, Masker]:
        return {unit: Masker(self.names.get(unit, ())) for unit in units}


def accounts_of(
    activities: dict[str, list[Activity]] | None = None,
    due: dict[str, list[PlanItem]] | None = None,
    coming: dict[str, list[PlanItem]] | None = None,
    names: dict[str, frozenset[str]] | None = None,
) -> Accounts:
    """Return what units tell; `due` and `coming` are items of their plans."""
    plan = {
        unit: [*(due or {}).get(unit, ()), *(coming or {}).get(unit, ())]
        for unit in {**(due or {}), **(coming or {})}
    }
    return Accounts(activities or {}, plan, names or {})


def an_activity(unit: str, row: int, **change: Any) -> Activity:
    """Return one activity of the third quarter of 2026."""
    day = date(2026, 7 + row % 3, 1 + row * 7 % 28)
    values: dict[str, Any] = {
        "title": f"教职工{row}人制篮球赛", "category": "文体活动", "date_start": day,
        "date_end": day, "place": "学校操场", "attended": 20 + row,
        "result": f"{row + 2}个组室参赛，评出团体前三名", "problem": "", "plan_id": "",
    }  # fmt: skip
    return Activity(unit=unit, row=row, **(values | change))


def a_plan_item(unit: str, row: int, **change: Any) -> PlanItem:
    """Return one plan item that is due in the third quarter and not done."""
    values: dict[str, Any] = {
        "plan_id": f"P{row}", "item": f"第{row}届读书节", "category": "学习宣教",
        "month_start": "2026-08", "month_end": "2026-09", "target": 2, "held": 1,
    }  # fmt: skip
    return PlanItem(unit=unit, row=row, **(values | change))


def document_text(document: bytes) -> str:
    """Return all that can be read in a document, a line a paragraph."""
    return "\n".join("".join(s.text for s in line) for line in lines(document))


def lines(document: bytes) -> Iterator[list[Said]]:
    """Yield the paragraphs of a document, those in tables too, piece by piece."""
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        root = etree.fromstring(package.read("word/document.xml"))
    for paragraph in root.iter(f"{W}p"):
        line, open_marks = [], dict[str, str]()
        for element in paragraph:
            if element.tag == f"{W}bookmarkStart":
                open_marks[element.get(f"{W}id")] = element.get(f"{W}name")
            elif element.tag == f"{W}bookmarkEnd":
                del open_marks[element.get(f"{W}id")]
            text = "".join(t.text or "" for t in element.iter(f"{W}t"))
            if text:
                line.append(Said(next(iter(open_marks.values()), ""), text))
        assert not open_marks
        yield line


def strays(document: bytes, view: SummaryView, accounts: Accounts) -> list[Said]:
    """Return what holds a figure that is not where it says it comes from."""
    check = _Check(view, accounts)
    return [
        said
        for line in lines(document)
        for said in line
        if re.search(r"\d", said.text) and not check.holds(said)
    ]


class _Check:
    def __init__(self, view: SummaryView, accounts: Accounts) -> None:
        self.view, self.accounts = view, accounts

    def holds(self, said: Said) -> bool:
        found = re.fullmatch(r"_\d+_([a-z]+)_(.*)", said.identity)
        if not found:
            return False
        return bool(getattr(self, f"_{found[1]}")(found[2], said.text))

    def _value(self, place: str, text: str) -> bool:
        figure = _FIGURE.search(text)
        assert figure
        shown = Decimal(figure[0].replace(",", ""))
        return any(
            abs(shown - _as_shown(self.view.indicators.by_id[n.indicator], n)) == 0
            for name, n in self._numbers()
            if n.value is not None and _same(name, place)
        )

    def _change(self, place: str, text: str) -> bool:
        figure = _FIGURE.search(text)
        assert figure
        shown = abs(Decimal(figure[0].replace(",", "")))
        name, _, which = place.partition("_")
        indicator = self.view.indicators.by_id[name]
        past = self.view.previous if which == "before" else self.view.year_ago
        now, then = self.view.current.value(name), past.value(name) if past else None
        if now is None or then is None:
            return False
        change = Fraction(now) - Fraction(then)
        if indicator.compare != "points":
            change /= Fraction(then)
        return shown == _rounded(abs(change) * 100, 1)

    def _row(self, place: str, text: str) -> bool:
        rows: list[Any] = [
            row
            for by_unit in (self.accounts.activities_of, self.accounts.plan)
            for unit_rows in by_unit.values()
            for row in unit_rows
        ]
        for row in rows:
            for field in ("when", "months", *row.__slots__):
                if _same(_joined(row.unit, row.row, field), place):
                    known = (
                        _calendar(row) if field in ("when", "months") else str(getattr(row, field))
                    )
                    if _figures(text) <= _figures(known):
                        return True
        return False

    def _count(self, place: str, text: str) -> bool:
        states = [s.state for s in self.view.statuses]
        reported = [s.unit for s in self.view.statuses if s.state != "missing"]
        activities = self.accounts.glances(reported)
        known = {
            "missing_units": states.count("missing"),
            "late_units": states.count("late"),
            "nil_units": sum(s.nil for s in self.view.statuses),
            "coming": sum(map(len, self.accounts.plan.values())),
        }
        if place == "coverage":
            c = self.view.coverage
            assert c is not None
            parts = (c.reported, c.expected, c.unknown_units, int((c.share or 0) * 100))
            return _figures(text) <= set(map(str, parts))
        if place in known:
            return int(text) <= known[place]
        if place.startswith("issues_"):
            code = place.removeprefix("issues_")
            return int(text) == sum(
                i.count or 0 for i in self.view.issues if i.code.replace("-", "_") == code
            )
        if place.startswith("more_"):
            return (
                0 < int(text) < max(len(activities), known["coming"], len(self.view.unit_names), 99)
            )
        if place.startswith("chart_"):
            return 0 < int(next(iter(_figures(text)))) < 999
        if place.startswith("annex_"):
            return text == place.removeprefix("annex_")
        indicator, _, dimension = place.partition("_")
        members = self.view.current.keys(dimension, indicator)
        told = [m for m in members if self.view.current.value(indicator, dimension, m)]
        return int(text) == len(told)

    def _name(self, place: str, text: str) -> bool:
        units = {s.unit: s.name for s in self.view.statuses}
        units |= {u.code: u.name for u in (self.view.unit, *self.view.children)}
        known = [
            *units.values(),
            self.view.union,
            *(i.title[lang] for i in self.view.issues for lang in ("zh", "en")),
        ]  # type: ignore[literal-required]
        return any(text.rstrip("…") in name for name in known)

    def _time(self, place: str, text: str) -> bool:
        period: Period = self.view.period
        until = self.view.cut_off or period.end
        days = [period.start, period.end, until, period.following().start]
        years = {str(day.year) for day in days}
        known = years | {str(n) for day in days for n in (day.month, day.day)}
        known |= {str(int(month[5:])) for month in period.months}
        known |= {month[5:] for month in period.months}
        known |= {p.code[-1] for p in (period, period.following())}
        return _figures(text) <= known

    def _numbers(self) -> Iterator[tuple[str, Number]]:
        whens = (
            ("", self.view.current),
            ("before", self.view.previous),
            ("year_ago", self.view.year_ago),
        )
        for when, figures in whens:
            for n in figures.numbers.values() if figures else ():
                yield _joined(n.indicator, n.dimension, n.key, *([when] if when else [])), n


def _joined(*place: object) -> str:
    return re.sub(r"\W+", "_", "|".join(map(str, place)))


def _same(expected: str, place: str) -> bool:
    """A bookmark's name has room for 40 characters."""
    return expected == place or (len(place) > 24 and expected.startswith(place))


def _figures(text: str) -> set[str]:
    return set(re.findall(r"\d+", text.replace(",", "")))


def _calendar(row: Any) -> str:
    if isinstance(row, Activity):
        days = (row.date_start, row.date_end)
        return " ".join(f"{d.month} {d.day}" for d in days)
    return " ".join(f"{m[:4]} {int(m[5:])}" for m in (row.month_start, row.month_end))


def _as_shown(indicator: Indicator, number: Number) -> Decimal:
    assert number.value is not None
    value = Fraction(number.value)
    if indicator.format == "percent":
        return _rounded(value * 100, 1)
    return _rounded(value, 0 if indicator.format == "count" else 2)


def _rounded(value: Fraction, places: int) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def a_unit(code: str, name: str) -> OrgUnit:
    return OrgUnit(code, name, "YG", reports=True)
