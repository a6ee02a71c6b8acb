"""The mail that brings an inner unit its summary: a `SummaryView` in, a `Draft` out.

Where a letter on the same summary has gone out before, the next one says what has changed since
then. It says so only as an update, so that the same summary always makes the same letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.deliver import words
from pipeline.deliver.compose import (
    Addressee,
    Attachment,
    Draft,
    KeyFigure,
    Picture,
    Standing,
    summary_message,
)
from pipeline.summaries.compare import Change
from pipeline.summaries.dashboard.charts import rates_picture, standing_picture
from pipeline.summaries.numbers import Figures
from pipeline.summaries.svg import stack
from pipeline.summaries.svg_marks import description_of
from pipeline.summaries.view import SummaryView
from pipeline.summaries.wording import restated_lines, value_text
from pipeline.texts import Lang

_ALWAYS: Final = "Q02"  # who has reported is news even where it is no key figure


def summary_letter(
    view: SummaryView,
    attachments: Sequence[Attachment],
    before: Figures | None,
    lang: Lang,
    known: int | None = None,
) -> Draft:
    """Return the message; `before` are the figures that the last one told, None without one.

    `known` is the number of the newest file that the last one knew, None without one.
    """
    return summary_message(
        Addressee(view.unit.code, view.unit.name, view.unit.email),
        view.period.code,
        list(key_figures(view, lang)),
        standing=Standing(
            expected=len(view.statuses),
            reported=view.current.numbers["Q02", "", ""].reported,
            missing=tuple(status.name for status in view.statuses if status.state == "missing"),
            coverage=view.coverage.text[lang] if view.coverage and view.coverage.share else "",
        ),
        news=list(changes_since(view, before, lang)) if before else [],
        picture=_picture(view, lang),
        restated=restated_lines(view, known, lang),
        attachments=attachments,
        union=view.union,
        lang=lang,
    )


def key_figures(view: SummaryView, lang: Lang) -> Iterator[KeyFigure]:
    """Yield the lines of the message: value, and change since a quarter and a year ago."""
    for indicator in view.key_figures:
        entry = view.entry(indicator)
        before, year_ago = (_change_text(change, lang) for change in entry.changes)
        value = value_text(indicator, entry.number, lang)
        yield KeyFigure(indicator.label[lang], value, before, year_ago)


def changes_since(view: SummaryView, before: Figures, lang: Lang) -> Iterator[str]:
    """Yield the key figures that are others than a reader was last told, old and new."""
    told = [view.indicator(_ALWAYS), *view.key_figures]
    for indicator in dict.fromkeys(i for i in told if i):
        old, new = (f.numbers.get((indicator.id, "", "")) for f in (before, view.current))
        shown = [value_text(indicator, number, lang) for number in (old, new)]
        if shown[0] != shown[1]:
            label = indicator.label[lang]
            yield words.NEWS.format(label=label, before=shown[0], after=shown[1])[lang]


def _change_text(change: Change, lang: Lang) -> str:
    """Return a change; nothing where it is withheld."""
    return "" if change.kind == "withheld" else change.text[lang]


def _picture(view: SummaryView, lang: Lang) -> Picture | None:
    found = [p for p in (standing_picture(view), rates_picture(view)) if p]
    if not found:
        return None
    charts = [(p.title[lang], p.zh if lang == "zh" else p.en) for p in found]
    lines = (words.CHART.format(title=t, told=description_of(svg))[lang] for t, svg in charts)
    return Picture(stack(words.PICTURE[lang], charts), tuple(lines))
