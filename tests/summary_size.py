"""How long a summary of many units takes, and how large it is: `python tests/summary_size.py 500`."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from decimal import Decimal

from conftest import CONFIG
from summary_views import Union

from pipeline.forms.load import read_forms
from pipeline.summaries.evidence import Dimension, Evidence, Line, Listing, PlanItem, shares_of
from pipeline.summaries.indicators import Measure
from pipeline.summaries.read_indicators import read_indicators
from pipeline.summaries.view import SummaryView
from pipeline.summaries.workbook import write_summary
from pipeline.texts import Text

MONTH = Text("月份", "Month")
ROWS = {"activities": (8, "date_end"), "dues": (3, "month"), "visits": (20, "date")}


def large_view(units: int, **how: object) -> SummaryView:
    """Return a view of so many units, with the rows of so many workbooks behind it."""
    forms = read_forms(CONFIG)
    union = Union(forms, read_indicators(CONFIG / "indicators.toml", forms), children=units)
    view = union.view()
    codes = [unit.code for unit in view.children]
    shares = shares_of(view.indicators)
    ledgers = tuple(
        Listing(
            form,
            tuple(share for share in shares if share.part.form == form),
            (Dimension(form, field, MONTH, monthly=True),),
            tuple(
                Line(code, "v1 0123abcd", n, n, 1, (view.period.months[n % 3],),
                     tuple(Decimal("12.50") for share in shares if share.part.form == form))
                for code in codes
                for n in range(rows)
            ),
            by_row=form != "dues",
        )
        for form, (rows, field) in ROWS.items()
    )  # fmt: skip
    of_units = tuple(s for s in shares if isinstance(s.part, Measure) or s.part.form == "cover")
    lines = (Line(c, "v1 0123abcd", None, None, 0, (), (1,) * len(of_units)) for c in codes)
    plan = tuple(
        PlanItem(code, "v1 0123abcd", n, "培训", "2026-07", "2026-09", 2, n % 3)
        for code in codes
        for n in range(4, 8)
    )
    evidence = Evidence(Listing("", of_units, (), tuple(lines)), ledgers)
    trend = tuple(filter(None, (view.year_ago, view.previous, view.current)))
    return replace(view, evidence=evidence, plan=plan, trend=trend, **how)  # type: ignore[arg-type]


def main(units: int) -> None:
    """Print what a summary of so many units costs."""
    view = large_view(units)
    begun = time.process_time()
    content = write_summary(view, "zh")
    spent = time.process_time() - begun
    print(f"{units} units: {spent:.2f} s of one core, {len(content) / 1e6:.2f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
