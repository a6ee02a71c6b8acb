"""A cover's lines: a sheet in, the cell of every field's value out, wherever lines were moved to.

A label stands left of its value; pairs may stand side by side. A line is found by its label first,
since that is what people see; then by the hidden mark that the template put on the value; then by
its spelling or by the lines above and below. What is certain is a note, what is a guess a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.books.grid import Sheet
from pipeline.books.raw import Raw, as_typed, is_blank
from pipeline.forms.model import Field
from pipeline.intake.findings import Place, address, fill, finding
from pipeline.intake.fitting import fits
from pipeline.intake.locate_ledger import written
from pipeline.intake.locate_sheets import COVER_ROWS
from pipeline.intake.places import CoverCell, CoverPlace, Wanted
from pipeline.intake.wording import (
    field_by_plain_key,
    field_by_spelling,
    other_unit,
)
from pipeline.issues import Issue
from pipeline.texts import Text, label_key

_FARTHEST = 3  # columns from a label to its value, where columns were inserted between them

_BY_MARK = Text(
    "按模板里的标记，这里是“{label}”。", "by the template's hidden mark this is “{label}”."
)
_BY_WORDS = Text("读作“{label}”。", "was read as “{label}”.")
_FARTHER = Text(
    "值不在标签右边一格，按 {cell} 读取。",
    "the value is not right beside the label; {cell} was read.",
)
_GUESS = Text(
    "封面没有这一项，{why}当作“{label}”读取。请核对；如不是，请改正这一项的名称。",
    "the cover has no such line; {why} it was read as “{label}”. Check it, and correct it if not.",
)
_WHY_SPELLING = Text("按相近的写法", "from its spelling")
_WHY_PLACE = Text("按上下两行的位置", "from the lines above and below")
_LABEL_OVER_MARK = Text(
    "模板里这一行原是“{other}”，现在写的是“{label}”，按写的读取。",
    "in the template this line was “{other}”; it now says “{label}”, which counts.",
)
_OTHER_UNIT = Text(
    "写的单位是“{unit}”，报表要的是“{label}”。请换算后改正。",
    "this says {unit}, the form asks for “{label}”. Convert the figure and mend the label.",
)
_NO_SUCH_LINE = Text("封面没有这一项，没有读取。", "The cover has no such line; it was not read.")
_NO_LABEL = Text(
    "这一格左边没有项目名称，没有读取。", "No label stands beside this cell; it was not read."
)
_TOO_FAR_DOWN = Text(
    f"封面只读前 {COVER_ROWS} 行，从这里往下的内容没有读取。",
    f"Only {COVER_ROWS} rows of a cover are read; from here on nothing was.",
)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A label with the value beside it; `key` is the field that the label names, if any."""

    row: int
    index: int
    label: str
    value_index: int
    value: Raw
    key: str | None


def locate_cover(
    wanted: Wanted, sheet: Sheet, anchors: Mapping[str, tuple[int, int]]
) -> tuple[CoverPlace, list[Issue]]:
    """Return where the values of a cover are, with what there is to say about its labels.

    `anchors` gives row and column of the hidden marks that are on this sheet, by field key.
    """
    finder = _Finder(wanted, sheet, anchors)
    finder.take_labels()
    finder.take_marks()
    finder.take_words()
    if not anchors:
        finder.take_places()
    finder.report_rest()
    missing = wanted.defaults.keys() - finder.cells.keys()
    defaults = {key: wanted.defaults[key] for key in missing}
    return CoverPlace(wanted.form, sheet, finder.cells, defaults), finder.issues


