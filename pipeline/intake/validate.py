"""Rules applied: typed rows in, issues at their cells out.

A rule is violated only where it is definitely false; it is not applied to a row in which one of
its fields could not be read, since that cell has its own issue already.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache

from pipeline.forms.model import Form, Rule, SheetCheck
from pipeline.forms.violations import Violations, compile_violations
from pipeline.intake.checks import Hit, Sheet, run_check
from pipeline.intake.findings import Place, fill, finding, issue_at
from pipeline.intake.typed import UNREAD, Record, Records
from pipeline.issues import Issue
from pipeline.periods import Period
from pipeline.texts import Text

Locator = Callable[[str, int | None], Place]  # field key, row number (None: the heading) -> place

_BLANK = Text("（空）", "(blank)")
_NO_ROWS = Text(
    "“{sheet}”没有内容，封面的“{nil}”也没有填“是”。请填台账；确实没有的，在封面填“是”。",
    "“{sheet}” is empty and “{nil}” is not ticked. Fill the sheet, or tick it if there was nothing.",
)
_ROWS_AND_NIL = Text(
    "封面的“{nil}”填了“是”，但“{sheet}”里有 {count} 行。请把“是”改成“否”，或清空台账。",
    "“{nil}” is ticked, but “{sheet}” has {count} rows. Untick it or empty the sheet.",
)


def context_of(period: Period, today: date) -> tuple[object, ...]:
    """Return the values of the rule language's context names, in their order."""
    return (period.start, period.end, period.months[0], period.months[-1], today)


def apply_rules(
    form: Form, rows: Records, context: tuple[object, ...], locate: Locator
) -> Iterator[Issue]:
    """Yield the violations of the form's row rules, row by row."""
    found = [
        (row, number)
        for number, (violations, reads) in enumerate(_compiled(form))
        for row in _violated(violations, reads, rows, context)
    ]
    for row, number in sorted(found):
        yield _violation(form, form.rules[number], rows[row], context, locate)


def apply_checks(form: Form, sheet: Sheet, locate: Locator) -> Iterator[Issue]:
    """Yield the violations of the form's sheet checks."""
    for check in form.checks:
        for hit in run_check(check, sheet):
            yield _check_issue(form, check, hit, sheet, locate)


def check_nil(
    form: Form, cover: Form, count: int, ticked: bool | None, locate_tick: Locator
) -> Iterator[Issue]:
    """Yield R-12 where a ledger has rows and its nil tick, or neither."""
    if not form.nil or (count > 0) != (ticked is True):
        return
    message = _ROWS_AND_NIL if count else _NO_ROWS
    values = {"sheet": form.label, "nil": cover.field(form.nil).label, "count": count}
    yield finding("R-12", locate_tick(form.nil, 0), reason=fill(message, values))


def quote(value: object) -> object:
    """Return a value as messages show it; a `Text` where the languages differ."""
    if value is None or value is UNREAD:
        return _BLANK
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value == value.to_integral() else f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return value


@lru_cache(maxsize=256)
def _compiled(form: Form) -> list[tuple[Violations, frozenset[int]]]:
    """Return the function of each rule with the columns it reads, made when first asked for."""
    return [
        (
            compile_violations(rule.node, form.positions),
            frozenset(form.positions[key] for key in rule.fields),
        )
        for rule in form.rules
    ]


def _violated(
    violations: Violations, reads: Collection[int], rows: Records, context: tuple[object, ...]
) -> list[int]:
    """Return the indexes of the rows that violate a rule."""
    if not rows.unread:
        return violations(rows.columns, *context)
    damaged = {row for row, columns in rows.unread.items() if not columns.isdisjoint(reads)}
    sound = [row for row in range(len(rows)) if row not in damaged]
    columns = [
        [column[row] for row in sound] if place in reads else ()
        for place, column in enumerate(rows.columns)
    ]
    return [sound[found] for found in violations(columns, *context)]


def _violation(
    form: Form, rule: Rule, row: Record, context: tuple[object, ...], locate: Locator
) -> Issue:
    values: dict[str, object] = {key: quote(value) for key, value in form.parameters.items()}
    values.update(zip(_CONTEXT_NAMES, map(quote, context), strict=True))
    values.update({f.key: quote(v) for f, v in zip(form.fields, row.values, strict=True)})
    place = locate(rule.at, row.row)
    typed = values[rule.at]
    shown = "" if typed is _BLANK else (typed.zh if isinstance(typed, Text) else str(typed))
    return issue_at(place, rule.id, rule.severity, rule.title, fill(rule.message, values), shown)


def _check_issue(form: Form, check: SheetCheck, hit: Hit, sheet: Sheet, locate: Locator) -> Issue:
    place = locate(check.at, hit.row)
    value = str(hit.values.get("value", ""))
    if hit.row and check.at:
        row = sheet.rows.numbers.index(hit.row)
        shown = quote(sheet.rows.columns[form.positions[check.at]][row])
        value = shown.zh if isinstance(shown, Text) else str(shown)
    message = fill(check.message, dict(hit.values))
    return issue_at(place, check.id, check.severity, check.title, message, value)


_CONTEXT_NAMES = ("period_start", "period_end", "first_month", "last_month", "today")
