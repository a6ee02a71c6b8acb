"""What is made of a part, made once for all workbooks that have the same part.

Workbooks of one template share their small parts byte for byte: styles, relationships, the list of
sheets. So what a pure function makes of such a part and a few plain values is remembered by them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec, TypeVar

Made = TypeVar("Made")
More = ParamSpec("More")

_SMALL = 2**17  # bytes; what hostile files could make us keep stays small


def once_for_all(
    make: Callable[Concatenate[bytes, More], Made],
) -> Callable[Concatenate[bytes, More], Made]:
    """Remember what `make` returned for a small part; nobody may change it."""
    remembered: Callable[..., Any] = lru_cache(maxsize=128)(make)

    def made(part: bytes, /, *args: More.args, **kwargs: More.kwargs) -> Made:
        if len(part) > _SMALL:
            return make(part, *args, **kwargs)
        found: Made = remembered(part, *args, **kwargs)
        return found

    return made
