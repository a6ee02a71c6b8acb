"""What a summary computes, as values: indicators, the parts they are made of, and breakdowns.

`read_indicators` loads them from `config/indicators.toml`. An indicator is one additive part, or a ratio of two. A part is counted or added up over the rows
of a form by expressions in the rule language, or it is one of a few measures that no expression
over one row can say. Only parts are added up the tree; a ratio is taken last, from pooled parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pipeline.forms.expressions import Node
from pipeline.summaries.numbers import Value, round_half_up
from pipeline.texts import Text

Format = Literal["count", "money", "percent", "average"]
Comparison = Literal["percent", "points", "none"]

BY_UNIT = "unit"
MONTH = "month"  # the dimension that says at which day a row of a form stands
NO_MEMBER = Text("未填", "Not given")

ON_UNITS = (
    "units_expected",
    "units_reported",
    "units_nil",
    "units_missing",
    "units_on_time",
    "units_right_first",
)
ON_PLANS = ("plan_due", "plan_done")
MEASURES = (*ON_UNITS, "units_with_rows", *ON_PLANS)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Σ `value` over the rows of `form` for which `where` is definitely true.

    Without a value rows are counted. `digits` are the decimal places of the sum, which is kept as
    a whole number; `text` is what is added up, as it was written; `persons` says that it counts
    persons, `stock` that it stands at a moment, so that over several quarters the last one counts
    (a plain field of a cover, unless said otherwise) and not their sum. Compared by identity: the same part under two indicators is added up once.
    """

    form: str
    value: Node | None
    where: Node | None
    digits: int
    text: str
    persons: bool = False
    stock: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One of `MEASURES`; `form` is set for `units_with_rows` alone. None counts persons."""

    name: str
    form: str = ""
    digits: int = 0
    persons: bool = False


Part = Rows | Measure

EXPECTED = Measure("units_expected")
REPORTED = Measure("units_reported")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One number of a summary; a ratio where it has a denominator.

    `within` is the count of persons of which it counts a part, where that is told apart.
    """

    id: str
    group: str
    label: Text
    unit: Text
    format: Format
    compare: Comparison
    numerator: Part
    denominator: Part | None
    breakdowns: tuple[str, ...]
    within: Part | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is added up for it."""
        return (self.numerator,) if self.denominator is None else (self.numerator, self.denominator)

    @property
    def share(self) -> tuple[Part, Part] | None:
        """Some persons and all those they are part of; what remains of these are persons too."""
        whole = self.within or (self.denominator if self.format == "percent" else None)
        if whole is None or not (whole.persons and self.numerator.persons):
            return None
        return self.numerator, whole

    @property
    def on_units(self) -> bool:
        """Whether it tells who reported, and so is given where nobody did."""
        return isinstance(self.numerator, Measure) and self.numerator.name in ON_UNITS

    def value(
        self, numerator: int | Decimal, denominator: int | Decimal | None = None
    ) -> Value | None:
        """Return the value of the added-up parts; None for a zero denominator.

        Money has two decimals, rounded half up; other ratios are not rounded.
        """
        if self.denominator is None and self.format != "money":
            return numerator
        if self.denominator is not None and not denominator:
            return None
        value = Fraction(numerator) / Fraction(denominator or 1)
        return round_half_up(value, 2) if self.format == "money" else value


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A way to split the rows of a form: by a choice, a month, or the month of a date."""

    dimension: str
    form: str
    field: str
    label: Text


@dataclass(frozen=True, slots=True)
class Indicators:
    """All indicators by id, in printing order, with the labels of their groups."""

    groups: Mapping[str, Text]
    by_id: Mapping[str, Indicator]
    breakdowns: tuple[Breakdown, ...]

    def __iter__(self) -> Iterator[Indicator]:
        return iter(self.by_id.values())

    @property
    def count_persons(self) -> bool:
        """Whether any of them counts persons."""
        return any(part.persons for indicator in self for part in indicator.parts)

    def of_breakdown(self, breakdown: Breakdown) -> tuple[Indicator, ...]:
        """Return the indicators that are split this way."""
        return tuple(
            indicator
            for indicator in self
            if breakdown.dimension in indicator.breakdowns
            and indicator.numerator.form == breakdown.form
        )


def amount(part: Part, total: int) -> int | Decimal:
    """Return a part's whole-number sum as what it means: a count, or yuan for fen."""
    return Decimal(total).scaleb(-part.digits) if part.digits else total
