"""Where the rows behind each figure will stand: a view in, the sheets of rows and links to them out.

Laid out before anything is drawn, so that a figure on an early sheet can link to a later one. Each
detail sheet begins with the sums of its columns; a link leads to such a sum, or to a unit's first
row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from xlsxwriter.utility import xl_rowcol_to_cell

from pipeline.summaries.evidence import Listing
from pipeline.summaries.indicators import Indicator, Measure, Part
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang, Text

SUM_ROW: Final = 4
FIRST_ROW: Final = 9
OF_UNITS = Text("单位明细", "Unit rows")
OF_FORM = Text("{form}明细", "{form} rows")
OF_PLANS = Text("计划明细", "Plan rows")
PLAN_COLS: Final[Mapping[str, int]] = {"plan_due": 9, "plan_done": 10}


@dataclass(frozen=True, slots=True)
class DetailPlan:
    """One sheet of rows: its name, what it lists, and how many rows it draws together for length."""

    name: str
    listing: Listing
    drawn_together: int = 0

    @property
    def first_share(self) -> int:
        """The column of the first amount: after unit, workbook, rows and dimensions."""
        places = 0 if not self.listing.form else 1 if self.listing.by_row else 2
        return 3 + places + len(self.listing.dimensions)


@dataclass(frozen=True, slots=True)
class Links:
    """Where the rows behind a part stand: the sum of its column, and each unit's first row."""

    sums: Mapping[Part, str] = field(default_factory=dict)
    units: Mapping[tuple[Part, str], str] = field(default_factory=dict)

    def of(self, indicator: Indicator, code: str = "") -> str:
        """Return the link of an indicator's figure, of a unit where one is given; "" for none."""
        part = indicator.numerator
        return (self.units.get((part, code)) if code else None) or self.sums.get(part, "")


def plan_details(view: SummaryView, lang: Lang) -> tuple[DetailPlan, ...]:
    """Return the sheets of rows, without that of the plan."""
    if view.evidence is None:
        return ()
    found = [DetailPlan(OF_UNITS[lang], view.evidence.units)]
    for listing in view.evidence.ledgers:
        name = OF_FORM.format(form=view.forms.forms[listing.form].label[lang])[lang]
        if listing.drawn_together:
            by_workbook = replace(listing, by_row=False)
            found.append(DetailPlan(name[:31], by_workbook, listing.drawn_together))
        else:
            found.append(DetailPlan(name[:31], listing))
    return tuple(found)


def link_details(view: SummaryView, lang: Lang, plans: tuple[DetailPlan, ...]) -> Links:
    """Return the links to the rows behind every figure."""
    sums: dict[Part, str] = {}
    units: dict[tuple[Part, str], str] = {}
    for plan in plans:
        first = _first_rows(view, plan)
        for place, share in enumerate(plan.listing.shares):
            col = plan.first_share + place
            sums[share.part] = internal_link(plan.name, SUM_ROW, col)
            for code, row in first.items():
                units[share.part, code] = internal_link(plan.name, row, col)
    if plans:
        for name, col in PLAN_COLS.items():
            sums[Measure(name)] = internal_link(OF_PLANS[lang], SUM_ROW, col)
    return Links(sums, units)


def internal_link(sheet: str, row: int, col: int) -> str:
    """Return a link to a cell of this workbook."""
    quoted = sheet.replace("'", "''")
    return f"internal:'{quoted}'!{xl_rowcol_to_cell(row, col)}"


def _first_rows(view: SummaryView, plan: DetailPlan) -> dict[str, int]:
    """Return the first row of each direct child, and of all that is below it."""
    rows: dict[str, int] = {}
    for offset, line in enumerate(plan.listing.lines):
        rows.setdefault(line.unit, FIRST_ROW + offset)
    return {code: row for code in view.unit_names for row in _lowest(rows, view.units_below(code))}


def _lowest(rows: Mapping[str, int], codes: tuple[str, ...]) -> Iterator[int]:
    found = [rows[code] for code in codes if code in rows]
    if found:
        yield min(found)
