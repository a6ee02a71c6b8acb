"""The style part of a workbook: a cell's own look with our fill, and the way back.

In: the content of `styles.xml`. Out: numbers of cell formats, new ones appended to it. A marked
format is the cell's own in everything but the fill. Our fills have colours that nobody picks by
hand, so the marks of an earlier receipt are recognised by them, whatever program saved the
workbook in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from pipeline.issues import Severity
from pipeline.receipts.alike import once_for_all
from pipeline.receipts.package import Dialect, Element, parse_xml, to_bytes
from pipeline.receipts.packing import CannotMark

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


_Look = tuple[object, ...]


class _Filled(NamedTuple):
    """A wish for a format that is there already, with a fill of this ARGB colour, "" for none."""

    number: int
    colour: str


class _Drawn(NamedTuple):
    """A wish for a format made of fragments of style XML; `fill` is an ARGB colour or ""."""

    font: str
    border: str
    alignment: str
    fill: str


Wish = _Filled | _Drawn


class Styles:
    """The cell formats of one workbook, by the number that cells refer to them with.

    A new format is only wished for, which gives it its number; `with_formats` makes them.
    """

    def __init__(self, content: bytes, dialect: Dialect) -> None:
        self._content = content
        self._dialect = dialect
        self._there = _read_formats(content, dialect)
        self._wishes: dict[Wish, int] = {}
        self.earlier_marks = self._there.marked

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """The formats that are new, in the order of their numbers."""
        return tuple(self._wishes)

    def marked(self, number: int, severity: Severity) -> int:
        """Return the format that is `number` with the fill of `severity`."""
        return self._wish(_Filled(number, FILL_COLOURS[severity]))

    def unmarked(self, number: int, beside: Iterable[int] = ()) -> int:
        """Return the format that a cell had before an earlier receipt marked it.

        That is the one that differs in nothing but the fill; among several the one that is
        filled like a cell `beside`, and where there is none, the same format without a fill.
        """
        looks, fills = _looks(self._content, self._dialect), self._there.fills
        alike = [n for n, look in enumerate(looks) if look == looks[number]]
        wanted = frozenset(fills[n] for n in beside)
        own = sorted(set(alike) - self.earlier_marks, key=lambda n: (fills[n] not in wanted, n))
        return own[0] if own else self._wish(_Filled(alike[0], ""))

    def add(self, font: str, border: str, alignment: str, fill: str = "") -> int:
        """Return a format made of fragments of style XML, `fill` being an ARGB colour.

        What is typed over a cell of this format stays text, even if it begins with "=".
        """
        return self._wish(_Drawn(font, border, alignment, fill))

    def _wish(self, wish: Wish) -> int:
        return self._wishes.setdefault(wish, len(self._there.fills) + len(self._wishes))


@once_for_all
def with_formats(content: bytes, dialect: Dialect, wishes: tuple[Wish, ...]) -> bytes:
    """Return the style part with the new formats at its end."""
    part = _StylePart(content, dialect)
    for wish in wishes:
        if isinstance(wish, _Filled):
            part.add_filled(wish)
        else:
            part.add_drawn(wish)
    return to_bytes(part.root)


@dataclass(frozen=True, slots=True)
class _Formats:
    """The cell formats of a style part: the fill of each, and which an earlier receipt made."""

    fills: tuple[str, ...]
    marked: frozenset[int]


@once_for_all
def _read_formats(content: bytes, dialect: Dialect) -> _Formats:
    part = _StylePart(content, dialect)
    fills = tuple(xf.get("fillId", _NO_FILL) for xf in part.formats.members)
    ours = part.our_fills()
    return _Formats(fills, frozenset(n for n, fill in enumerate(fills) if fill in ours))


@once_for_all
def _looks(content: bytes, dialect: Dialect) -> tuple[_Look, ...]:
    return tuple(map(_look, _StylePart(content, dialect).formats.members))


class _StylePart:
    """The tree of a style part."""

    def __init__(self, content: bytes, dialect: Dialect) -> None:
        self.root = parse_xml(content)
        self._dialect = dialect
        self._fonts = _Numbered(self.root, dialect, "fonts", "font")
        self._fills = _Numbered(self.root, dialect, "fills", "fill")
        self._borders = _Numbered(self.root, dialect, "borders", "border")
        self.formats = _Numbered(self.root, dialect, "cellXfs", "xf")
        self._added: dict[str, str] = {}

    def our_fills(self) -> set[str]:
        """Return the numbers of the fills that only a receipt uses."""
        where = f"{self._dialect.tag('patternFill')}/{self._dialect.tag('fgColor')}"
        colours = [fill.find(where) for fill in self._fills.members]
        return {
            str(number)
            for number, colour in enumerate(colours)
            if colour is not None and colour.get("rgb", "").upper() in FILL_COLOURS.values()
        }

    def add_filled(self, wish: _Filled) -> None:
        """Add a format that differs from another in its fill."""
        xf = deepcopy(self.formats.members[wish.number])
        xf.set("fillId", self._fill(wish.colour))
        xf.set("applyFill", "1")
        self.formats.append(xf)

    def add_drawn(self, wish: _Drawn) -> None:
        """Add a format of its own font, border and alignment."""
        xf = self._fragment(
            '<xf numFmtId="0" xfId="0" quotePrefix="1" applyFont="1" applyFill="1" '
            f'applyBorder="1" applyAlignment="1">{wish.alignment}</xf>'
        )
        xf.set("fontId", self._part(self._fonts, wish.font))
        xf.set("fillId", self._fill(wish.fill))
        xf.set("borderId", self._part(self._borders, wish.border))
        self.formats.append(xf)

    def _fill(self, colour: str) -> str:
        return self._part(self._fills, _FILL.format(colour)) if colour else _NO_FILL

    def _part(self, parts: _Numbered, xml: str) -> str:
        """Return the number of a font, fill or border, added once."""
        if xml not in self._added:
            self._added[xml] = str(parts.append(self._fragment(xml)))
        return self._added[xml]

    def _fragment(self, xml: str) -> Element:
        return etree.fromstring(f'<m xmlns="{self._dialect.main}">{xml}</m>')[0]


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


def _look(element: Element) -> _Look:
    """Return all of a cell format but its fill, to be compared."""
    attributes = sorted((k, v) for k, v in element.items() if k not in ("fillId", "applyFill"))
    return (element.tag, tuple(attributes), tuple(_look(child) for child in element))
