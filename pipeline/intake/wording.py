"""Headings that are not spelt as the form has them: what may be meant, and how sure that is.

In: a heading and a form. Out: the field it means. A note in brackets that names a plain unit or
says that the column is required changes nothing, and `实缴金额（元）` is certain. A heading close in
spelling is a guess: one character makes members (会员) of party members (党员), so a guess must be
said aloud. A multiple of the unit (万元) is never guessed away: the figures would be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from pipeline.forms.model import Field, Form
from pipeline.texts import fold, label_key

SURE, LIKE = 80, 50
"""How alike a heading and a label are, of 100: close enough alone, and with its place for it."""


def plain_key(text: str) -> str:
    """Return a heading's key without notes in brackets: units, and what must be filled.

    A multiple of the unit is such a note too; `other_unit` tells it.

    >>> plain_key("实缴金额（元）*"), plain_key("实缴（补缴）"), plain_key("地点(选填)")
    ('实缴金额', '实缴(补缴)', '地点')
    """
    return label_key(_NOTE.sub(_without_unit, fold(text)))


def field_by_plain_key(form: Form, text: str) -> Field | None:
    """Return the one field with a label or alias that differs from the heading by a note only."""
    key = plain_key(text)
    found = [field for field in form.fields if key and key in map(plain_key, _labels(field))]
    return found[0] if len(found) == 1 else None


def likeness(field: Field, text: str) -> float:
    """Return how alike a heading and the field's labels are in spelling, of 100."""
    from rapidfuzz import fuzz  # heavy import, needed only where a heading is not known

    key = plain_key(text)
    return max(fuzz.ratio(key, plain_key(label)) for label in _labels(field))


def field_by_spelling(form: Form, text: str, missing: Collection[str]) -> Field | None:
    """Return the missing field that a heading is close to, if it is close to no other field."""
    ranked = sorted(form.fields, key=lambda field: likeness(field, text), reverse=True)
    best = ranked[0]
    score = likeness(best, text)
    if best.key not in missing or score < SURE:
        return None
    if len(ranked) > 1 and likeness(ranked[1], text) > score - _APART:
        return None
    return best


def other_unit(field: Field, text: str) -> str:
    """Return the multiple of the unit that a heading names and the field's labels do not.

    >>> from pipeline.texts import Text
    >>> other_unit(Field("cost", Text("支出(元)", "Cost"), "money"), "支出（万元）")
    '万元'
    """
    found = _MULTIPLE.search(fold(text))
    if found is None or any(found[0] in fold(label) for label in _labels(field)):
        return ""
    return found[0]


_APART = 10  # how much less alike every other field must be
_NOTE = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】")
_MULTIPLE = re.compile(r"[十百千万亿]+元|\bk\b|thousand|million")
_PLAIN_NOTES = frozenset(
    [
        "",
        "元",
        "人民币",
        "人民币元",
        "人",
        "人次",
        "次",
        "场",
        "场次",
        "户",
        "项",
        "个",
        "必填",
        "选填",
        "可不填",
        "可空",
        "非必填",
        "yuan",
        "rmb",
        "cny",
        "required",
        "optional",
        "persons",
        "times",
    ]
)


def _without_unit(note: re.Match[str]) -> str:
    words = label_key(next(group for group in note.groups() if group is not None))
    for lead in ("单位", "计量单位"):
        words = words.removeprefix(lead)
    return "" if words in _PLAIN_NOTES or _MULTIPLE.fullmatch(words) else note[0]


def _labels(field: Field) -> tuple[str, ...]:
    return (field.label.zh, field.label.en, *field.aliases)
