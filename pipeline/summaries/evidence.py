"""The rows behind a summary, as values: what every row of every ledger adds to every figure.

The columns are the parts of the indicators, so that the sum of a column is a number of the
summary; `read_evidence` reads them, and `Evidence.of` cuts out those below one unit. Nothing in it is about one person: see `read_evidence`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, Literal

from pipeline.summaries.indicators import Indicators, Part, amount
from pipeline.summaries.numbers import Figures, Value
from pipeline.texts import Text

Amount = int | Decimal
Side = Literal["value", "numerator", "denominator"]

MOST_LINES: Final = 4000  # of one ledger; where there are more they are summed by workbook

_SIDES: dict[Side, Text] = {
    "numerator": Text("{label}·分子", "{label}: numerator"),
    "denominator": Text("{label}·分母", "{label}: denominator"),
}


@dataclass(frozen=True, slots=True)
class Share:
    """One column: a part of the indicators. `side` says which part of `indicator` it is."""

    part: Part
    label: Text
    indicator: str
    side: Side
    money: bool

    def total(self, figures: Figures) -> Value | None:
        """Return what the summary says that this column adds up to; None where withheld."""
        number = figures.numbers.get((self.indicator, "", ""))
        if number is None:
            return None
        return {
            "value": number.value,
            "numerator": number.numerator,
            "denominator": number.denominator,
        }[self.side]


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a line may be told by beside unit and row: a choice, or the month of a date."""

    form: str
    field: str
    label: Text
    monthly: bool


@dataclass(frozen=True, slots=True)
class Line:
    """What one row adds, or several of one sheet together, from row `first` to row `last`.

    Where `rows` is 0, how many they are is not told; a unit's own line has neither.

    `file` is the workbook's version and the first digits of its SHA-256. `members` and `amounts`
    stand in the order of the listing's dimensions and shares. An amount is None where the row adds
    nothing, and where it is among the `withheld`.
    """

    unit: str
    file: str
    first: int | None
    last: int | None
    rows: int
    members: tuple[str, ...]
    amounts: tuple[Amount | None, ...]
    withheld: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class LineMaker:
    """Makes lines of what the database gives; equal words are held once, they are in every line.

    `places` are those of the listing's dimensions among the members that are read.
    """

    shares: tuple[Share, ...]
    places: Sequence[int | None]
    words: dict[str, str] = field(default_factory=dict)

    def made(self, row: Sequence[Any], members: int) -> Line:
        """Return the line of unit, version, SHA-256, members, first and last row, count, amounts."""
        unit, version, sha256, *rest = row
        told = [member or "" for member in rest[:members]]
        first, last, count, *amounts = rest[members:]
        return Line(
            self._once(unit),
            self._once(file_mark(version, sha256)),
            first,
            last,
            count,
            tuple("" if place is None else self._once(told[place]) for place in self.places),
            tuple(
                None if value is None else amount(share.part, int(value))
                for share, value in zip(self.shares, amounts, strict=True)
            ),
        )

    def _once(self, word: str) -> str:
        return self.words.setdefault(word, word)


@dataclass(frozen=True, slots=True)
class Listing:
    """The lines of one form; of the units themselves where `form` is "".

    Where `drawn_together` is not 0, that many are too many to list: the lines are the sums of each
    workbook, and `monthly` are those of each branch's months.
    """

    form: str
    shares: tuple[Share, ...]
    dimensions: tuple[Dimension, ...] = ()
    lines: tuple[Line, ...] = ()
    by_row: bool = True
    drawn_together: int = 0
    monthly: tuple[Line, ...] = ()

    def of(self, codes: Collection[str]) -> Listing:
        """Return the lines of these units alone, unit after unit in the order of `codes`."""
        rank = {code: place for place, code in enumerate(codes)}
        kept = [line for line in self.lines if line.unit in rank]
        return replace(self, lines=tuple(sorted(kept, key=lambda line: rank[line.unit])))


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One item of a yearly plan that was to be done in the period, and how far it got."""

    unit: str
    file: str
    row: int
    category: str
    start: str
    end: str
    target: int
    held: int

    @property
    def done(self) -> bool:
        """Whether as many sessions were held as were planned."""
        return self.held >= self.target


@dataclass(frozen=True, slots=True)
class Evidence:
    """All rows behind the figures of some units: what each unit adds, then the ledgers' rows."""

    units: Listing
    ledgers: tuple[Listing, ...]

    def of(self, codes: Collection[str]) -> Evidence:
        """Return what is behind the figures of these units alone."""
        return Evidence(self.units.of(codes), tuple(ledger.of(codes) for ledger in self.ledgers))


def merge_lines(lines: Sequence[Line]) -> Line:
    """Return several lines of one sheet as one; what they are told by is lost."""
    first = lines[0]
    numbers = [n for line in lines for n in (line.first, line.last) if n is not None]
    columns = zip(*(line.amounts for line in lines), strict=True)
    return replace(
        first,
        first=min(numbers, default=None),
        last=max(numbers, default=None),
        rows=sum(line.rows for line in lines),
        members=("",) * len(first.members),
        amounts=tuple(_sum(column) for column in columns),
    )


def shares_of(indicators: Indicators) -> tuple[Share, ...]:
    """Return every part of the indicators once, named by the figure that shows it most plainly."""
    found: dict[Part, Share] = {}
    for i in indicators:
        if i.denominator is None:
            share = Share(i.numerator, i.label, i.id, "value", i.format == "money")
            found.setdefault(i.numerator, share)
    for i in indicators:
        if i.denominator is not None:
            for side, part in zip(_SIDES, i.parts, strict=True):
                named = _SIDES[side]
                label = Text(named.zh.format(label=i.label.zh), named.en.format(label=i.label.en))
                found.setdefault(part, Share(part, label, i.id, side, part.digits > 0))
    return tuple(found.values())


def file_mark(version: int | None, sha256: str) -> str:
    """Return how a workbook is named without its own name, which may be a person's.

    >>> file_mark(2, "a9257019" + "0" * 56)
    'v2 a9257019'
    """
    return f"v{version} {sha256[:8]}"


def _sum(amounts: Sequence[Amount | None]) -> Amount | None:
    told = [value for value in amounts if value is not None]
    return sum(told[1:], start=told[0]) if told else None
