"""The sheet 「需修改」 as a part of somebody's workbook.

In: the findings as rows and the styles of the workbook. Out: the XML of a worksheet that needs
no other part. Every text is an inline string, so nothing in it can be a formula or a link; the
only links are ours, to cells of the same workbook.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.issues import SEVERITIES, Severity
from pipeline.receipts.mark_styles import FILL_COLOURS, Styles
from pipeline.receipts.markup import attribute, escape
from pipeline.receipts.package import Dialect
from pipeline.receipts.verdict import (
    LIST_HEADER,
    LIST_WIDTHS,
    ListRow,
    Verdict,
    head_lines,
    list_lines,
)
from pipeline.safe_text import lines_needed, spreadsheet_text
from pipeline.texts import Lang

TAB_COLOUR = "FFC8323C"  # by which the sheet is known again, see `is_ours` in `mark_book`
HEADER_ROW = 6
_LETTERS = "ABCDEF"  # of the columns that LIST_HEADER names
_HEADER_COLOUR, _CAUSE_COLOUR = "FF2F4858", "FFEDE9E3"
_LINE_HEIGHT, _ROW_MARGIN, _MAX_LINES = 16, 4, 24  # points; a row cannot be higher than 409
_MAX_LINKS = 60_000  # Excel opens no sheet with more than 65,530

_FONT = '<font>{look}<sz val="{size}"/><color rgb="{colour}"/><name val="微软雅黑"/></font>'
_THIN = '<{0} style="thin"><color rgb="FFBFC7CE"/></{0}>'
_BOXED = "<border>{}<diagonal/></border>".format(
    "".join(_THIN.format(side) for side in ("left", "right", "top", "bottom"))
)
_BARE = "<border><left/><right/><top/><bottom/><diagonal/></border>"
_LEFT = '<alignment vertical="center" wrapText="1"/>'
_INDENTED = '<alignment horizontal="left" vertical="center" wrapText="1" indent="1"/>'
_MIDDLE = '<alignment horizontal="center" vertical="center" wrapText="1"/>'


def list_sheet(
    verdict: Verdict, lang: Lang, rows: Sequence[ListRow], styles: Styles, dialect: Dialect
) -> bytes:
    """Return the worksheet part that lists `rows` below the head of the receipt."""
    looks = _add_looks(styles)
    marked = any(row.sheet and row.severity != "info" for row in rows)
    lines = list(enumerate(list_lines(rows, lang, marked=marked), HEADER_ROW + 1))
    last = HEADER_ROW + len(lines)
    merged = [*range(1, 5), *(n for n, line in lines if isinstance(line, str))]
    xml = [
        f'<worksheet xmlns="{dialect.main}">',
        f'<sheetPr><tabColor rgb="{TAB_COLOUR}"/><pageSetUpPr fitToPage="1"/></sheetPr>',
        f'<dimension ref="A1:F{last}"/>',
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">',
        f'<pane ySplit="{HEADER_ROW}" topLeftCell="A{HEADER_ROW + 1}" activePane="bottomLeft" ',
        'state="frozen"/><selection pane="bottomLeft"/></sheetView></sheetViews>',
        '<sheetFormatPr defaultRowHeight="18"/><cols>',
        *(f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in _numbered_widths()),
        "</cols><sheetData>",
        *_head(head_lines(verdict, lang, marked=marked), looks),
        _row(HEADER_ROW, [(looks.header, title[lang]) for title in LIST_HEADER], height=22),
        *(_listed(number, line, looks) for number, line in lines),
        "</sheetData><mergeCells>",
        *(f'<mergeCell ref="A{n}:F{n}"/>' for n in merged),
        "</mergeCells>",
        *_links(lines),
        '<printOptions horizontalCentered="1"/><pageMargins left="0.4" right="0.4" top="0.5" '
        'bottom="0.6" header="0.3" footer="0.3"/>',
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>',
        "<headerFooter><oddFooter>&amp;C&amp;P / &amp;N</oddFooter></headerFooter></worksheet>",
    ]
    return ('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + "".join(xml)).encode()


@dataclass(frozen=True, slots=True)
class _Looks:
    """The numbers of the cell formats of the list."""

    title: int
    line: int
    header: int
    text: int
    number: int
    link: int
    cause: int
    level: dict[Severity, int]


def _add_looks(styles: Styles) -> _Looks:
    bold = _FONT.format(look="<b/>", size=11, colour="FF1F2933")
    plain = _FONT.format(look="", size=11, colour="FF1F2933")
    return _Looks(
        title=styles.add(_FONT.format(look="<b/>", size=15, colour=TAB_COLOUR), _BARE, _LEFT),
        line=styles.add(plain, _BARE, _LEFT),
        header=styles.add(
            _FONT.format(look="<b/>", size=11, colour="FFFFFFFF"),
            _BOXED,
            _MIDDLE,
            _HEADER_COLOUR,
        ),
        text=styles.add(plain, _BOXED, _INDENTED),
        number=styles.add(plain, _BOXED, _MIDDLE),
        link=styles.add(_FONT.format(look="<u/>", size=11, colour="FF0B5394"), _BOXED, _INDENTED),
        cause=styles.add(bold, _BOXED, _INDENTED, _CAUSE_COLOUR),
        level={s: styles.add(bold, _BOXED, _MIDDLE, FILL_COLOURS[s]) for s in SEVERITIES},
    )


def _head(lines: Sequence[str], looks: _Looks) -> Iterator[str]:
    shapes = ((looks.title, 27, 80), *[(looks.line, 18, 120)] * 3)
    for number, (line, (style, points, letters)) in enumerate(zip(lines, shapes, strict=True), 1):
        yield _row(number, [(style, line)], height=points * lines_needed(line, letters))


def _listed(number: int, line: ListRow | str, looks: _Looks) -> str:
    if isinstance(line, ListRow):
        return _finding(number, line, looks)
    cells = [(looks.cause, line), *[(looks.cause, "")] * (len(LIST_HEADER) - 1)]
    return _row(number, cells, height=20)


def _finding(number: int, row: ListRow, looks: _Looks) -> str:
    cells = [
        (looks.level[row.severity], row.level),
        (looks.link if row.sheet else looks.text, row.place),
        (looks.text, row.column),
        (looks.text, row.value),
        (looks.text, row.message),
    ]
    count = f'<c r="A{number}" s="{looks.number}"><v>{row.number}</v></c>'
    rest = "".join(_text(number, column, *cell) for column, cell in enumerate(cells, 2))
    height = _LINE_HEIGHT * _lines([text for _, text in cells]) + _ROW_MARGIN
    return f'<row r="{number}" ht="{height}" customHeight="1">{count}{rest}</row>'


def _lines(texts: Sequence[str]) -> int:
    """Return how many lines a finding takes: no program may be trusted to fit rows by itself."""
    columns = zip(texts, LIST_WIDTHS[1:], strict=True)
    lines = max(lines_needed(text, int(0.9 * width) - 2) for text, width in columns)
    return min(lines, _MAX_LINES)


def _row(number: int, cells: Sequence[tuple[int, str]], height: float) -> str:
    written = "".join(_text(number, column, *cell) for column, cell in enumerate(cells, 1))
    return f'<row r="{number}" ht="{height}" customHeight="1">{written}</row>'


def _text(row: int, column: int, style: int, text: str) -> str:
    return (
        f'<c r="{_LETTERS[column - 1]}{row}" s="{style}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{escape(spreadsheet_text(text))}</t></is></c>'
    )


def _links(lines: Sequence[tuple[int, ListRow | str]]) -> Iterator[str]:
    linked = [(n, row) for n, row in lines if isinstance(row, ListRow) and row.sheet][:_MAX_LINKS]
    if linked:
        yield "<hyperlinks>"
        for number, row in linked:
            target = attribute("'" + row.sheet.replace("'", "''") + f"'!{row.cell}")
            yield f'<hyperlink ref="C{number}" location={target}/>'
        yield "</hyperlinks>"


def _numbered_widths() -> Iterator[tuple[int, float]]:
    return ((n, width + 0.7) for n, width in enumerate(LIST_WIDTHS, 1))
