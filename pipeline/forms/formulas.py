"""Rule trees compiled to Excel formulas: the second form of the rule language, beside
`violations`.

In: a checked tree. Out: a formula that is TRUE exactly where the rule is violated, written over
defined names that stand for the fields of one row (`value_name` and its like; `workbook_reading`
says what they hold). Only functions that Excel 2010, WPS and LibreOffice all have are used.

Excel knows two truth values, the rule language three. So every condition becomes two formulas,
"definitely true" and "definitely false"; where a blank decides, neither holds. A cell that cannot
be judged by a formula makes its rules silent: the sheet may know less than the pipeline, it never
says anything else.

Numbers are binary in a sheet and decimal in the pipeline. Differences are rounded before they are
compared, so that 0.1 + 0.2 is 0.3 in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipeline.errors import ExpressionError
from pipeline.forms.expressions import (
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
    Type,
    fields_of,
)

LONGEST_FORMULA, LONGEST_TEXT = 8192, 255  # characters, of a formula and of a text in it
PUNCTUATION = (
    " \n，。、；：？！…—～·“”‘’「」『』（）《》〈〉【】〔〕［］｛｝．"
    ",.;:?!~'\"()[]{}<>-_/\\|@#$%^&*+=`　★☆●○◆◇■□▲△※√×→￥¥"
)

_DEEPEST = 60  # Excel nests 64 levels; the rest is for what the formula is put into
_MOST_DIGITS = 15
_PLACES, _PLACES_OF_QUOTIENTS = 6, 9
_LONGEST_REST = 200  # characters of a text that are looked at for a word beside stock phrases
_OPERATORS: Mapping[str, tuple[str, str]] = {  # as Excel writes it, and its opposite
    "==": ("=", "<>"),
    "!=": ("<>", "="),
    "<": ("<", ">="),
    "<=": ("<=", ">"),
    ">": (">", "<="),
    ">=": (">=", "<"),
}
_NUMBER_TYPES: frozenset[Type] = frozenset({"number", "date", "month"})


def compile_formula(node: Node, form: str, free_texts: Collection[str], where: str) -> str:
    """Return the formula that is TRUE where the rule `node` is definitely false.

    `form` is the key of the form, `free_texts` the fields that hold what people write, rather
    than a choice. Raises ExpressionError where the formula would be beyond what Excel takes.
    """
    compiler = _Compiler(form, frozenset(free_texts), where)
    violated = compiler.verdict(node).false
    readable = _all([readable_name(form, key) for key in fields_of(node)])
    formula = f"IF({readable},{violated},FALSE)"
    if len(formula) > LONGEST_FORMULA or _depth(formula) > _DEEPEST:
        raise compiler.fault("公式太长 (the formula is too long)")
    return formula


def value_name(form: str, field: str) -> str:
    """Return the name of a field's value, defaults filled in; "" where it is blank.

    Numbers are numbers, dates whole serial numbers, months 202607, choices the stored word, texts
    as typed and trimmed, flags TRUE or FALSE.
    """
    return f"v_{form}__{field}"


def readable_name(form: str, field: str) -> str:
    """Return the name that is TRUE where the value is certain, a blank included."""
    return f"ok_{form}__{field}"


def plain_name(form: str, field: str) -> str:
    """Return the name that is TRUE where a text's value is the very text that was typed."""
    return f"plain_{form}__{field}"


def context_name(name: str) -> str:
    """Return the name of one of the rule language's context names; "" where it is unknown."""
    return f"context_{name}"


def quoted(text: str) -> str:
    """Return a text as it stands in a formula: in quotes, its own quotes doubled."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Two formulas that are TRUE or FALSE and never fail: certain truth and certain falsehood."""

    true: str
    false: str


@dataclass(frozen=True, slots=True)
class _Value:
    """A formula that holds where all of `known` are TRUE and none of `divisors` is 0.

    The conditions of `known` never fail; a divisor may where they do not hold.
    """

    text: str
    known: tuple[str, ...] = ()
    divisors: tuple[str, ...] = ()


