"""Rule trees compiled to Python: the columns of a sheet in, the rows that violate the rule out.

Every rule becomes one function, which walks the columns that the rule reads. That of
`date_end >= date_start or blank(note)` is, in the words of `shown`:

    lambda columns, period_start, period_end, first_month, last_month, today:
        [row for row, (v_date_end, v_date_start, v_note)
         in enumerate(zip(columns[3], columns[2], columns[15]))
         if (v_date_end is not None and v_date_start is not None
             and (not v_date_end >= v_date_start)) and v_note is not None]

Python knows two truth values, the rule language three. So every condition becomes two, "definitely
true" and "definitely false", as in `formulas`; the function asks for the latter. A value is only
looked at where nothing in it is blank.

The function is put together from syntax nodes, never from text: what a form says can become a
constant, which is handed over under a name of ours, or a variable that begins with `v_`.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

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
    fields_of,
)

Columns = Sequence[Sequence[Any]]
Violations = Callable[..., list[int]]
"""Called with the columns in the order of the form's fields (None where blank), and the values of
`CONTEXT`; returns the indexes of the rows in which the rule is definitely false."""

_COMPARE: Mapping[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}
_ARITHMETIC: Mapping[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
_FILLER = re.compile(r"[\W_]+")


def compile_violations(node: Node, positions: Mapping[str, int]) -> Violations:
    """Return the function of a rule; `positions` gives each field's place among the columns."""
    tree, constants = _function(node, positions)
    code = compile(ast.fix_missing_locations(ast.Expression(tree)), "<rule>", "eval")
    found: Violations = eval(code, {"__builtins__": {}, **_FUNCTIONS, **constants})
    return found


def shown(node: Node, positions: Mapping[str, int]) -> str:
    """Return the function of a rule as people read it, with the constants that it is given.

    >>> n = FieldRef("n", "number")
    >>> print(shown(Compare("<=", n, Constant(Decimal("1.1"), "number")), {"n": 0}))
    lambda columns, period_start, period_end, first_month, last_month, today: \
[row for row, (v_n,) in enumerate(zip(columns[0])) if v_n is not None and (not v_n <= k1)]
    k1 = Decimal('1.1')
    """
    tree, constants = _function(node, positions)
    return "\n".join([ast.unparse(tree), *(f"{name} = {v!r}" for name, v in constants.items())])


def is_only(text: str, phrases: Iterable[str]) -> bool:
    """Whether nothing is left of `text` once the phrases, spaces and punctuation are taken out.

    >>> is_only("圆满成功，反响热烈！", ["圆满成功", "反响热烈"])
    True
    """
    return _only(phrases)(text)


def _only(phrases: Iterable[str]) -> Callable[[str], bool]:
    longest_first = sorted(phrases, key=len, reverse=True)
    letters = re.escape("".join(sorted(set("".join(longest_first)))))
    foreign = re.compile(rf"[^{letters}\W_]")  # a letter of no phrase, as nearly every text has

    def nothing_else(text: str) -> bool:
        if foreign.search(text):
            return False
        for phrase in longest_first:
            text = text.replace(phrase, "")
        return not _FILLER.sub("", text)

    return nothing_else


def _days(number: Any) -> timedelta:
    return timedelta(days=int(number))


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "enumerate": enumerate,
    "zip": zip,
    "abs": abs,
    "floor": math.floor,
    "length": len,
    "decimal": Decimal,
    "days": _days,
}


