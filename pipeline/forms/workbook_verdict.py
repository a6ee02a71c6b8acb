"""What a blank workbook says about a row while it is being filled, as formulas.

In: a form and the places of its helper cells. Out: hidden defined names. The verdict on a row is
one text with one character a slot: first a slot for each field (its state, see `workbook_reading`),
then one for each rule and check of the row, `0` where it holds, `1` for an error, `w` for a
warning. Status column, tints, counts and the cover's light are all read from these texts, so every
rule is evaluated once a row. A blank row has the text "", a total row "-".

The text lies in several cells side by side, because LibreOffice puts names into every formula
that uses them, and no formula may become too long; `row_…` joins them.

All references to rows are relative and inside names. So rows may be inserted, deleted, sorted and
pasted over: row 7 is always judged in row 7 of the helper sheet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.forms.anchors import CHECK, FAIL, ODD, PASS, STATUS_PREFIX, TOTAL_WORDS
from pipeline.forms.formulas import quoted, readable_name, value_name
from pipeline.forms.model import Field, FieldType, Form, Rule, SheetCheck, Workbook
from pipeline.forms.workbook_reading import exact_name, literally, readable_formula, state_name
from pipeline.issues import Severity
from pipeline.texts import Text

KINDS = "12345sw"  # the characters that have words, in the order of the columns that hold them

_MISSING = Text("{label}没有填", "{label} is missing")
_UNREADABLE: Mapping[FieldType, Text] = {
    "int": Text("{label}应是整数", "{label} must be a whole number"),
    "money": Text("{label}最多两位小数", "{label} has two decimals at most"),
    "date": Text("{label}不是日期", "{label} is not a date"),
    "text": Text("{label}超过 15 位，要按文本填", "{label} is over 15 digits; enter it as text"),
}
_BELOW = Text("{label}小于 {minimum}", "{label} is below {minimum}")
_NO_CHOICE = Text("{label}不在选项里", "{label} is not in the list")
_ERROR_VALUE = Text("{label}是错误值", "{label} is an error value")
_ODD: Mapping[FieldType, Text] = {
    "int": Text("{label}请只填数字", "{label}: figures only, please"),
    "money": Text("{label}请只填数字", "{label}: figures only, please"),
    "date": Text("{label}请填成日期", "{label}: please enter a date"),
    "month": Text("{label}请写成 2026-07 这样", "{label}: please write it like 2026-07"),
    "flag": Text("{label}请填“是”或“否”", "{label}: yes or no, please"),
    "period": Text("{label}请写成 2026Q3 这样", "{label}: please write it like 2026Q3"),
    "year": Text("{label}请写成 2026 这样", "{label}: please write it like 2026"),
}
_ROWS_AND_NIL = Text("{sheet}里有内容，不能填“是”", "{sheet} has rows, so not yes")
_NO_ROWS = Text("{sheet}没有内容，请填台账或填“是”", "{sheet} is empty: fill it, or say yes")


Group = Literal["state", "rule", "check"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One character of a verdict: the formula that gives it, its field, its words by character.

    Only slots of one `group` share a cell: rules look at states, and a check between rows changes
    whenever any row does. `code` is the id of the rule or check, "" for a state.
    """

    group: Group
    code: str
    field: str
    formula: str
    words: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Part:
    """One cell of the verdict on a row: its reference, relative in a ledger, the range of all such
    cells, and how many slots it holds."""

    cell: str
    cells: str
    count: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A check between rows: the cell with a row's value, those down to the row, all of them."""

    cell: str
    so_far: str
    cells: str


@dataclass(frozen=True, slots=True)
class Helper:
    """Where the helper cells of a form are, as references; rows are 1-based.

    `verdicts` are all cells of all parts, `entered` a whole column of the ledger that every row
    fills, `reported` the columns of a roster that are not handed out filled, each as first and last
    of those side by side.
    """

    parts: tuple[Part, ...]
    checked: tuple[Checked, ...]
    verdicts: str
    entered: str
    reported: tuple[tuple[str, str], ...]
    first_row: int
    last_row: int

    def find(self, place: int) -> tuple[Part, int]:
        """Return in which part slot `place` is, and at which place of it, both counted from 1."""
        for part in self.parts:
            if place <= part.count:
                return part, place
            place -= part.count
        raise LookupError(place)


