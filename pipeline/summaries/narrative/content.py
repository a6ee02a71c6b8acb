"""The fields of a layout: a view and the units' accounts in, names and what stands for them out.

A layout may use every field listed here and every indicator by its id; README lists them. Texts of
ledgers are masked, cut and without stock phrases before they get here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.safe_text import one_line
from pipeline.summaries.narrative import words
from pipeline.summaries.narrative.accounts import Accounts, Activity, PlanItem
from pipeline.summaries.narrative.charts import Chart
from pipeline.summaries.narrative.choose import said_plainly, typical
from pipeline.summaries.narrative.figures import Figure
from pipeline.summaries.narrative.marks import marked, named, without_marks
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang

Item = dict[str, Any]  # one line of a list in a layout


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is told: of each list, and of each text in characters."""

    activities: int = 10
    problems: int = 6
    undone: int = 6
    coming: int = 8
    issues: int = 5
    names: int = 12
    quoted: int = 60
    rows: int = 40

    def tighter(self) -> Limits:
        """Return the same with one less of everything that may get less."""
        return Limits(
            max(self.activities - 1, 1),
            max(self.problems - 1, 1),
            max(self.undone - 1, 1),
            max(self.coming - 1, 1),
            max(self.issues - 1, 1),
            max(self.names - 2, 2),
            max(self.quoted - 4, 24),
            self.rows,
        )


SHORT = Limits(activities=3, problems=2, undone=2, coming=3, issues=2, names=4, quoted=40)
_NAME, _TITLE, _PLACE = 40, 30, 20  # characters that are shown of each
_INNER_QUOTES = str.maketrans("“”", "‘’")


def content_of(
    view: SummaryView,
    accounts: Accounts,
    lang: Lang,
    limits: Limits,
    charts: Sequence[Chart] = (),
) -> dict[str, object]:
    """Return every field of a layout by its name."""
    teller = _Teller(view, accounts, lang, limits)
    return {
        **teller.head(),
        **teller.units(),
        **teller.activities(),
        **teller.problems(),
        **teller.plans(),
        **teller.annexes(),
        "nr": words.Numbering(lang),
        "charts": [_chart(number, chart) for number, chart in enumerate(charts)],
        **teller.figures,
    }


