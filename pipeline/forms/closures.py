"""Rule trees compiled to Python closures: a row's values in, True, False or None (unknown) out.

A row is a sequence of values in the order of the form's fields, None where blank. A context is a
sequence in the order of `CONTEXT`. Every node becomes one small function, built once a form.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pipeline.forms.expressions import (
    CONTEXT,
    Among,
    Arithmetic,
    Call,
    Compare,
    Constant,
    ContextRef,
    FieldRef,
    Logic,
    Node,
    Not,
)

Row = Sequence[Any]
Closure = Callable[[Row, Row], Any]

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {"abs": abs, "floor": math.floor, "length": len}
_FILLER = re.compile(r"[\W_]+")


def compile_closure(node: Node, positions: Mapping[str, int]) -> Closure:
    """Return the closure of a tree; `positions` gives each field's place in a row."""

    def build(node: Node) -> Closure:
        match node:
            case Constant(value=value):
                return lambda _row, _context: value
            case FieldRef(key=key):
                place = positions[key]
                return lambda row, _context: row[place]
            case ContextRef(name=name):
                index = list(CONTEXT).index(name)
                return lambda _row, context: context[index]
            case Compare(left=FieldRef(key=key), right=Constant(value=value)):
                return _field_to_constant(_OPERATORS[node.op], positions[key], value)
            case Compare(left=FieldRef(key=key), right=FieldRef(key=other)):
                return _field_to_field(_OPERATORS[node.op], positions[key], positions[other])
            case Compare():
                return _binary(_OPERATORS[node.op], build(node.left), build(node.right))
            case Arithmetic():
                return _binary(_arithmetic(node), build(node.left), build(node.right))
            case Among():
                return _among(build(node.item), frozenset(node.options))
            case Logic(op="and"):
                return _all([build(part) for part in node.parts])
            case Logic():
                return _any([build(part) for part in node.parts])
            case Not():
                return _not(build(node.part))
            case Call():
                if node.name == "only":
                    return _only(build(node.args[0]), node.args[1])
                return _call(node.name, build(node.args[0]))

    return build(node)


def is_only(text: str, phrases: Sequence[str]) -> bool:
    """Whether nothing is left of `text` once the phrases, spaces and punctuation are taken out.

    >>> is_only("圆满成功，反响热烈！", ["圆满成功", "反响热烈"])
    True
    """
    return _is_nothing_without(text, sorted(phrases, key=len, reverse=True))


def _is_nothing_without(text: str, longest_first: Sequence[str]) -> bool:
    for phrase in longest_first:
        text = text.replace(phrase, "")
    return not _FILLER.sub("", text)


def _binary(apply: Callable[[Any, Any], Any], left: Closure, right: Closure) -> Closure:
    def run(row: Row, context: Row) -> Any:
        a = left(row, context)
        if a is None:
            return None
        b = right(row, context)
        return None if b is None else apply(a, b)

    return run


# The two commonest comparisons without the calls that `_binary` would make.
def _field_to_constant(apply: Callable[[Any, Any], Any], place: int, value: Any) -> Closure:
    def run(row: Row, _context: Row) -> Any:
        a = row[place]
        return None if a is None else apply(a, value)

    return run


def _field_to_field(apply: Callable[[Any, Any], Any], place: int, other: int) -> Closure:
    def run(row: Row, _context: Row) -> Any:
        a, b = row[place], row[other]
        return None if a is None or b is None else apply(a, b)

    return run


def _arithmetic(node: Arithmetic) -> Callable[[Any, Any], Any]:
    if node.op == "/":
        return _divide
    if node.left.type != "date":
        return _OPERATORS[node.op]
    if node.right.type == "date":
        return lambda a, b: (a - b).days
    sign = 1 if node.op == "+" else -1
    return lambda a, b: a + timedelta(days=sign * int(b))


def _divide(a: Any, b: Any) -> Decimal | None:
    return Decimal(a) / Decimal(b) if b else None  # nothing can be said of x / 0


def _among(item: Closure, options: frozenset[str]) -> Closure:
    def run(row: Row, context: Row) -> bool | None:
        value = item(row, context)
        return None if value is None else value in options

    return run


def _all(parts: list[Closure]) -> Closure:
    def run(row: Row, context: Row) -> bool | None:
        verdict: bool | None = True
        for part in parts:
            value = part(row, context)
            if value is False:
                return False
            if value is None:
                verdict = None
        return verdict

    return run


def _any(parts: list[Closure]) -> Closure:
    def run(row: Row, context: Row) -> bool | None:
        verdict: bool | None = False
        for part in parts:
            value = part(row, context)
            if value is True:
                return True
            if value is None:
                verdict = None
        return verdict

    return run


def _not(part: Closure) -> Closure:
    def run(row: Row, context: Row) -> bool | None:
        value = part(row, context)
        return None if value is None else not value

    return run


def _only(text: Closure, phrases: Node) -> Closure:
    assert isinstance(phrases, Constant) and isinstance(phrases.value, tuple)
    longest_first = sorted(phrases.value, key=len, reverse=True)

    def run(row: Row, context: Row) -> bool | None:
        value = text(row, context)
        return None if value is None else _is_nothing_without(value, longest_first)

    return run


def _call(name: str, first: Closure) -> Closure:
    if name == "present":
        return lambda row, context: first(row, context) is not None
    if name == "blank":
        return lambda row, context: first(row, context) is None
    function = _FUNCTIONS[name]

    def run(row: Row, context: Row) -> Any:
        value = first(row, context)
        return None if value is None else function(value)

    return run
