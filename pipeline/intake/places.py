"""Where a form's values stand in a workbook: what `locate` finds and everything after it uses.

Rows are 1-based as people see them, columns 0-based as rows are indexed. A heading or label is kept
as it was written, so that messages speak of the sheet in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.books.grid import Sheet
from pipeline.books.raw import Raw
from pipeline.forms.model import Form, Value


@dataclass(frozen=True, slots=True)
class Column:
    """A field's column in a ledger; `index` is 0-based, `written` the heading as it stands."""

    index: int
    written: str


@dataclass(frozen=True, slots=True, eq=False)  # so that what was found can be kept by it
class Wanted:
    """What is looked for on a sheet: the labels of a form as its workbook's version means them.

    `labels` maps the keys of headings to fields, `silent` holds those of headings that are passed
    over without a word, `defaults` the values of the fields that this version did not have yet.
    `named` are the fields that labels name, `required` those without which a sheet is not whole.
    """

    form: Form
    labels: Mapping[str, str]
    silent: frozenset[str]
    defaults: Mapping[str, Value]
    named: frozenset[str]
    required: frozenset[str]

    @classmethod
    def of(
        cls,
        form: Form,
        labels: Mapping[str, str],
        silent: frozenset[str] = frozenset(),
        defaults: Mapping[str, Value] | None = None,
    ) -> Wanted:
        """Return what is looked for, with what follows from it."""
        defaults = defaults or {}
        required = frozenset(f.key for f in form.fields if f.required and f.key not in defaults)
        return cls(form, labels, silent, defaults, frozenset(labels.values()), required)


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Where a ledger is: its sheet, the 1-based row of its headings, its columns by field key.

    Where the headings take two rows, `header_row` is the lower one. `defaults` are the values of
    fields that an older version of the sheet has no column for, `own` the columns that the template
    fills by itself.
    """

    form: Form
    sheet: Sheet
    header_row: int
    columns: Mapping[str, Column]
    defaults: Mapping[str, Value]
    own: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CoverCell:
    """Where a cover's value is: 1-based row, 0-based column, the label as written."""

    row: int
    index: int
    written: str
    raw: Raw


@dataclass(frozen=True, slots=True)
class CoverPlace:
    """Where a cover is and where its values stand, by field key; `defaults` as of a ledger."""

    form: Form
    sheet: Sheet
    cells: Mapping[str, CoverCell]
    defaults: Mapping[str, Value]
