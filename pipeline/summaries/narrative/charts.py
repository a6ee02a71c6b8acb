"""The charts of a narrative's annex: a view in, pictures out, the same as on the page.

They are drawn once a narrative, however often its text is written to fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pipeline.summaries.dashboard.charts import pictures
from pipeline.summaries.picture import draw_png
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang

MOST: Final = 4
_ZOOM: Final = 2.0  # 150 dots an inch on paper
_SIZE: Final = re.compile(r'<svg [^>]*? width="([\d.]+)" height="([\d.]+)"')


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture as PNG; `ratio` is its height in parts of its width."""

    title: str
    note: str
    png: bytes
    ratio: float


def draw_charts(view: SummaryView, lang: Lang) -> Iterator[Chart]:
    """Yield the most telling charts."""
    for picture in islice(pictures(view), MOST):
        svg = picture.en if lang == "en" else picture.zh
        size = _SIZE.match(svg)
        assert size, "a chart without a size"
        note = picture.note[lang] if picture.note else ""
        yield Chart(
            picture.title[lang], note, draw_png(svg, zoom=_ZOOM), float(size[2]) / float(size[1])
        )
