"""A sheet for each group of indicators: activities, dues, visits, and any group that is added.

The plan stands with the activities that fulfil it, the membership with the dues it pays; who
reported has a sheet of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.summaries.sheets.canvas import HEADING_ROWS, Canvas
from pipeline.summaries.sheets.tables import (
    GRID,
    SIDE_BY_SIDE,
    write_breakdown,
    write_section,
    write_totals,
)
from pipeline.summaries.view import SummaryView
from pipeline.texts import Text

REPORTING: Final = "Q"
_PAGE_ROWS: Final = 34  # of A4 landscape, at the scale that fits the grid to its width
_STANDS_WITH: Final[Mapping[str, str]] = {"P": "A", "O": "D"}


def groups_by_sheet(view: SummaryView) -> Iterator[tuple[str, ...]]:
    """Yield the groups of each sheet, in order; the first one gives it its name."""
    groups = [g for g in view.indicators.groups if g != REPORTING and view.of_group(g)]
    hosts = {guest: host for guest, host in _STANDS_WITH.items() if host in groups}
    for group in groups:
        if group not in hosts:
            yield (group, *(guest for guest in groups if hosts.get(guest) == group))


def add_group_sheet(canvas: Canvas, groups: tuple[str, ...], taken: set[str]) -> Worksheet:
    """Add the sheet of some groups: totals, then breakdowns; return it.

    A group that is called like a sheet in `taken` has its key added to the name of its sheet.
    """
    labels = canvas.view.indicators.groups
    name = labels[groups[0]]
    if name[canvas.lang].casefold() in taken:
        name = Text(f"{name.zh} {groups[0]}", f"{name.en} {groups[0]}")
    taken.add(name[canvas.lang].casefold())
    sheet = canvas.add_sheet(name, landscape=True)
    for col, width in enumerate(GRID):
        sheet.set_column(col, col, width)
    row = canvas.write_heading(sheet, canvas.join(labels[group] for group in groups))
    starts = [0]
    for group in groups:
        starts.append(row)
        row = write_section(canvas, sheet, row, labels[group][canvas.lang])
        row = write_totals(canvas, sheet, row, canvas.view.of_group(group)) + 1
    for group in groups:
        # The short ones first: they share the first page with the totals.
        breakdowns = sorted(
            canvas.view.breakdowns(group), key=lambda pair: len(canvas.view.members(pair[0]))
        )
        for breakdown, indicators in breakdowns:
            for first in range(0, len(indicators), SIDE_BY_SIDE):
                starts.append(row)
                shown = indicators[first : first + SIDE_BY_SIDE]
                row = write_breakdown(canvas, sheet, row, breakdown, shown) + 1
    sheet.set_h_pagebreaks(list(_page_starts([*starts, row])))
    return sheet


def _page_starts(starts: Sequence[int]) -> Iterator[int]:
    """Yield the rows that begin a page, so that no table is cut that fits on one."""
    top = 0
    for start, end in pairwise(starts):
        last = end - 1  # without the blank row between tables
        if last - top + (HEADING_ROWS if top else 0) > _PAGE_ROWS and start > top:
            yield start
            top = start
