"""Lines of workbooks in, fewer lines out: where months are of few rows, and where there are too many
lines to list.

In both cases what they come to is the same. Lines come workbook by workbook and go by as they do,
so that what is held grows with the lines that are listed in the end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final

from pipeline.summaries.evidence import Amount, Line, merge_lines

FEW_ROWS: Final = 3


def by_workbook(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each workbook; those of one stand together."""
    for _, of_workbook in groupby(lines, lambda line: (line.unit, line.file)):
        yield list(of_workbook)


def without_few(lines: Iterable[Line], months: Collection[str]) -> Iterator[Line]:
    """Draw a workbook's months of few rows together, with the shortest other one if need be.

    Rows of other months than those of the period stand together anyway.
    """
    for all_of_it in by_workbook(lines):
        within = [line for line in all_of_it if months and line.members[0] in months]
        shortest = sorted(within, key=lambda line: (line.rows, line.members))
        few = [line for line in shortest if line.rows < FEW_ROWS]
        if few and sum(line.rows for line in few) < FEW_ROWS:
            few = shortest[: len(few) + 1]
        yield from (line for line in within if line not in few)
        for together in (few, [line for line in all_of_it if line not in within]):
            if together:
                yield _unplaced(merge_lines(together))


def _unplaced(line: Line) -> Line:
    """Do not tell that a sum is that of a row or two, nor of which: it would be one member's."""
    return line if line.rows >= FEW_ROWS else replace(line, first=None, last=None, rows=0)


@dataclass(slots=True)
class Drawn:
    """Lines that are listed as long as they are no more than `most`, else drawn together: then
    there is one for each workbook, and `monthly` one for each branch and month.

    `count` is how many lines there were; `branches` say to which branch a unit belongs, to itself
    where they do not.
    """

    most: int | None
    branches: Mapping[str, str]
    together: bool = False
    count: int = 0
    lines: list[Line] = field(default_factory=list)
    _months: dict[tuple[str, tuple[str, ...]], list[Amount | None]] = field(default_factory=dict)

    def read(self, lines: Iterable[Line]) -> None:
        """Take lines in."""
        for of_workbook in by_workbook(lines):
            self.count += len(of_workbook)
            if not self.together and self.most is not None and self.count > self.most:
                self.together, held, self.lines = True, self.lines, []
                for earlier in by_workbook(held):
                    self._draw(earlier)
            if self.together:
                self._draw(of_workbook)
            else:
                self.lines += of_workbook

    @property
    def monthly(self) -> tuple[Line, ...]:
        """What each branch comes to in each month; nothing where nothing was drawn together."""
        return tuple(
            Line(branch, "", None, None, 0, members, tuple(amounts))
            for (branch, members), amounts in self._months.items()
        )

    def _draw(self, of_workbook: list[Line]) -> None:
        self.lines.append(merge_lines(of_workbook))
        for line in of_workbook:
            place = self.branches.get(line.unit, line.unit), line.members
            sums = self._months.setdefault(place, [None] * len(line.amounts))
            for column, amount in enumerate(line.amounts):
                if amount is not None:
                    sums[column] = amount + (sums[column] or 0)
