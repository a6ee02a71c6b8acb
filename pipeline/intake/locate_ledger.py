"""A ledger's headings: a sheet in, the column of every field out, whatever was done to its head.

A column is found by its heading first, since that is what people see; then by the hidden mark that
the template put on it; then by a spelling that differs in nothing but a unit; then, where the sheet
has no marks at all, by its place between two known columns. Every heading that was not simply read
is an issue: what is certain as a note, what is a guess as a warning, and what could be read in two
ways, or in another unit, as an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.books.grid import Sheet
from pipeline.books.raw import Raw, as_typed, is_blank
from pipeline.forms.anchors import STATUS
from pipeline.forms.model import Field
from pipeline.intake.findings import Place, address, fill, finding
from pipeline.intake.fitting import fits
from pipeline.intake.places import Column, LedgerPlace, Wanted
from pipeline.intake.wording import (
    LIKE,
    field_by_plain_key,
    field_by_spelling,
    likeness,
    other_unit,
)
from pipeline.issues import Issue
from pipeline.texts import Text, label_key

HEADER_ROWS = 10
OWN_HEADINGS = frozenset(map(label_key, (STATUS.zh, STATUS.en)))

_BY_MARK = Text(
    "表头改动过，按模板里的标记读作“{label}”。",
    "the heading was changed; by the template's hidden mark this is “{label}”.",
)
_BY_MARK_BLANK = Text(
    "这一列的表头没有了，按模板里的标记读作“{label}”。",
    "the heading is gone; by the template's hidden mark this is “{label}”.",
)
_BY_WORDS = Text("读作“{label}”。", "was read as “{label}”.")
_BY_PLACE_BLANK = Text(
    "这一列没有表头，按左右两列的位置读作“{label}”。",
    "this column has no heading; from the columns beside it, it is “{label}”.",
)
_GUESS = Text(
    "没有这样的表头，{why}当作“{label}”读取。请核对；如不是，请改正表头。",
    "no such heading; {why} it was read as “{label}”. Check it, and correct the heading if not.",
)
_WHY_SPELLING = Text("按相近的写法", "from its spelling")
_WHY_PLACE = Text("按左右两列的位置", "from the columns beside it")
_WHY_CONTENT = Text("按内容", "from its content")
_LABEL_OVER_MARK = Text(
    "模板里这一列原是“{other}”，现在表头写的是“{label}”，按表头读取。",
    "in the template this column was “{other}”; its heading now says “{label}”, which counts.",
)
_MARK_ELSEWHERE = Text(
    "模板里“{label}”原在 {column} 列，现在按表头读取 {cell}。",
    "in the template “{label}” was column {column}; the heading at {cell} counts.",
)
_OTHER_UNIT = Text(
    "表头写的单位是“{unit}”，报表要的是“{label}”。请换算后改正数字和表头。",
    "the heading says {unit}, the form asks for “{label}”. Convert the figures and mend the heading.",
)
_NO_SUCH_COLUMN = Text(
    "报表里没有这一列，没有读取。", "The form has no such column; it was not read."
)
_ABOVE = Text(
    "这一行在表头上面，没有读取。是填报内容的，请移到表头下面。",
    "This row stands above the headings and was not read; move what is data below them.",
)
_NAMELESS = Text(
    "{column} 列没有表头，里面的内容没有读取。",
    "Column {column} has no heading; its content was not read.",
)


@dataclass(frozen=True, slots=True)
class _Heading:
    """What stands over a column: its 1-based row, the cell, and the field that the label names."""

    row: int
    raw: Raw
    key: str | None


def locate_ledger(
    wanted: Wanted, sheet: Sheet, anchors: Mapping[str, tuple[int, int]]
) -> tuple[LedgerPlace, list[Issue]]:
    """Return where the columns of a ledger are, with what there is to say about its headings.

    `anchors` gives row and column of the hidden marks that are on this sheet, by field key.
    """
    finder = _Finder(wanted, sheet, anchors)
    finder.take_labels()
    finder.take_marks()
    finder.take_words()
    if not anchors:
        finder.take_places()
        finder.take_content()
    finder.report_rest()
    missing = wanted.defaults.keys() - finder.columns.keys()
    defaults = {key: wanted.defaults[key] for key in missing}
    place = LedgerPlace(
        wanted.form, sheet, finder.last_row, finder.columns, defaults, frozenset(finder.own)
    )
    return place, finder.issues


def best_header(sheet: Sheet, wanted: Wanted) -> tuple[int, frozenset[str]]:
    """Return the 0-based row with most labels among the first, and the fields they name."""
    best, most, all_fields = 0, frozenset[str](), len(wanted.named)
    for number, row in enumerate(sheet.rows[:HEADER_ROWS]):
        found = _fields_in(row, wanted.labels)
        if len(found) > len(most):
            best, most = number, found
        if len(most) == all_fields:
            break  # no row below can have more
    return best, most


class _Finder:
    """One ledger while its columns are being found; each step takes what the earlier ones left."""

    def __init__(
        self, wanted: Wanted, sheet: Sheet, anchors: Mapping[str, tuple[int, int]]
    ) -> None:
        self.form = wanted.form
        self.issues: list[Issue] = []
        self.columns: dict[str, Column] = {}
        self._rows = sheet.rows
        self._anchors = anchors
        self._wanted = wanted
        band = _header_band(sheet, wanted, anchors)
        self.last_row = band[-1] + 1
        self._first_row = band[0]
        self._headings = _headings(sheet, wanted.labels, band)
        self.own = self._headed(OWN_HEADINGS)
        self._taken = self._headed(wanted.silent) | self.own
        self._refused: set[str] = set()

    def take_labels(self) -> None:
        for index, heading in sorted(self._headings.items()):
            if heading.key is None:
                continue
            if heading.key in self.columns:
                first = address(heading.row, self.columns[heading.key].index)
                self._report("R-10", index, heading.key, first=first)
                self._taken.add(index)
            else:
                self._take(heading.key, index)

    def take_marks(self) -> None:
        by_column = {column: key for key, (_, column) in self._anchors.items()}
        for index, key in sorted(by_column.items()):
            there = self._headings.get(index)
            if there is not None and there.key is not None:
                if there.key != key:
                    other = self.form.field(key).label
                    self._report("R-18", index, there.key, reason=_LABEL_OVER_MARK, other=other)
            elif key not in self.columns:
                self._repair("R-17", index, key, _BY_MARK_BLANK if there is None else _BY_MARK)
            elif (here := self.columns[key].index) not in by_column:
                column, cell = _letters(index), address(self._row_at(here), here)
                self._report("R-18", here, key, reason=_MARK_ELSEWHERE, column=column, cell=cell)

    def take_words(self) -> None:
        for index, text in self._unknown():
            field = field_by_plain_key(self.form, text)
            if field is not None and field.key in self._missing():
                self._repair("R-17", index, field.key, _BY_WORDS)
        for index, text in self._unknown():
            field = field_by_spelling(self.form, text, self._missing())
            if field is not None and self._fits(field, index):
                self._repair("R-19", index, field.key, _GUESS, why=_WHY_SPELLING)

    def take_places(self) -> None:
        for index, field in self._between_neighbours():
            heading = self._headings.get(index)
            if not self._fits(field, index):
                continue
            if heading is None:
                self._repair("R-17", index, field.key, _BY_PLACE_BLANK)
            elif field.required or likeness(field, as_typed(heading.raw)) >= LIKE:
                self._repair("R-19", index, field.key, _GUESS, why=_WHY_PLACE)

    def take_content(self) -> None:
        """Take the one column without a heading whose content only one missing field can mean."""
        nameless = [index for index in self._filled() if self._is_free(index)]
        nameless = [index for index in nameless if index not in self._headings]
        if len(nameless) != 1:
            return
        missing = [self.form.field(key) for key in self._missing()]
        fitting = [field for field in missing if self._fits(field, nameless[0])]
        if len(fitting) == 1 and fitting[0].required and fitting[0].type != "text":
            self._repair("R-19", nameless[0], fitting[0].key, _GUESS, why=_WHY_CONTENT)

    def report_rest(self) -> None:
        for index, _ in self._unknown():
            self._report("R-14", index, "", reason=_NO_SUCH_COLUMN)
        for row in self._above():
            place = Place(self.form.label.zh, address(row, 0), row)
            self.issues.append(finding("R-14", place, reason=_ABOVE))
        for index, row in sorted(self._filled().items(), key=lambda item: (item[1], item[0])):
            if self._is_free(index) and index not in self._headings:
                reason = _NAMELESS.format(column=_letters(index))
                place = Place(self.form.label.zh, address(row, index), row)
                self.issues.append(finding("R-14", place, reason=reason))
        for field in map(self.form.field, self._missing()):
            if field.required:
                place = Place(self.form.label.zh, "", self.last_row, field.key, "")
                self.issues.append(finding("R-09", place, label=field.label))

    def _above(self) -> Iterator[int]:
        """Yield the rows above the headings that are filled as data are; titles fill few cells."""
        columns = {c.index for key, c in self.columns.items() if self.form.field(key).required}
        for number, row in enumerate(self._rows[: self._first_row], start=1):
            filled = sum(i in columns and not is_blank(cell) for i, cell in enumerate(row))
            if 2 * filled > len(columns):
                yield number

    def _between_neighbours(self) -> Iterator[tuple[int, Field]]:
        """Yield the unknown columns that stand where, in the form's order, fields are missing."""
        places = {column.index: self.form.positions[key] for key, column in self.columns.items()}
        missing, absent = set(self._missing()), self._wanted.defaults
        if not missing or 2 * len(places) < len(self.form.fields):
            return
        indexes = sorted({*self._filled(), *self._headings} - self.own)
        end = indexes[-1] + 1
        places[end] = len(self.form.fields)
        run: list[int] = []
        before = -1
        for index in (*indexes, end):
            after = places.get(index)
            if after is None:
                run.append(index)
                continue
            fields = [f for f in self.form.fields[before + 1 : after] if f.key not in absent]
            if len(fields) == len(run) and missing.issuperset(f.key for f in fields):
                yield from zip(run, fields, strict=True)
            run, before = [], after

    def _repair(self, code: str, index: int, key: str, reason: Text, **values: object) -> None:
        field = self.form.field(key)
        heading = self._headings.get(index)
        unit = other_unit(field, as_typed(heading.raw)) if heading else ""
        if unit:
            self._report("R-20", index, key, reason=_OTHER_UNIT, unit=unit)
            self._taken.add(index)
            self._refused.add(key)
        else:
            self._report(code, index, key, reason=reason, **values)
            self._take(key, index)

    def _report(
        self, code: str, index: int, key: str, reason: Text | None = None, **values: object
    ) -> None:
        row = self._row_at(index)
        label = self.form.field(key).label if key else Text("", "")
        if reason is not None:
            values = {"reason": fill(reason, {"label": label, **values})}
        shown = self._written(index) or label.zh
        place = Place(self.form.label.zh, address(row, index), row, key, shown)
        self.issues.append(finding(code, place, "", label=label, **values))

    def _take(self, key: str, index: int) -> None:
        self.columns[key] = Column(index, self._written(index) or self.form.field(key).label.zh)
        self._taken.add(index)

    def _written(self, index: int) -> str:
        heading = self._headings.get(index)
        return written(as_typed(heading.raw)) if heading else ""

    def _row_at(self, index: int) -> int:
        return self._headings[index].row if index in self._headings else self.last_row

    def _headed(self, keys: Collection[str]) -> set[int]:
        """Return the columns that no field is named by, but one of these headings."""
        return {
            index
            for index, heading in self._headings.items()
            if heading.key is None and label_key(as_typed(heading.raw)) in keys
        }

    def _is_free(self, index: int) -> bool:
        return index not in self._taken

    def _missing(self) -> list[str]:
        gone = {*self.columns, *self._refused, *self._wanted.defaults}
        return [field.key for field in self.form.fields if field.key not in gone]

    def _unknown(self) -> list[tuple[int, str]]:
        """Return the columns whose heading nobody has taken."""
        return [
            (index, as_typed(heading.raw))
            for index, heading in sorted(self._headings.items())
            if self._is_free(index)
        ]

    def _fits(self, field: Field, index: int) -> bool:
        return fits(field, (row[index] for row in self._data() if index < len(row)))

    def _data(self) -> Sequence[list[Raw]]:
        return self._rows[self.last_row :]

    def _filled(self) -> dict[int, int]:
        """Return the columns without a heading that hold something, with the row of the first."""
        found: dict[int, int] = {}
        width = max(map(len, self._data()), default=0)
        for index in set(range(width)) - self._headings.keys():
            for number, row in enumerate(self._data(), start=self.last_row + 1):
                if index < len(row) and not is_blank(row[index]):
                    found[index] = number
                    break
        return found


