"""Rule trees compiled to SQL over a record table: the third form of the rule language, beside
Python and Excel formulas. It says what is added up, on SQLite and on PostgreSQL.

A blank is NULL. SQL's three-valued logic is Kleene's: a comparison with NULL is unknown, `and`,
`or` and `not` agree with it, and `CASE WHEN` takes only what is definitely true. So
"blank says nothing" needs no word here.

Numbers stay whole numbers as long as they can: a column of money is fen, `0.4` is 4 with one
decimal place, and both sides of a sum or comparison are brought to the same places first. Only a
division leaves the whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    not_,
    or_,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.functions import FunctionElement

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
)
from pipeline.forms.model import Form
from pipeline.periods import Period

Columns = Mapping[str, ColumnElement[Any]] | ReadOnlyColumnCollection[str, Column[Any]]

_COMPARE: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "==": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}
_MONEY_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in SQL: `sql` counts units of 10**-digits. `digits` is None after a division,
    when `sql` is a floating number of whole units."""

    sql: ColumnElement[Any]
    digits: int | None


def compile_condition(node: Node, form: Form, columns: Columns) -> ColumnElement[bool]:
    """Return the SQL of a condition over `columns`, which holds the form's fields by key.

    Raises ExpressionError for `only`, which has no counterpart in SQL, and for `today`: the same
    records give the same numbers on any day.
    """
    return _Compiler(form, columns).condition(node)


def compile_amount(node: Node, form: Form, columns: Columns) -> Amount:
    """Return the SQL of a number over `columns`, which holds the form's fields by key."""
    return _Compiler(form, columns).amount(node)


def context_values(period: Period) -> dict[str, str]:
    """Return what the names of the period stand for when a statement runs."""
    return {
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
        "first_month": period.months[0],
        "last_month": period.months[-1],
    }


