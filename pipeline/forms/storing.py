"""How values are kept in the database: typed values in, whole numbers and text out, and back.

Dates and months are ISO text, so that they sort and read alike in every database; money is whole
fen; yes/no is 1/0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pipeline.forms.model import FieldType

TO_STORED: Mapping[FieldType, Callable[[Any], Any]] = {
    "money": lambda amount: int(amount * 100),
    "date": lru_cache(maxsize=4096)(date.isoformat),  # the days of a quarter
    "flag": int,
}
"""How values of some types are kept; those of the others as they are."""


def to_stored(field_type: FieldType, value: Any) -> Any:
    """Return a field's value as the database keeps it.

    >>> to_stored("money", Decimal("12.30"))
    1230
    """
    keep = TO_STORED.get(field_type)
    return value if value is None or keep is None else keep(value)


def from_stored(field_type: FieldType, value: Any) -> Any:
    """Return the value of a field from what the database keeps; the inverse of `to_stored`."""
    if value is None:
        return None
    if field_type == "money":
        return Decimal(value).scaleb(-2)
    if field_type == "date":
        return date.fromisoformat(value)
    if field_type == "flag":
        return bool(value)
    return value
