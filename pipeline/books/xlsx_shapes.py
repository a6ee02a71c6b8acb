"""The shape of a row in a plainly spelt sheet: all of it but its number and the texts of its cells.

In goes the markup of rows, out comes where their cells stand and how their texts are to be read, or
nothing where one is spelt in any other way. The rows of a ledger have few shapes between them, and
workbooks of one template the same ones, so that a shape is worked out once and then remembered; so
are those of whole sheets that differ in texts alone, such as guide, lists and cover.
The rule: a shape must account for every character of its row, so nothing is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import add

from pipeline.books.xlsx_values import column_number, is_uncalculated
from pipeline.forms.anchors import STATUS_PREFIX

# They stand for the number of a row and the text of a cell; a part that holds one was refused.
NUMBER, TEXT = "\x01", "\x02"

# Repeats of single characters are possessive, so that a row that does not fit fails at once. Those
# of groups are not: before 3.11.5 Python loses its place where a possessive group fails half-way.
# Nothing here can be cut in two ways, so that going back costs no more than the way there.
_STYLE_AND_TYPE = r'(?: (?:s="([0-9]++)"|t="([A-Za-z]++)"|(?:cm|vm|ph)="[0-9]++"))*'
_SPACED = r'(?: xml:space="preserve")?'
# Nobody reads formulas, but a reference to a character that is none would make the part no XML.
_REFERENCE = (
    "&(?:amp|lt|gt|quot|apos|#(?:[1-9][0-9]{2,3}|[1-4][0-9]{4}|6(?:[0-4][0-9]|5[0-4])[0-9]{2}));"
)
_FORMULA = rf"<f(?: [^<>/&]*+)?(?:>[^<&]*+(?:{_REFERENCE}[^<&]*+)*</f>|/>)"
_CONTENT = rf"<v{_SPACED}>{TEXT}?</v>|<v ?+/>|<is><t{_SPACED}>{TEXT}?</t></is>"
_CELL = re.compile(
    rf'<c r="([A-Z]{{1,3}}+)([0-9]++|{NUMBER})"{_STYLE_AND_TYPE}'
    rf"(?: ?+/>|>({_FORMULA})?({_CONTENT})?</c>)"
)
_TAG = re.compile(rf'((?: (?!r=|hidden="{NUMBER}")[\w:.]++="[^"<>&]*+")*) ?+(/?)>')
_ROW_END = "</row>"
_HIDDEN = re.compile(r' hidden="(?:1|true)"')
_ROW = re.compile(r'<row((?: [^<>]*?)??) r="([0-9]{1,7}+)"')
# Characters of a row and of a sheet; what hostile files could make us keep stays small.
_LONGEST, _SHORT = 1000, 2**14


@dataclass(frozen=True, slots=True)
class Shape:
    """Which columns of a row hold a text, with its type and style, or a formula never calculated.

    Columns count from 0; the row is as wide as its last cell that is not blank.
    """

    columns: tuple[int, ...]
    cells: tuple[tuple[str, str], ...]
    uncalculated: tuple[int, ...]
    hidden: bool
    width: int


Shapes = tuple[tuple[int, Shape], ...]
"""The shapes of rows with their numbers."""


def shapes_of(rows: str) -> Shapes | None:
    """Return the rows that hold something; None where a row is not in the plain spelling.

    Each text in the rows is replaced by `TEXT`.
    """
    return _remembered_shapes(rows) if len(rows) <= _SHORT else _read_shapes(rows)


def read_shape(row: str, number: str) -> Shape | None:
    """Return the shape of a row, of which the markup is given but for `<row` and its number."""
    tag = _TAG.match(row)
    if tag is None or not (tag.end() == len(row) if tag[2] else row.endswith(_ROW_END)):
        return None
    pieces = _CELL.split("" if tag[2] else row[tag.end() : -len(_ROW_END)])
    between, letters, digits, *stored = (
        pieces[group :: _CELL.groups + 1] for group in range(_CELL.groups + 1)
    )
    columns = [column_number(column) - 1 for column in letters]
    is_sound = digits.count(number) == len(digits) and all(a < b for a, b in pairwise(columns))
    if any(between) or not is_sound:
        return None
    filled: dict[int, tuple[str, str]] = {}
    uncalculated = []
    for column, style, kind, formula, content in zip(columns, *stored, strict=True):
        if content and TEXT in content:
            filled[column] = kind or "n", style or "0"
        elif formula and not _is_status(formula) and is_uncalculated(kind, content):
            uncalculated.append(column)
    width = max([*filled, *uncalculated], default=-1) + 1
    is_hidden = _HIDDEN.search(tag[1]) is not None
    return Shape((*filled,), (*filled.values(),), (*uncalculated,), is_hidden, width)


def _read_shapes(rows: str) -> Shapes | None:
    first, *split = _ROW.split(rows)
    numbers = split[1::3]
    found = [
        _remembered_shape(row.replace(number, NUMBER), NUMBER)
        # The same digits may be those of a style too, which must not be mistaken.
        or _remembered_shape(row, number)
        if len(row) <= _LONGEST
        else read_shape(row, number)
        for number, row in zip(numbers, map(add, split[::3], split[2::3]), strict=True)
    ]
    if first or not all(found):
        return None
    shapes = zip(map(int, numbers), found, strict=True)
    return tuple((number, shape) for number, shape in shapes if shape is not None and shape.width)


def _is_status(formula: str) -> bool:
    """Tell whether a formula is a template's own, which nobody entered."""
    return formula.partition(">")[2].startswith(STATUS_PREFIX)


_remembered_shape = lru_cache(maxsize=1024)(read_shape)
_remembered_shapes = lru_cache(maxsize=64)(_read_shapes)
