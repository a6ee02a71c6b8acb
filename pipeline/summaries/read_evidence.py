"""The store in, the rows behind every figure of a period out; one query a form.

What may be seen of a row is decided here. A workbook is named by its version and the first digits
of its SHA-256, as its receipt is: its own name may be a person's. Free texts are left out. Of a
row that tells of a person the choices are, too, for they may tell of an illness or a hardship.
Where a row holds a wage, the amounts beside it may tell the wage (dues are a fixed share of it):
only sums of a unit's month are given, months of fewer than `FEW_ROWS` rows are drawn together,
and of fewer in all it is not told how many. With `k` above 1 no row of persons is given at all, but the totals of
units as far as their own figures are published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select

from pipeline.forms.model import Form, Forms
from pipeline.orgunits import OrgTree
from pipeline.periods import Period
from pipeline.records.sql import context_values, month_of
from pipeline.records.tables import Tables
from pipeline.summaries.evidence import (
    Amount,
    Dimension,
    Evidence,
    Line,
    Listing,
    PlanItem,
    Share,
    file_mark,
    merge_lines,
    shares_of,
)
from pipeline.summaries.indicators import (
    BY_UNIT,
    ON_PLANS,
    Indicators,
    Measure,
    Part,
    Rows,
    amount,
)
from pipeline.summaries.numbers import Figures
from pipeline.summaries.standings import counts, read_standings
from pipeline.summaries.statements import counting_rows, due_plan_items, share_of
from pipeline.texts import Text

FEW_ROWS: Final = 3
MONTH: Final = Text("月份", "Month")


def read_evidence(
    connection: Connection,
    tables: Tables,
    forms: Forms,
    indicators: Indicators,
    tree: OrgTree,
    period: Period,
    published: Mapping[str, Figures] | None = None,
) -> Evidence:
    """Return the rows of all units that count for a period.

    With [privacy] k above 1 `published` are the figures of all inner units as they may be seen;
    they are asked what is withheld. Without them nothing is.
    """
    standings = read_standings(connection, tables, forms, period)
    codes = [unit.code for unit in tree.reporting(tree.root.code, period.end)]
    reported = {code for code in codes if counts("units_reported", standings.get(code))}
    source = _Source(connection, tables, forms, indicators, period, reported, published is not None)
    ledgers = tuple(source.listings())
    listed = {share.part for ledger in ledgers for share in ledger.shares}
    rest = tuple(s for s in shares_of(indicators) if s.part not in listed and not _on_plan(s.part))
    own = source.sums_of_units(rest)
    for share in rest:
        if isinstance(share.part, Measure) and not share.part.form:
            for code in codes:
                own[code][share.part] = int(counts(share.part.name, standings.get(code)))
    marks = read_marks(connection, tables, forms, period)
    lines = [
        Line(
            code, marks.get(code, ""), None, None, 0, (), tuple(own[code].get(s.part) for s in rest)
        )
        for code in codes
    ]
    if published is not None:
        lines = [_withhold(line, rest, indicators, tree, published) for line in lines]
    return Evidence(Listing("", rest, (), tuple(lines)), ledgers)


def read_marks(
    connection: Connection, tables: Tables, forms: Forms, period: Period
) -> dict[str, str]:
    """Return how each unit's workbook that counts for a period is named."""
    files = tables.files
    quarterly = [book.key for book in forms.workbooks.values() if book.every == "quarter"]
    statement = select(files.c.unit, files.c.version, files.c.sha256).where(
        files.c.period == period.code, files.c.current == 1, files.c.workbook.in_(quarterly)
    )
    return {row.unit: file_mark(row.version, row.sha256) for row in connection.execute(statement)}


