"""Invented views of a summary, pooled from invented children: no database, no workbooks."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from pipeline.forms.model import Forms
from pipeline.orgunits import OrgUnit
from pipeline.periods import Period
from pipeline.summaries.indicators import NO_MEMBER, Indicators
from pipeline.summaries.numbers import Figures, Number
from pipeline.summaries.view import OpenIssue, SummaryView, UnitStatus
from pipeline.texts import Text

PERIOD = Period.quarter(2026, 3)
DUE = datetime(2026, 10, 15, 23, 59)
SCHOOLS = (
    "实验小学",
    "第一中学",
    "第二中学",
    "职业技术学校",
    "师范附属幼儿园",
    "外国语学校",
    "特殊教育中心",
)

Parts = dict[tuple[str, str, str], tuple[Decimal, Decimal | None]]  # by (indicator, dimension, key)

_RATIOS = {
    "Q05": ("Q02", "Q01"), "Q06": ("on_time", "Q01"), "Q07": ("right", "Q02"),
    "O04": ("O02", "O01"), "A04": ("A03", "invited"), "A05": ("A03", "O02"),
    "A06": ("active", "Q02"), "A08": ("spent", "budget"), "D04": ("D02", "D01"),
    "D05": ("payers", "owers"), "D07": ("D02", "payers"), "V04": ("V03", "V01"),
    "V05": ("quick", "events"), "V06": ("settled", "asked"), "P03": ("P02", "P01"),
}  # fmt: skip


@dataclass
class Union:
    """How a view is made: how many children, which of them are missing, from which seed."""

    forms: Forms
    indicators: Indicators
    children: int = 3
    missing: tuple[int, ...] = ()
    seed: int = 1
    names: Mapping[int, str] = field(default_factory=dict)

    def view(self, *, earlier: bool = True, issues: Iterable[OpenIssue] = ()) -> SummaryView:
        """Return the view of the third quarter of 2026, with the quarters it is compared with."""
        units = tuple(self._unit(n) for n in range(self.children))
        statuses = tuple(self._status(n, unit) for n, unit in enumerate(units))
        return SummaryView(
            union="阳光市教育工会",
            current=self.figures(PERIOD, units, self.missing),
            previous=self.figures(PERIOD.previous(), units, ()) if earlier else None,
            year_ago=self.figures(PERIOD.year_ago(), units[:-1], ()) if earlier else None,
            indicators=self.indicators,
            forms=self.forms,
            children=units,
            statuses=statuses,
            issues=tuple(issues),
            cut_off=max((s.received_at for s in statuses if s.received_at), default=None),
        )

    def figures(
        self, period: Period, units: Iterable[OrgUnit], missing: tuple[int, ...]
    ) -> Figures:
        """Return figures in which the total is the pooled sum of the children."""
        rng = random.Random(f"{self.seed}{period.code}")
        own = {
            unit.code: self._parts(rng, period, n, n not in missing) for n, unit in enumerate(units)
        }
        numbers = list(self._numbers(_pooled(own.values()), "", list(own.values())))
        for code, parts in own.items():
            totals = {place: part for place, part in parts.items() if not place[1]}
            numbers += self._numbers(totals, code, [parts])
        by_place = {(n.indicator, n.dimension, n.key): n for n in numbers}
        order = sorted(by_place.values(), key=lambda n: (n.dimension != "", n.dimension != "unit"))
        root = OrgUnit("YG", "阳光市教育工会", "", reports=False, contact="甲某 13800000000")
        return Figures(root, period, {(n.indicator, n.dimension, n.key): n for n in order})

    def _numbers(self, parts: Parts, unit: str, pooled: list[Parts]) -> Iterable[Number]:
        reported = sum(("O01", "", "") in p for p in pooled)
        for (name, dimension, key), (numerator, denominator) in parts.items():
            indicator = self.indicators.by_id[name]
            yield Number(
                indicator=name,
                dimension="unit" if unit else dimension,
                key=unit or key,
                value=indicator.value(_plain(numerator), _plain(denominator)),
                numerator=_plain(numerator) if denominator is not None else None,
                denominator=_plain(denominator),
                reported=reported,
                expected=len(pooled),
            )

    def _parts(self, rng: random.Random, period: Period, n: int, reported: bool) -> Parts:
        sums = _sums(rng, n, reported)
        parts: Parts = {}
        for indicator in self.indicators:
            names = _RATIOS.get(indicator.id, (indicator.id,))
            if all(name in sums for name in names):
                parts[indicator.id, "", ""] = (
                    sums[names[0]],
                    sums[names[1]] if len(names) == 2 else None,
                )
        for breakdown in self.indicators.breakdowns:
            choices = self.forms.forms[breakdown.form].field(breakdown.field).choices
            members = [c.value for c in choices] or list(period.months)
            if breakdown.dimension == "fund":
                members.append(NO_MEMBER.zh)
            for indicator in self.indicators.of_breakdown(breakdown):
                if indicator.id in sums:
                    for key, amount in _split(rng, sums[indicator.id], members):
                        parts[indicator.id, breakdown.dimension, key] = (amount, None)
        return parts

    def _unit(self, n: int) -> OrgUnit:
        name = self.names.get(n) or f"{SCHOOLS[n % len(SCHOOLS)]}{n // len(SCHOOLS) or ''}工会"
        return OrgUnit(f"YG{n + 1:02d}", name, "YG", reports=True, email="x@example.org")

    def _status(self, n: int, unit: OrgUnit) -> UnitStatus:
        if n in self.missing:
            return UnitStatus(unit.code, unit.name, "missing", nil=False)
        late = _is_late(n)
        received = DUE + timedelta(days=2 if late else -(n % 9), minutes=-n)
        return UnitStatus(
            unit.code, unit.name, "late" if late else "on_time",
            nil=_is_nil(n), version=1 + (n % 5 == 0), received_at=received, warnings=n % 4,
        )  # fmt: skip


def open_issues() -> tuple[OpenIssue, ...]:
    """Three kinds of faults in two units' newest workbooks."""
    rows = (
        ("YG02", "第一中学工会", "会费台账", "D-04", "error", "实缴多于应缴", 3, "G14 G15 G27"),
        ("YG02", "第一中学工会", "活动台账", "A-07", "warning", "主要成果太空", 41, "M4 M5 M6 M7 M8 M9 M10 M11 M12"),
        ("YG03", "第二中学工会", "走访慰问台账", "V-05", "warning", "七天后才走访", 1, "B9"),
    )  # fmt: skip
    return tuple(
        OpenIssue(
            unit, name, sheet, code, severity, Text(title, "What is wrong"), n, tuple(cells.split())
        )
        for unit, name, sheet, code, severity, title, n, cells in rows
    )


