"""A sheet as values: what reading gives, what rules and checks look at, what is handed on.

Values stand in columns, in the order of the form's fields, defaults filled in, None where blank.
Thousands of rows are judged, stored and sent between processes column by column; where somebody
wants a row, it is put together for him.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple


class Unread:
    """The value of a cell that holds something unreadable; only `UNREAD` exists."""


UNREAD: Final = Unread()


class Record(NamedTuple):
    """One row; `row` is the sheet's own 1-based row number, 0 for a cover."""

    row: int
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Records:
    """The rows of a sheet, one list of values for each field.

    `numbers` are the rows' own numbers in the sheet. `unread` says of each index with a value
    that is UNREAD in which columns it is.
    """

    numbers: Sequence[int]
    columns: Sequence[Sequence[Any]]
    unread: Mapping[int, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record], width: int) -> Records:
        """Return rows of `width` values as columns."""
        numbers, rows = [], []
        for number, values in records:
            numbers.append(number)
            rows.append(values)
        return cls(numbers, list(zip(*rows, strict=True)) or [()] * width)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Record:
        return Record(self.numbers[index], tuple(column[index] for column in self.columns))

    def __iter__(self) -> Iterator[Record]:
        return map(Record, self.numbers, zip(*self.columns, strict=True))

    def __repr__(self) -> str:
        return repr(tuple(self))
