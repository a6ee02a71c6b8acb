"""What a reader of published sums can work out: counts and their sums in, findings out.

The reader adds and subtracts all that is published, and knows that a count is never negative and
that a blank is no zero. There are two ways. `narrow` goes from sum to sum and finds the least and
the most that an unknown count can be; `solve` takes all sums together as linear equations and
finds, exactly, the unknown counts with one solution. A finding names the published counts that it
rests on: without one of them it falls.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain
from math import gcd

# Where a count stands: the part of an indicator, then unit, dimension and member.
Place = tuple[Hashable, str, str, str]

_UNBOUNDED = 10**12  # more than any count


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A count that is the sum of others, as every reader knows. Compared by identity."""

    whole: Place
    members: tuple[Place, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """All counts of it."""
        return (self.whole, *self.members)


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and the most that each count can be, and the sums that said so, newest last."""

    least: Mapping[Place, int]
    most: Mapping[Place, int]
    because: Mapping[Place, dict[Sum, None]]

    def unknown(self) -> set[Place]:
        """Return the counts that still have room."""
        return {place for place, least in self.least.items() if least < self.most[place]}

    def told_by(self, place: Place, published: Mapping[Place, int]) -> list[Place]:
        """Return the published counts that a known one rests on: itself, if it is; none for zero."""
        if place in published:
            return [place] if published[place] else []
        return self.clues(place, published) if self.most[place] else []

    def clues(self, place: Place, published: Mapping[Place, int]) -> list[Place]:
        """Return the published counts of the nearest sum that the limits of a count rest on."""
        reached = {place: None}
        waiting = [place]
        for unknown in waiting:  # grows while it is walked
            for found in reversed(self.because.get(unknown, {})):
                if told := [p for p in found.places if published.get(p)]:
                    return told
                waiting += [p for p in found.places if p not in reached]
                reached |= dict.fromkeys(found.places)
        return []


def narrow(
    sums: Iterable[Sum], published: Mapping[Place, int], blank: Set[Place], signed: Set[Hashable]
) -> Limits:
    """Return the limits of every count.

    `blank` are the counts that should stand where nothing does; what is neither there nor in
    `published` is never shown, and may be zero. Counts of a part in `signed` may be negative.
    """
    least, most = dict(published), dict(published)
    because = defaultdict[Place, dict[Sum, None]](dict)
    queue = deque(s for s in sums if any(p not in published for p in s.places))
    queued = set(queue)
    sums_of = defaultdict[Place, list[Sum]](list)
    for found in queue:
        for place in found.places:
            if place not in published:
                sums_of[place].append(found)
                least[place] = -_UNBOUNDED if place[0] in signed else int(place in blank)
                most[place] = _UNBOUNDED
    while queue:
        found = queue.popleft()
        queued.remove(found)
        for place in _narrowed(found, least, most):
            because[place].pop(found, None)
            because[place][found] = None
            again = [s for s in sums_of[place] if s is not found and s not in queued]
            queue += again
            queued.update(again)
    return Limits(least, most, because)


def _narrowed(found: Sum, least: dict[Place, int], most: dict[Place, int]) -> Iterator[Place]:
    """Narrow the counts of one sum by each other; yield those that have changed."""
    low = sum(least[member] for member in found.members)
    high = sum(most[member] for member in found.members)
    whole = found.whole
    ranges = {whole: (low, high)}
    for member in found.members:
        ranges[member] = (
            least[whole] - (high - most[member]),
            most[whole] - (low - least[member]),
        )
    for place, (bottom, top) in ranges.items():
        if bottom > least[place] or top < most[place]:
            least[place], most[place] = max(bottom, least[place]), min(top, most[place])
            yield place


def solve(
    sums: Iterable[Sum], published: Mapping[Place, int], limits: Limits
) -> Iterator[tuple[Place, list[Place]]]:
    """Yield each count that has one solution, with the published counts it is made up from.

    Counts that `limits` leave no room for are taken as known; zeros need no mention.
    """
    equations = _Equations(limits.unknown())
    mentioned = {place for place, most in limits.most.items() if most or limits.least[place]}
    for row in sorted((_row(s, mentioned) for s in sums), key=len):
        equations.add(row)
    for place, row in equations.rows.items():
        if len(equations.unknown_of(row)) == 1:
            clues = (limits.told_by(p, published) for p in row if p != place)
            yield place, list(chain.from_iterable(clues))


Row = dict[Place, int]


class _Equations:
    """Linear equations, each solved for one unknown that occurs in no other."""

    def __init__(self, unknown: Iterable[Place]) -> None:
        self.unknown = frozenset(unknown)
        self.rows: dict[Place, Row] = {}
        self._occurs = defaultdict[Place, set[Place]](set)  # an unknown in the rows of others

    def unknown_of(self, row: Row) -> list[Place]:
        return [place for place in row if place in self.unknown]

    def add(self, row: Row) -> None:
        for place in [place for place in row if place in self.rows]:
            row = _eliminated(row, place, self.rows[place])
        if unknown := self.unknown_of(row):
            # The rarest, so that few rows grow.
            place = min(unknown, key=lambda p: len(self._occurs[p]))
            for other in list(self._occurs[place]):
                self._put(other, _eliminated(self.rows[other], place, row))
            self._put(place, row)

    def _put(self, place: Place, row: Row) -> None:
        for old in self.rows.get(place, {}).keys() - row.keys():
            self._occurs[old].discard(place)
        for new in self.unknown_of(row):
            if new != place:
                self._occurs[new].add(place)
        self.rows[place] = row


def _row(found: Sum, mentioned: Set[Place]) -> Row:
    row = dict.fromkeys((p for p in found.members if p in mentioned), 1)
    if found.whole in mentioned:
        row[found.whole] = -1
    return row


def _eliminated(row: Row, place: Place, by: Row) -> Row:
    """Return a row from which `place` is eliminated by another, in whole numbers."""
    factor, other = by[place], row[place]
    result = {p: factor * n for p, n in row.items()}
    for p, n in by.items():
        total = result.get(p, 0) - other * n
        if total:
            result[p] = total
        else:
            del result[p]
    common = gcd(*result.values())
    return {p: n // common for p, n in result.items()} if common > 1 else result
