"""A file's bytes in, its sheets as plain values out, whatever program wrote it.

`read_book` tells `.xlsx` (macros are never looked at), `.xls` with WPS `.et`, and `.ods` apart by
content, and raises `Refused` for everything else. The rule: a value is exactly what the file
stores at exactly that address, an error value and a formula never calculated are values too
(`CellFault`), and what cannot be read exactly is refused rather than guessed.
"""

from __future__ import annotations

from pipeline.books import refusals
from pipeline.books.grid import Book, Stored
from pipeline.books.refusals import Refused, refuse
from pipeline.books.screen import Limits, Room, Screened, screen
from pipeline.books.sniff import ends_blank


def read_book(data: bytes, limits: Limits) -> Book:
    """Return every sheet of a workbook; raise `Refused`, and nothing else, if that cannot be.

    (A `MemoryError` is the process's own trouble and passes through.)
    """
    try:
        screened = screen(data, limits)
        return Book(screened.kind, *_read_sheets(data, screened, limits))
    except (Refused, MemoryError):
        raise
    except Exception as error:
        # A hostile file can make any parser raise anything; none of it is the caller's business.
        raise refuse(refusals.SYNCING if ends_blank(data) else refusals.DAMAGED) from error


def _read_sheets(data: bytes, screened: Screened, limits: Limits) -> Stored:
    """Read with the reader of this kind, imported only when such a file comes."""
    room = Room(limits)
    if screened.package is None:
        from pipeline.books.xls import read_xls

        return read_xls(data, room)
    if screened.kind == "ods":
        from pipeline.books.ods import read_ods

        return read_ods(screened.package, room)
    from pipeline.books.xlsx import read_xlsx

    return read_xlsx(screened.package, room)