class _Teller:
    def __init__(self, view: SummaryView, accounts: Accounts, lang: Lang, limits: Limits) -> None:
        self.view, self.accounts, self.lang, self.limits = view, accounts, lang, limits
        self.figures = {i.id: Figure(view, view.entry(i), lang) for i in view.indicators}
        self.names = {status.unit: status.name for status in view.statuses}
        self.reported = [s.unit for s in view.statuses if s.state != "missing"]
        self.form = view.forms.forms.get("activities")

    def head(self) -> Item:
        """Who sums up, what, and until when."""
        view = self.view
        until = view.cut_off.date() if view.cut_off else view.period.end
        day = marked(words.day(until)[self.lang], "time", until)
        start, end = view.period.start, view.period.end
        return {
            "unit": self._unit(view.unit.code, view.unit.name),
            "union": named(one_line(without_marks(view.union), _NAME), "name", view.unit.code),
            "period": marked(view.period.label[self.lang], "time", view.period.code),
            "next_period": marked(
                view.period.following().label[self.lang], "time", view.period.following().code
            ),
            "start": marked(words.day(start)[self.lang], "time", start),
            "end": marked(words.day(end)[self.lang], "time", end),
            "cut_off": day,
            "date": day,
            "reported": bool(self.reported),
            "coverage": named(view.coverage.text[self.lang], "count", "coverage")
            if view.coverage
            else "",
            "complete": len(self.reported) == len(view.statuses),
        }

    def units(self) -> Item:
        """Who is late, has nothing to report, or is missing."""
        by_state = {
            "missing_units": [s.unit for s in self.view.statuses if s.state == "missing"],
            "late_units": [s.unit for s in self.view.statuses if s.state == "late"],
            "nil_units": [s.unit for s in self.view.statuses if s.nil],
        }
        return {name: self._listed(codes, name) for name, codes in by_state.items()}

    def activities(self) -> Item:
        """Typical activities in order of time, and how many more there were."""
        all_of_them = [a for unit in self.reported for a in self.accounts.activities.get(unit, ())]
        chosen = typical(all_of_them, self.limits.activities, self.form)
        return {
            "activities": [self._activity(activity) for activity in chosen],
            "more_activities": self._more(len(all_of_them), len(chosen), "activities"),
        }

    def problems(self) -> Item:
        """What units name as a problem, and what is still wrong in their workbooks."""
        told = [
            (activity, said)
            for unit in self.reported
            for activity in self.accounts.activities.get(unit, ())
            if (said := said_plainly(activity.problem, self.form, 2))
        ]
        told.sort(key=lambda pair: (pair[0].date_end, pair[0].unit, pair[0].row))
        first = {said: (activity, said) for activity, said in reversed(told)}
        chosen = sorted(first.values(), key=lambda pair: pair[0].date_end)[: self.limits.problems]
        kinds = defaultdict[tuple[str, str], list[int | None]](list)
        for issue in self.view.issues:
            kinds[issue.code, issue.title[self.lang]].append(issue.count)
        return {
            "problems": [
                {
                    "unit": self._unit_of(activity.unit),
                    "activity": self._quoted(activity, "title", activity.title, _TITLE),
                    "text": self._quoted(activity, "problem", said),
                }
                for activity, said in chosen
            ],
            "more_problems": self._more(len(first), len(chosen), "problems"),
            "issues": self._issues(kinds),
        }

    def plans(self) -> Item:
        """What was planned and not done, and what comes next."""
        due = [i for unit in self.reported for i in self.accounts.due.get(unit, ()) if not i.done]
        due.sort(key=lambda item: (item.month_end, item.unit, item.row))
        coming = [i for unit in self.names for i in self.accounts.coming.get(unit, ())]
        alike = defaultdict[str, list[PlanItem]](list)
        for item in sorted(coming, key=lambda item: (item.month_end, item.month_start)):
            alike[item.item].append(item)
        chosen = sorted(alike.values(), key=lambda items: -len(items))[: self.limits.coming]
        chosen.sort(key=lambda items: (items[0].month_end, items[0].month_start, items[0].item))
        told = sum(map(len, chosen))
        return {
            "undone": [self._undone(item) for item in due[: self.limits.undone]],
            "more_undone": self._more(len(due), min(len(due), self.limits.undone), "undone"),
            "coming": [self._coming(items) for items in chosen],
            "coming_count": marked(str(len(coming)), "count", "coming") if coming else "",
            "more_coming": self._more(len(coming), told, "coming"),
        }

    def annexes(self) -> Item:
        """Tables: the key figures compared, and the main figures of each unit."""
        figures = [self.figures[indicator.id] for indicator in self.view.key_figures]
        columns = self._columns()
        known = list(self.view.unit_names.items())
        rows = known[: self.limits.rows]
        return {
            "key_figures": figures,
            "unit_columns": [figure.heading for figure in columns],
            "unit_rows": [
                {"unit": self._unit(code, name), "cells": [f.of_unit(code) for f in columns]}
                for code, name in rows
            ],
            "more_units": self._more(len(known), len(rows), "units"),
            "annex": [marked(str(number), "count", "annex", number) for number in (1, 2, 3)],
        }

    def _columns(self) -> list[Figure]:
        """The main figures of a unit, others where the configuration has none of that id."""
        wanted = [self.figures[name] for name in words.UNIT_COLUMNS if name in self.figures]
        others = [figure for figure in self.figures.values() if figure not in wanted]
        return (wanted + others)[: len(words.UNIT_COLUMNS)]

    def _activity(self, activity: Activity) -> Item:
        place = (activity.unit, activity.row)
        attended = ""
        if activity.attended is not None and self.view.k == 1:
            attended = marked(f"{activity.attended:,}", "row", *place, "attended")
        return {
            "when": marked(
                words.days(activity.date_start, activity.date_end)[self.lang], "row", *place, "when"
            ),
            "unit": self._unit_of(activity.unit),
            "place": self._quoted(activity, "place", activity.place, _PLACE),
            "title": self._quoted(activity, "title", activity.title, _TITLE),
            "attended": attended,
            "result": self._quoted(activity, "result", said_plainly(activity.result, self.form)),
        }

    def _undone(self, item: PlanItem) -> Item:
        place = (item.unit, item.row)
        reasons = [
            self._quoted(activity, "problem", said)
            for activity in self.accounts.activities.get(item.unit, ())
            if activity.plan_id == item.plan_id
            and (said := said_plainly(activity.problem, self.form, 2))
        ]
        return {
            "unit": self._unit_of(item.unit),
            "item": self._quoted(item, "item", item.item, _TITLE),
            "months": self._months(item),
            "target": marked(f"{item.target:,}", "row", *place, "target"),
            "held": marked(f"{item.held:,}", "row", *place, "held"),
            "reason": reasons[0] if reasons else "",
        }

    def _coming(self, items: Sequence[PlanItem]) -> Item:
        units = list(dict.fromkeys(item.unit for item in items))
        return {
            "item": self._quoted(items[0], "item", items[0].item, _TITLE),
            "units": self._listed(units, "coming", most=2),
            "months": self._months(items[0]),
        }

    def _months(self, item: PlanItem) -> str:
        said = words.months(item.month_start, item.month_end)[self.lang]
        return marked(said, "row", item.unit, item.row, "months")

    def _issues(self, kinds: Mapping[tuple[str, str], Sequence[int | None]]) -> Sequence[Item]:
        ranked = sorted(kinds.items(), key=lambda kind: (-sum(n or 0 for n in kind[1]), kind[0]))
        return [
            {
                "title": named(title, "name", code),
                "count": ""
                if None in counts
                else marked(f"{sum(n or 0 for n in counts):,}", "count", "issues", code),
            }
            for (code, title), counts in ranked[: self.limits.issues]
        ]

    def _quoted(
        self, row: Activity | PlanItem, field: str, text: str, most: int | None = None
    ) -> str:
        """Return a text of a ledger as it may be published."""
        masked = self.accounts.masker(row.unit).mask(one_line(without_marks(text)))
        shown = one_line(masked, most or self.limits.quoted).translate(_INNER_QUOTES)
        return named(shown, "row", row.unit, row.row, field)

    def _listed(self, codes: Sequence[str], what: str, most: int = 0) -> str:
        """Return the names of units, the first ones of many, with their number."""
        shown = codes[: most or self.limits.names]
        listed = words.LISTED[self.lang].join(self._unit_of(code) for code in shown)
        if len(codes) > len(shown):
            count = marked(f"{len(codes):,}", "count", what)
            return words.AND_OTHERS.format(names=listed, n=count)[self.lang]
        return listed

    def _more(self, of: int, told: int, what: str) -> str:
        return marked(f"{of - told:,}", "count", f"more_{what}") if of > told else ""

    def _unit_of(self, code: str) -> str:
        return self._unit(code, self.names.get(code, code))

    def _unit(self, code: str, name: str) -> str:
        return named(one_line(without_marks(name), _NAME), "name", code)


def _chart(number: int, chart: Chart) -> Item:
    return {
        "picture": marked("", "picture", number),
        "title": named(chart.title, "name", "chart"),
        "note": named(chart.note, "count", "chart", number),
    }
