"""The quarters of a workspace, read once a run: records in, what summaries compare out.

A summary looks at its own quarter, at the seven before it and at what its reader was told of the
one before; summaries of a run share most of these. Everything given out may be published: with
`k` above 1, comparisons of persons are given only where every single workbook behind them is
published too, so that they tell nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise

from sqlalchemy import select

from pipeline.orgunits import OrgTree
from pipeline.periods import Period, parse_period
from pipeline.records.editions import Edition, read_tree, tree_digest
from pipeline.records.lifecycle import ACCEPTED
from pipeline.records.store import Store
from pipeline.summaries.aggregate import figures_of, figures_over, totals_of
from pipeline.summaries.bridge import Bridge, Quarter, bridges_of, withhold
from pipeline.summaries.coverage import (
    MEMBERS,
    Coverage,
    LikeForLike,
    coverage_of,
    coverage_over,
    like_for_like,
)
from pipeline.summaries.indicators import Indicator, Indicators
from pipeline.summaries.numbers import Figures, Number
from pipeline.summaries.privacy import is_open, suppress, suppress_over
from pipeline.summaries.restate import Cause, Restatement, read_causes, restate
from pipeline.summaries.sums import Records, Sums, read_sums
from pipeline.summaries.view import key_figures

QUARTERS = 8  # that a trend goes back, its own included

Told = Mapping[str, Figures]


@dataclass(frozen=True, slots=True)
class _Point:
    """A quarter as it stood when a file was the newest one, None is now, with the tree of then;
    `cut` is the span that its rows must belong to, where that cuts it.
    """

    period: Period
    tree: str
    as_of: int | None = None
    cut: Period | None = None


class History:
    """The quarters of a database and a tree; what was read is kept, so it lives for one run."""

    def __init__(self, store: Store, indicators: Indicators, tree: OrgTree, k: int = 1) -> None:
        self._store, self._indicators, self._k = store, indicators, k
        self._tree = tree_digest(tree)
        self._trees = {self._tree: tree}
        self._causes: dict[Period, list[Cause]] = {}
        self._sums: dict[_Point, Sums] = {}
        self._told: dict[tuple[_Point, Set[str] | None], Told] = {}
        self._trends: dict[tuple[_Point, Set[str]], Told] = {}

    def figures(self, period: Period, units: Set[str]) -> Told:
        """Return the figures of some inner units in a period, as they may be published."""
        return self._published(self._now(period), units)

    def trend(self, period: Period, unit: str, units: Set[str]) -> tuple[Figures, ...]:
        """Return a unit's totals of up to eight quarters, oldest first, this one last.

        It begins with the first of them for which anybody reported; that of a longer period has
        its own quarters. `units` are all that figures are asked for, so that each quarter is worked
        out once.
        """
        found: list[Figures] = []
        for quarter in _quarters_to(period):
            told = self._totals(self._now(quarter), units).get(unit)
            if told is None:
                break
            totals = {place: number for place, number in told.numbers.items() if not place[1]}
            found.append(replace(told, numbers=totals))
        while len(found) > 1 and not found[-1].value("Q02"):
            found.pop()
        return tuple(reversed(found))

    def coverage(self, period: Period, unit: str) -> Coverage:
        """Return how much a unit's totals speak for."""
        if not period.is_quarter:
            return coverage_over((q.code, self.coverage(q, unit)) for q in period.quarters)
        now, *earlier = (self._read(self._now(quarter)) for quarter in _quarters_to(period))
        found = coverage_of(unit, self._trees[self._tree], now, earlier, self._indicators)
        if self._k == 1 or found.members_covered is None:
            return found
        told = self._published(self._now(period), None).get(unit)
        is_told = told is not None and not told.numbers[MEMBERS, "", ""].withheld
        if found.reported == found.expected and is_told:
            return found
        # What a missing unit had stands nowhere in this quarter, so nothing covers it here.
        return replace(found, members_covered=None, members_known=None)

    def like_for_like(self, period: Period, unit: str) -> Mapping[str, LikeForLike]:
        """Return every indicator over the units that reported in this quarter and the last."""
        if not period.is_quarter:
            return {}
        points = [self._now(period), self._now(period.previous())]
        now, before = map(self._read, points)
        found = like_for_like(unit, self._trees[self._tree], now, before, self._indicators)
        return {
            name: pair
            if self._is_open(self._indicators.by_id[name], unit, points)
            else LikeForLike(_blank(pair.now), _blank(pair.before), pair.units)
            for name, pair in found.items()
        }

    def bridges(self, period: Period, unit: str, editions: Sequence[Edition]) -> tuple[Bridge, ...]:
        """Return why the additive key figures changed since what the last quarter's summary said.

        `editions` are all of that summary, oldest first. Where nobody reported for one of the
        quarters there is nothing to explain, nor of a longer period.
        """
        if not period.is_quarter:
            return ()
        points = [
            self._said(period, unit, editions),
            self._now(period.previous()),
            self._now(period),
        ]
        said, before, now = (Quarter(self._read(at), self._trees[at.tree]) for at in points)
        if not said.has_reports(unit) or not now.has_reports(unit):
            return ()
        bridges = (
            (indicator, bridge)
            for indicator in key_figures(self._indicators)
            if indicator.denominator is None
            for bridge in bridges_of(indicator, unit, said, before, now)
        )
        return tuple(
            bridge
            if self._is_open(indicator, unit, points) and not self._is_small(indicator, bridge)
            else withhold(bridge)
            for indicator, bridge in bridges
        )

    def edition(self, edition: Edition) -> Figures | None:
        """Return the figures of a summary as it was once published; None for no known period."""
        period = parse_period(edition.period)
        if period is None:
            return None
        self._tree_of(edition.tree)
        point = _Point(period, edition.tree, edition.files)
        return self._published(point, frozenset([edition.unit])).get(edition.unit)

    def restatements(
        self,
        period: Period,
        unit: str,
        editions: Sequence[Edition],
        earlier: Sequence[Edition],
    ) -> tuple[Restatement, ...]:
        """Return which published key figures late or corrected workbooks have changed, in order.

        `editions` are those of this quarter's summary and `earlier` of the last one's, of which
        what its reader has not been told of by the end of this quarter is told here. With a `k`
        nothing is told of persons: a step from count to count could be of one.
        """
        if not period.is_quarter:
            return ()
        known = _known_at(earlier, period)
        return (
            *self._restated(period.previous(), unit, known),
            *self._restated(period, unit, editions),
        )

    def _restated(
        self, period: Period, unit: str, editions: Sequence[Edition]
    ) -> Iterator[Restatement]:
        tree = self._trees[self._tree]
        below = Quarter(self._read(self._now(period)), tree).below(unit)
        names = {code: tree.units[code].name for code in below}
        causes = [c for c in self._causes_of(period) if c.unit in names] if editions else []
        wanted = [i for i in key_figures(self._indicators) if self._may_be_restated(i)]
        ends: list[int | None] = [edition.files for edition in editions]
        for start, end in pairwise([*ends, None]):
            after = [c for c in causes if c.file > (start or 0)]
            since = [c for c in after if end is None or c.file <= end]
            if since:
                points = [replace(self._now(period), as_of=at) for at in (start, end)]
                then, now = map(self._read, points)
                if any(map(then.reported, below)):
                    yield from restate(unit, below, wanted, then, now, since, names)

    def _causes_of(self, period: Period) -> list[Cause]:
        if period not in self._causes:
            with self._store.reading() as connection:
                self._causes[period] = read_causes(connection, self._store.tables, period)
        return self._causes[period]

    def _may_be_restated(self, indicator: Indicator) -> bool:
        persons = any(part.persons for part in indicator.parts)
        return not indicator.on_units and (self._k == 1 or not persons)

    def _said(self, period: Period, unit: str, editions: Sequence[Edition]) -> _Point:
        """Return the earlier quarter as a reader of its summary knew it when this one ended.

        That is its last edition by then; the first one where it came out later; what stands now
        where it never did, or where nothing of it has changed.
        """
        now = self._now(period.previous())
        if not editions:
            return now
        edition = _known_at(editions, period)[0]
        tree = self._tree_of(edition.tree)
        sums = self._read(now)
        then, below = (Quarter(sums, t).below(unit) for t in (tree, self._trees[self._tree]))
        if then == below and self._changed_since(edition.files, now.period).isdisjoint(below):
            return now
        return _Point(now.period, edition.tree, edition.files)

    def _changed_since(self, newest: int, period: Period) -> set[str]:
        """Return the units of which a workbook was accepted since that counts in a quarter."""
        files = self._store.tables.files.c
        query = select(files.unit).where(files.id > newest, files.status.in_(ACCEPTED))
        # A plan's year sorts before its quarters, and nothing later than a quarter changes it.
        with self._store.reading() as connection:
            return set(connection.scalars(query.where(files.period <= period.code)))

    def _is_open(self, indicator: Indicator, unit: str, points: Sequence[_Point]) -> bool:
        if self._k == 1 or not any(part.persons for part in indicator.parts):
            return True
        return all(is_open(self._published(at, None), unit, indicator.id) for at in points)

    def _is_small(self, indicator: Indicator, bridge: Bridge) -> bool:
        counts = any(part.persons for part in indicator.parts)
        return counts and any(0 < abs(int(part.amount)) < self._k for part in bridge.parts)

    def _now(self, period: Period) -> _Point:
        return _Point(period, self._tree)

    def _tree_of(self, digest: str) -> OrgTree:
        if digest not in self._trees:
            with self._store.reading() as connection:
                self._trees[digest] = read_tree(connection, self._store.tables, digest)
        return self._trees[digest]

    def _read(self, at: _Point) -> Sums:
        if at not in self._sums:
            store = self._store
            with store.reading() as connection:
                records = Records(connection, store.tables, store.forms, self._indicators)
                tree = self._trees[at.tree]
                self._sums[at] = read_sums(records, tree, at.period, at.as_of, at.cut)
        return self._sums[at]

    def _published(self, at: _Point, units: Set[str] | None) -> Told:
        """Return figures as they may be published: of all units with a k, as one tells of another."""
        wanted = units if self._k == 1 else None
        if (at, wanted) not in self._told:
            tell = self._of_quarter if at.period.is_quarter else self._of_span
            self._told[at, wanted] = tell(at, wanted)
        return self._told[at, wanted]

    def _totals(self, at: _Point, units: Set[str]) -> Told:
        """Return figures that hold the totals at least: all of them are many times as much."""
        if self._k > 1 or (at, units) in self._told:  # what is withheld depends on all of them
            return self._published(at, units)
        if (at, units) not in self._trends:
            sums, tree = self._read(at), self._trees[at.tree]
            self._trends[at, units] = totals_of(sums, self._indicators, tree, units)
        return self._trends[at, units]

    def _of_quarter(self, at: _Point, units: Set[str] | None) -> Told:
        sums, tree = self._read(at), self._trees[at.tree]
        found = figures_of(sums, self._store.forms, self._indicators, tree, units)
        return suppress(found, self._indicators, self._k)

    def _of_span(self, at: _Point, units: Set[str] | None) -> Told:
        span, tree = at.period, self._trees[at.tree]
        cuts = [None if span.covers(quarter) else span for quarter in span.quarters]
        points = [replace(at, period=q, cut=c) for q, c in zip(span.quarters, cuts, strict=True)]
        sums = list(map(self._read, points))
        found = figures_over(span, sums, self._store.forms, self._indicators, tree, units)
        if self._k == 1:
            return found
        told = [self._published(self._now(quarter), None) for quarter in span.quarters]
        return suppress_over(found, told, self._indicators, self._k, is_cut=any(cuts))


def _quarters_to(period: Period) -> Iterator[Period]:
    """Yield eight quarters up to this one, newest first; those of a longer period are its own."""
    if not period.is_quarter:
        yield from reversed(period.quarters)
        return
    for _ in range(QUARTERS):
        yield period
        period = period.previous()


def _known_at(editions: Sequence[Edition], period: Period) -> Sequence[Edition]:
    """Return the last edition by the end of a quarter, or the first one, and all after it."""
    in_time = sum(edition.at.date() <= period.end for edition in editions)
    return editions[max(in_time - 1, 0) :]


def _blank(number: Number) -> Number:
    return replace(number, value=None, numerator=None, denominator=None, withheld=True)
