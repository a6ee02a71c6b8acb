"""The style part of a workbook: a cell's own look with our fill, and the way back.

In: the root of `styles.xml`. Out: numbers of cell formats, new ones appended to it. A marked
format is the cell's own in everything but the fill. Our fills have colours that nobody picks by
hand, so the marks of an earlier receipt are recognised by them, whatever program saved the
workbook in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from lxml import etree

from pipeline.issues import Severity
from pipeline.receipts.package import CannotMark, Dialect, Element

FILL_COLOURS: dict[Severity, str] = {
    "error": "FFFFC8CD",
    "warning": "FFFFE9A3",
    "info": "FFDDEAF6",
}
_MAX_MEMBERS = 64000  # Excel opens no workbook with more
_NO_FILL = "0"
_FILL = (
    '<fill><patternFill patternType="solid"><fgColor rgb="{}"/><bgColor indexed="64"/>'
    "</patternFill></fill>"
)


class Styles:
    """The cell formats of one workbook, by the number that cells refer to them with."""

    def __init__(self, root: Element, dialect: Dialect) -> None:
        self._dialect = dialect
        self._fonts = _Numbered(root, dialect, "fonts", "font")
        self._fills = _Numbered(root, dialect, "fills", "fill")
        self._borders = _Numbered(root, dialect, "borders", "border")
        self._formats = _Numbered(root, dialect, "cellXfs", "xf")
        self._our_fills = self._find_our_fills()
        everyone = range(len(self._formats.members))
        self.earlier_marks = frozenset(number for number in everyone if self._is_ours(number))
        self._added: dict[str, str] = {}
        self._marked: dict[tuple[int, Severity], int] = {}
        self._unmarked: dict[tuple[int, frozenset[str]], int] = {}

    def marked(self, number: int, severity: Severity) -> int:
        """Return the format that is `number` with the fill of `severity`."""
        asked = (number, severity)
        if asked not in self._marked:
            fill = self._part(self._fills, _FILL.format(FILL_COLOURS[severity]))
            self._our_fills.add(fill)
            self._marked[asked] = self._filled(number, fill)
        return self._marked[asked]

    def unmarked(self, number: int, beside: Iterable[int] = ()) -> int:
        """Return the format that a cell had before an earlier receipt marked it.

        That is the one that differs in nothing but the fill; among several the one that is
        filled like a cell `beside`, and where there is none, the same format without a fill.
        """
        fills = frozenset(self._fill_of(n) for n in beside)
        if (number, fills) not in self._unmarked:
            twins = sorted(self._twins(number), key=lambda n: self._fill_of(n) not in fills)
            self._unmarked[number, fills] = twins[0] if twins else self._filled(number, _NO_FILL)
        return self._unmarked[number, fills]

    def add(self, font: str, border: str, alignment: str, fill: str = "") -> int:
        """Return a format made of fragments of style XML, `fill` being an ARGB colour.

        What is typed over a cell of this format stays text, even if it begins with "=".
        """
        xf = self._fragment(
            '<xf numFmtId="0" xfId="0" quotePrefix="1" applyFont="1" applyFill="1" '
            f'applyBorder="1" applyAlignment="1">{alignment}</xf>'
        )
        xf.set("fontId", self._part(self._fonts, font))
        xf.set("fillId", self._part(self._fills, _FILL.format(fill)) if fill else _NO_FILL)
        xf.set("borderId", self._part(self._borders, border))
        return self._formats.append(xf)

    def _filled(self, number: int, fill: str) -> int:
        xf = deepcopy(self._formats.members[number])
        xf.set("fillId", fill)
        xf.set("applyFill", "1")
        return self._formats.append(xf)

    def _part(self, parts: _Numbered, xml: str) -> str:
        """Return the number of a font, fill or border, added once."""
        if xml not in self._added:
            self._added[xml] = str(parts.append(self._fragment(xml)))
        return self._added[xml]

    def _twins(self, number: int) -> list[int]:
        look = _look(self._formats.members[number])
        return [
            n
            for n, xf in enumerate(self._formats.members)
            if not self._is_ours(n) and _look(xf) == look
        ]

    def _fragment(self, xml: str) -> Element:
        return etree.fromstring(f'<m xmlns="{self._dialect.main}">{xml}</m>')[0]

    def _fill_of(self, number: int) -> str:
        return self._formats.members[number].get("fillId", _NO_FILL)

    def _is_ours(self, number: int) -> bool:
        return self._fill_of(number) in self._our_fills

    def _find_our_fills(self) -> set[str]:
        where = f"{self._dialect.tag('patternFill')}/{self._dialect.tag('fgColor')}"
        colours = [fill.find(where) for fill in self._fills.members]
        return {
            str(number)
            for number, colour in enumerate(colours)
            if colour is not None and colour.get("rgb", "").upper() in FILL_COLOURS.values()
        }


class _Numbered:
    """One list of the style part, whose members are known by number."""

    def __init__(self, root: Element, dialect: Dialect, name: str, member: str) -> None:
        found = root.find(dialect.tag(name))
        if found is None:
            raise CannotMark(f"styles without {name}")
        self._list = found
        self.members = list(found.iterchildren(dialect.tag(member)))

    def append(self, member: Element) -> int:
        """Add a member and return its number."""
        if len(self.members) >= _MAX_MEMBERS:
            raise CannotMark("too many cell formats")
        self.members.append(member)
        self._list.append(member)
        self._list.set("count", str(len(self.members)))
        return len(self.members) - 1


def _look(element: Element) -> tuple[object, ...]:
    """Return all of a cell format but its fill, to be compared."""
    attributes = sorted((k, v) for k, v in element.items() if k not in ("fillId", "applyFill"))
    return (element.tag, tuple(attributes), tuple(_look(child) for child in element))
