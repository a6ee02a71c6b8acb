"""What a reader finds in summary workbooks: the numbers of 数据, and those of the quarter before.

The sheets for people are read as they are printed: labels in the first column, headings above. A
number of the quarter before is read where it stands, and worked out from the change beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from attack import COUNTS, Cell
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.forms.model import Forms
from pipeline.periods import parse_period
from pipeline.summaries.indicators import Indicator, Indicators
from pipeline.summaries.sheets.tables import measured
from pipeline.summaries.view import month_label

Value = object


def numbers_of(book: Workbook) -> Iterator[Cell]:
    """Yield the rows of 数据."""
    for row in book["数据"].iter_rows(min_row=2, values_only=True):
        _, unit, indicator, dimension, key, *amounts = row[:8]
        shown = (None if n is None else _exact(n).limit_denominator(10**6) for n in amounts)
        yield Cell(str(unit), str(indicator), str(dimension or ""), str(key or ""), *shown)


def numbers_before(book: Workbook, indicators: Indicators, forms: Forms) -> Iterator[Cell]:
    """Yield what the sheets for people tell of the quarter before."""
    unit, period = str(book["数据"]["B2"].value), parse_period(book["数据"]["A2"].value)
    months = zip(period.months, period.previous().months, strict=True)
    keys = {month_label(now).zh: before for now, before in months}
    keys |= {
        c.label.zh: c.value for form in forms.forms.values() for f in form.fields for c in f.choices
    }
    by_label = {measured(i).zh: i for i in indicators if i.id in COUNTS}
    for name in ("会费", "活动", "走访慰问"):
        yield from _in_tables(book[name], unit, by_label, indicators, keys)
    yield from _in_units(book["各单位对比"], unit, by_label)


def _in_tables(
    sheet: Worksheet,
    unit: str,
    by_label: dict[str, Indicator],
    indicators: Indicators,
    keys: dict[str, str],
) -> Iterator[Cell]:
    dimensions = {b.label.zh: b.dimension for b in indicators.breakdowns}
    heads: list[Indicator | None] = []
    dimension = ""
    for row in sheet.iter_rows(min_row=4, values_only=True):
        label = str(row[0] or "")
        if label in by_label:
            yield from _before(by_label[label], row[1:4], unit, "", "")
        elif label in dimensions:
            dimension = dimensions[label]
            heads = [by_label.get(str(row[col])) for col in (1, 6) if col < len(row)]
        elif label == "合计":
            heads = []
        for place, indicator in enumerate(heads):
            shown = row[1 + 5 * place : 4 + 5 * place]
            if indicator and label not in dimensions:
                yield from _before(indicator, shown, unit, dimension, keys.get(label, label))


def _in_units(sheet: Worksheet, unit: str, by_label: dict[str, Indicator]) -> Iterator[Cell]:
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    labels = {m.replace("（", "\n（"): i for m, i in by_label.items()}
    heads = [labels.get(str(label)) for label in rows[0]]
    now = {str(row[0]): row for row in rows if row[1] == "本期"}
    for row in rows:
        if row[1] == "比上季度" and row[0] != "合计":
            name = str(row[0]).removesuffix("（本级）")
            key = name.removeprefix("工会") if name.startswith("工会") else unit
            for col, indicator in enumerate(heads):
                if indicator:
                    shown = (now[str(row[0])][col], None, row[col])
                    yield from _before(indicator, shown, unit, "unit", key)


def _before(
    indicator: Indicator, shown: tuple[Value, ...], unit: str, dimension: str, key: str
) -> Iterator[Cell]:
    """Yield a number of the quarter before: as it stands there, or from now and the change."""
    now, before, since = (_exact(n) if isinstance(n, int | float) else None for n in shown)
    if before is None and now and since is not None:
        before = now - since / 100 if indicator.compare == "points" else now / (1 + since)
    if before is not None:
        whole = round(before) if indicator.format == "count" else before.limit_denominator(10**5)
        yield Cell(unit, indicator.id, dimension, key, Fraction(whole), None, None)


def _exact(number: object) -> Fraction:
    assert isinstance(number, int | float)
    return Fraction(number)
