"""Rows and covers typed: located raw cells in, values in the order of the form's fields out.

A blank takes the field's default; a mark for "nothing" (`—`, `无`) in an optional field is a blank.
What cannot be read is an issue at its cell and UNREAD in the row, so that no rule speaks of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice, zip_longest
from operator import itemgetter
from types import NoneType
from typing import Any, cast

from pipeline.books.raw import CellFault, Raw, as_typed, is_blank, is_blank_mark
from pipeline.forms.anchors import TOTAL_WORDS
from pipeline.forms.model import Field, Value
from pipeline.intake.cells import (
    Reading,
    read_choice,
    read_date,
    read_flag,
    read_int,
    read_money,
    read_month,
    read_text,
)
from pipeline.intake.findings import Place, address, finding
from pipeline.intake.places import Column, CoverPlace, LedgerPlace
from pipeline.intake.plain import plain_reader
from pipeline.intake.typed import UNREAD, Records, Unread
from pipeline.issues import Issue
from pipeline.periods import Period, parse_period
from pipeline.texts import Text

_NOTHING = Reading(None)
_TOTAL_STARTS = frozenset(word[0] for word in TOTAL_WORDS)
_BLANK_MARK = Text("“{value}” 按没有填读取。", "“{value}” was read as blank.")
_BAD_PERIOD = {
    "period": Text(
        "“{value}” 不是季度。请写成 2026Q3 这样。",
        "“{value}” is not a quarter. Write it like 2026Q3.",
    ),
    "year": Text(
        "“{value}” 不是年度。请写成 2026 这样。", "“{value}” is not a year. Write it like 2026."
    ),
}
_ROSTER_ONLY = Text(
    "预填的名册没有填写，没有读取。", "The roster stands as it was handed out and was not read."
)
_READ_AS = Text("“{value}” 按 {read} 读取。", "“{value}” was read as {read}.")


Reader = Callable[[Raw], Reading]


def read_ledger(place: LedgerPlace, period: Period) -> tuple[Records, list[Issue]]:
    """Return the rows of a ledger that hold something, with the issues of reading them.

    Blank rows, rows filled only in ignored columns and total rows are no rows. Neither is a roster
    that stands as it was handed out, in which nobody has reported anything. What the template says
    about a row is no part of it.
    """
    form = place.form
    known = frozenset(column.index for column in place.columns.values())
    if form.roster and _is_untouched(place, known):
        where = Place(form.label.zh, "", place.header_row)
        empty: list[list[Any]] = [[] for _ in form.fields]
        return Records([], empty), [finding("R-14", where, reason=_ROSTER_ONLY)]
    numbers: list[int] = []
    raws: list[list[Raw]] = []
    issues: list[tuple[int, Issue]] = []  # with the row each is about
    for number, raw, first in _filled_rows(place, known):
        if _is_total(raw[first]):
            where = Place(form.label.zh, address(number, first), number)
            issues.append((number, finding("R-13", where, as_typed(raw[first]), row=number)))
        else:
            numbers.append(number)
            raws.append(raw)
    rows, found = _read_rows(place, numbers, raws, period)
    return rows, [issue for _, issue in sorted((*issues, *found), key=itemgetter(0))]


def read_cover(place: CoverPlace, period: Period | None) -> tuple[Records, list[Issue]]:
    """Return a cover's values as one row numbered 0, with the issues of reading them."""
    issues: list[Issue] = []
    values: list[Any] = []
    for field in place.form.fields:
        value, found = _read_line(place, field, period)
        issues += found
        values.append(value)
    unread = frozenset(position for position, value in enumerate(values) if value is UNREAD)
    return Records([0], [[value] for value in values], {0: unread} if unread else {}), issues


def read_period(place: CoverPlace) -> Period | None:
    """Return the period that a cover states; what there is to say of it comes with its reading."""
    for field in place.form.fields:
        if field.type in ("period", "year"):
            value, _ = _read_line(place, field, None)
            return parse_period(value) if isinstance(value, str) else None
    return None


def _read_line(
    place: CoverPlace, field: Field, period: Period | None
) -> tuple[Value | Unread, list[Issue]]:
    cell = place.cells.get(field.key)
    if cell is None:
        return place.defaults.get(field.key, field.default), []
    if cell.raw is None and not field.required:
        return field.default, []
    if period is not None or field.type in ("period", "year"):
        (value,) = plain_reader(field)([cell.raw])
        if value is not None:
            return value, []
    sheet, at = place.form.label.zh, address(cell.row, cell.index)
    where = Place(sheet, at, cell.row, field.key, cell.written)
    return settle(field, cell.raw, reader_of(field, period)(cell.raw), where)


def _filled_rows(place: LedgerPlace, known: frozenset[int]) -> Iterator[tuple[int, list[Raw], int]]:
    """Yield the rows that hold something in a known column: number, cells, first filled cell."""
    own = place.own
    for number, raw in enumerate(place.sheet.rows[place.header_row :], start=place.header_row + 1):
        for first, cell in enumerate(raw):
            if cell is not None and first not in own and not is_blank(cell):
                if first in known or any(
                    n in known and not is_blank(raw[n]) for n in range(len(raw))
                ):
                    yield number, raw, first
                break


def _is_untouched(place: LedgerPlace, known: frozenset[int]) -> bool:
    """Tell whether the ledger holds a roster and nothing beside it."""
    roster = place.form.roster
    handed_out = {
        place.columns[field.key].index
        for field in place.form.fields
        if field.key in place.columns
        and (field.carry or (roster is not None and field.key == roster.month))
    }
    filled = any(True for _ in _filled_rows(place, known))
    return filled and not any(True for _ in _filled_rows(place, known - handed_out))