def sheet_checks(form: Form) -> tuple[SheetCheck, ...]:
    """Return the checks of a form that the sheet shows."""
    return tuple(check for check in form.checks if not check.pipeline_only.zh)


def slots_of(form: Form, workbook: Workbook) -> tuple[Slot, ...]:
    """Return the slots of a form's verdict, in order."""
    slots = [
        Slot("state", "", field.key, state_name(form.key, field.key), _reading_words(field))
        for field in form.fields
    ]
    for number, rule in enumerate(form.rules):
        if rule.formula and rule.severity != "info":
            violated = f"IFERROR({_rule_name(form, number)},FALSE)"
            slots.append(_judged("rule", rule, violated))
    for number, check in enumerate(sheet_checks(form)):
        if check.check == "unique" and check.severity != "info":
            slots.append(_judged("check", check, _twice_name(form, number)))
    if form.kind == "cover":
        slots += [_nil_slot(form, ledger) for ledger in workbook.ledgers if ledger.nil]
    return tuple(slots)


def fields_read(form: Form, workbook: Workbook) -> frozenset[str]:
    """Return the fields whose values the formulas of a workbook ask for."""
    read = {key for rule in form.rules if rule.formula for key in rule.fields}
    read.update(key for check in sheet_checks(form) for key in check.fields)
    if form.kind == "cover":
        for ledger in workbook.ledgers:
            read.update(filter(None, (ledger.nil, *(c.unless for c in sheet_checks(ledger)))))
    return frozenset(read)


def name_rules(form: Form) -> Iterator[tuple[str, str]]:
    """Yield the names of a form's rules."""
    for number, rule in enumerate(form.rules):
        if rule.formula:
            yield _rule_name(form, number), rule.formula


def name_checks(form: Form, helper: Helper) -> Iterator[tuple[str, str]]:
    """Yield the names of a form's checks between rows."""
    for number, check in enumerate(sheet_checks(form)):
        yield checked_name(form, number), _checked_value(form, check)
        if check.check == "unique":
            yield _twice_name(form, number), _twice(helper.checked[number])