def _function(node: Node, positions: Mapping[str, int]) -> tuple[ast.expr, Mapping[str, Any]]:
    """Return the syntax tree of a rule's function, and the constants in it by name."""
    writer, keys = _Writer(), fields_of(node)
    violated = writer.verdict(node).false
    columns: list[ast.expr] = [
        ast.Subscript(_name("columns"), ast.Constant(positions[key]), ast.Load()) for key in keys
    ]
    cells: list[ast.expr] = [ast.Name(_variable(key), ast.Store()) for key in keys]
    row = ast.Tuple([ast.Name("row", ast.Store()), ast.Tuple(cells, ast.Store())], ast.Store())
    walk = ast.comprehension(row, _call("enumerate", _call("zip", *columns)), [violated], 0)
    names = [ast.arg(name) for name in ("columns", *CONTEXT)]
    given = ast.arguments(posonlyargs=[], args=names, kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(given, ast.ListComp(_name("row"), [walk])), writer.constants


class _Verdict(NamedTuple):
    """A condition as two: where it is definitely true, and where definitely false."""

    true: ast.expr
    false: ast.expr


class _Writer:
    """The conditions of one rule as Python, with the constants that they name."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {}

    def verdict(self, node: Node) -> _Verdict:
        match node:
            case Compare():
                left, right = self._value(node.left), self._value(node.right)
                found = ast.Compare(left, [_COMPARE[node.op]()], [right])
                return _where(self._known(node.left, node.right), found)
            case Among():
                options = self._constant(frozenset(node.options))
                found = ast.Compare(self._value(node.item), [ast.In()], [options])
                return _where(self._known(node.item), found)
            case Logic(op="and"):
                true, false = zip(*map(self.verdict, node.parts), strict=True)
                return _Verdict(_all(true), _any(false))
            case Logic():
                true, false = zip(*map(self.verdict, node.parts), strict=True)
                return _Verdict(_any(true), _all(false))
            case Not():
                return _Verdict(*reversed(self.verdict(node.part)))
            case Call(name="present" | "blank"):
                value = self._value(node.args[0])
                verdict = _Verdict(
                    _is_known(value), ast.Compare(value, [ast.Is()], [ast.Constant(None)])
                )
                return verdict if node.name == "present" else _Verdict(*reversed(verdict))
            case Call(name="only", args=(text, Constant(value=tuple(phrases)))):
                nothing_else = ast.Call(self._constant(_only(phrases)), [self._value(text)], [])
                return _where(self._known(text), nothing_else)
        raise TypeError(node)

    def _value(self, node: Node) -> ast.expr:
        """Return what has the node's value, where everything in it is known."""
        match node:
            case Constant():
                return self._constant(node.value)
            case FieldRef():
                return _name(_variable(node.key))
            case ContextRef():
                return _name(node.name)
            case Arithmetic(op="/"):
                left = _call("decimal", self._value(node.left))
                return ast.BinOp(left, ast.Div(), self._value(node.right))
            case Arithmetic():
                left, right = self._value(node.left), self._value(node.right)
                if node.left.type == "date" and node.right.type != "date":
                    right = _call("days", right)
                found = ast.BinOp(left, _ARITHMETIC[node.op](), right)
                is_span = node.right.type == "date"
                return ast.Attribute(found, "days", ast.Load()) if is_span else found
            case Call(name="abs" | "floor" | "length"):
                return _call(node.name, self._value(node.args[0]))
        raise TypeError(node)

    def _known(self, *nodes: Node) -> list[ast.expr]:
        """Return the conditions under which the nodes have a value."""
        found: list[ast.expr] = []
        for node in nodes:
            match node:
                case FieldRef():
                    found.append(_is_known(self._value(node)))
                case Arithmetic():
                    found += self._known(node.left, node.right)
                    if node.op == "/":  # nothing can be said of x / 0
                        found.append(self._value(node.right))
                case Call():
                    found += self._known(*node.args)
        return found

    def _constant(self, value: Any) -> ast.expr:
        name = next((name for name, known in self.constants.items() if known is value), "")
        name = name or f"k{len(self.constants) + 1}"
        self.constants[name] = value
        return _name(name)


def _where(known: Sequence[ast.expr], condition: ast.expr) -> _Verdict:
    once = {ast.dump(value): value for value in known}.values()
    opposite = ast.UnaryOp(ast.Not(), condition)
    return _Verdict(_all([*once, condition]), _all([*once, opposite]))


def _is_known(value: ast.expr) -> ast.expr:
    return ast.Compare(value, [ast.IsNot()], [ast.Constant(None)])


def _all(conditions: Sequence[ast.expr]) -> ast.expr:
    return conditions[0] if len(conditions) == 1 else ast.BoolOp(ast.And(), list(conditions))


def _any(conditions: Sequence[ast.expr]) -> ast.expr:
    return ast.BoolOp(ast.Or(), list(conditions))


def _variable(key: str) -> str:
    return f"v_{key}"


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _call(function: str, *args: ast.expr) -> ast.expr:
    return ast.Call(_name(function), list(args), [])
