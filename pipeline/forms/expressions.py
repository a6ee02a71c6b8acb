"""The rule language: text in, a checked and typed tree out.

A small whitelisted part of Python's expression syntax over the fields of one row:

    comparisons   == != < <= > >=, chains, `in (…)`, `not in (…)`
    arithmetic    + - * /  and date - date (days), date ± days
    logic         and or not
    functions     present(x) blank(x) abs(n) floor(n) length(text) only(text, phrases)
    names         fields, the form's parameters, period_start period_end first_month last_month today
    literals      numbers, quoted texts

What a blank means: it says nothing. Arithmetic with a blank is unknown, a comparison with a blank
is unknown, `and`/`or`/`not` follow Kleene (unknown or true = true; unknown and true = unknown),
and a rule is violated only where it is definitely false. `present` and `blank` are always definite.
Everything in a tree therefore has an Excel and an SQL counterpart: "definitely true" and
"definitely false" are both plain formulas.

Text is parsed with `ast` and never evaluated. What is not listed above is an ExpressionError.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pipeline.errors import ExpressionError, suggestion

Type = Literal["number", "date", "month", "text", "flag", "bool", "texts"]

CONTEXT: Mapping[str, Type] = {
    "period_start": "date",
    "period_end": "date",
    "first_month": "month",
    "last_month": "month",
    "today": "date",
}
FUNCTIONS: Mapping[str, tuple[tuple[Type | Literal["any"], ...], Type]] = {
    "present": (("any",), "bool"),
    "blank": (("any",), "bool"),
    "abs": (("number",), "number"),
    "floor": (("number",), "number"),
    "length": (("text",), "number"),
    "only": (("text", "texts"), "bool"),
}


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant: a number, a text or a list of texts."""

    value: Decimal | str | tuple[str, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class FieldRef:
    """The value of a field of the row."""

    key: str
    type: Type


@dataclass(frozen=True, slots=True)
class ContextRef:
    """One of `CONTEXT`: a value of the whole workbook."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left op right`, op one of + - * /."""

    op: str
    left: Node
    right: Node
    type: Type


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`, op one of == != < <= > >=; unknown if either is blank."""

    op: str
    left: Node
    right: Node
    type: Type = "bool"


@dataclass(frozen=True, slots=True)
class Among:
    """`item in options`; unknown if the item is blank."""

    item: Node
    options: tuple[str, ...]
    type: Type = "bool"


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or` over two or more parts."""

    op: Literal["and", "or"]
    parts: tuple[Node, ...]
    type: Type = "bool"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    part: Node
    type: Type = "bool"


@dataclass(frozen=True, slots=True)
class Call:
    """One of `FUNCTIONS`."""

    name: str
    args: tuple[Node, ...]
    type: Type


Node = Constant | FieldRef | ContextRef | Arithmetic | Compare | Among | Logic | Not | Call


@dataclass(frozen=True, slots=True)
class Scope:
    """The names an expression may use.

    `fields` maps a key to its type, `choices` a choice field to its values, `parameters` a name to
    a number, a text or a list of texts.
    """

    fields: Mapping[str, Type]
    choices: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Decimal | str | tuple[str, ...]]


def parse_expression(text: str, scope: Scope, where: str, expect: Type = "bool") -> Node:
    """Return the checked tree of `text`. Raises ExpressionError naming place, part and reason."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"{where}: 表达式写法不对 (syntax): {text.strip()[:80]}") from None
    node = _Parser(scope, where, text).build(tree)
    if node.type != expect:
        raise ExpressionError(
            f"{where}: “{text.strip()}” 得到的是{_NAMES[node.type]}，这里需要{_NAMES[expect]}"
            f" ({node.type}, expected {expect})。"
        )
    return node


def fields_of(node: Node) -> tuple[str, ...]:
    """Return the keys of the fields that the tree reads, each once, in order of appearance."""
    return tuple(dict.fromkeys(n.key for n in _walk(node) if isinstance(n, FieldRef)))


def reads_today(node: Node) -> bool:
    """Tell whether the tree's verdict depends on the day on which it is asked."""
    return any(isinstance(n, ContextRef) and n.name == "today" for n in _walk(node))


def _walk(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Arithmetic() | Compare():
            yield from _walk(node.left)
            yield from _walk(node.right)
        case Among():
            yield from _walk(node.item)
        case Logic():
            for part in node.parts:
                yield from _walk(part)
        case Not():
            yield from _walk(node.part)
        case Call():
            for arg in node.args:
                yield from _walk(arg)


_NAMES: Mapping[Type, str] = {
    "number": "数字",
    "date": "日期",
    "month": "月份",
    "text": "文字",
    "flag": "是/否",
    "bool": "判断",
    "texts": "文字列表",
}
_COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_ORDERED: frozenset[Type] = frozenset({"number", "date", "month"})


class _Parser:
    def __init__(self, scope: Scope, where: str, text: str) -> None:
        self._scope = scope
        self._where = where
        self._text = text

    def build(self, tree: ast.expr) -> Node:
        match tree:
            case ast.Constant(value=value):
                return self._literal(tree, value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.BinOp():
                return self._arithmetic(tree)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._negative(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self._bool(operand))
            case ast.BoolOp(op=op, values=values):
                return Logic(
                    "and" if isinstance(op, ast.And) else "or", tuple(map(self._bool, values))
                )
            case ast.Compare():
                return self._comparison(tree)
            case ast.Call():
                return self._call(tree)
            case ast.Tuple() | ast.List():
                return Constant(self._texts(tree), "texts")
        raise self._fault(f"不能使用 “{ast.unparse(tree)[:60]}” (not in the rule language)")

    def _fault(self, problem: str) -> ExpressionError:
        return ExpressionError(f"{self._where}: {problem}。表达式：{self._text.strip()}")

    def _literal(self, tree: ast.Constant, value: object) -> Node:
        if isinstance(value, str):
            return Constant(value, "text")
        if type(value) in (int, float):
            # The digits as written: going through the float would give 0.005 a tail.
            written = ast.get_source_segment(self._text.strip(), tree)
            return Constant(Decimal(written or repr(value)), "number")
        raise self._fault(f"不能使用 “{value!r}” (not in the rule language)")

    def _name(self, name: str) -> Node:
        scope = self._scope
        if name in scope.fields:
            return FieldRef(name, scope.fields[name])
        if name in scope.parameters:
            value = scope.parameters[name]
            if isinstance(value, Decimal):
                return Constant(value, "number")
            return Constant(value, "text" if isinstance(value, str) else "texts")
        if name in CONTEXT:
            return ContextRef(name, CONTEXT[name])
        known = [*scope.fields, *scope.parameters, *CONTEXT]
        hint = _hint(name, known)
        raise self._fault(f"没有 “{name}” 这个字段或参数 (unknown name){hint}")

    def _arithmetic(self, tree: ast.BinOp) -> Node:
        op = _ARITHMETIC.get(type(tree.op))
        if op is None:
            raise self._fault(f"不能使用 “{ast.unparse(tree)[:60]}” (not in the rule language)")
        left, right = self.build(tree.left), self.build(tree.right)
        pair = (left.type, right.type)
        if pair == ("number", "number"):
            return Arithmetic(op, left, right, "number")
        if op == "-" and pair == ("date", "date"):
            return Arithmetic(op, left, right, "number")
        if op in "+-" and pair == ("date", "number"):
            return Arithmetic(op, left, right, "date")
        raise self._fault(f"{_NAMES[left.type]} {op} {_NAMES[right.type]} 没有意义 (types)")

    def _negative(self, operand: ast.expr) -> Node:
        inner = self.build(operand)
        if isinstance(inner, Constant) and isinstance(inner.value, Decimal):
            return Constant(-inner.value, "number")
        if inner.type != "number":
            raise self._fault("负号只能用于数字 (types)")
        return Arithmetic("-", Constant(Decimal(0), "number"), inner, "number")

    def _bool(self, tree: ast.expr) -> Node:
        node = self.build(tree)
        if node.type != "bool":
            raise self._fault(
                f"“{ast.unparse(tree)}” 不是判断，不能用于 and / or / not (not a condition)"
            )
        return node

    def _comparison(self, tree: ast.Compare) -> Node:
        items = [tree.left, *tree.comparators]
        parts = tuple(
            self._compare(op, left, right)
            for op, left, right in zip(tree.ops, items[:-1], items[1:], strict=True)
        )
        return parts[0] if len(parts) == 1 else Logic("and", parts)

    def _compare(self, op: ast.cmpop, left_tree: ast.expr, right_tree: ast.expr) -> Node:
        left = self.build(left_tree)
        if isinstance(op, ast.In | ast.NotIn):
            among = Among(left, self._options(left, right_tree))
            return Not(among) if isinstance(op, ast.NotIn) else among
        symbol = _COMPARE.get(type(op))
        if symbol is None:
            raise self._fault("不能使用 is (not in the rule language)")
        right = self.build(right_tree)
        if left.type != right.type or left.type in ("bool", "texts"):
            raise self._fault(f"{_NAMES[left.type]} 不能和 {_NAMES[right.type]} 比较 (types)")
        if symbol not in ("==", "!=") and left.type not in _ORDERED:
            raise self._fault(f"{_NAMES[left.type]} 只能用 == 和 != 比较 (types)")
        self._check_choice(left, right)
        self._check_choice(right, left)
        return Compare(symbol, left, right)

    def _check_choice(self, field: Node, literal: Node) -> None:
        if isinstance(literal, Constant) and isinstance(literal.value, str):
            self._check_options(field, (literal.value,))

    def _options(self, item: Node, tree: ast.expr) -> tuple[str, ...]:
        options = self.build(tree)
        if item.type != "text" or not isinstance(options, Constant) or options.type != "texts":
            raise self._fault("in 的左边应是文字，右边应是文字列表 (types)")
        assert isinstance(options.value, tuple)
        self._check_options(item, options.value)
        return options.value

    def _check_options(self, item: Node, options: tuple[str, ...]) -> None:
        known = self._scope.choices.get(item.key) if isinstance(item, FieldRef) else None
        for option in options:
            if known and option not in known:
                hint = _hint(option, known)
                raise self._fault(f"“{option}” 不在该字段的选项里 (not a choice){hint}")

    def _texts(self, tree: ast.Tuple | ast.List) -> tuple[str, ...]:
        values = []
        for item in tree.elts:
            if not isinstance(item, ast.Constant) or not isinstance(item.value, str):
                raise self._fault("列表里只能是带引号的文字 (texts only)")
            values.append(item.value)
        return tuple(values)

    def _call(self, tree: ast.Call) -> Node:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        if name not in FUNCTIONS:
            hint = _hint(name, FUNCTIONS)
            raise self._fault(f"没有函数 “{ast.unparse(tree.func)[:40]}” (unknown function){hint}")
        wanted, result = FUNCTIONS[name]
        if tree.keywords or len(tree.args) != len(wanted):
            raise self._fault(f"{name} 需要 {len(wanted)} 个值 (arguments)")
        args = tuple(self.build(arg) for arg in tree.args)
        for arg, want in zip(args, wanted, strict=True):
            if want != "any" and arg.type != want:
                raise self._fault(f"{name} 需要{_NAMES[want]}，得到{_NAMES[arg.type]} (types)")
        if name in ("present", "blank") and not isinstance(args[0], FieldRef):
            raise self._fault(f"{name} 只能用于字段 (a field)")
        return Call(name, args, result)


def _hint(word: str, known: Iterable[str]) -> str:
    hint = suggestion(word, known)
    return f"，{hint}" if hint else ""
