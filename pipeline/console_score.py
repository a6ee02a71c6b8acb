"""What `score` prints: a line a unit, and with one unit asked for the reason of every point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.console import out, shown
from pipeline.texts import Lang, Text

if TYPE_CHECKING:
    from pipeline.summaries.score import Point, Score

_NOTHING = Text("没有可以打分的单位。", "No unit to score.")
_LEFT_OUT = Text("没有数，不算", "no value, left out")
_MORE = Text("加 --unit 看每一分从哪来。", "Add --unit to see where each point comes from.")


def show_scores(scores: Sequence[Score], lang: Lang, *, explained: bool) -> None:
    """Print the scores, and what they are made of where that was asked for."""
    console = out()
    if not scores:
        console.print(_NOTHING[lang])
    for score in scores:
        total = "—" if score.total is None else f"{score.total}"
        line = (
            f"{score.unit}  {score.name}  {total}  {stars(score.stars)}  {_standings(score, lang)}"
        )
        console.print(shown(line), style="bold" if explained else None)
        for item in score.items if explained else ():
            console.print(shown(f"  {item.item.label[lang]}  {item.earned}/{item.possible}"))
            console.print(shown(f"    {item.item.note[lang]}"), style="dim")
            for point in item.points:
                console.print(shown(f"    {_reason(point, lang)}"))
    if scores and not explained:
        console.print(_MORE[lang])


def stars(count: int) -> str:
    """Return stars as people draw them.

    >>> stars(3)
    '★★★☆☆'
    """
    return "★" * count + "☆" * (5 - count)


def _standings(score: Score, lang: Lang) -> str:
    from pipeline.summaries.score import STANDINGS

    return " ".join(
        f"{item.item.label[lang]}：{STANDINGS[item.standing][lang]}"
        if lang == "zh"
        else f"{item.item.label[lang]}: {STANDINGS[item.standing][lang]};"
        for item in score.items
    )


def _reason(point: Point, lang: Lang) -> str:
    if point.earned is None or point.fact is None:
        return f"—/{point.check.points}  {point.check.label[lang]}  {_LEFT_OUT[lang]}"
    fact = point.fact
    return (
        f"{point.earned}/{point.check.points}  {point.check.label[lang]}  {fact.shown[lang]}"
        f"  ({fact.source[lang]})"
    )
