"""The page of a period: all its summaries in, the bytes of one HTML file out.

The file needs nothing else: style, script and charts are in it, and its content policy lets in no
other. Both languages are in it; the language of the settings is shown first. The same views give
the same bytes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pipeline.safe_text import one_line
from pipeline.summaries.dashboard import words
from pipeline.summaries.dashboard.sections import Words, section
from pipeline.summaries.sheets.reporting import HEADINGS, STATES
from pipeline.summaries.sheets.tables import COVERAGE, EMPTY, INDICATOR, periods
from pipeline.summaries.view import SummaryView
from pipeline.texts import Lang, Text

NAME: Final = "index.html"
_HERE: Final = Path(__file__).parent


def write_dashboard(views: Sequence[SummaryView], lang: Lang) -> bytes:
    """Return the page of one period with a part for each of its summaries, the first one shown."""
    first = views[0]
    inner = {view.unit.code: view.unit for view in views}
    notes = words.NOTES
    if first.k > 1:
        more = words.WITHHELD.format(k=first.k)
        notes = Text(notes.zh + more.zh, f"{notes.en} {more.en}")
    period = first.period.label
    page = _templates().get_template("page.html.j2")
    shown = page.render(
        lang=lang,
        titles={
            name: words.TITLE.format(unit=first.unit.name, period=period[name])[name]
            for name in ("zh", "en")
        },
        union=first.union,
        period=period,
        sections=[section(view, inner) for view in views],
        groups=first.indicators.groups,
        periods=periods(first),
        indicator=INDICATOR,
        coverage=COVERAGE,
        empty=EMPTY,
        status_heads=HEADINGS,
        states=STATES,
        notes=notes,
        say=words.SAYINGS,
        spoken=words.SPOKEN,
        style=_part("page.css"),
        script=_part("page.js"),
        policy=_policy(),
    )
    return shown.encode()


def _policy() -> str:
    """Return the content policy: this style, this script, and nothing from anywhere."""
    style, script = (_digest(_part(name)) for name in ("page.css", "page.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(part: str) -> str:
    return f"sha256-{b64encode(sha256(part.encode()).digest()).decode()}"


@cache
def _part(name: str) -> Markup:
    return Markup("\n" + (_HERE / name).read_text("utf-8"))


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["both"] = _both
    templates.filters["more"] = lambda n: words.MORE.format(n=n)
    return templates


def _both(text: Words) -> Markup:
    """Return a wording in both languages, of which the style sheet shows one."""
    if isinstance(text, str):
        return escape(one_line(text))
    zh, en = escape(one_line(text.zh)), escape(one_line(text.en))
    if zh == en:
        return zh
    return Markup('<span class="zh">{}</span><span class="en">{}</span>').format(zh, en)


def _harmless(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value
