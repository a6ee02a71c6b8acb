"""One cell read as its type by formulas: what the sheet makes of what was typed.

In: a field and the reference of its cell. Out: defined names with their formulas, the value and
the state of that cell, over which the rules' formulas are written. References may be relative, so
that one name serves every row.

A state is one character: 0 fine (or rightly blank) · 1 missing · 2 not readable as its type ·
3 below the minimum · 4 not a choice · 5 an error value · s a text that only the pipeline can
judge, such as `１２人`. The rule: a sheet reads less than the pipeline, never otherwise. It cannot
see a cell's number format, so a plain number in a date cell counts as the day of that number, and
any number in the cell of a month is left to the pipeline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipeline.forms.formulas import context_name, plain_name, quoted, readable_name, value_name
from pipeline.forms.model import Field, FieldType, Form

STATES = "012345s"

BLANK_MARKS = (
    "-",
    "--",
    "---",
    "—",
    "——",
    "－",
    "–",
    "―",
    "─",
    "/",
    "／",
    "无",
    "暂无",
    "空",
    "N/A",
    "n/a",
)
YES_WORDS = ("是", "√", "✓", "✔", "y", "yes", "true")
NO_WORDS = ("否", "×", "✗", "✘", "x", "n", "no", "false")

_SPACES = ("　", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "\ufeff")
_CONTROLS = (9, 10, 13)
_SERIAL_ZERO = date(1899, 12, 30)
_FIRST_DAY = (date(1950, 1, 1) - _SERIAL_ZERO).days
_AFTER_LAST_DAY = (date(2101, 1, 1) - _SERIAL_ZERO).days
_DIGITS = {"int": 0, "money": 2}
_LIMITS = {"int": "1E+15", "money": "1E+13"}
_FOUR_DIGITS = 'SUMPRODUCT(--ISNUMBER(FIND(MID({0},{{1,2,3,4}},1),"0123456789")))=4'
_MONTH_ENDS = quoted("".join(f"{month:02}|" for month in range(1, 13)))


@dataclass(frozen=True, slots=True)
class Spellings:
    """Where the spellings of a list of choices stand, and beside them what each stands for."""

    written: str
    stored: str


def state_name(form: str, field: str) -> str:
    """Return the name of a cell's state."""
    return f"state_{form}__{field}"


def text_name(form: str, field: str) -> str:
    """Return the name of what was typed into a cell, trimmed."""
    return f"t_{form}__{field}"


def exact_name(form: str, field: str) -> str:
    """Return the name that is TRUE where what was typed is the text of the cell to the letter."""
    return f"exact_{form}__{field}"


def literally(text: str) -> str:
    """Return a text as MATCH is to look for it, no wildcards meant."""
    for wildcard in "~*?":
        text = f'SUBSTITUTE({text},"{wildcard}","~{wildcard}")'
    return text


def name_fields(
    form: Form,
    cells: Mapping[str, str],
    spellings: Mapping[str, Spellings],
    read: frozenset[str],
) -> Iterator[tuple[str, str]]:
    """Yield the names of a form's fields with their formulas.

    `cells` gives the reference of each field's cell, `spellings` the lists of choice fields, both
    by key. Only the fields in `read` get a value; a state is given to all.
    """
    needed = needed_fields(form, read)
    for field in form.fields:
        reader = _Reader(form, field, cells[field.key], spellings.get(field.key))
        yield reader.text, reader.text_formula()
        if field.type == "choice":
            yield reader.found, reader.found_formula()
        if field.key in needed:
            yield reader.value, reader.value_formula()
        yield reader.state, f'IF(ISERROR({reader.cell}),"5",{reader.state_formula()})'
        if field.key in needed and field.type in ("text", "period", "year"):
            yield plain_name(form.key, field.key), reader.plain_formula()
            yield exact_name(form.key, field.key), reader.exact_formula()


