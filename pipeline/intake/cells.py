"""One cell at a time: what a workbook reader hands over, read as the type that its field declares.

In: a raw value. Out: a `Reading`: the value, and where it is not simply what was typed, an issue
code with the reason, complete but for the place, which only the caller knows.

A change is any text read as another value (R-08), an approximate number counts as its figure
(R-07), and nothing is ever read into another meaning: `5%` is not 5, blank is not 0. Ranges,
required values and blank marks such as `无` are the caller's business. No function here raises.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeGuard

from pipeline.books.raw import (
    EXACT_BELOW,
    CellFault,
    Raw,
    as_typed,
    is_blank,
    trim,
)
from pipeline.errors import nearest
from pipeline.forms.model import Value
from pipeline.intake.dates import (
    NOT_A_DATE,
    NOT_A_MONTH,
    date_of_number,
    keep_plausible,
    month_of_number,
    parse_date,
    parse_month,
)
from pipeline.intake.numerals import COUNT, MONEY, NOT_A_NUMBER, Quantity, parse_figure, settle
from pipeline.texts import Text, fold


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as read; None is blank, or nothing at all when `code` is an error's.

    `code` is "" as typed · R-02 not readable as its type · R-03 not a choice · R-05 error value ·
    R-06 formula without a value · R-07 approximate · R-08 read as another value.
    """

    value: Value
    code: str = ""
    reason: Text | None = None


def read_int(raw: Raw) -> Reading:
    """Read a whole number.

    >>> read_int("12 人次").value, read_int("约40").code, read_int("12.5").code
    (12, 'R-07', 'R-02')
    """
    if type(raw) is int and -EXACT_BELOW < raw < EXACT_BELOW:
        return Reading(raw)
    if type(raw) is float and -EXACT_BELOW < raw < EXACT_BELOW and raw.is_integer():
        return Reading(int(raw))
    found = _read_figure(raw, COUNT)
    if isinstance(found.value, Decimal):
        return Reading(int(found.value), found.code, found.reason)
    return found


def read_money(raw: Raw) -> Reading:
    """Read an amount in yuan, as a Decimal with two places.

    >>> read_money("0.2万元").value, read_money(0.1 + 0.2).value, read_money("30元/人").code
    (Decimal('2000.00'), Decimal('0.30'), 'R-02')
    """
    if type(raw) is float and -_MONEY_LIMIT < raw < _MONEY_LIMIT and round(raw, 2) == raw:
        return Reading(Decimal(f"{raw or 0.0:.2f}"))  # `or`: no minus on a zero
    if type(raw) is int and -_MONEY_LIMIT < raw < _MONEY_LIMIT:
        return Reading(Decimal(raw).quantize(MONEY.step))
    return _read_figure(raw, MONEY)


def read_date(raw: Raw, start: date, end: date) -> Reading:
    """Read a day; `start` and `end` of the period give the year where none is written.

    >>> read_date("7月15日", date(2026, 7, 1), date(2026, 9, 30)).value
    datetime.date(2026, 7, 15)
    """
    if isinstance(raw, date):
        return _read_as(raw, keep_plausible(_day_of(raw), start))
    if (aside := _set_aside(raw)) is not None:
        return aside
    if isinstance(raw, str):
        return _read_words(raw, parse_date(_words(raw), start, end))
    if _is_number(raw):
        return _read_as(raw, date_of_number(raw, start))
    return _refuse(raw, NOT_A_DATE.format(example=start.isoformat()))


def read_month(raw: Raw, start: date, end: date) -> Reading:
    """Read a month as `2026-07`; the period gives the year where none is written.

    >>> read_month("7月", date(2026, 7, 1), date(2026, 9, 30)).value
    '2026-07'
    """
    if isinstance(raw, str) and _MONTH.fullmatch(typed := trim(raw)):
        return Reading(typed)
    if isinstance(raw, date):
        day = keep_plausible(_day_of(raw), start)
        return _read_as(raw, day if isinstance(day, Text) else day.isoformat()[:7])
    if (aside := _set_aside(raw)) is not None:
        return aside
    if isinstance(raw, str):
        return _read_words(raw, parse_month(_words(raw), start, end))
    if _is_number(raw):
        return _read_as(raw, month_of_number(raw, start, end))
    return _refuse(raw, NOT_A_MONTH.format(example=start.isoformat()[:7]))


def read_flag(raw: Raw) -> Reading:
    """Read yes or no. The numbers 1 and 0 are neither: `0` may mean "no activities", a yes.

    >>> read_flag("√").value, read_flag("N").value, read_flag("0").code
    (True, False, 'R-02')
    """
    if type(raw) is bool:
        return Reading(raw)
    if (aside := _set_aside(raw)) is not None:
        return aside
    value = _FLAGS.get(fold(trim(raw))) if isinstance(raw, str) else None
    if value is None:
        return _refuse(raw, _NO_FLAG)
    if as_typed(raw) in ("是", "否", "Yes", "No"):  # the words of our drop-downs
        return Reading(value)
    return Reading(value, "R-08", _about(raw, _READ_YES if value else _READ_NO))


