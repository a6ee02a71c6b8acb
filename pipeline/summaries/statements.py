"""The SQL behind the parts of indicators: what one row gives to a part, to which member of a
breakdown it belongs, and which rows count. `aggregate` adds these up, `trace` lists them.

A row counts where its file is the version that counts, now or when some file was the newest one
taken (`as_of`): versions are decided in the order of their numbers and their rows are kept, so what
a summary was once made from can be asked for again. What a row gives to a part is NULL where the
part's condition is not definitely true or its value is blank.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from pipeline.forms.model import Forms
from pipeline.periods import Period
from pipeline.records.lifecycle import ACCEPTED
from pipeline.records.sql import compile_amount, compile_condition, month_of
from pipeline.records.tables import Tables
from pipeline.summaries.indicators import MONTH, Breakdown, Indicators, Rows

NAMED_AT_ONCE: Final = 500  # units in a statement, and as many whose rows are held at a time


def counting_rows(
    tables: Tables,
    form: str,
    period: Period,
    *columns: ColumnElement[Any],
    as_of: int | None = None,
) -> Select[Any]:
    """Return a SELECT of `columns` over the rows of a form that count for the period."""
    rows, files = tables.records[form], tables.files
    return (
        select(*columns)
        .select_from(rows.join(files, rows.c.file_id == files.c.id))
        .where(rows.c.period == period.code, is_counting(tables, as_of))
    )


def is_counting(tables: Tables, as_of: int | None = None) -> ColumnElement[bool]:
    """Return whether a file is a version that counts: now, or when file `as_of` was the newest."""
    files = tables.files
    if as_of is None:
        return files.c.current == 1
    then = files.alias()
    newest = (
        select(func.max(then.c.id))
        .where(then.c.id <= as_of, then.c.status.in_(ACCEPTED))
        .group_by(then.c.unit, then.c.period, then.c.workbook)
    )
    return files.c.id.in_(newest)


def share_of(part: Rows, tables: Tables, forms: Forms) -> ColumnElement[Any]:
    """Return what one row gives to a part, in whole units of 10**-digits; NULL for nothing."""
    form, columns = forms.forms[part.form], tables.records[part.form].c
    share: ColumnElement[Any] = literal_column("1", Integer)
    if part.value is not None:
        share = compile_amount(part.value, form, columns).sql
    if part.where is None:
        return share
    return case((compile_condition(part.where, form, columns), share))


def member_of(breakdown: Breakdown, tables: Tables, forms: Forms) -> ColumnElement[Any]:
    """Return the member of a breakdown that one row belongs to; NULL where it is blank."""
    column = tables.records[breakdown.form].c[breakdown.field]
    is_day = forms.forms[breakdown.form].field(breakdown.field).type == "date"
    return month_of(column) if is_day else column


def belongs_to(
    span: Period, tables: Tables, forms: Forms, indicators: Indicators, form: str, quarter: Period
) -> ColumnElement[bool]:
    """Return whether a row of a quarter's workbook belongs to a span that cuts the quarter.

    A row stands at the day that splits its form by month, else at the first date of a ledger; a
    month at its first day. One without such a day in its own quarter (a cover, a back payment)
    stands at the quarter's end, so that each row is in exactly one of two terms.
    """
    day = _day_of(tables, forms, indicators, form)
    at_end = span.has(quarter.end)
    if day is None:
        return true() if at_end else false()
    first, last = max(span.start, quarter.start), min(span.end, quarter.end)
    inside = day.between(first.isoformat(), last.isoformat())
    if not at_end:
        return inside
    elsewhere = ~day.between(quarter.start.isoformat(), quarter.end.isoformat())
    return or_(inside, day.is_(None), elsewhere)


def months_of(span: Period, quarter: Period) -> tuple[str, ...]:
    """Return the months of a quarter that belong to a span: those whose first day does."""
    return tuple(m for m in quarter.months if span.has(date.fromisoformat(f"{m}-01")))


def due_plan_items(
    tables: Tables,
    period: Period,
    as_of: int | None = None,
    months: tuple[str, ...] | None = None,
) -> Select[Any]:
    """Return a SELECT of the plan items that end in the period: unit, path, row and done (1/0),
    then the file's id and the sessions held. `months` are those of the period that are asked for,
    all where it is None.

    An item is done where the sessions of the unit's own activities that carry its number and
    ended within its months, in whichever quarter, reach the target.
    """
    plan, files = tables.records["plan"], tables.files
    ending = plan.c.month_end.in_(period.months if months is None else months)
    items = plan_items(
        tables, ending, plan.c.unit, files.c.path, plan.c.row, plan.c.file_id, plan.c.target,
        as_of=as_of,
    ).subquery()  # fmt: skip
    done = case((items.c.held >= items.c.target, 1), else_=0)
    return select(
        items.c.unit, items.c.path, items.c.row, done.label("done"), items.c.file_id, items.c.held
    )


def plan_items(
    tables: Tables,
    where: ColumnElement[bool],
    *columns: ColumnElement[Any],
    as_of: int | None = None,
) -> Select[Any]:
    """Return a SELECT of `columns` over the items of the plans that count, then the sessions held.

    Held are those of the unit's own activities that carry the item's number and ended within its
    months, in whichever quarter.
    """
    plan, files = tables.records["plan"], tables.files
    wanted = and_(is_counting(tables, as_of), where)
    of_plans = plan.join(files, plan.c.file_id == files.c.id)
    numbers = select(plan.c.unit, plan.c.plan_id).select_from(of_plans).where(wanted)
    held = _sessions_held(tables, numbers, as_of).subquery()
    of_item = and_(
        held.c.unit == plan.c.unit,
        held.c.plan_id == plan.c.plan_id,
        held.c.month.between(plan.c.month_start, plan.c.month_end),
    )
    sessions = func.coalesce(func.sum(held.c.sessions), 0)
    return (
        select(*columns, sessions.label("held"))
        .select_from(of_plans.outerjoin(held, of_item))
        .where(wanted)
        .group_by(plan.c.file_id, plan.c.row, *(c for c in columns if isinstance(c, Column)))
    )


def in_turns(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield so many of the units at a time that a statement can name them one by one."""
    for start in range(0, len(codes), NAMED_AT_ONCE):
        yield codes[start : start + NAMED_AT_ONCE]


def _day_of(
    tables: Tables, forms: Forms, indicators: Indicators, form: str
) -> ColumnElement[Any] | None:
    by_month = [b.field for b in indicators.breakdowns if (b.form, b.dimension) == (form, MONTH)]
    dates = [field.key for field in forms.forms[form].fields if field.type == "date"]
    if forms.forms[form].kind != "ledger" or not (found := by_month + dates):
        return None
    column = tables.records[form].c[found[0]]
    is_day = forms.forms[form].field(found[0]).type == "date"
    return column if is_day else column + literal_column("'-01'", Text)


def _sessions_held(tables: Tables, numbers: Select[Any], as_of: int | None) -> Select[Any]:
    """Sessions by unit, plan number and month, for these units and numbers alone."""
    activities, files = tables.records["activities"], tables.files
    month = month_of(activities.c.date_end)
    return (
        select(
            activities.c.unit,
            activities.c.plan_id,
            month.label("month"),
            func.sum(activities.c.sessions).label("sessions"),
        )
        .select_from(activities.join(files, activities.c.file_id == files.c.id))
        .where(is_counting(tables, as_of))
        .where(tuple_(activities.c.unit, activities.c.plan_id).in_(numbers))
        .group_by(activities.c.unit, activities.c.plan_id, month)
    )
