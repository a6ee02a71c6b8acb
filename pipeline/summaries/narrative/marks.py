"""Numbers that keep their identity in a sentence: a text with marks in, the text and its marks out.

A number enters a sentence between two characters that no published text holds, with what it is:
`value|A03|category|培训`. The finished document has a hidden bookmark in each one's place, so that a
program can read every number again and compare it with where it came from. What has no mark has
no figure in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_OPEN, _SAYS, _CLOSE = "\ue000", "\ue001", "\ue002"
_MARK = re.compile(f"{_OPEN}([^{_OPEN}{_SAYS}]*){_SAYS}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_PRIVATE = re.compile("[\ue000-\uf8ff]")  # no letters: nobody knows what they look like
_NO_NAME = re.compile(r"\W+")
_LONGEST = 40  # characters that Word takes for the name of a bookmark


def marked(shown: str, kind: str, *place: object) -> str:
    """Return a number as it is shown, with its identity: a kind, and where it comes from.

    Kinds: `value` and `change` of the figures (indicator, dimension, key, and the quarter if it is
    an earlier one), `row` of a ledger (unit, row, field), `count` of a list, `name` of a unit or a
    choice, `time` of the period.
    """
    identity = "|".join([kind, *(str(part).replace("|", "_") for part in place)])
    return f"{_OPEN}{identity}{_SAYS}{shown}{_CLOSE}"


def named(shown: str, kind: str, *place: object) -> str:
    """Return a name or a quotation as it is shown, with its identity if there are figures in it."""
    has_figures = any(character.isdigit() for character in shown)
    return marked(shown, kind, *place) if has_figures else shown


def without_marks(foreign: str) -> str:
    """Return a foreign text without the characters that marks are made of."""
    return _PRIVATE.sub("", foreign)


def plain(text: str) -> str:
    """Return a text as it is read.

    >>> plain("参加" + marked("80人次", "row", "U1", 5, "attended"))
    '参加80人次'
    """
    return _MARK.sub(lambda mark: mark[2], text)


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield a text in pieces: an identity, "" for what is no number, and what is shown."""
    done = 0
    for mark in _MARK.finditer(text):
        if mark.start() > done:
            yield "", text[done : mark.start()]
        yield mark[1], mark[2]
        done = mark.end()
    if done < len(text):
        yield "", text[done:]


def bookmark_name(serial: int, identity: str) -> str:
    """Return the name of the bookmark for an identity; Word hides those that begin with `_`.

    >>> bookmark_name(7, "value|A03|month|2026-07")
    '_7_value_A03_month_2026_07'
    """
    return f"_{serial}_{_NO_NAME.sub('_', identity)}"[:_LONGEST]