def read_text(raw: Raw) -> Reading:
    """Read text as typed, trimmed; a number gives its digits.

    Characters that no workbook may hold are removed, which is a change like any other. So is a
    date or a logical value turned into text: Excel makes a date of an id such as `7-1`.

    >>> read_text(" 圆满 ").value, read_text(13800138000.0).value, read_text(1e17).code
    ('圆满', '13800138000', 'R-02')
    """
    if type(raw) is str and (typed := raw.strip()).isprintable() and typed[:1] != "#":
        return Reading(typed or None)
    if (aside := _set_aside(raw)) is not None:
        return aside
    if isinstance(raw, str):
        kept = as_typed(raw)
        return Reading(kept) if kept == trim(raw) else Reading(kept or None, "R-08", _CLEANED)
    if type(raw) is int or type(raw) is float:
        return Reading(as_typed(raw)) if abs(raw) < EXACT_BELOW else _refuse(raw, _DAMAGED)
    if isinstance(raw, bool):
        return _read_words(raw, "是" if raw else "否")
    shown = as_typed(raw)
    return Reading(shown, "R-08", _about(raw, _DATE_AS_TEXT.format(value=shown)))


def read_choice(raw: Raw, spellings: Mapping[str, str]) -> Reading:
    """Read one of the choices; `spellings` maps each folded spelling to the choice it stands for.

    >>> spellings = {"当月": "当月", "补缴": "补缴", "补交": "补缴"}
    >>> [read_choice(raw, spellings).code for raw in ("补缴 ", "补交", "补款")]
    ['', 'R-08', 'R-03']
    """
    if type(raw) is str and spellings.get(raw) == raw:
        return Reading(raw)
    if (aside := _set_aside(raw)) is not None:
        return aside
    typed = as_typed(raw)
    choice = spellings.get(fold(typed))
    if choice is None:
        return _refuse(raw, _suggestion(typed, spellings), "R-03")
    return Reading(choice) if choice == typed else _read_words(raw, choice)


_MONEY_LIMIT = int(MONEY.limit)
_BLANK = Reading(None)
_MONTH = re.compile(r"(?:19[5-9][0-9]|20[0-9]{2}|2100)-(?:0[1-9]|1[0-2])")
_FLAGS = {
    **dict.fromkeys(("是", "√", "✓", "✔", "y", "yes", "true"), True),
    **dict.fromkeys(("否", "×", "✗", "✘", "x", "n", "no", "false"), False),
}
_ERROR_TEXT = re.compile(r"#(?:REF!|DIV/0!|VALUE!|NAME\?|N/A|NUM!|NULL!|SPILL!|CALC!)")
_ERROR_CAUSES = {
    "#REF!": Text("引用的单元格已不存在", "the cell it refers to is gone"),
    "#DIV/0!": Text("除数是零", "it divides by zero"),
    "#VALUE!": Text("参与计算的内容不是数字", "it calculates with something that is no number"),
    "#NAME?": Text("函数或名称写错了", "a function or name in it is misspelt"),
    "#N/A": Text("要查找的内容没有找到", "what it looks up was not found"),
    "#NUM!": Text("算出的数超出范围", "its result is out of range"),
    "#NULL!": Text("引用的区域写错了", "a range in it is misspelt"),
}
_OTHER_CAUSE = Text("公式没有算出结果", "it gave no result")
_ERROR = Text(
    "是公式出错的结果：{cause}。请改正公式，或直接填写内容。",
    "comes from a failed formula: {cause}. Please mend the formula or type the content.",
)
_UNCALCULATED = Text(
    "公式还没有算出结果。请用 Excel 或 WPS 打开这个文件，保存一次，再重新报送。",
    "The formula has no result yet. Please open the file in Excel or WPS, save it once and send "
    "it again.",
)
_READ_AS = Text("已读作“{value}”。", "was read as “{value}”.")
_TEXT_AS = Text("是文本格式，已按它的值读取。", "is stored as text and was read as its value.")
_READ_YES = Text("已读作“是”。", "was read as yes.")
_READ_NO = Text("已读作“否”。", "was read as no.")
_APPROXIMATE = Text(
    "是约数，按 {value} 计。有准确的数时，请改填准确的数。",
    "is approximate and counts as {value}. Please enter the exact figure if you have it.",
)
_DATE_AS_TEXT = Text(
    "是日期或时间，已读作“{value}”。如本来是编号，请把单元格格式改成“文本”，再重新填写。",
    "is a date or time and was read as “{value}”. If it is meant as a number or id, please set "
    "the cell's format to Text and type it again.",
)
_CLEANED = Text("看不见的字符已去掉。", "Invisible characters were removed.")
_DATE_AS_NUMBER = Text(
    "是日期或时间，不是数字。请把单元格格式改成“常规”，再填数字，例如 {example}。",
    "is a date or time, not a number. Please set the cell's format to General and enter a "
    "number, e.g. {example}.",
)
_NO_FLAG = Text(
    "看不出是“是”还是“否”。请填“是”或“否”。",
    "is neither yes nor no. Please enter “是” (yes) or “否” (no).",
)
_DAMAGED = Text(
    "超过 15 位，按数字填写时 Excel 已改掉了末尾几位。请把单元格格式改成“文本”，再重新填写。",
    "has more than 15 digits, and Excel has already changed the last ones. Please set the cell's "
    "format to Text and type it again.",
)
_NEAREST_CHOICE = Text(
    "不在可选项里。是否想填“{choice}”？请从下拉列表中选择。",
    "is not one of the choices. Did you mean “{choice}”? Please choose from the list.",
)
_FROM_LIST = Text(
    "不在可选项里。请从下拉列表中选择：{choices}。",
    "is not one of the choices. Please choose from the list: {choices}.",
)


