"""What the records know of a unit before it fills a workbook: its own past, and nobody else's.

In: the records, a unit and a period. Out: plain values for a blank workbook (`Known`). They come
from the unit's last accepted workbook of the same kind before the period, and from whatever other
records its fields offer. What changes from quarter to quarter is never among them; the forms say
what may be carried over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from pipeline.forms.known import NOTHING, Known, Totals
from pipeline.forms.model import Field, Form, Roster, Value, Workbook
from pipeline.forms.storing import from_stored
from pipeline.periods import Period, parse_period
from pipeline.records.store import Store

Row = Mapping[str, Value]


def known_of(store: Store, workbook: Workbook, unit: str, period: Period) -> Known:
    """Return what is known of a unit before `period`; nothing at all of one without records."""
    with store.reading() as connection:
        offers = _offers(connection, store, workbook, unit, period)
        last = _last_file(connection, store, workbook, unit, period)
        if last is None:
            return Known(offers=offers) if offers else NOTHING
        file_id, code = last
        read = {
            form.key: _read(connection, store.tables.records[form.key], form, file_id)
            for form in workbook.forms
        }
    covers = read[workbook.cover.key]
    return Known(
        cover=_carried(workbook.cover, covers[0]) if covers else {},
        rows={
            form.key: rows
            for form in workbook.ledgers
            if form.roster and (rows := _roster(form, form.roster, read[form.key], period))
        },
        totals={form.key: _totals(form, read[form.key]) for form in workbook.forms},
        offers=offers,
        period=parse_period(code),
    )


def _last_file(
    connection: Connection, store: Store, workbook: Workbook, unit: str, period: Period
) -> tuple[int, str] | None:
    """Return id and period of the unit's newest counting workbook of an earlier period."""
    files = store.tables.files
    found = connection.execute(
        select(files.c.id, files.c.period)
        .where(files.c.unit == unit, files.c.workbook == workbook.key, files.c.current == 1)
        .where(files.c.period < period.code)
        .order_by(files.c.period.desc())
        .limit(1)
    ).first()
    return (found.id, found.period) if found else None


def _read(connection: Connection, table: Table, form: Form, file_id: int) -> list[Row]:
    """Return the records of a form in one file, in the order of the sheet."""
    fields = [field for field in form.fields if field.carry or field.compare]
    if form.roster:
        fields += [field for field in form.fields if field.key == form.roster.month]
    columns = [table.c[field.key] for field in fields]
    query = select(*columns, table.c.row).where(table.c.file_id == file_id).order_by(table.c.row)
    return [
        {
            field.key: from_stored(field.type, value)
            for field, value in zip(fields, row, strict=False)
        }
        for row in connection.execute(query)
    ]


def _carried(form: Form, row: Row) -> dict[str, Value]:
    return {
        field.key: row[field.key]
        for field in form.fields
        if field.carry and row[field.key] is not None
    }


def _totals(form: Form, rows: Sequence[Row]) -> Totals:
    compared = [field for field in form.fields if field.compare]
    return Totals(
        len(rows), {field.key: _sum(row[field.key] for row in rows) for field in compared}
    )


def _sum(values: Iterable[Value]) -> Value:
    """Return the sum of figures; None where there are none."""
    figures: list[Any] = [value for value in values if value is not None]
    return sum(figures[1:], figures[0]) if figures else None


def _roster(
    form: Form, roster: Roster, rows: Sequence[Row], period: Period
) -> list[dict[str, Value]]:
    """Return a row for each month of the period and each one who was in the last ledger."""
    newest: dict[Value, Row] = {row[roster.by]: row for row in rows}  # in the order of the sheet
    for row in sorted(rows, key=lambda row: str(row[roster.month])):
        newest[row[roster.by]] = row
    kept = [
        _turned(roster, _carried(form, row))
        for row in newest.values()
        if not any(row[field] in gone for field, gone in roster.leave_out.items())
    ]
    return [{roster.month: month, **person} for month in period.months for person in kept]


def _turned(roster: Roster, person: dict[str, Value]) -> dict[str, Value]:
    for field, turn in roster.turn.items():
        if field in person:
            person[field] = turn.get(str(person[field]), person[field])
    return person


def _offers(
    connection: Connection, store: Store, workbook: Workbook, unit: str, period: Period
) -> dict[tuple[str, str], dict[str, str]]:
    """Return the words of drop-downs that come from the unit's other records, with their meaning."""
    found = {}
    for form in workbook.forms:
        for asked in form.fields:
            words = _words(connection, store, asked, unit, period) if asked.offers else {}
            if words:
                found[form.key, asked.key] = words
    return found


def _words(
    connection: Connection, store: Store, asked: Field, unit: str, period: Period
) -> dict[str, str]:
    assert asked.offers is not None
    offers, files = asked.offers, store.tables.files
    table = store.tables.records[offers.form]
    first, last = period.months[0], period.months[-1]
    query = (
        select(table.c[offers.field], table.c[offers.words])
        .join(files, files.c.id == table.c.file_id)
        .where(table.c.unit == unit, files.c.current == 1)
        .where(table.c[offers.start] <= last, table.c[offers.end] >= first)
        .order_by(table.c.period, table.c.row)
    )
    return {str(row[0]): str(row[1] or "") for row in connection.execute(query) if row[0]}
