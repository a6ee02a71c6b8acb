"""What a rule means, said as plainly as can be: a tree and one row in, True, False or None out.

The pipeline says it in Python, in SQL and in Excel formulas; each of them is held against this.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
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

OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "+": operator.add, "-": operator.sub, "*": operator.mul,
}  # fmt: skip


def meaning(node: Node, row: Mapping[str, Any], context: Sequence[Any]) -> Any:
    """Return a node's value in a row of values by key; None is blank, or unknown."""

    def of(part: Node) -> Any:
        return meaning(part, row, context)

    match node:
        case Constant():
            return node.value
        case FieldRef():
            return row[node.key]
        case ContextRef():
            return context[list(CONTEXT).index(node.name)]
        case Compare() | Arithmetic():
            left, right = of(node.left), of(node.right)
            return None if left is None or right is None else applied(node, left, right)
        case Among():
            item = of(node.item)
            return None if item is None else item in node.options
        case Logic():
            parts, decisive = [of(part) for part in node.parts], node.op == "or"
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        case Not():
            part = of(node.part)
            return None if part is None else not part
        case Call(name="present"):
            return of(node.args[0]) is not None
        case Call(name="blank"):
            return of(node.args[0]) is None
        case Call():
            first = of(node.args[0])
            return None if first is None else called(node, first)


def applied(node: Compare | Arithmetic, left: Any, right: Any) -> Any:
    if node.op == "/":
        return Decimal(left) / Decimal(right) if right else None
    if isinstance(node, Compare) or node.left.type == "number":
        return OPERATORS[node.op](left, right)
    if node.right.type == "date":
        return (left - right).days
    return OPERATORS[node.op](left, timedelta(int(right)))


def called(node: Call, first: Any) -> Any:
    if node.name == "only":
        for phrase in sorted(node.args[1].value, key=len, reverse=True):
            first = first.replace(phrase, "")
        return not re.sub(r"[\W_]+", "", first)
    return {"abs": abs, "floor": math.floor, "length": len}[node.name](first)