def _read_figure(raw: Raw, quantity: Quantity) -> Reading:
    """Read a number; its value is a Decimal for every quantity."""
    if (aside := _set_aside(raw)) is not None:
        return aside
    if isinstance(raw, str):
        figure = parse_figure(_words(raw), quantity)
        if isinstance(figure, Text):
            return _refuse(raw, figure)
        if not figure.approximate:
            return _read_words(raw, figure.value)
        approximate = _APPROXIMATE.format(value=figure.value)
        return Reading(figure.value, "R-07", _about(raw, approximate))
    if type(raw) is int:
        return _read_as(raw, settle(Decimal(raw), quantity))
    if type(raw) is float and math.isfinite(raw):
        # The noise of a large sum is larger than 1e-9: near 10 million one ulp is 1.9e-9.
        slack = max(1e-9, 4 * math.ulp(raw))
        return _read_as(raw, settle(Decimal(repr(raw)), quantity, Decimal(slack)))
    other = NOT_A_NUMBER if isinstance(raw, int | float) else _DATE_AS_NUMBER
    return _refuse(raw, other.format(example=quantity.example))


def _set_aside(raw: Raw) -> Reading | None:
    """Return the reading of a cell without content or with a fault, else None."""
    if is_blank(raw):
        return _BLANK
    if isinstance(raw, CellFault) and raw.kind == "uncalculated":
        return Reading(None, "R-06", _UNCALCULATED)
    if isinstance(raw, CellFault) or (isinstance(raw, str) and _ERROR_TEXT.fullmatch(trim(raw))):
        return _refuse(raw, _error(as_typed(raw)), "R-05")
    return None


def _words(raw: str) -> str:
    """Fold the text, unless that would make plain digits of others: `12²` is not 122."""
    if any(unicodedata.category(mark) == "No" for mark in raw):
        return trim(raw).casefold()
    return fold(trim(raw))


def _is_number(raw: Raw) -> TypeGuard[int | float]:
    return type(raw) is int or (type(raw) is float and math.isfinite(raw))


def _day_of(raw: date) -> date:
    return raw.date() if isinstance(raw, datetime) else raw


def _read_as(raw: Raw, found: Decimal | date | str | Text) -> Reading:
    """Return the reading of a cell that already held the value, or its refusal."""
    return _refuse(raw, found) if isinstance(found, Text) else Reading(found)


def _read_words(raw: Raw, found: Decimal | date | str | Text) -> Reading:
    """Return the reading of text that was turned into another value, or its refusal."""
    if isinstance(found, Text):
        return _refuse(raw, found)
    said = _TEXT_AS if str(found) == as_typed(raw) else _READ_AS
    return Reading(found, "R-08", _about(raw, said.format(value=found)))


def _refuse(raw: Raw, predicate: Text, code: str = "R-02") -> Reading:
    return Reading(None, code, _about(raw, predicate))


def _about(raw: Raw, predicate: Text) -> Text:
    """Return the sentence about the quoted cell."""
    typed = " ".join(as_typed(raw).split())
    if len(typed) > 30:
        typed = typed[:30] + "…"
    return Text(f"“{typed}” {predicate.zh}", f"“{typed}” {predicate.en}")


def _error(text: str) -> Text:
    cause = _ERROR_CAUSES.get(text, _OTHER_CAUSE)
    return Text(_ERROR.zh.format(cause=cause.zh), _ERROR.en.format(cause=cause.en))


def _suggestion(typed: str, spellings: Mapping[str, str]) -> Text:
    if close := nearest(fold(typed), spellings):
        return _NEAREST_CHOICE.format(choice=spellings[close])
    return _FROM_LIST.format(choices="、".join(dict.fromkeys(spellings.values())))
