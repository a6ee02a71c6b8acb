"""The fields of a layout: a view and what is told of it in, names and what stands for them out.

A layout may use every field listed here and every indicator by its id; README lists them. Texts of
ledgers are masked and cut here; what is chosen of them, and without stock phrases, is in `told`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.safe_text import one_line
from pipeline.summaries.narrative import words
from pipeline.summaries.narrative.accounts import Activity, PlanItem, Problem
from pipeline.summaries.narrative.charts import Chart
from pipeline.summaries.narrative.figures import Figure
from pipeline.summaries.narrative.limits import Limits
from pipeline.summaries.narrative.marks import marked, named, without_marks
from pipeline.summaries.narrative.told import Coming, Told, Undone
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang

Item = dict[str, Any]  # one line of a list in a layout


_NAME, _TITLE, _PLACE = 40, 30, 20  # characters that are shown of each
_INNER_QUOTES = str.maketrans("“”", "‘’")


def content_of(
    view: SummaryView,
    told: Told,
    lang: Lang,
    limits: Limits,
    charts: Sequence[Chart] = (),
) -> dict[str, object]:
    """Return every field of a layout by its name."""
    teller = _Teller(view, told, lang, limits)
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
    def __init__(self, view: SummaryView, told: Told, lang: Lang, limits: Limits) -> None:
        self.view, self.told, self.lang, self.limits = view, told, lang, limits
        self.figures = {i.id: Figure(view, view.entry(i), lang) for i in view.indicators}
        self.names = {status.unit: status.name for status in view.statuses}
        self.reported = [s.unit for s in view.statuses if s.state != "missing"]

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
        chosen = self.told.activities[: self.limits.activities]
        in_time = sorted(chosen, key=lambda a: (a.date_start, a.date_end, a.unit, a.row))
        return {
            "activities": [self._activity(activity) for activity in in_time],
            "more_activities": self._more(self.told.held, len(chosen), "activities"),
        }

    def problems(self) -> Item:
        """What units name as a problem, and what is still wrong in their workbooks."""
        chosen = self.told.problems[: self.limits.problems]
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
            "more_problems": self._more(self.told.named, len(chosen), "problems"),
            "issues": self._issues(kinds),
        }

    def plans(self) -> Item:
        """What was planned and not done, and what comes next."""
        undone = self.told.undone[: self.limits.undone]
        coming = self.told.coming[: self.limits.coming]
        in_time = sorted(coming, key=lambda c: (c.item.month_end, c.item.month_start, c.item.item))
        told, of = sum(group.count for group in coming), self.told.ahead
        return {
            "undone": [self._undone(found) for found in undone],
            "more_undone": self._more(self.told.left, len(undone), "undone"),
            "coming": [self._coming(group) for group in in_time],
            "coming_count": marked(str(of), "count", "coming") if of else "",
            "more_coming": self._more(of, told, "coming"),
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
            "result": self._quoted(activity, "result", self.told.said(activity.result)),
        }

    def _undone(self, found: Undone) -> Item:
        item = found.item
        place = (item.unit, item.row)
        reason = found.reason
        return {
            "unit": self._unit_of(item.unit),
            "item": self._quoted(item, "item", item.item, _TITLE),
            "months": self._months(item),
            "target": marked(f"{item.target:,}", "row", *place, "target"),
            "held": marked(f"{item.held:,}", "row", *place, "held"),
            "reason": self._quoted(reason, "problem", found.said) if reason else "",
        }

    def _coming(self, group: Coming) -> Item:
        return {
            "item": self._quoted(group.item, "item", group.item.item, _TITLE),
            "units": self._listed(group.units, "coming", most=2),
            "months": self._months(group.item),
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
        self, row: Activity | PlanItem | Problem, field: str, text: str, most: int | None = None
    ) -> str:
        """Return a text of a ledger as it may be published."""
        masked = self.told.maskers[row.unit].mask(one_line(without_marks(text)))
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
