"""The store in, the rows behind the figures of a period out; one query a form.

`open_evidence` reads what each unit adds, and `EvidenceReader.of` the ledgers' rows below one unit:
more rows than asked for at most are drawn together, so that what is held grows with the workbooks
and not with what stands in them.

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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select

from pipeline.forms.model import Form, Forms
from pipeline.orgunits import OrgTree
from pipeline.periods import Period
from pipeline.records.sql import context_values, month_of
from pipeline.records.tables import Tables
from pipeline.summaries.draw_together import Drawn, without_few
from pipeline.summaries.evidence import (
    Amount,
    Dimension,
    Evidence,
    Line,
    LineMaker,
    Listing,
    PlanItem,
    Share,
    file_mark,
    shares_of,
)
from pipeline.summaries.indicators import (
    BY_UNIT,
    ON_PLANS,
    Indicators,
    Measure,
    Part,
    Rows,
)
from pipeline.summaries.numbers import Figures
from pipeline.summaries.standings import counts, read_standings
from pipeline.summaries.statements import counting_rows, due_plan_items, share_of
from pipeline.texts import Text

MONTH: Final = Text("月份", "Month")

_ASKED_BY_NAME: Final = 1000  # a statement cannot name units without end


@dataclass(frozen=True, slots=True)
class EvidenceReader:
    """What each unit adds, and where the ledgers' rows are read from."""

    units: Listing
    _source: _Source
    _ledgers: tuple[_Ledger, ...]

    def of(
        self,
        connection: Connection,
        codes: Sequence[str],
        most: int | None = None,
        branches: Mapping[str, str] | None = None,
    ) -> Evidence:
        """Return what is behind the figures of these units alone, in the order of `codes`.

        A ledger with more than `most` rows is drawn together by workbook, and by month for each
        of the `branches` that a unit may belong to.
        """
        ledgers = (
            self._source.read(connection, ledger, codes, most, branches or {})
            for ledger in self._ledgers
        )
        return Evidence(self.units.of(codes), tuple(ledger.of(codes) for ledger in ledgers))


