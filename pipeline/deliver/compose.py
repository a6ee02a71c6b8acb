"""What a mail says: plain values about receipts or a summary in, a `Draft` out. Nothing is read,
queued or sent here.

Every text from outside passes `one_line` on its way into a template and is escaped in HTML, so that
a name can neither add a line or a header nor become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.deliver import words
from pipeline.periods import Terms, parse_span
from pipeline.safe_text import one_line
from pipeline.texts import Lang

PICTURE_ID = "chart@union-pipeline"  # by which the words of a message find its picture

_NAME_LIMIT = 60  # characters of a unit's name in a subject line
_RESTATED_LIMIT = 12  # lines in the body; the workbook lists them all
_MISSING_LIMIT = 30  # names in the body; the workbook lists them all


@dataclass(frozen=True, slots=True)
class Addressee:
    """The unit that a message is for; `email` is its one address."""

    unit: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; its name is made safe when the message is written."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart in the message itself, and line by line what it shows in words."""

    svg: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReceiptNote:
    """What became of one file; `file` is its name as the group knows it."""

    file: str
    status: str
    received_at: datetime
    errors: int
    warnings: int
    receipt: Attachment


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One line of the summary mail, already in words: `3,120.00 元`, `+5.2%`.

    `change` is that since the previous quarter, `over_year` that since a year ago.
    """

    label: str
    value: str
    change: str = ""
    over_year: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has reported; `missing` are names of units, `coverage` says how much that is of all."""

    expected: int
    reported: int
    missing: tuple[str, ...] = ()
    coverage: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in words, once as plain text and once as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is queued.

    A newer draft of the same `topic` takes the place of an older one that has not gone out yet;
    `updated` is the wording for when an older one has.
    """

    kind: Literal["receipt", "summary"]
    topic: str
    recipient: str
    unit: str
    period: str
    wording: Wording
    updated: Wording
    attachments: tuple[Attachment, ...]
    picture: Picture | None = None

    @property
    def digest(self) -> str:
        """What the recipient reads, as a hash: words and attachments, not layout and picture."""
        return _digest(self.wording, self.attachments)


def receipt_message(
    to: Addressee, period: str, notes: Sequence[ReceiptNote], *, union: str, lang: Lang
) -> Draft:
    """Return one message with all receipts of a unit and period in `notes`.

    `period` is "" where none could be read. Receipts never replace each other: each message is a
    topic of its own.
    """
    wording = _receipt_wording(to, period, notes, union, lang)
    attachments = tuple(note.receipt for note in notes)
    return Draft(
        kind="receipt",
        topic=f"receipt:{to.unit}:{period}:{_digest(wording, attachments)}",
        recipient=to.email.strip(),
        unit=to.unit,
        period=period,
        wording=wording,
        updated=wording,
        attachments=attachments,
    )


def summary_message(
    to: Addressee,
    period: str,
    figures: Sequence[KeyFigure],
    *,
    standing: Standing,
    attachments: Sequence[Attachment],
    union: str,
    lang: Lang,
    news: Sequence[str] = (),
    picture: Picture | None = None,
    restated: Sequence[str] = (),
) -> Draft:
    """Return the message that brings an inner unit its summary.

    `news` is what has changed since the last message; only an update tells it. `restated`
    are lines on figures that were published before and have changed.
    """
    values = {
        "introduction": words.INTRODUCTION.format(unit=to.name, period=_label(period, lang))[lang],
        "figures": figures,
        "figure_lines": [_figure_line(figure, lang) for figure in figures],
        "news": news,
        "restated": restated[:_RESTATED_LIMIT],
        "restated_more": words.MORE_RESTATED.format(count=len(restated) - _RESTATED_LIMIT)[lang]
        if len(restated) > _RESTATED_LIMIT
        else "",
        "picture": f"cid:{PICTURE_ID}" if picture else "",
        "picture_words": picture.words if picture else (),
    }
    values |= _standing_values(standing, lang) | _frame(to, period, union, lang)
    subject = words.SUMMARY_SUBJECT.format(
        unit=one_line(to.name, _NAME_LIMIT), period=_label(period, lang)
    )[lang]
    return Draft(
        kind="summary",
        topic=f"summary:{to.unit}:{period}",
        recipient=to.email.strip(),
        unit=to.unit,
        period=period,
        wording=_render("summary", subject, values | {"update": False}),
        updated=_render(
            "summary",
            words.UPDATE_MARK.format(subject=subject)[lang],
            values | {"update": True},
        ),
        attachments=tuple(attachments),
        picture=picture,
    )


def _standing_values(standing: Standing, lang: Lang) -> dict[str, Any]:
    missing = standing.missing
    more = len(missing) - _MISSING_LIMIT
    return {
        "reported": words.REPORTED.format(expected=standing.expected, reported=standing.reported)[
            lang
        ],
        "coverage": standing.coverage,
        "missing_head": words.MISSING.format(count=len(missing))[lang],
        "missing": missing[:_MISSING_LIMIT],
        "missing_more": words.MORE_MISSING.format(count=more)[lang] if more > 0 else "",
    }


def _receipt_wording(
    to: Addressee, period: str, notes: Sequence[ReceiptNote], union: str, lang: Lang
) -> Wording:
    urgency = list(words.STATUSES)
    worst = min((note.status for note in notes), key=urgency.index)
    subject = words.RECEIPT_SUBJECT.format(
        unit=one_line(to.name, _NAME_LIMIT),
        period=_label(period, lang),
        verdict=words.STATUSES[worst].subject[lang],
    )[lang]
    values = {
        "greeting": words.GREETING.format(unit=to.name, count=len(notes))[lang],
        "files": [_file_values(note, lang) for note in notes],
    }
    return _render("receipt", subject, values | _frame(to, period, union, lang))


def _file_values(note: ReceiptNote, lang: Lang) -> dict[str, str]:
    status = words.STATUSES[note.status]
    return {
        "name": note.file,
        "label": status.label[lang],
        "tone": status.tone,
        "received": words.RECEIVED.format(at=f"{note.received_at:%Y-%m-%d %H:%M}")[lang],
        "action": status.action.format(errors=note.errors, warnings=note.warnings)[lang],
        "attachment": words.ATTACHED.format(name=note.receipt.name)[lang],
    }


def _figure_line(figure: KeyFigure, lang: Lang) -> str:
    changes = (
        words.SINCE_QUARTER.format(change=figure.change)[lang] if figure.change else "",
        words.SINCE_YEAR.format(change=figure.over_year)[lang] if figure.over_year else "",
    )
    told = words.COMMA[lang].join(filter(None, changes))
    line = words.FIGURE_CHANGED if told else words.FIGURE
    return line.format(label=figure.label, value=figure.value, changes=told)[lang]


def _frame(to: Addressee, period: str, union: str, lang: Lang) -> dict[str, Any]:
    sent_by = words.SENT_BY.format(union=union) if union else words.SENT_BY_PROGRAM
    return {
        "say": {name: text[lang] for name, text in words.SAYINGS.items()},
        "unit": to.name,
        "period": _label(period, lang),
        "sent_by": sent_by[lang],
    }


def _label(code: str, lang: Lang) -> str:
    period = parse_span(code, Terms())  # its name is the same whenever its terms begin
    return period.label[lang] if period else code


def _digest(wording: Wording, attachments: Sequence[Attachment]) -> str:
    parts = [wording.subject.encode(), wording.text.encode()]
    for attachment in attachments:
        parts += [attachment.name.encode(errors="surrogatepass"), attachment.content]
    # Hashing each part first keeps ("a", "bc") and ("ab", "c") apart.
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


def _render(name: str, subject: str, values: dict[str, Any]) -> Wording:
    subject = " ".join(subject.split())
    templates = _templates()
    return Wording(
        subject=subject,
        text=templates.get_template(f"{name}.txt.j2").render(values, subject=subject),
        html=templates.get_template(f"{name}.html.j2").render(values, subject=subject),
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        # Not `select_autoescape`, which does not know `.html.j2`.
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _harmless(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value