def _is_total(first: Raw) -> bool:
    if not isinstance(first, str) or first.lstrip()[:1] not in _TOTAL_STARTS:
        return False
    return "".join(first.split()).rstrip(":：") in TOTAL_WORDS


def _read_rows(
    place: LedgerPlace, numbers: Sequence[int], raws: Sequence[Sequence[Raw]], period: Period
) -> tuple[Records, list[tuple[int, Issue]]]:
    """Return typed rows, and the issues of reading them with the row each is about.

    Column by column, since nearly all cells of a column are plain; the others are read in full.
    """
    form, issues = place.form, list[tuple[int, Issue]]()
    columns: list[list[Any]] = []
    cells = _turned(raws, {column.index for column in place.columns.values()})
    blank = (None,) * len(raws)
    for field in form.fields:
        column = place.columns.get(field.key)
        if column is None:
            columns.append([place.defaults.get(field.key, field.default)] * len(raws))
            continue
        there = cells.get(column.index, blank)
        values, found = _read_column(place, field, column, numbers, there, period)
        columns.append(values)
        issues += found
    for position, source in form.stand_ins:
        pairs = zip(columns[position], columns[source], strict=True)
        columns[position] = [other if value is None else value for value, other in pairs]
    return Records(numbers, columns, _unread(columns) if issues else {}), issues


def _turned(raws: Sequence[Sequence[Raw]], known: Collection[int]) -> dict[int, tuple[Raw, ...]]:
    """Return the cells of the known columns, but for those that every row ends before."""
    columns = islice(zip_longest(*raws), max(known, default=-1) + 1)
    return {index: cells for index, cells in enumerate(columns) if index in known}


def _read_column(
    place: LedgerPlace,
    field: Field,
    column: Column,
    numbers: Sequence[int],
    cells: Sequence[Raw],
    period: Period,
) -> tuple[list[Any], list[tuple[int, Issue]]]:
    issues: list[tuple[int, Issue]] = []
    if not field.required and cells.count(None) == len(cells):
        return [field.default] * len(cells), issues
    values: list[Any] = plain_reader(field)(cells)
    # Of their types, since a Decimal is slow to tell that it is not None.
    if NoneType not in set(map(type, values)):
        return values, issues
    for row, cell in enumerate(cells):
        if values[row] is not None:
            continue
        if cell is None and not field.required:
            values[row] = field.default
            continue
        number = numbers[row]
        where = Place(
            place.form.label.zh, address(number, column.index), number, field.key, column.written
        )
        values[row], found = settle(field, cell, reader_of(field, period)(cell), where)
        issues += ((number, issue) for issue in found)
    return values, issues


def _unread(columns: Sequence[Sequence[Any]]) -> dict[int, frozenset[int]]:
    """Return the columns with an unreadable value, by the index of the row."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for position, values in enumerate(columns):
        for row, value in enumerate(values):
            if value is UNREAD:
                found[row].add(position)
    return {row: frozenset(positions) for row, positions in found.items()}


def settle(
    field: Field, raw: Raw, reading: Reading, where: Place
) -> tuple[Value | Unread, list[Issue]]:
    """Return the value of a cell that is not simply what was typed, and what to say about it."""
    typed = as_typed(raw) if raw is not None else ""
    if not field.required and not isinstance(raw, CellFault) and is_blank_mark(raw):
        reason = _BLANK_MARK.format(value=typed.strip())
        return field.default, [finding("R-08", where, typed, reason=reason)]
    if reading.value is None and not reading.code:
        if field.required:
            return None, [finding("R-01", where, "", hint=field.hint)]
        return field.default, []
    found = []
    if reading.code:
        assert reading.reason is not None, reading.code
        found.append(finding(reading.code, where, typed, reason=reading.reason))
    if reading.code in ("R-02", "R-03", "R-05", "R-06"):
        return UNREAD, found
    if _is_below(field, reading.value):
        return UNREAD, [*found, finding("R-04", where, typed, minimum=field.minimum)]
    return reading.value, found


def _is_below(field: Field, value: Value) -> bool:
    return field.minimum is not None and cast(int | Decimal, value) < field.minimum


def reader_of(field: Field, period: Period | None) -> Reader:
    match field.type:
        case "int":
            return read_int
        case "money":
            return read_money
        case "flag":
            return read_flag
        case "choice":
            return lambda raw: _read_choice(raw, field)
        case "date" | "month":
            if period is None:
                return lambda _raw: _NOTHING
            read = read_date if field.type == "date" else read_month
            start, end = period.start, period.end
            return lambda raw: read(raw, start, end)
        case "period" | "year":
            return lambda raw: _read_period(raw, quarterly=field.type == "period")
    return read_text if field.required else _read_optional_text


def _read_choice(raw: Raw, field: Field) -> Reading:
    """Read one of the choices; the words of our English drop-down are as good as the Chinese."""
    reading = read_choice(raw, cast(Mapping[str, str], field.spellings))
    listed = reading.code == "R-08" and as_typed(raw) in (c.label.en for c in field.choices)
    return Reading(reading.value) if listed else reading


def _read_optional_text(raw: Raw) -> Reading:
    return _NOTHING if is_blank_mark(raw) else read_text(raw)


def _read_period(raw: Raw, *, quarterly: bool) -> Reading:
    reading = read_text(raw)
    if not isinstance(reading.value, str) or reading.code in ("R-02", "R-05", "R-06"):
        return reading
    period = parse_period(reading.value)
    if period is None or period.is_quarter != quarterly:
        reason = _BAD_PERIOD["period" if quarterly else "year"].format(value=reading.value)
        return Reading(None, "R-02", reason)
    if period.code == reading.value:
        return Reading(period.code)
    reason = _READ_AS.format(value=reading.value, read=period.code)
    return Reading(period.code, "R-08", reason)
