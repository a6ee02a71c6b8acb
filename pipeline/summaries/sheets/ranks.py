"""The rankings: for each rate among the key figures the units in order, the pooled mean among them.

Two blocks stand side by side. Bars in the cells are Excel's own. Units with few persons are listed
below, grey and without a place.
"""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.numbers import Number
from pipeline.summaries.ranking import Ranked, Ranking, rankings
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.units import UNIT, unit_name
from pipeline.texts import Text

NAME: Final = Text("排名", "Ranking")
PLACE = Text("名次", "Place")
RATE = Text("比率", "Rate")
MADE_OF = Text("分子/分母", "Of")
MEAN = Text("总体（合并计算）", "All together (pooled)")
NOTE = Text(
    "分母不足 {n} 人（或会员不足 {n} 人）的单位不排名，用灰字列在后面。并列的名次相同。",
    "Units whose rate rests on fewer than {n} persons (or members) are not ranked: grey, at the end.",
)
REST = Text("其余 {n} 个单位见《各单位对比》", "{n} others: see the sheet Units")
SILENT = Text("{n} 个单位没有这个数", "{n} units without this figure")
NOTHING_TO_RANK = Text("没有可以排名的比率。", "No rate to rank by.")

MOST: Final = 40
_BLOCK: Final = (6, 23, 10, 21)
_GAP: Final = 3
_SIDE_BY_SIDE: Final = 2
_BAR: Final = "#BFDDF2"  # light, for the number stands on it


def add_ranks_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet, found = canvas.add_sheet(NAME), rankings(canvas.view)
    for side in range(_SIDE_BY_SIDE):
        for offset, width in enumerate((*_BLOCK, _GAP)):
            sheet.set_column(side * 5 + offset, side * 5 + offset, width)
    row = canvas.write_heading(sheet, canvas.say(NAME))
    sheet.freeze_panes(row, 0)
    canvas.text(sheet, 2, 0, canvas.say(NOTE, n=canvas.view.rank_from), "muted", "small")
    sheet.set_row(2, 18)
    if not found:
        canvas.text(sheet, row, 0, canvas.say(NOTHING_TO_RANK), "muted")
    for first in range(0, len(found), _SIDE_BY_SIDE):
        ends = [
            _write_block(canvas, sheet, row, side * 5, ranking)
            for side, ranking in enumerate(found[first : first + _SIDE_BY_SIDE])
        ]
        row = max(ends) + 1
    return sheet


def _write_block(canvas: Canvas, sheet: Worksheet, row: int, col: int, ranking: Ranking) -> int:
    """Write one ranking; return the row below it."""
    label = ranking.indicator.label[canvas.lang]
    sheet.set_row(row, 22)
    canvas.text(sheet, row, col, label, "section")
    for offset, heading in enumerate((PLACE, UNIT, RATE, MADE_OF)):
        canvas.text(sheet, row + 1, col + offset, heading[canvas.lang], "header")
    row = first = row + 2
    shown = ranking.ranked[:MOST]
    for place, unit in enumerate(shown):
        if place == ranking.above_mean:
            row = _write_mean(canvas, sheet, row, col, ranking)
        row = _write_unit(canvas, sheet, row, col, ranking, unit)
    if ranking.above_mean >= len(shown):
        row = _write_mean(canvas, sheet, row, col, ranking)
    sheet.conditional_format(
        first, col + 2, row - 1, col + 2,
        {"type": "data_bar", "data_bar_2010": True, "bar_solid": True, "bar_color": _BAR,
         "min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1.25},
    )  # fmt: skip
    for unit in ranking.few[: MOST - len(shown) if len(shown) < MOST else 0]:
        row = _write_unit(canvas, sheet, row, col, ranking, unit, "muted")
    rest = (
        len(ranking.ranked) + len(ranking.few) - min(MOST, len(ranking.ranked) + len(ranking.few))
    )
    for said, n in ((REST, rest), (SILENT, ranking.silent)):
        if n:
            canvas.text(sheet, row, col + 1, canvas.say(said, n=n), "muted", "small")
            row += 1
    return row


def _write_unit(
    canvas: Canvas,
    sheet: Worksheet,
    row: int,
    col: int,
    ranking: Ranking,
    unit: Ranked,
    *styles: str,
) -> int:
    place = str(unit.place) if unit.place else ""
    canvas.text(sheet, row, col, place, "cell", "center", *styles)
    name = unit_name(canvas, unit.code, unit.name)
    canvas.text(sheet, row, col + 1, name, "cell", "indent", "fit", *styles)
    link = canvas.links.of(ranking.indicator, unit.code)
    canvas.value(sheet, row, col + 2, ranking.indicator, unit.number, "cell", *styles, link=link)
    canvas.text(sheet, row, col + 3, _made_of(unit.number), "cell", "right", "fit", "muted")
    return row + 1


def _write_mean(canvas: Canvas, sheet: Worksheet, row: int, col: int, ranking: Ranking) -> int:
    canvas.text(sheet, row, col, "", "cell", "total")
    canvas.text(sheet, row, col + 1, canvas.say(MEAN), "cell", "total", "indent", "fit")
    link = canvas.links.of(ranking.indicator)
    canvas.value(sheet, row, col + 2, ranking.indicator, ranking.mean, "cell", "total", link=link)
    made_of = _made_of(ranking.mean) if ranking.mean else ""
    canvas.text(sheet, row, col + 3, made_of, "cell", "total", "right", "fit")
    return row + 1


def _made_of(number: Number) -> str:
    if number.numerator is None or number.denominator is None:
        return ""
    return f"{_plain(number.numerator)} / {_plain(number.denominator)}"


def _plain(value: object) -> str:
    return f"{value:,}"