class _Finder:
    """One cover while its lines are being found; each step takes what the earlier ones left."""

    def __init__(
        self, wanted: Wanted, sheet: Sheet, anchors: Mapping[str, tuple[int, int]]
    ) -> None:
        self.form = wanted.form
        self.cells: dict[str, CoverCell] = {}
        self.issues: list[Issue] = []
        self._sheet = sheet
        self._rows = sheet.rows[:COVER_ROWS]
        self._anchors = anchors
        self._wanted = wanted
        self._pairs = list(_pairs(self._rows, wanted.labels))
        self._unknown: list[_Pair] = []
        self._refused: set[str] = set()

    def take_labels(self) -> None:
        for pair in self._pairs:
            if pair.key is None:
                if label_key(pair.label) not in self._wanted.silent:
                    self._unknown.append(pair)
            elif pair.key in self.cells:
                cell = self.cells[pair.key]
                first = address(cell.row, cell.index - 1)
                self._report("R-10", pair, pair.key, first=first)
            else:
                self._take(pair.key, pair)

    def take_marks(self) -> None:
        taken = {(cell.row, cell.index): key for key, cell in self.cells.items()}
        for key, (row, index) in self._anchors.items():
            other, here = taken.get((row, index)), self.cells.get(key)
            if other is not None:
                if other != key:
                    marked = self.form.field(key).label
                    pair = self._pair_at(row, index)
                    self._report("R-18", pair, other, reason=_LABEL_OVER_MARK, other=marked)
            elif here is None:
                self._repair("R-17", self._pair_at(row, index), key, _BY_MARK)
            elif is_blank(here.raw) and not is_blank(_at(self._rows, row, index)):
                pair = self._pair_at(row, index, here.written)
                self._repair("R-17", pair, key, _FARTHER, cell=address(row, index))

    def take_words(self) -> None:
        for pair in list(self._unknown):
            field = field_by_plain_key(self.form, pair.label)
            if field is not None and field.key in self._missing():
                self._repair("R-17", pair, field.key, _BY_WORDS)
                continue
            field = field_by_spelling(self.form, pair.label, self._missing())
            if field is not None and fits(field, [pair.value]):
                self._repair("R-19", pair, field.key, _GUESS, why=_WHY_SPELLING)

    def take_places(self) -> None:
        for pair, field in self._between_neighbours():
            if field.required and fits(field, [pair.value]):
                self._repair("R-19", pair, field.key, _GUESS, why=_WHY_PLACE)

    def report_rest(self) -> None:
        for pair in self._unknown:
            if pair.label:
                self._report("R-14", pair, "", reason=_NO_SUCH_LINE)
        for row, index, reason in self._left_over():
            place = Place(self.form.label.zh, address(row, index), row)
            self.issues.append(finding("R-14", place, reason=reason))
        for field in map(self.form.field, self._missing()):
            if field.required:
                place = Place(self.form.label.zh, "", None, field.key, "")
                self.issues.append(finding("R-09", place, label=field.label))

    def _left_over(self) -> Iterator[tuple[int, int, Text]]:
        """Yield the values that no label belongs to, and the first cell below the cover."""
        columns = {cell.index for cell in self.cells.values()}
        told = {(pair.row, pair.value_index) for pair in self._pairs}
        told |= {(cell.row, cell.index) for cell in self.cells.values()}
        for row, cells in enumerate(self._rows, start=1):
            for index in columns & set(range(len(cells))):
                beside = _at(self._rows, row, index - 1)
                labelled = isinstance(beside, str) and not is_blank(beside)
                if not (is_blank(cells[index]) or labelled or (row, index) in told):
                    yield row, index, _NO_LABEL
        for row, cells in enumerate(self._sheet.rows[COVER_ROWS:], start=COVER_ROWS + 1):
            for index, cell in enumerate(cells):
                if not is_blank(cell):
                    yield row, index, _TOO_FAR_DOWN
                    return

    def _between_neighbours(self) -> Iterator[tuple[_Pair, Field]]:
        """Yield the unknown lines that stand where, in the form's order, fields are missing."""
        if not self._missing() or 2 * len(self.cells) < len(self.form.fields):
            return
        columns = [cell.index for cell in self.cells.values()]
        column = max(set(columns), key=columns.count)
        known = {
            cell.row: self.form.positions[key]
            for key, cell in self.cells.items()
            if cell.index == column
        }
        unknown = {pair.row: pair for pair in self._unlabelled(column)}
        unknown |= {pair.row: pair for pair in self._unknown if pair.value_index == column}
        missing = set(self._missing())
        run: list[_Pair] = []
        before: int | None = None
        for row in sorted({*known, *unknown}):
            if row not in known:
                run.append(unknown[row])
                continue
            skipped = self.form.fields[before + 1 : known[row]] if before is not None else ()
            fields = [field for field in skipped if field.key not in self._wanted.defaults]
            if len(fields) == len(run) and missing.issuperset(f.key for f in fields):
                yield from zip(run, fields, strict=True)
            run, before = [], known[row]

    def _unlabelled(self, column: int) -> Iterator[_Pair]:
        """Yield the values of a column whose label is gone."""
        for row in range(1, len(self._rows) + 1):
            value = _at(self._rows, row, column)
            if not is_blank(value) and all(
                is_blank(_at(self._rows, row, index)) for index in range(column)
            ):
                yield _Pair(row, column - 1, "", column, value, None)

    def _pair_at(self, row: int, index: int, label: str = "") -> _Pair:
        before = _at(self._rows, row, index - 1) if index else None
        label = label or (as_typed(before) if isinstance(before, str) else "")
        return _Pair(row, index - 1, label, index, _at(self._rows, row, index), None)

    def _repair(self, code: str, pair: _Pair, key: str, reason: Text, **values: object) -> None:
        unit = other_unit(self.form.field(key), pair.label)
        if unit:
            self._report("R-20", pair, key, reason=_OTHER_UNIT, unit=unit)
            self._refused.add(key)
        else:
            self._report(code, pair, key, reason=reason, **values)
            self._take(key, pair)
        self._unknown = [p for p in self._unknown if (p.row, p.index) != (pair.row, pair.index)]

    def _report(
        self, code: str, pair: _Pair, key: str, reason: Text | None = None, **values: object
    ) -> None:
        label = self.form.field(key).label if key else Text("", "")
        if reason is not None:
            values = {"reason": fill(reason, {"label": label, **values})}
        cell = address(pair.row, max(pair.index, 0))
        place = Place(self.form.label.zh, cell, pair.row, key, written(pair.label) or label.zh)
        value = as_typed(pair.value) if code == "R-14" else ""
        self.issues.append(finding(code, place, value, label=label, **values))

    def _take(self, key: str, pair: _Pair) -> None:
        label = written(pair.label) or self.form.field(key).label.zh
        self.cells[key] = CoverCell(pair.row, pair.value_index, label, pair.value)

    def _missing(self) -> list[str]:
        gone = {*self.cells, *self._refused, *self._wanted.defaults}
        return [field.key for field in self.form.fields if field.key not in gone]