def readable_formula(form: Form, field: Field, state: str) -> str:
    """Return the formula that is TRUE where a field's value is certain; `state` is its state.

    Where another field stands for a blank, that one's value has to be certain.
    """
    own = f'ISNUMBER(FIND({state},"01"))'
    if not field.default_from:
        return own
    source, text = _stand_in(form, field), text_name(form.key, field.key)
    stands_in = "FALSE" if source is None else readable_name(form.key, source.key)
    return f'IF({text}="",{stands_in},{own})'


def needed_fields(form: Form, read: frozenset[str]) -> frozenset[str]:
    """Return the fields that need a value, so that those in `read` have theirs."""
    return read | {form.field(key).default_from for key in read} - {""}


def name_context(cover: Form) -> Iterator[tuple[str, str]]:
    """Yield the names of the period's days and months, as the cover states it.

    They are "" where the cover's period is not written the plain way, and then say nothing.
    """
    field = next((f for f in cover.fields if f.type in ("period", "year")), None)
    if field is None:
        return
    text = text_name(cover.key, field.key)
    year, last = f"VALUE(LEFT({text},4))", f"3*VALUE(RIGHT({text},1))"
    first = f"({last}-2)"
    if field.type == "year":
        first, last = "1", "12"
    for name, formula in (
        ("period_start", f"DATE({year},{first},1)"),
        ("period_end", f"DATE({year},{last}+1,0)"),
        ("first_month", f"{year}*100+{first}"),
        ("last_month", f"{year}*100+{last}"),
    ):
        yield context_name(name), f'IF({_is_period(text, field.type)},{formula},"")'


@dataclass(frozen=True, slots=True)
class _Reader:
    """The formulas of one field's cell."""

    form: Form
    field: Field
    cell: str
    spellings: Spellings | None

    @property
    def text(self) -> str:
        return text_name(self.form.key, self.field.key)

    @property
    def found(self) -> str:
        return f"found_{self.form.key}__{self.field.key}"

    @property
    def value(self) -> str:
        return value_name(self.form.key, self.field.key)

    @property
    def state(self) -> str:
        return state_name(self.form.key, self.field.key)

    def text_formula(self) -> str:
        """What was typed, trimmed; a mark for nothing is nothing where the field may be blank."""
        trimmed = self.cell
        for space in (*map(quoted, _SPACES), *(f"CHAR({code})" for code in _CONTROLS)):
            trimmed = f'SUBSTITUTE({trimmed},{space}," ")'
        trimmed = f"TRIM({trimmed})"
        if not self.field.required:
            marks = tuple(m for m in BLANK_MARKS if m not in (self.field.spellings or ()))
            trimmed = f'IF({_is_one_of(trimmed, marks)},"",{trimmed})'
        return f'IFERROR({trimmed},"#")'

    def found_formula(self) -> str:
        """The place of the choice among all spellings, 0 if it is none of them."""
        assert self.spellings is not None
        return f"IFERROR(MATCH({literally(self.text)},{self.spellings.written},0),0)"

    def value_formula(self) -> str:
        cell, text, blank = self.cell, self.text, self._blank_value()
        match self.field.type:
            case "int" | "money":
                return f"IF(ISNUMBER({cell}),ROUND({cell},{_DIGITS[self.field.type]}),{blank})"
            case "date":
                return f"IF(ISNUMBER({cell}),INT({cell}),{blank})"
            case "month":
                return f"IF({_is_month(text)},{_month(text)},{blank})"
            case "choice":
                assert self.spellings is not None
                return f"IF({self.found}>0,INDEX({self.spellings.stored},{self.found}),{blank})"
            case "flag":
                word = f"IF({_is_one_of(f'LOWER({text})', NO_WORDS)},FALSE,{blank})"
                word = f"IF({_is_one_of(f'LOWER({text})', YES_WORDS)},TRUE,{word})"
                return f"IF(ISLOGICAL({cell}),{cell},{word})"
        return f'IF({text}="",{blank},{text})'

    def state_formula(self) -> str:
        """The state of a cell that is no error value."""
        typed = self._typed_state()
        if self.field.type in ("int", "money", "date"):
            typed = f'IF(ISNUMBER({self.cell}),{typed},"s")'
        return f'IF({self.text}="","{int(self.field.required)}",{typed})'

    def plain_formula(self) -> str:
        """Whether the trimmed text is as long as what was typed, so that nothing else is lost."""
        return f"AND(NOT(ISLOGICAL({self.cell})),LEN({self.cell})=LEN({self.text}))"

    def exact_formula(self) -> str:
        """Whether nothing was changed at all, not even a line break into a space."""
        return f"AND(NOT(ISLOGICAL({self.cell})),EXACT({self.cell},{self.text}))"

    def _typed_state(self) -> str:
        cell, text = self.cell, self.text
        match self.field.type:
            case "int" | "money" as kind:
                rounded = f"ROUND({cell},{_DIGITS[kind]})"
                # A sum of binary numbers is off by a few units in the last place.
                noise = f"MAX(1E-9,ABS({cell})*8.9E-16)"
                wrong = f"OR(ABS({cell})>={_LIMITS[kind]},ABS({cell}-{rounded})>{noise})"
                low = self.field.minimum
                fine = '"0"' if low is None else f'IF({rounded}<{_number(low)},"3","0")'
                return f'IF({wrong},"2",{fine})'
            case "date":
                digits = f"AND({cell}>=19000101,{cell}<=99991231)"
                return f'IF({_is_day(cell)},"0",IF({digits},"s","2"))'
            case "month":
                return f'IF({_is_month(text)},"0","s")'
            case "choice":
                return f'IF({self.found}>0,"0","4")'
            case "flag":
                words = (*YES_WORDS, *NO_WORDS)
                return f'IF(OR(ISLOGICAL({cell}),{_is_one_of(f"LOWER({text})", words)}),"0","s")'
            case "period" | "year":
                return f'IF({_is_period(text, self.field.type)},"0","s")'
        # Excel keeps 15 digits of a number; a longer one is damaged.
        return f'IF(ISNUMBER({cell}),IF(ABS({cell})>=1E+15,"2","0"),"0")'

    def _blank_value(self) -> str:
        source = _stand_in(self.form, self.field)
        if source is not None:
            return value_name(self.form.key, source.key)
        default = self.field.default
        if isinstance(default, str):
            return _month(quoted(default)) if self.field.type == "month" else quoted(default)
        return '""' if default is None else _number(Decimal(default))


