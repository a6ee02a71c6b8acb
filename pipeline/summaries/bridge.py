"""Why a figure changed: sums of single units in two quarters in, an exact account out.

The difference between two quarters falls into the change of the units that reported in both, those
reporting newly, those missing now, what was corrected or came late for the earlier quarter since
its summary was out, and units that were created, closed or moved in the tree. Every unit's share
goes to one of these (a correction besides), so that they add up to the difference to the fen.

The earlier quarter is therefore looked at twice: as its summary said (`Quarter` with the tree and
the files of that day), and as the records say now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from pipeline.orgunits import OrgTree
from pipeline.summaries.coverage import reporting_below
from pipeline.summaries.indicators import Indicator, Part, amount
from pipeline.summaries.sums import Sums
from pipeline.texts import Text

Kind = Literal["both", "new", "missing", "corrected", "tree"]
Side = Literal["value", "numerator", "denominator"]
Amount = int | Decimal

KINDS: dict[Kind, Text] = {
    "both": Text("两季都报的单位", "Units reporting in both"),
    "new": Text("本季新报的单位", "Newly reporting"),
    "missing": Text("本季未报的单位", "Missing now"),
    "corrected": Text("上季更正和补报", "Earlier quarter corrected"),
    "tree": Text("单位新设、撤并、划转", "Units created, closed or moved"),
}
_TOP = 3


@dataclass(frozen=True, slots=True)
class BridgePart:
    """One reason of a change: by how much, and through how many units."""

    kind: Kind
    amount: Amount
    units: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one unit contributes to a change, and the reason of most of it."""

    unit: str
    name: str
    amount: Amount
    kind: Kind


@dataclass(frozen=True, slots=True)
class Bridge:
    """A change explained: `before` + all `parts` = `after`.

    `before` is what the earlier quarter's summary said. `parts` are all five reasons, in the order
    of KINDS; `top` the units that contribute most, whichever the sign. One that is `withheld` (too
    few persons) has neither parts nor top units, and both its ends are zero.
    """

    indicator: str
    side: Side
    unit: str
    before: Amount
    after: Amount
    parts: tuple[BridgePart, ...]
    top: tuple[Contribution, ...]
    withheld: bool = False

    @property
    def difference(self) -> Amount:
        """By how much the figure has changed."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Quarter:
    """The sums of a quarter, and the tree they are rolled up by."""

    sums: Sums
    tree: OrgTree

    def below(self, unit: str) -> tuple[str, ...]:
        """Return the units whose workbooks are behind a unit's figures."""
        return reporting_below(self.tree, self.sums, unit)

    def has_reports(self, unit: str) -> bool:
        """Return whether any of them has reported."""
        return any(map(self.sums.reported, self.below(unit)))


def bridges_of(
    indicator: Indicator, unit: str, said: Quarter, before: Quarter, now: Quarter
) -> tuple[Bridge, ...]:
    """Return the bridge of an additive indicator, or those of both parts of a ratio.

    `said` is the earlier quarter as its summary had it, `before` the same as the records say now.
    """
    sides: Sequence[Side] = (
        ("value",) if len(indicator.parts) == 1 else ("numerator", "denominator")
    )
    return tuple(
        _bridge(indicator.id, side, part, unit, said, before, now)
        for side, part in zip(sides, indicator.parts, strict=True)
    )


def withhold(bridge: Bridge) -> Bridge:
    """Return a bridge of which nothing is told but that there is one."""
    return replace(bridge, before=0, after=0, parts=(), top=(), withheld=True)


def _bridge(
    name: str, side: Side, part: Part, unit: str, said: Quarter, before: Quarter, now: Quarter
) -> Bridge:
    shares = list(_shares(part, unit, said, before, now))
    amounts, units = Counter[Kind](), Counter[Kind]()
    for _, kind, share in shares:
        amounts[kind] += share
        units[kind] += 1
    return Bridge(
        name,
        side,
        unit,
        amount(part, sum(said.sums.of(code, part) for code in said.below(unit))),
        amount(part, sum(now.sums.of(code, part) for code in now.below(unit))),
        tuple(BridgePart(kind, amount(part, amounts[kind]), units[kind]) for kind in KINDS),
        tuple(_top(part, shares, said.tree, now.tree)),
    )


def _shares(
    part: Part, unit: str, said: Quarter, before: Quarter, now: Quarter
) -> Iterator[tuple[str, Kind, int]]:
    """Yield every unit's shares in a change: unit, reason, amount; in the order of the tree.

    A unit that stays but has no workbook in either quarter is nothing but expected in both.
    """
    then, later = said.below(unit), now.below(unit)
    stay = {*then} & {*later} & {*before.below(unit)}
    for code in dict.fromkeys((*later, *then)):
        first = said.sums.of(code, part) if code in then else 0
        last = now.sums.of(code, part) if code in later else 0
        if code not in stay:
            yield code, "tree", last - first
            continue
        standing = before.sums.of(code, part)
        if kind := _kind(before.sums.reported(code), now.sums.reported(code)):
            yield code, kind, last - standing
        if standing != first:
            yield code, "corrected", standing - first


def _kind(before: bool, now: bool) -> Kind | None:
    if before and now:
        return "both"
    return "new" if now else "missing" if before else None


def _top(
    part: Part, shares: Iterable[tuple[str, Kind, int]], *trees: OrgTree
) -> Iterator[Contribution]:
    by_unit: dict[str, list[tuple[int, Kind]]] = {}
    for code, kind, share in shares:
        by_unit.setdefault(code, []).append((share, kind))
    sums = {code: sum(share for share, _ in found) for code, found in by_unit.items()}
    largest = sorted((code for code in sums if sums[code]), key=lambda code: -abs(sums[code]))
    for code in largest[:_TOP]:
        name = next(tree.units[code].name for tree in reversed(trees) if code in tree.units)
        kind = max(by_unit[code], key=lambda found: abs(found[0]))[1]
        yield Contribution(code, name, amount(part, sums[code]), kind)
