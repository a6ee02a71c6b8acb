"""The tables beside this file: rows as they stand, and the small notations in their cells.

`plan_items.csv` are real plans of school and company unions (month 13 is January of the next
year), the others are plausible inventions. Lists are separated by `;`, spans by `-`.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


@cache
def sample_rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table, each by column."""
    path = Path(__file__).with_name(f"{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def span(text: str) -> tuple[int, int]:
    """Return the ends of a span.

    >>> span("7-10")
    (7, 10)
    """
    low, high = text.split("-")
    return int(low), int(high)


def items(text: str) -> tuple[str, ...]:
    """Return the members of a list.

    >>> items("P5;P3"), items("")
    (('P5', 'P3'), ())
    """
    return tuple(text.split(";")) if text else ()