class _Compiler:
    def __init__(self, form: str, free_texts: frozenset[str], where: str) -> None:
        self._form = form
        self._free_texts = free_texts
        self._where = where

    def fault(self, problem: str) -> ExpressionError:
        return ExpressionError(
            f"{self._where}: 表内核对做不到：{problem}。请改写这条规则，或用 pipeline_only 写明"
            "为什么只由汇总程序核对 (cannot be shown in the sheet; simplify it or say why under"
            " pipeline_only)。"
        )

    def verdict(self, node: Node) -> _Verdict:
        match node:
            case Compare():
                return self._compare(node)
            case Among():
                item = self._value(node.item)
                found = _any([f"EXACT({item.text},{self._text(o)})" for o in node.options])
                return _Verdict(_where_known([item], found), _where_known([item], f"NOT({found})"))
            case Logic(op=op):
                parts = [self.verdict(part) for part in node.parts]
                if op == "and":
                    return _Verdict(_all([p.true for p in parts]), _any([p.false for p in parts]))
                return _Verdict(_any([p.true for p in parts]), _all([p.false for p in parts]))
            case Not():
                part = self.verdict(node.part)
                return _Verdict(part.false, part.true)
            case Call(name="only"):
                return self._only(node)
            case Call(name="present" | "blank", args=(FieldRef(key=key),)):
                value = value_name(self._form, key)
                there, gone = f'{value}<>""', f'{value}=""'
                return _Verdict(there, gone) if node.name == "present" else _Verdict(gone, there)
        raise TypeError(node)

    def _compare(self, node: Compare) -> _Verdict:
        left, right = self._value(node.left), self._value(node.right)
        operator, opposite = _OPERATORS[node.op]
        if node.left.type == "text":
            same = f"EXACT({left.text},{right.text})"
            true, false = (same, f"NOT({same})") if node.op == "==" else (f"NOT({same})", same)
        elif node.left.type == "flag":
            true, false = (f"{left.text}{sign}{right.text}" for sign in (operator, opposite))
        else:
            places = _PLACES_OF_QUOTIENTS if left.divisors or right.divisors else _PLACES
            difference = left.text if right.text == "0" else f"{left.text}-{right.text}"
            true, false = (f"ROUND({difference},{places}){sign}0" for sign in (operator, opposite))
        values = (left, right)
        return _Verdict(_where_known(values, true), _where_known(values, false))

    def _only(self, node: Call) -> _Verdict:
        """TRUE where no character is left that could belong to a word."""
        item, phrases = self._value(node.args[0]), node.args[1]
        assert isinstance(phrases, Constant) and isinstance(phrases.value, tuple)
        rest = item.text
        for phrase in sorted(filter(None, phrases.value), key=len, reverse=True):
            rest = f'SUBSTITUTE({rest},{self._text(phrase)},"")'
        places = ",".join(map(str, range(1, _LONGEST_REST + 1)))
        # Beyond the end there is nothing, and only Excel finds nothing everywhere.
        each = f'LEFT(MID({rest},{{{places}}},1)&" ",1)'
        others = f"SUMPRODUCT(--ISERROR(FIND({each},{quoted(PUNCTUATION)})))"
        return _Verdict(_where_known([item], f"{others}=0"), _where_known([item], f"{others}>0"))

    def _value(self, node: Node) -> _Value:
        match node:
            case Constant(value=Decimal() as number):
                return _Value(self._number(number))
            case Constant(value=str() as text):
                return _Value(self._text(text))
            case ContextRef(name="today"):
                return _Value("TODAY()")
            case ContextRef(name=name):
                return _Value(context_name(name), (f"ISNUMBER({context_name(name)})",))
            case FieldRef():
                return self._field(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Call(name=name, args=(inner,)):
                return self._call(name, self._value(inner))
        raise TypeError(node)

    def _field(self, node: FieldRef) -> _Value:
        value = value_name(self._form, node.key)
        if node.type in _NUMBER_TYPES:
            return _Value(value, (f"ISNUMBER({value})",))
        if node.type == "flag":
            return _Value(value, (f"ISLOGICAL({value})",))
        if node.key in self._free_texts:
            return _Value(value, (f'{value}<>""', plain_name(self._form, node.key)))
        return _Value(value, (f'{value}<>""',))

    def _arithmetic(self, node: Arithmetic) -> _Value:
        left, right = self._value(node.left), self._value(node.right)
        known = tuple(dict.fromkeys((*left.known, *right.known)))
        divisors = (*left.divisors, *right.divisors)
        if node.op == "/" and not (isinstance(node.right, Constant) and node.right.value):
            divisors = (*divisors, right.text)
        days = node.type == "date"
        operand = f"TRUNC({right.text})" if days else right.text
        return _Value(f"({left.text}{node.op}{operand})", known, divisors)

    def _call(self, name: str, inner: _Value) -> _Value:
        written: Mapping[str, Callable[[str], str]] = {
            "abs": lambda text: f"ABS({text})",
            # 0.3 / 0.1 is a little less than 3 in binary.
            "floor": lambda text: f"INT(ROUND({text},{_PLACES_OF_QUOTIENTS}))",
            "length": lambda text: f"LEN({text})",
        }
        return _Value(written[name](inner.text), inner.known, inner.divisors)

    def _number(self, number: Decimal) -> str:
        text = f"{number.normalize():f}"
        if sum(char.isdigit() for char in text.strip("0.-")) > _MOST_DIGITS:
            raise self.fault(f"{text} 超过 15 位 (more than 15 digits)")
        return f"({text})" if number < 0 else text

    def _text(self, text: str) -> str:
        if len(text) > LONGEST_TEXT:
            raise self.fault(f"“{text[:12]}…” 超过 255 个字 (a text of more than 255 characters)")
        return quoted(text)


def _where_known(values: Sequence[_Value], inner: str) -> str:
    """Return `inner` where all values are known, FALSE elsewhere, evaluating it only there."""
    known = dict.fromkeys(condition for value in values for condition in value.known)
    for divisor in reversed([d for value in values for d in value.divisors]):
        inner = f"IF(ROUND({divisor},{_PLACES_OF_QUOTIENTS})<>0,{inner},FALSE)"
    return f"IF({_all(list(known))},{inner},FALSE)" if known else inner


def _all(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else f"AND({','.join(conditions)})"


def _any(conditions: Sequence[str]) -> str:
    if not conditions:
        return "FALSE"
    return conditions[0] if len(conditions) == 1 else f"OR({','.join(conditions)})"


def _depth(formula: str) -> int:
    """Return how deep the parentheses of a formula nest."""
    deepest = depth = 0
    for mark in re.sub(r'"[^"]*"', "", formula):
        depth += (mark == "(") - (mark == ")")
        deepest = max(deepest, depth)
    return deepest