def _is_late(n: int) -> bool:
    return n % 7 == 4


def _is_nil(n: int) -> bool:
    return n % 11 == 6


def _sums(rng: random.Random, n: int, reported: bool) -> dict[str, Decimal]:
    """What one unit adds to everything that is counted or added up."""
    sums = {
        "Q01": 1,
        "Q02": int(reported),
        "Q03": int(reported and _is_nil(n)),
        "Q04": int(not reported),
    }
    sums |= {
        "on_time": int(reported and not _is_late(n)),
        "right": int(reported and rng.random() < 0.7),
    }
    if not reported:
        return {name: Decimal(value) for name, value in sums.items()}
    staff = rng.randint(60, 320)
    members = round(staff * rng.uniform(0.85, 1))
    activities, visits = rng.randint(2, 9), rng.randint(0, 30)
    invited = members * activities
    months = 3 * members
    asked, events = rng.randint(0, visits), rng.randint(0, visits)
    counts = sums | {
        "O01": staff, "O02": members, "O03": round(members * 0.6), "O05": rng.randint(-4, 9),
        "A01": activities, "A02": activities + rng.randint(0, 9),
        "A03": round(invited * rng.uniform(0.5, 1)), "invited": invited, "active": 1,
        "payers": months - rng.randint(0, 20), "owers": months,
        "V01": visits, "V02": visits, "asked": asked, "settled": rng.randint(0, asked),
        "events": events, "quick": rng.randint(0, events),
        "P01": 4, "P02": rng.randint(1, 4),
    }  # fmt: skip
    due = Decimal(months * rng.randint(1500, 3200)).scaleb(-2)
    cost = Decimal(rng.randint(100_000, 3_000_000)).scaleb(-2)
    paid = (due * Decimal(rng.randint(930, 1000)) / 1000).quantize(Decimal("0.01"))
    money = {
        "A07": cost, "spent": cost, "budget": cost * Decimal("1.05").quantize(Decimal("0.01")),
        "D01": due, "D02": paid, "D03": due - paid, "D06": Decimal("35.50"),
        "V03": Decimal(visits * rng.randint(10_000, 60_000)).scaleb(-2),
    }  # fmt: skip
    return {name: Decimal(value) for name, value in counts.items()} | money


def _split(
    rng: random.Random, amount: Decimal, members: list[str]
) -> Iterable[tuple[str, Decimal]]:
    chosen = sorted(rng.sample(members, min(4, len(members))), key=members.index)
    shares = [Decimal(rng.randint(1, 9)) for _ in chosen]
    left = amount
    for key, share in zip(chosen[:-1], shares, strict=False):
        part = (amount * share / sum(shares)).quantize(
            Decimal(1).scaleb(amount.as_tuple().exponent)
        )
        left -= part
        yield key, part
    yield chosen[-1], left


def _pooled(many: Iterable[Parts]) -> Parts:
    pooled: Parts = {}
    for parts in many:
        for place, (numerator, denominator) in parts.items():
            top, bottom = pooled.get(place, (Decimal(0), None))
            whole = None if denominator is None else (bottom or Decimal(0)) + denominator
            pooled[place] = (top + numerator, whole)
    return pooled


def _plain(amount: Decimal | None) -> int | Decimal | None:
    """A count as a whole number, an amount of money as it is."""
    if amount is None:
        return None
    return int(amount) if amount.as_tuple().exponent >= 0 else amount