def read_plan_items(
    connection: Connection, tables: Tables, period: Period
) -> dict[str, tuple[PlanItem, ...]]:
    """Return the plan items that end in the period, by unit, in the order of the sheet."""
    if "plan" not in tables.records:
        return {}
    items = due_plan_items(tables, period).subquery()
    plan, files = tables.records["plan"], tables.files
    same = and_(plan.c.file_id == items.c.file_id, plan.c.row == items.c.row)
    statement = (
        select(
            plan.c.unit, files.c.version, files.c.sha256, plan.c.row, plan.c.category,
            plan.c.month_start, plan.c.month_end, plan.c.target, items.c.held,
        )
        .select_from(items.join(plan, same).join(files, files.c.id == plan.c.file_id))
        .order_by(plan.c.unit, plan.c.file_id, plan.c.row)
    )  # fmt: skip
    found = defaultdict[str, list[PlanItem]](list)
    for unit, version, sha256, row, category, start, end, target, held in connection.execute(
        statement
    ):
        mark = file_mark(version, sha256)
        found[unit].append(PlanItem(unit, mark, row, category, start, end, target, int(held)))
    return {unit: tuple(of_unit) for unit, of_unit in found.items()}


@dataclass(frozen=True, slots=True)
class _Source:
    connection: Connection
    tables: Tables
    forms: Forms
    indicators: Indicators
    period: Period
    reported: Collection[str]
    private: bool

    def listings(self) -> Iterator[Listing]:
        """Yield the ledgers that may be listed, as far as they may."""
        shares = shares_of(self.indicators)
        for form in self.forms.forms.values():
            of_persons = _tells_of_persons(form, self.indicators)
            if form.kind != "ledger" or (self.private and of_persons):
                continue
            listed = tuple(
                share
                for share in shares
                if isinstance(share.part, Rows)
                and share.part.form == form.key
                and not (self.private and share.part.persons)
            )
            if listed:
                dimensions = tuple(self._dimensions(form, of_persons))
                tells_wages = any(
                    field.sensitive and field.type == "money" for field in form.fields
                )
                lines = self._lines(form, dimensions, listed, by_row=not tells_wages)
                if tells_wages:
                    lines = _without_few(lines, self.period.months if dimensions else ())
                yield Listing(form.key, listed, dimensions, tuple(lines), not tells_wages)

    def sums_of_units(self, shares: Iterable[Share]) -> defaultdict[str, dict[Part, Amount]]:
        """Return what each unit's workbook adds to some parts."""
        found = defaultdict[str, dict[Part, Amount]](dict)
        by_form = defaultdict[str, list[Share]](list)
        for share in shares:
            if share.part.form:
                by_form[share.part.form].append(share)
        for key, of_form in by_form.items():
            form = self.forms.forms[key]
            rows = tuple(share for share in of_form if isinstance(share.part, Rows))
            for share in of_form:
                if isinstance(share.part, Measure):
                    for line in self._lines(form, (), (), by_row=False):
                        found[line.unit][share.part] = 1
            for line in self._lines(form, (), rows, by_row=False) if rows else ():
                told = zip(rows, line.amounts, strict=True)
                found[line.unit] |= {s.part: value for s, value in told if value is not None}
        return found

    def _dimensions(self, form: Form, of_persons: bool) -> Iterator[Dimension]:
        monthly = False
        for breakdown in self.indicators.breakdowns:
            is_choice = form.key == breakdown.form and form.field(breakdown.field).type == "choice"
            if breakdown.form == form.key and not (is_choice and of_persons):
                yield Dimension(form.key, breakdown.field, breakdown.label, not is_choice)
                monthly = monthly or not is_choice
        dates = (field for field in form.fields if field.type == "date" and field.required)
        if not monthly and (day := next(dates, None)):
            yield Dimension(form.key, day.key, MONTH, monthly=True)

    def _lines(
        self,
        form: Form,
        dimensions: tuple[Dimension, ...],
        shares: tuple[Share, ...],
        *,
        by_row: bool,
    ) -> list[Line]:
        """Return the rows that add anything, or the sums of each workbook and member."""
        rows, files = self.tables.records[form.key], self.tables.files
        members = [self._member(dimension) for dimension in dimensions]
        added = [
            share_of(share.part, self.tables, self.forms)
            for share in shares
            if isinstance(share.part, Rows)
        ]
        number: list[ColumnElement[Any]] = [rows.c.row, rows.c.row, literal_column("1")]
        amounts = added
        if not by_row:
            number = [func.min(rows.c.row), func.max(rows.c.row), func.count()]
            amounts = [func.sum(share) for share in added]
        key = (rows.c.unit, files.c.version, files.c.sha256, *members)
        statement = counting_rows(self.tables, form.key, self.period, *key, *number, *amounts)
        if added:
            statement = statement.where(or_(*(share.is_not(None) for share in added)))
        if by_row:
            statement = statement.order_by(rows.c.unit, files.c.sha256, rows.c.row)
        else:
            statement = statement.group_by(*key).order_by(rows.c.unit, files.c.sha256, *members)
        found = self.connection.execute(statement, context_values(self.period))
        return [self._line(row, len(members), shares) for row in found if row[0] in self.reported]

    def _member(self, dimension: Dimension) -> ColumnElement[Any]:
        column = self.tables.records[dimension.form].c[dimension.field]
        is_day = self.forms.forms[dimension.form].field(dimension.field).type == "date"
        return month_of(column) if is_day else column

    def _line(self, row: Any, members: int, shares: tuple[Share, ...]) -> Line:
        unit, version, sha256, *rest = row
        first, last, count, *amounts = rest[members:]
        return Line(
            unit,
            file_mark(version, sha256),
            first,
            last,
            count,
            tuple(member or "" for member in rest[:members]),
            tuple(
                None if value is None else amount(share.part, int(value))
                for share, value in zip(shares, amounts, strict=True)
            ),
        )