def name_verdicts(
    form: Form, slots: tuple[Slot, ...], helper: Helper, needed: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Yield the names of the verdict on a row and of what is read from it.

    `needed` are the fields whose values the rules ask for.
    """
    key, start = form.key, 0
    for number, part in enumerate(helper.parts, 1):
        judged = "&".join(slot.formula for slot in slots[start : start + part.count])
        yield verdict_name(form, number), _where_live(form, number, judged, helper)
        start += part.count
    yield f"row_{key}", where_touched(form, "&".join(part.cell for part in helper.parts), '""')
    faults = f"row_{key}"
    for kind in KINDS[1 : KINDS.index("s")]:
        faults = f'SUBSTITUTE({faults},"{kind}","1")'
    yield f"faults_{key}", faults
    yield f"{STATUS_PREFIX}{key}", _status(form)
    for position, field in enumerate(form.fields, 1):
        if field.key in needed:
            part, place = helper.find(position)
            state = f"MID({part.cell},{place},1)"
            yield readable_name(key, field.key), readable_formula(form, field, state)
        places = [place for place, slot in enumerate(slots, 1) if slot.field == field.key]
        for name, is_so in ((bad_name, _is_bad), (odd_name, _is_odd)):
            conditions = [is_so(form, place, slots[place - 1]) for place in places]
            yield name(form, field.key), f"OR({','.join(conditions)})"


def name_row(form: Form, cells: str) -> tuple[str, str]:
    """Return the name that tells rows apart: "" blank, "-" a total, "+" to be judged.

    `cells` are the entry cells of a row. The first filled cell makes a total row.
    """
    first_text = f'MATCH("*",{cells},0)'
    word = f"INDEX({cells},{first_text})"
    for mark in (" ", "　", "\n", ":", "："):
        word = f'SUBSTITUTE({word},{quoted(mark)},"")'
    before = f"COUNT({cells.split(':')[0]}:INDEX({cells},{first_text}))"
    words = quoted("|" + "|".join(TOTAL_WORDS) + "|")
    total = f'IFERROR(AND({before}=0,ISNUMBER(FIND("|"&{word}&"|",{words}))),FALSE)'
    filled = f'IFERROR(SUMPRODUCT(--(LEN(TRIM(SUBSTITUTE({cells},"　","")))>0)),1)'
    formula = f'IF(COUNTA({cells})=0,"",IF({filled}=0,"",IF({total},"-","+")))'
    return f"live_{form.key}", formula


def verdict_name(form: Form, part: int) -> str:
    """Return the name that works out a part of the verdict on a row."""
    return f"verdict_{form.key}__{part}"


def checked_name(form: Form, number: int) -> str:
    """Return the name that works out what a check of the sheet compares between rows."""
    return f"checked_{form.key}__{number}"


def bad_name(form: Form, field: str) -> str:
    """Return the name that is TRUE where something is wrong with a cell."""
    return f"bad_{form.key}__{field}"


def odd_name(form: Form, field: str) -> str:
    """Return the name that is TRUE where a cell should be looked at again."""
    return f"odd_{form.key}__{field}"


def count_errors(verdicts: str) -> str:
    """Return the formula of how many errors there are in verdicts."""
    for other in "0-sw":
        verdicts = f'SUBSTITUTE({verdicts},"{other}","")'
    return f"SUMPRODUCT(LEN({verdicts}))"


def count_kind(kind: str, verdicts: str) -> str:
    """Return the formula of how often a character occurs in verdicts."""
    return f'SUMPRODUCT(LEN({verdicts})-LEN(SUBSTITUTE({verdicts},"{kind}","")))'


def status_formula(form: Form) -> str:
    """Return what a row's status cell holds, the same in every row."""
    return f"={STATUS_PREFIX}{form.key}"


def words_name(form: Form) -> str:
    """Return the name of the table of messages: a row a slot, a column a character of `KINDS`."""
    return f"words_{form.key}"


def where_touched(form: Form, formula: str, otherwise: str) -> str:
    """Return a formula that holds unless a roster stands as it was handed out: that is no report."""
    return f"IF(untouched_{form.key},{otherwise},{formula})" if form.roster else formula


def note_formula(form: Form, slots: tuple[Slot, ...], field: str, otherwise: str) -> str:
    """Return the formula of what is wrong with a field of the cover, else `otherwise`."""
    text = quoted(otherwise)
    places = [place for place, slot in enumerate(slots, 1) if slot.field == field]
    for mark, is_so in ((CHECK, _is_odd), (FAIL, _is_bad)):
        for place in reversed(places):
            words = _words(form, str(place))
            text = f'IF({is_so(form, place, slots[place - 1])},"{mark} "&{words},{text})'
    return f"={text}"


def _where_live(form: Form, number: int, judged: str, helper: Helper) -> str:
    if form.kind == "cover":
        return judged
    if number == 1:
        return f'IF(live_{form.key}="+",{judged},live_{form.key})'
    first = helper.parts[0].cell
    return f'IF(OR({first}="",{first}="-"),"",{judged})'


def _reading_words(field: Field) -> dict[str, Text]:
    found = {"5": _ERROR_VALUE}
    if field.required:
        found["1"] = _MISSING
    if field.type in _UNREADABLE:
        found["2"] = _UNREADABLE[field.type]
    if field.minimum is not None:
        found["3"] = _BELOW
    if field.choices:
        found["4"] = _NO_CHOICE
    if field.type in _ODD:
        found["s"] = _ODD[field.type]
    minimum = f"{field.minimum.normalize():f}" if field.minimum is not None else ""
    return {
        kind: Text(
            words.zh.format(label=field.label.zh, minimum=minimum),
            words.en.format(label=field.label.en, minimum=minimum),
        )
        for kind, words in found.items()
    }


def _judged(group: Group, rule: Rule | SheetCheck, violated: str) -> Slot:
    kind = _KIND[rule.severity]
    return Slot(group, rule.id, rule.at, f'IF({violated},"{kind}","0")', {kind: rule.title})


def _nil_slot(cover: Form, ledger: Form) -> Slot:
    """R-12: rows together with a nil tick, or neither."""
    tick = f"{value_name(cover.key, ledger.nil)}=TRUE"
    both = f'IF(AND(rows_{ledger.key}>0,{tick}),"1",IF(OR(rows_{ledger.key}>0,{tick}),"0","2"))'
    readable = readable_name(cover.key, ledger.nil)
    words = {
        kind: Text(text.zh.format(sheet=ledger.label.zh), text.en.format(sheet=ledger.label.en))
        for kind, text in (("1", _ROWS_AND_NIL), ("2", _NO_ROWS))
    }
    return Slot("rule", "R-12", ledger.nil, f'IF({readable},{both},"0")', words)


def _rule_name(form: Form, number: int) -> str:
    return f"rule_{form.key}__{number}"


def _twice_name(form: Form, number: int) -> str:
    return f"twice_{form.key}__{number}"


def _checked_value(form: Form, check: SheetCheck) -> str:
    """What a check compares between rows; "" where a part is blank or not certain."""
    values = [value_name(form.key, key) for key in check.fields]
    certain = [f'live_{form.key}="+"']
    for key, value in zip(check.fields, values, strict=True):
        certain += [readable_name(form.key, key), f'{value}<>""']
        if form.field(key).type in ("text", "period", "year"):
            certain.append(exact_name(form.key, key))
    return f'IF(AND({",".join(certain)}),{"&CHAR(10)&".join(values)},"")'


def _twice(checked: Checked) -> str:
    """Whether an earlier row has the same value.

    MATCH finds the first one fast, but is blind to upper and lower case; only where that first one
    is neither this row nor quite the same are all rows above compared.
    """
    value, own = checked.cell, f"ROWS({checked.so_far})"
    first = f"IFERROR(MATCH({literally(value)},{checked.cells},0),0)"
    exact = f"SUMPRODUCT(--EXACT({checked.so_far},{value}))>1"
    same = f"IFERROR(EXACT(INDEX({checked.cells},{first}),{value}),FALSE)"
    return f'IF({value}="",FALSE,IF({first}={own},FALSE,IF({same},TRUE,{exact})))'


def _status(form: Form) -> str:
    row, faults = f"row_{form.key}", f"faults_{form.key}"
    count = f'LEN({row})-LEN(SUBSTITUTE({faults},"1",""))'
    text = f'"{PASS}"'
    for mark, kind, where in ((CHECK, "w", row), (ODD, "s", row), (FAIL, "1", faults)):
        place = f'FIND("{kind}",{where})'
        number = f'IF({count}>1,{count},"")&' if mark == FAIL else ""
        words = _words(form, place)
        text = f'IF(ISNUMBER({place}),"{mark}"&{number}" "&{words},{text})'
    return f'IF(OR({row}="",{row}="-"),"",{text})'


def _words(form: Form, place: str) -> str:
    kind = f"MID(row_{form.key},{place},1)"
    return f'INDEX({words_name(form)},{place},FIND({kind},"{KINDS}"))'


def _is_bad(form: Form, place: int, _slot: Slot) -> str:
    return f"IFERROR(VALUE(MID(row_{form.key},{place},1)),0)>0"


def _is_odd(form: Form, place: int, slot: Slot) -> str:
    kind = "w" if "w" in slot.words else "s"
    return f'MID(row_{form.key},{place},1)="{kind}"'


_KIND: Mapping[Severity, str] = {"error": "1", "warning": "w"}
