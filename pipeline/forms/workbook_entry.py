"""Cells that people fill: their format, drop-down, input message and, where known, their value.

In: a field. Out: one column or cell of a sheet. The rule: nothing is ever blocked. A drop-down or
a check that disagrees asks once and lets the entry stand, because the pipeline reads far more
spellings than a spreadsheet can check, and judges them all the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipeline.forms.model import Field, FieldType
from pipeline.forms.workbook_draft import Draft, write_words
from pipeline.texts import Lang, Text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# "@" keeps what is typed: long numbers, leading zeros, and 2026-07, which Excel takes for a day.
NUMBER_FORMATS: Mapping[FieldType, str] = {
    "int": "#,##0",
    "money": "#,##0.00",
    "date": "yyyy-mm-dd",
    "month": "@",
    "choice": "@",
    "flag": "@",
    "text": "@",
    "period": "@",
    "year": "@",
}
YES, NO = Text("是", "Yes"), Text("否", "No")

_REQUIRED = Text("必填。", "Required. ")
_CHECK_TITLE = Text("请核对", "Please check")
_CHECK_CHOICE = Text(
    "列表里没有这一项。请从下拉列表里选。", "This is not in the list. Please choose from it."
)
_CHECK_TYPE: Mapping[FieldType, Text] = {
    "int": Text(
        "这里填整数，例如 12，不写单位。", "Please give a whole number, such as 12, without a unit."
    ),
    "money": Text(
        "这里填金额，单位是元，例如 85.50，只写数字。",
        "Please give an amount in yuan, such as 85.50, figures only.",
    ),
    "date": Text(
        "这里填日期，例如 {day}。", "Please give a date, such as {day}."
    ),
}  # fmt: skip
_BY_ITSELF = Text("这一列自动核对，不用填。", "This column checks by itself; leave it.")
_MOST = 1_000_000_000
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
_TITLE_LIMIT, _MESSAGE_LIMIT = 32, 255  # Excel calls a file with longer ones damaged


def words_of(field: Field, lang: Lang) -> tuple[str, ...]:
    """Return what the field's drop-down offers; nothing for a field without one."""
    if field.type == "flag":
        return (YES[lang], NO[lang])
    return tuple(choice.label[lang] for choice in field.choices)


def heading(field: Field, lang: Lang) -> str:
    """Return the field's label as it is written in a sheet, with `*` if it is required."""
    return field.label[lang] + "*" * field.required


def add_checks(
    draft: Draft, sheet: Worksheet, first_row: int, last_row: int, column: int, field: Field
) -> None:
    """Give cells of a field their drop-down, input message and gentle check."""
    rule = _rule(draft, field)
    message = field.hint[draft.lang]
    if field.required and not field.prefill:
        message = _REQUIRED[draft.lang] + message
    if message:
        rule["input_title"] = shortened(field.label[draft.lang], _TITLE_LIMIT)
        rule["input_message"] = shortened(message, _MESSAGE_LIMIT)
    if rule["validate"] != "any" or message:
        sheet.data_validation(first_row, column, last_row, column, rule)


def add_hint(draft: Draft, sheet: Worksheet, row: int, column: int, field: Field) -> None:
    """Give a heading the hint of its field, shown where it is selected."""
    hint = field.hint[draft.lang]
    if hint:
        title = shortened(field.label[draft.lang], _TITLE_LIMIT)
        message = shortened(hint, _MESSAGE_LIMIT)
        rule = {"validate": "any", "input_title": title, "input_message": message}
        sheet.data_validation(row, column, row, column, rule)


def add_status_check(
    draft: Draft, sheet: Worksheet, first_row: int, last_row: int, column: int
) -> None:
    """Refuse what is typed into cells that fill themselves."""
    message = _BY_ITSELF[draft.lang]
    rule = {"validate": "custom", "value": "=FALSE", **_asks("stop", _BY_ITSELF, draft.lang)}
    sheet.data_validation(first_row, column, last_row, column, {**rule, "input_message": message})


def write_value(
    sheet: Worksheet,
    row: int,
    column: int,
    field: Field,
    value: object,
    style: Format,
    lang: Lang,
) -> None:
    """Write a value as a person would have typed it: numbers and dates as such, the rest as text.

    A text in a number or date cell stays text, so that a test can type what people type.
    """
    match value:
        case None:
            sheet.write_blank(row, column, None, style)
        case bool():
            sheet.write_string(row, column, (YES if value else NO)[lang], style)
        case int() | float() | Decimal():
            sheet.write_number(row, column, float(value), style)
        case date():
            sheet.write_datetime(row, column, datetime.combine(value, time()), style)
        case _:
            write_words(sheet, row, column, as_offered(field, str(value), lang), style)


def as_offered(field: Field, value: str, lang: Lang) -> str:
    """Return a choice in the words of the drop-down, anything else as it is."""
    return {choice.value: choice.label[lang] for choice in field.choices}.get(value, value)


def shortened(text: str, limit: int) -> str:
    """Return a text cut to as many characters as Excel counts."""
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + "…"


def _rule(draft: Draft, field: Field) -> dict[str, Any]:
    words, lang = words_of(field, draft.lang), draft.lang
    if words:
        source = f"={draft.lists[words]}"
        return {"validate": "list", "source": source, **_asks("warning", _CHECK_CHOICE, lang)}
    if field.type not in _CHECK_TYPE:
        return {"validate": "any"}
    if field.type == "date":
        between: dict[str, Any] = {"validate": "date", "minimum": _FIRST_DAY, "maximum": _LAST_DAY}
    else:
        low = -_MOST if field.minimum is None else field.minimum
        kind = "integer" if field.type == "int" else "decimal"
        between = {"validate": kind, "minimum": low, "maximum": _MOST}
    text = _CHECK_TYPE[field.type].format(day=draft.period.end)
    return {"criteria": "between", **between, **_asks("information", text, lang)}


def _asks(kind: str, message: Text, lang: Lang) -> dict[str, Any]:
    return {
        "error_type": kind,
        "error_title": _CHECK_TITLE[lang],
        "error_message": message[lang],
    }