def written(text: str) -> str:
    """Return a heading as messages quote it: on one line, without the star of required fields."""
    return " ".join(text.replace("*", "").replace("＊", "").split())


def _header_band(sheet: Sheet, wanted: Wanted, anchors: Mapping[str, tuple[int, int]]) -> list[int]:
    """Return the 0-based rows of the headings, one or two, in their order.

    Merged cells put a heading into the row above or below the others: above, where the cell below
    it is blank; below, where that row holds nothing but labels.
    """
    labels = wanted.labels
    main, fields = best_header(sheet, wanted)
    for row in {row - 1 for row, _ in anchors.values()}:
        there = _fields_in(sheet.rows[row], labels) if row < len(sheet.rows) else frozenset()
        if len(there) > len(fields) or (not fields and row < len(sheet.rows)):
            main, fields = row, there
    band = [main]
    if main > 0 and _fields_in(sheet.rows[main - 1], labels) - fields:
        band.insert(0, main - 1)
    below = sheet.rows[main + 1] if main + 1 < len(sheet.rows) else []
    filled = [cell for cell in below if not is_blank(cell)]
    if (
        filled
        and _fields_in(below, labels) - fields
        and len(_fields_in(below, labels)) == len(filled)
    ):
        band.append(main + 1)
    return band


def _headings(
    sheet: Sheet, labels: Mapping[str, str], band: Collection[int]
) -> dict[int, _Heading]:
    """Return what stands over each column, the row with most labels before the one beside it."""
    main = max(band, key=lambda row: len(_fields_in(sheet.rows[row], labels))) if sheet.rows else 0
    found: dict[int, _Heading] = {}
    for row in sorted(band, key=lambda row: row != main):
        for index, cell in enumerate(sheet.rows[row] if sheet.rows else ()):
            key = labels.get(label_key(cell)) if isinstance(cell, str) else None
            known = found.get(index)
            named = known is None or (known.key is None and row > main)
            if not is_blank(cell) and named and (row == main or key is not None):
                found[index] = _Heading(row + 1, cell, key)
    return found


def _fields_in(row: Sequence[Raw], labels: Mapping[str, str]) -> frozenset[str]:
    keys = {labels.get(label_key(cell), "") for cell in row if isinstance(cell, str)}
    return frozenset(keys - {""})


def _letters(index: int) -> str:
    return address(1, index)[:-1]