def _is_day(cell: str) -> str:
    return f"AND({cell}>={_FIRST_DAY},{cell}<{_AFTER_LAST_DAY})"


def _is_month(text: str) -> str:
    shape = f'LEN({text})=7,MID({text},5,1)="-",{_FOUR_DIGITS.format(text)}'
    near = f'LEFT({text},4)>="1950",LEFT({text},4)<="2100"'
    return f'AND({shape},ISNUMBER(FIND(RIGHT({text},2)&"|",{_MONTH_ENDS})),{near})'


def _month(text: str) -> str:
    return f"VALUE(LEFT({text},4))*100+VALUE(RIGHT({text},2))"


def _is_period(text: str, kind: FieldType) -> str:
    """Whether a text is a quarter such as 2026Q3, or for the type `year` four digits."""
    years = f'{_FOUR_DIGITS.format(text)},ISNUMBER(FIND(LEFT({text},2)&"|","19|20|"))'
    if kind == "year":
        return f"AND(LEN({text})=4,{years})"
    quarter = f'UPPER(MID({text},5,1))="Q",ISNUMBER(FIND(RIGHT({text},1)&"|","1|2|3|4|"))'
    return f"AND(LEN({text})=6,{quarter},{years})"


def _is_one_of(text: str, words: tuple[str, ...]) -> str:
    return f'ISNUMBER(FIND("|"&{text}&"|",{quoted("|" + "|".join(words) + "|")}))'


def _number(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _stand_in(form: Form, field: Field) -> Field | None:
    """Return the field that stands for a blank, if its own value does not hang on this one's."""
    if not field.default_from:
        return None
    source = form.field(field.default_from)
    earlier = form.positions[source.key] < form.positions[field.key]
    return source if earlier or not source.default_from else None
