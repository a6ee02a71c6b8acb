"""Control totals: what the stored rows of a file add up to, so that a later reading can be compared.

In: files. Out: for each, by form, how many rows there are, the sum of every whole-number column
(money in fen) and how many cells of every other column are filled. They are kept beside the
archive; `rebuild` reads the bytes again and must come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Function, func, select

from pipeline.records.tables import Tables

ROWS = "rows"
_HEAD = ("file_id", "row", "unit", "period", "places")

Totals = Mapping[str, Mapping[str, int]]  # form -> column -> total


def control_totals(
    connection: Connection, tables: Tables, ids: Sequence[int]
) -> dict[int, dict[str, dict[str, int]]]:
    """Return the totals of these files. A form without rows has that alone, `{"rows": 0}`."""
    if not ids:
        return {}
    first, last = min(ids), max(ids)  # files come one after the other; to list them all costs more
    found = {file_id: {form: {ROWS: 0} for form in tables.records} for file_id in ids}
    for form, table in tables.records.items():
        columns = [column for column in table.columns if column.name not in _HEAD]
        query = (
            select(table.c.file_id, func.count(), *map(_total, columns))
            .where(table.c.file_id.between(first, last))
            .group_by(table.c.file_id)
        )
        names = (ROWS, *(column.name for column in columns))
        for file_id, *totals in connection.execute(query).all():
            if file_id in found:
                pairs = zip(names, totals, strict=True)
                found[file_id][form] = {name: int(total or 0) for name, total in pairs}
    return found


def differing(then: Totals, now: Totals) -> list[tuple[str, str, int, int]]:
    """Return form, column, total then and now wherever the same column adds up differently.

    What the forms have gained or lost since is no difference: nobody asked for it then, or nobody
    does now.
    """
    return [
        (form, name, before, after)
        for form, totals in then.items()
        if form in now
        for name, before in totals.items()
        if (after := now[form].get(name, 0 if now[form][ROWS] == 0 else before)) != before
    ]


def _total(column: Column[Any]) -> Function[Any]:
    return func.sum(column) if isinstance(column.type, BigInteger) else func.count(column)
