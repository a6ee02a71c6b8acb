"""Sums of single units in, how much a total covers and how it compares like for like out.

A unit that has not reported is missing, not zero: its members count with the last cover that was
accepted from it, so that a reader sees which part of all members a total speaks for. Like for like
are the units with a workbook that counts in both quarters; their parts are pooled anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.orgunits import OrgTree
from pipeline.summaries.aggregate import number_of
from pipeline.summaries.indicators import EXPECTED, REPORTED, Indicators, Part
from pipeline.summaries.numbers import Number
from pipeline.summaries.sums import Sums, Tally, parts_of
from pipeline.texts import Text

MEMBERS = "O02"  # the indicator that counts members


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much a unit's totals speak for.

    `members_covered` are the members of the units that reported, `members_known` theirs and those
    of the missing units when these last reported; `unknown_units` are missing and never did, so
    that nobody knows their members. Both are None where members are not counted or are withheld.
    Of a longer period `quarters` are those it has a day of, each by its code with its own coverage;
    the whole is their sum, so that three units over two quarters are six workbooks.
    """

    reported: int
    expected: int
    members_covered: int | None
    members_known: int | None
    unknown_units: int
    quarters: tuple[tuple[str, Coverage], ...] = ()

    @property
    def share(self) -> Fraction | None:
        """The part of all known members that is covered; None where that cannot be told."""
        if self.members_covered is None or not self.members_known:
            return None
        return Fraction(self.members_covered, self.members_known)

    @property
    def text(self) -> Text:
        """The coverage as people read it; a share is never rounded up to the whole.

        >>> Coverage(31, 34, 960, 1000, 1).text.zh
        '31/34 个单位，会员覆盖 96%（另有 1 个单位会员数不详）'
        """
        zh, en = (
            f"{self.reported}/{self.expected} 个单位",
            f"{self.reported} of {self.expected} units",
        )
        if self.quarters:
            zh, en = zh.replace("个单位", "份报表"), en.replace("units", "workbooks")
        if self.share is not None:
            whole = int(self.share * 100)
            zh, en = f"{zh}，会员覆盖 {whole}%", f"{en}, {whole}% of members"
        if self.unknown_units and self.members_known is not None:
            zh += f"（另有 {self.unknown_units} 个单位会员数不详）"
            en += f" (members of {self.unknown_units} more unknown)"
        return Text(zh, en)


def coverage_over(quarters: Iterable[tuple[str, Coverage]]) -> Coverage:
    """Return the coverage of a period of several quarters, given by their codes."""
    parts = tuple(quarters)
    covered = [part.members_covered for _, part in parts if part.members_covered is not None]
    known = [part.members_known for _, part in parts if part.members_known is not None]
    is_told = len(covered) == len(known) == len(parts)
    return Coverage(
        sum(part.reported for _, part in parts),
        sum(part.expected for _, part in parts),
        sum(covered) if is_told else None,
        sum(known) if is_told else None,
        sum(part.unknown_units for _, part in parts),
        parts,
    )


@dataclass(frozen=True, slots=True)
class LikeForLike:
    """An indicator now and in the quarter before, over the `units` that reported in both."""

    now: Number
    before: Number
    units: int


def coverage_of(
    unit: str, tree: OrgTree, now: Sums, earlier: Iterable[Sums], indicators: Indicators
) -> Coverage:
    """Return the coverage of a unit's totals; `earlier` are the quarters before, newest first."""
    units = reporting_below(tree, now, unit)
    missing = [code for code in units if not now.reported(code)]
    reported = len(units) - len(missing)
    part = members_part(indicators)
    if part is None:
        return Coverage(reported, len(units), None, None, 0)
    last = _last_known(missing, part, earlier)
    known = [members for members in last if members is not None]
    covered = sum(now.of(code, part) for code in units)
    return Coverage(reported, len(units), covered, covered + sum(known), len(missing) - len(known))


def members_part(indicators: Indicators) -> Part | None:
    """Return what counts members; None where the configuration has no such indicator."""
    indicator = indicators.by_id.get(MEMBERS)
    return indicator.numerator if indicator and indicator.denominator is None else None


def like_for_like(
    unit: str, tree: OrgTree, now: Sums, before: Sums, indicators: Indicators
) -> dict[str, LikeForLike]:
    """Return every indicator over the units below that reported in both quarters."""
    in_both = [
        code
        for code in reporting_below(tree, now, unit)
        if now.reported(code) and before.reported(code)
    ]
    if not in_both:
        return {}
    parts = (EXPECTED, REPORTED, *parts_of(indicators))
    then, since = (_pooled(sums, in_both, parts) for sums in (before, now))
    return {
        i.id: LikeForLike(number_of(i, since), number_of(i, then), len(in_both))
        for i in indicators
        if not i.on_units
    }


def reporting_below(tree: OrgTree, sums: Sums, unit: str) -> tuple[str, ...]:
    """Return the units that owe the workbooks behind a unit's sums; none where it did not exist."""
    if unit not in sums.units or unit not in tree.units:
        return ()
    return tuple(u.code for u in tree.reporting(unit, sums.period.end))


def _pooled(sums: Sums, units: Sequence[str], parts: Iterable[Part]) -> Tally:
    return {part: sum(sums.of(unit, part) for unit in units) for part in parts}


def _last_known(units: Iterable[str], part: Part, earlier: Iterable[Sums]) -> list[int | None]:
    """Return what each unit counted when it last reported; None where it never did."""
    quarters = list(earlier)
    return [
        next((sums.of(unit, part) for sums in quarters if sums.reported(unit)), None)
        for unit in units
    ]
