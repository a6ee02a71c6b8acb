"""What is worth telling: activities in, a few typical ones out, the most worth telling first.

Those come first whose result says something with a figure in it, one of each unit before a second,
so that no unit speaks for all. What is nothing but praise is not quoted: a clause with a stock
phrase of the form in it is left out, and what then is too short says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from heapq import nlargest
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Protocol, TypeVar

from pipeline.forms.model import Form

_CLAUSES = re.compile(r"[^，。；;,!！？?]+[，。；;,!！？?]*")
_ENDS = "，。；;,!！？? "
_THING = "活动"  # a stock phrase that ends so names the thing and does not praise it
SHORTEST = 6  # characters; less says nothing (rule A-07)

Praise = re.Pattern[str]


class Told(Protocol):
    """What is looked at of an activity."""

    @property
    def unit(self) -> str: ...
    @property
    def row(self) -> int: ...
    @property
    def attended(self) -> int | None: ...
    @property
    def result(self) -> str | None: ...
    @property
    def plan_id(self) -> str | None: ...


T = TypeVar("T", bound=Told)


def praise_of(form: Form | None) -> Praise:
    """Return what finds a stock phrase of a form."""
    listed = form.parameters.get("stock_phrases", ()) if form else ()
    phrases = listed if isinstance(listed, tuple) else ()
    praising = (re.escape(p) for p in phrases if not p.endswith(_THING))
    return re.compile("|".join(praising) or "(?!)")  # nothing praises where none is listed


def said_plainly(text: str, praise: Praise, shortest: int = SHORTEST) -> str:
    """Return a text without the clauses that hold a stock phrase; "" where too little is left.

    >>> said_plainly("80人参加，取得圆满成功，评出前三名。", re.compile("圆满成功"))
    '80人参加，评出前三名'
    """
    if praise.search(text):
        text = "".join(c for c in _CLAUSES.findall(text) if not praise.search(c))
    left = text.strip(_ENDS)
    return left if len(left) >= shortest else ""


def typical(activities: Iterable[T], most: int, praise: Praise) -> list[T]:
    """Return at most so many activities, those first that are most worth telling.

    The activities stand unit by unit; no more than those of one are held.
    """
    found = nlargest(most, _in_turns(activities, most, praise), key=itemgetter(0))
    return [activity for _, activity in found]


Worth = tuple[bool, bool, bool, int, str, int]


def _in_turns(
    activities: Iterable[T], most: int, praise: Praise
) -> Iterator[tuple[tuple[int, Worth], T]]:
    """Yield each unit's best activities with how early it is their turn, and what they are worth."""
    for _, of_unit in groupby(activities, key=attrgetter("unit")):
        worth = [(_worth(activity, praise), activity) for activity in of_unit]
        worth.sort(key=itemgetter(0), reverse=True)
        for turn, (value, activity) in enumerate(worth[:most]):
            yield (-turn, value), activity


def _worth(activity: Told, praise: Praise) -> Worth:
    result = said_plainly(activity.result or "", praise)
    return (
        bool(result),
        any(map(str.isdigit, result)),
        bool(activity.plan_id),
        activity.attended or 0,
        activity.unit,
        -activity.row,
    )