def month_of(day: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the month (`2026-07`) of a date column."""
    # Written out: PostgreSQL takes two parameters for two values, and would not group by it.
    return func.substr(day, literal_column("1"), literal_column("7"))


class _Compiler:
    def __init__(self, form: Form, columns: Columns) -> None:
        self._form = form
        self._columns = columns

    def condition(self, node: Node) -> ColumnElement[bool]:
        match node:
            case Compare():
                return self._compare(node)
            case Among():
                item = self._plain(node.item)
                # Nothing is in an empty list, but of a blank even that is unknown.
                return item.in_(node.options) if node.options else item != item
            case Logic(op="and"):
                return and_(*map(self.condition, node.parts))
            case Logic():
                return or_(*map(self.condition, node.parts))
            case Not():
                return not_(self.condition(node.part))
            case Call(name="present"):
                return self._plain(node.args[0]).is_not(None)
            case Call(name="blank"):
                return self._plain(node.args[0]).is_(None)
        raise ExpressionError(
            "only(…) 只能用于核对规则，不能用于统计 (only() is for rules, not for measures)。"
        )

    def amount(self, node: Node) -> Amount:
        match node:
            case Constant(value=Decimal() as number):
                exponent = number.normalize().as_tuple().exponent
                digits = max(0, -int(exponent))
                return Amount(literal(int(number.scaleb(digits)), BigInteger), digits)
            case FieldRef(key=key):
                money = self._form.field(key).type == "money"
                return Amount(self._columns[key], _MONEY_DIGITS if money else 0)
            case Arithmetic(left=left, right=right) if left.type == "date":
                return Amount(_DayNumber(self._plain(left)) - _DayNumber(self._plain(right)), 0)
            case Arithmetic():
                return self._arithmetic(node)
            case Call():
                return self._call(node)
        raise TypeError(node)

    def _plain(self, node: Node) -> ColumnElement[Any]:
        """The SQL of what is kept as text, or of any field as it lies in its column."""
        match node:
            case Constant(value=value):
                return literal(value, Text)
            case FieldRef(key=key):
                return self._columns[key]
            case ContextRef(name="today"):
                raise ExpressionError(
                    "today 不能用于统计：同样的数据哪天算都应一样 (today is for rules, not for measures)。"
                )
            case ContextRef(name=name):
                return bindparam(name, type_=Text)
            case Arithmetic(left=left, right=right):
                days = _whole(self.amount(right))
                day = _DayNumber(self._plain(left))
                return _DayText(day + days if node.op == "+" else day - days)
        raise TypeError(node)

    def _compare(self, node: Compare) -> ColumnElement[bool]:
        compare = _COMPARE[node.op]
        if node.left.type != "number":
            return compare(self._plain(node.left), self._plain(node.right))
        left, right = _level(self.amount(node.left), self.amount(node.right))
        return compare(left.sql, right.sql)

    def _arithmetic(self, node: Arithmetic) -> Amount:
        left, right = self.amount(node.left), self.amount(node.right)
        if node.op == "/":
            return Amount(_floating(left) / func.nullif(_floating(right), 0.0), None)
        if node.op == "*":
            if left.digits is None or right.digits is None:
                return Amount(_floating(left) * _floating(right), None)
            return Amount(left.sql * right.sql, left.digits + right.digits)
        left, right = _level(left, right)
        combined = left.sql + right.sql if node.op == "+" else left.sql - right.sql
        return Amount(combined, left.digits)

    def _call(self, node: Call) -> Amount:
        if node.name == "length":
            return Amount(func.length(self._plain(node.args[0])), 0)
        inner = self.amount(node.args[0])
        if node.name == "abs":
            return Amount(func.abs(inner.sql), inner.digits)
        return Amount(_floor(inner), 0)


def _level(left: Amount, right: Amount) -> tuple[Amount, Amount]:
    """Bring two numbers to the same places."""
    if left.digits is None or right.digits is None:
        return Amount(_floating(left), None), Amount(_floating(right), None)
    digits = max(left.digits, right.digits)
    return _widened(left, digits), _widened(right, digits)


def _widened(amount: Amount, digits: int) -> Amount:
    assert amount.digits is not None
    if amount.digits == digits:
        return amount
    return Amount(amount.sql * literal(10 ** (digits - amount.digits), BigInteger), digits)


def _floating(amount: Amount) -> ColumnElement[Any]:
    # One division of two whole numbers rounds correctly, so 1.15 equals 115 / 100 on both sides.
    if amount.digits is None:
        return amount.sql
    number = cast(amount.sql, Double)
    return number / float(10**amount.digits) if amount.digits else number


def _whole(amount: Amount) -> ColumnElement[Any]:
    """The number without its decimals, as `int` drops them."""
    if amount.digits == 0:
        return amount.sql
    size, below = func.abs(_floating(amount)), _floating(amount) < 0.0
    floor = _Floor(size)
    return case((below, -floor), else_=floor)


def _floor(amount: Amount) -> ColumnElement[Any]:
    if amount.digits == 0:
        return amount.sql
    if amount.digits is None:
        return _Floor(amount.sql)
    unit = literal(10**amount.digits, BigInteger)
    # SQL's % keeps the sign of the left side; this is the remainder that floor needs.
    remainder = (amount.sql % unit + unit) % unit
    # Said to be whole, or SQLAlchemy would wrap the quotient in a floor() that fails on NULL.
    return type_coerce(amount.sql - remainder, BigInteger) // unit


class _DayNumber(FunctionElement[int]):
    """A date's place in a row of whole days."""

    name = "day_number"
    type = BigInteger()
    inherit_cache = True


class _DayText(FunctionElement[str]):
    """The date, as text, at a place in the row of days."""

    name = "day_text"
    type = Text()
    inherit_cache = True


class _Floor(FunctionElement[int]):
    """The largest whole number not above a floating one."""

    name = "floor_of"
    type = BigInteger()
    inherit_cache = True


@compiles(_DayNumber)
def _day_number(element: _DayNumber, compiler: Any, **options: Any) -> str:
    return f"(CAST({_argument(element, compiler, options)} AS DATE) - DATE '1970-01-01')"


@compiles(_DayNumber, "sqlite")
def _day_number_sqlite(element: _DayNumber, compiler: Any, **options: Any) -> str:
    # A Julian day begins at noon: midnight is n + 0.5, which the cast brings down to n.
    return f"CAST(julianday({_argument(element, compiler, options)}) AS INTEGER)"


@compiles(_DayText)
def _day_text(element: _DayText, compiler: Any, **options: Any) -> str:
    days = _argument(element, compiler, options)
    return f"to_char(DATE '1970-01-01' + CAST({days} AS INTEGER), 'YYYY-MM-DD')"


@compiles(_DayText, "sqlite")
def _day_text_sqlite(element: _DayText, compiler: Any, **options: Any) -> str:
    return f"date({_argument(element, compiler, options)} + 0.5)"


@compiles(_Floor)
def _floor_of(element: _Floor, compiler: Any, **options: Any) -> str:
    return f"CAST(floor({_argument(element, compiler, options)}) AS BIGINT)"


@compiles(_Floor, "sqlite")
def _floor_of_sqlite(element: _Floor, compiler: Any, **options: Any) -> str:
    # Not every SQLite has floor(); its cast cuts towards zero.
    number = _argument(element, compiler, options)
    return f"(CAST({number} AS INTEGER) - (({number}) < CAST({number} AS INTEGER)))"


def _argument(element: FunctionElement[Any], compiler: Any, options: Mapping[str, Any]) -> str:
    return str(compiler.process(element.clauses, **options))
