"""Whether the cells of a column can be meant for a field: what speaks for or against a guess."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from pipeline.books.raw import Raw, is_blank
from pipeline.forms.model import Field
from pipeline.intake.rows import reader_of
from pipeline.periods import Period

_ENOUGH = 200  # cells; a column that fits for so long fits
_ANY_QUARTER = Period.quarter(2000, 1)  # a day without a year is a day in whatever year


def fits(field: Field, cells: Iterable[Raw]) -> bool:
    """Tell whether most of the filled cells can be read as the field's type, one at least."""
    read = reader_of(field, _ANY_QUARTER)
    filled = list(islice((cell for cell in cells if not is_blank(cell)), _ENOUGH))
    readable = sum(read(cell).code not in _UNREADABLE for cell in filled)
    return 2 * readable > len(filled)


_UNREADABLE = ("R-02", "R-03", "R-05", "R-06")