def _pairs(rows: list[list[Raw]], labels: Mapping[str, str]) -> Iterator[_Pair]:
    """Yield labels with their values, row by row; an unknown label counts only with a value."""
    steps = _steps(rows, labels)
    for number, row in enumerate(rows, start=1):
        index = 0
        while index < len(row):
            label = row[index]
            if not isinstance(label, str) or is_blank(label):
                index += 1
                continue
            key = _field_of(label, labels)
            step = steps.get(index, 1) if key is not None else 1
            value = row[index + step] if index + step < len(row) else None
            next_is_label = _field_of(value, labels) is not None
            if key is not None:
                value = None if next_is_label else value
                yield _Pair(number, index, label, index + step, value, key)
            elif not is_blank(value) and not next_is_label:
                yield _Pair(number, index, label, index + step, value, None)
            else:
                index += 1
                continue
            index += step if next_is_label else step + 1


def _steps(rows: list[list[Raw]], labels: Mapping[str, str]) -> dict[int, int]:
    """Return how far right of the labels of a column their values stand, by the labels' column.

    It is one column unless nothing at all stands there beside any of them: then columns were
    inserted or merged, and the values are in the next one that holds something.
    """
    found: dict[int, int] = {}
    for row in rows:
        for index, cell in enumerate(row):
            if _field_of(cell, labels) is None:
                continue
            filled = (
                step
                for step in range(1, _FARTHEST + 1)
                if index + step < len(row) and not is_blank(row[index + step])
            )
            step = next(filled, _FARTHEST + 1)
            found[index] = min(step, found.get(index, step))
    return {index: step for index, step in found.items() if 1 < step <= _FARTHEST}


def _field_of(cell: Raw, labels: Mapping[str, str]) -> str | None:
    return labels.get(label_key(cell)) if isinstance(cell, str) else None


def _at(rows: list[list[Raw]], row: int, index: int) -> Raw:
    """Return the cell at a 1-based row and 0-based column."""
    if row > len(rows) or index < 0 or index >= len(rows[row - 1]):
        return None
    return rows[row - 1][index]
