"""What is worth telling: activities in, a few typical ones out, in order of time.

Those come first whose result says something with a figure in it, one of each unit before a second,
so that no unit speaks for all. What is nothing but praise is not quoted: a clause with a stock
phrase of the form in it is left out, and what then is too short says nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from pipeline.forms.model import Form
from pipeline.summaries.narrative.accounts import Activity

_CLAUSES = re.compile(r"[^，。；;,!！？?]+[，。；;,!！？?]*")
_ENDS = "，。；;,!！？? "
_THING = "活动"  # a stock phrase that ends so names the thing and does not praise it
SHORTEST = 6  # characters; less says nothing (rule A-07)


def said_plainly(text: str, form: Form | None, shortest: int = SHORTEST) -> str:
    """Return a text without the clauses that hold a stock phrase; "" where too little is left.

    >>> said_plainly("80人参加，取得圆满成功，评出前三名。", None)
    '80人参加，取得圆满成功，评出前三名'
    """
    phrases = _praise(form)
    kept = [c for c in _CLAUSES.findall(text) if not any(phrase in c for phrase in phrases)]
    left = "".join(kept).strip(_ENDS)
    return left if len(left) >= shortest else ""


def typical(activities: Iterable[Activity], most: int, form: Form | None) -> list[Activity]:
    """Return at most so many activities, in order of time."""
    told = [(activity, said_plainly(activity.result, form)) for activity in activities]
    ranked = sorted(told, key=lambda pair: _worth(*pair), reverse=True)
    turns: list[tuple[int, int, Activity]] = []
    seen = Counter[str]()
    for activity, _ in ranked:
        seen[activity.unit] += 1
        turns.append((seen[activity.unit], len(turns), activity))
    chosen = [activity for _, _, activity in sorted(turns, key=lambda turn: turn[:2])][:most]
    return sorted(chosen, key=lambda a: (a.date_start, a.date_end, a.unit, a.row))


def _worth(activity: Activity, result: str) -> tuple[bool, bool, bool, int, str, int]:
    figures = any(character.isdigit() for character in result)
    return (
        bool(result),
        figures,
        bool(activity.plan_id),
        activity.attended or 0,
        activity.unit,
        -activity.row,
    )


def _praise(form: Form | None) -> Sequence[str]:
    listed = form.parameters.get("stock_phrases", ()) if form else ()
    return [p for p in listed if not p.endswith(_THING)] if isinstance(listed, tuple) else ()
