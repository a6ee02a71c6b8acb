"""The self-check and score, where it is to be published: a table of units, then every point.

Nothing here says more than the records do: what the five rest on stands above the table.
"""

from __future__ import annotations

from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.score import STANDINGS, Point, Score
from pipeline.summaries.sheets.canvas import Canvas
from pipeline.summaries.sheets.styles import NOTHING
from pipeline.summaries.sheets.tables import write_header, write_section
from pipeline.summaries.sheets.units import UNIT
from pipeline.texts import Text

NAME: Final = Text("五有自查", "Self-check")
TOTAL = Text("得分", "Score")
STARS = Text("星级", "Stars")
REASONS = Text("每一分从哪来", "Where each point comes from")
REASON_HEADINGS = (
    UNIT, Text("条目", "Item"), Text("看什么", "What is asked"), Text("得分/满分", "Points"),
    Text("数", "Value"), Text("依据", "Source"),
)  # fmt: skip
LEFT_OUT = Text("没有数，不算", "no value, left out")
MORE = Text("其余 {n} 个单位的依据用 score --unit 查。", "For {n} other units use score --unit.")

_MOST_EXPLAINED: Final = 60
_WIDTHS: Final = (26, 14, 30, 12, 14, 40, 10, 10)


def add_scores_sheet(canvas: Canvas) -> Worksheet:
    """Add the sheet and return it."""
    sheet, found = canvas.add_sheet(NAME, landscape=True), canvas.view.scores
    for col, width in enumerate(_WIDTHS):
        sheet.set_column(col, col, width)
    row = canvas.write_heading(sheet, canvas.say(NAME))
    for item in found[0].items:
        canvas.text(sheet, row, 0, item.item.label[canvas.lang], "strong", "indent")
        canvas.text(sheet, row, 1, item.item.note[canvas.lang], "muted")
        row += 1
    row = _write_table(canvas, sheet, row + 1) + 1
    row = write_section(canvas, sheet, row, canvas.say(REASONS))
    write_header(canvas, sheet, row, [heading[canvas.lang] for heading in REASON_HEADINGS])
    for score in found[:_MOST_EXPLAINED]:
        for item in score.items:
            for point in item.points:
                row += 1
                _write_point(canvas, sheet, row, score, item.item.label[canvas.lang], point)
    if len(found) > _MOST_EXPLAINED:
        more = canvas.say(MORE, n=len(found) - _MOST_EXPLAINED)
        canvas.text(sheet, row + 1, 0, more, "muted", "indent")
    return sheet


def _write_table(canvas: Canvas, sheet: Worksheet, row: int) -> int:
    found = canvas.view.scores
    labels = [item.item.label[canvas.lang] for item in found[0].items]
    headings = [canvas.say(UNIT), *labels, canvas.say(TOTAL), canvas.say(STARS)]
    write_header(canvas, sheet, row, headings)
    for score in found:
        row += 1
        canvas.text(sheet, row, 0, score.name, "cell", "indent", "fit")
        for col, item in enumerate(score.items, start=1):
            said = f"{STANDINGS[item.standing][canvas.lang]}  {item.earned}/{item.possible}"
            canvas.text(sheet, row, col, said, "cell", "center", "fit")
        if score.total is None:
            canvas.text(sheet, row, len(labels) + 1, NOTHING, "cell", "center")
        else:
            style = canvas.styles("cell", "strong", "center", number="0.0")
            sheet.write_number(row, len(labels) + 1, float(score.total), style)
        drawn = "★" * score.stars + "☆" * (5 - score.stars)
        canvas.text(sheet, row, len(labels) + 2, drawn, "cell", "center")
    return row + 1


def _write_point(
    canvas: Canvas, sheet: Worksheet, row: int, score: Score, label: str, point: Point
) -> None:
    fact = point.fact
    earned = NOTHING if point.earned is None else str(point.earned)
    texts = (
        (score.name, "indent"),
        (label, "center"),
        (point.check.label[canvas.lang], "indent"),
        (f"{earned} / {point.check.points}", "center"),
        (fact.shown[canvas.lang] if fact else canvas.say(LEFT_OUT), "center"),
        (fact.source[canvas.lang] if fact else "", "indent"),
    )
    canvas.fit_row(sheet, row, {texts[2][0]: _WIDTHS[2] - 3, texts[5][0]: _WIDTHS[5] - 3})
    for col, (text, style) in enumerate(texts):
        canvas.text(sheet, row, col, text, "cell", style, "wrap")
