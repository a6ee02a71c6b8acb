"""A narrative in the length asked for: a view, accounts and a layout in, the bytes of a `.docx` out.

It is written with much to tell and, where it comes out too long, again with less, until it fits;
what is left out is counted. Nothing is padded: where little was reported, it is short.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from functools import partial
from typing import Final, Literal

from pipeline.summaries.narrative.accounts import Accounts
from pipeline.summaries.narrative.charts import draw_charts
from pipeline.summaries.narrative.content import content_of
from pipeline.summaries.narrative.document import Layout, body_length, page_share
from pipeline.summaries.narrative.limits import SHORT, Limits
from pipeline.summaries.narrative.told import Told, choose
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang, Text

Length = Literal["standard", "short"]

TITLE = Text("{unit}{period}工作总结", "{unit}: report for {period}")
LONGEST: Final[dict[Lang, int]] = {"zh": 2000, "en": 1100}  # Chinese characters, or words
_TRIES: Final = 12


def prepare_narrative(
    view: SummaryView, accounts: Accounts, layout: Layout, lang: Lang, length: Length
) -> Callable[[], bytes]:
    """Read what the narrative of a unit tells, and return what writes it without asking again.

    Writing raises ConfigError where the layout cannot be filled.
    """
    limits = SHORT if length == "short" else Limits()
    return partial(_write, view, choose(view, accounts, limits), layout, lang, length, limits)


def _write(
    view: SummaryView, told: Told, layout: Layout, lang: Lang, length: Length, limits: Limits
) -> bytes:
    period = view.period.label[lang]
    title = TITLE.format(unit=view.unit.name, period=period)[lang]
    at = view.cut_off or datetime.combine(view.period.end, time())
    charts = list(draw_charts(view, lang)) if length == "standard" else []
    document = b""
    for _ in range(_TRIES):
        values = content_of(view, told, lang, limits, charts)
        document = layout.fill(values, title, view.union or view.unit.name, at, charts)
        if _fits(document, lang, length):
            break
        limits = limits.tighter()
    return document


def _fits(document: bytes, lang: Lang, length: Length) -> bool:
    if length == "short":
        return page_share(document) <= 1
    return body_length(document, lang) <= LONGEST[lang]