def open_evidence(
    connection: Connection,
    tables: Tables,
    forms: Forms,
    indicators: Indicators,
    tree: OrgTree,
    period: Period,
    published: Mapping[str, Figures] | None = None,
) -> EvidenceReader:
    """Return the reader of the rows that count for a period.

    With [privacy] k above 1 `published` are the figures of all inner units as they may be seen;
    they are asked what is withheld. Without them nothing is.
    """
    standings = read_standings(connection, tables, forms, period)
    codes = [unit.code for unit in tree.reporting(tree.root.code, period.end)]
    reported = frozenset(code for code in codes if counts("units_reported", standings.get(code)))
    source = _Source(tables, forms, indicators, period, reported, published is not None)
    ledgers = tuple(source.ledgers(connection))
    listed = {share.part for ledger in ledgers for share in ledger.shares}
    rest = tuple(s for s in shares_of(indicators) if s.part not in listed and not _on_plan(s.part))
    own = source.sums_of_units(connection, rest)
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
    return EvidenceReader(Listing("", rest, (), tuple(lines)), source, ledgers)


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
class _Ledger:
    """A ledger that may be listed; `rows` are the numbers of the units' rows that add anything."""

    form: Form
    shares: tuple[Share, ...]
    dimensions: tuple[Dimension, ...]
    by_row: bool
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Source:
    tables: Tables
    forms: Forms
    indicators: Indicators
    period: Period
    reported: frozenset[str]
    private: bool

    def ledgers(self, connection: Connection) -> Iterator[_Ledger]:
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
                rows = {} if tells_wages else self._rows(connection, form, listed)
                yield _Ledger(form, listed, dimensions, not tells_wages, rows)

    def read(
        self,
        connection: Connection,
        ledger: _Ledger,
        codes: Collection[str],
        most: int | None,
        branches: Mapping[str, str],
    ) -> Listing:
        """Return what a ledger holds of some units; of others it may hold lines, too."""
        form, shares, dimensions = ledger.form, ledger.shares, ledger.dimensions
        count = sum(ledger.rows.get(code, 0) for code in codes)
        is_long = ledger.by_row and most is not None and count > most
        lines = self._lines(
            connection, form, dimensions, shares,
            by_row=ledger.by_row and not is_long, by_choice=not is_long, codes=frozenset(codes),
        )  # fmt: skip
        if not ledger.by_row:
            lines = without_few(lines, self.period.months if dimensions else ())
        drawn = Drawn(most, branches, is_long)
        drawn.read(lines)
        of_how_many = (count if is_long else drawn.count) if drawn.together else 0
        return Listing(
            form.key, shares, dimensions, tuple(drawn.lines), ledger.by_row, of_how_many,
            drawn.monthly,
        )  # fmt: skip

    def sums_of_units(
        self, connection: Connection, shares: Iterable[Share]
    ) -> defaultdict[str, dict[Part, Amount]]:
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
                    for line in self._lines(connection, form, (), (), by_row=False):
                        found[line.unit][share.part] = 1
            for line in self._lines(connection, form, (), rows, by_row=False) if rows else ():
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

    def _rows(
        self, connection: Connection, form: Form, shares: tuple[Share, ...]
    ) -> dict[str, int]:
        """Return how many rows of each unit add anything."""
        unit = self.tables.records[form.key].c.unit
        statement = counting_rows(self.tables, form.key, self.period, unit, func.count())
        statement = statement.where(_adds_anything(self._added(shares))).group_by(unit)
        found = connection.execute(statement, context_values(self.period))
        return {row[0]: row[1] for row in found if row[0] in self.reported}

    def _lines(
        self,
        connection: Connection,
        form: Form,
        dimensions: tuple[Dimension, ...],
        shares: tuple[Share, ...],
        *,
        by_row: bool,
        by_choice: bool = True,
        codes: frozenset[str] | None = None,
    ) -> Iterator[Line]:
        """Yield the rows that add anything, or the sums of each workbook and member.

        Without `by_choice` they are told by month alone. Only those of the units `codes`, if given.
        """
        rows, files = self.tables.records[form.key], self.tables.files
        told = [d for d in dimensions if by_choice or d.monthly]
        members = [self._member(dimension) for dimension in told]
        added = self._added(shares)
        number: list[ColumnElement[Any]] = [rows.c.row, rows.c.row, literal_column("1")]
        amounts = added
        if not by_row:
            number = [func.min(rows.c.row), func.max(rows.c.row), func.count()]
            amounts = [func.sum(share) for share in added]
        key = (rows.c.unit, files.c.version, files.c.sha256, *members)
        statement = counting_rows(self.tables, form.key, self.period, *key, *number, *amounts)
        if added:
            statement = statement.where(_adds_anything(added))
        if codes is not None and len(codes) <= _ASKED_BY_NAME:
            statement = statement.where(rows.c.unit.in_(codes))
        if by_row:
            statement = statement.order_by(rows.c.unit, files.c.sha256, rows.c.row)
        else:
            statement = statement.group_by(*key).order_by(rows.c.unit, files.c.sha256, *members)
        wanted = self.reported if codes is None else self.reported & codes
        places = [told.index(d) if d in told else None for d in dimensions]
        line = LineMaker(shares, places)
        for row in connection.execute(statement, context_values(self.period)):
            if row[0] in wanted:
                yield line.made(row, len(members))

    def _added(self, shares: tuple[Share, ...]) -> list[ColumnElement[Any]]:
        """Return what one row gives to each of these, NULL for nothing."""
        parts = (share.part for share in shares)
        return [share_of(part, self.tables, self.forms) for part in parts if isinstance(part, Rows)]

    def _member(self, dimension: Dimension) -> ColumnElement[Any]:
        column = self.tables.records[dimension.form].c[dimension.field]
        is_day = self.forms.forms[dimension.form].field(dimension.field).type == "date"
        return month_of(column) if is_day else column


def _adds_anything(added: Iterable[ColumnElement[Any]]) -> ColumnElement[bool]:
    return or_(*(share.is_not(None) for share in added))


def _tells_of_persons(form: Form, indicators: Indicators) -> bool:
    """Whether each row of a form stands for a person: then counting rows counts persons."""
    parts = (part for indicator in indicators for part in indicator.parts)
    return any(
        isinstance(part, Rows) and part.form == form.key and part.persons and part.value is None
        for part in parts
    )


def _on_plan(part: Part) -> bool:
    return isinstance(part, Measure) and part.name in ON_PLANS


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