def _tells_of_persons(form: Form, indicators: Indicators) -> bool:
    """Whether each row of a form stands for a person: then counting rows counts persons."""
    parts = (part for indicator in indicators for part in indicator.parts)
    return any(
        isinstance(part, Rows) and part.form == form.key and part.persons and part.value is None
        for part in parts
    )


def _on_plan(part: Part) -> bool:
    return isinstance(part, Measure) and part.name in ON_PLANS


def _without_few(lines: Iterable[Line], months: Collection[str]) -> list[Line]:
    """Draw a workbook's months of few rows together, with the shortest other one if need be.

    Rows of other months than those of the period stand together anyway.
    """
    found: list[Line] = []
    for _, of_workbook in groupby(lines, lambda line: (line.unit, line.file)):
        all_of_it = list(of_workbook)
        within = [line for line in all_of_it if months and line.members[0] in months]
        shortest = sorted(within, key=lambda line: (line.rows, line.members))
        few = [line for line in shortest if line.rows < FEW_ROWS]
        if few and sum(line.rows for line in few) < FEW_ROWS:
            few = shortest[: len(few) + 1]
        found += [line for line in within if line not in few]
        for together in (few, [line for line in all_of_it if line not in within]):
            if together:
                found.append(_unplaced(merge_lines(together)))
    return found


def _unplaced(line: Line) -> Line:
    """Do not tell that a sum is that of a row or two, nor of which: it would be one member's."""
    return line if line.rows >= FEW_ROWS else replace(line, first=None, last=None, rows=0)


def _withhold(
    line: Line,
    shares: Iterable[Share],
    indicators: Indicators,
    tree: OrgTree,
    published: Mapping[str, Figures],
) -> Line:
    """Return a unit's line without the counts of persons that its own figures withhold.

    A unit whose workbook does not count has none.
    """
    if not line.file:
        return line
    above = line.unit if line.unit in published else tree.units[line.unit].parent
    figures = published.get(above)
    withheld = {
        place
        for place, share in enumerate(shares)
        if share.part.persons
        and not (figures and _is_published(share.part, line.unit, indicators, figures))
    }
    amounts = [None if n in withheld else value for n, value in enumerate(line.amounts)]
    return replace(line, amounts=tuple(amounts), withheld=frozenset(withheld))


def _is_published(part: Part, unit: str, indicators: Indicators, figures: Figures) -> bool:
    numbers = (
        figures.numbers.get((indicator.id, BY_UNIT, unit))
        for indicator in indicators
        if part in indicator.parts
    )
    return any(number is not None and not number.withheld for number in numbers)
