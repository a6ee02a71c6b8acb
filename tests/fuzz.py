"""Mutants of our own workbooks, each read, judged and marked: `python tests/fuzz.py --count 100000`.

Bytes are flipped, cut and spliced, zips repacked wrongly, XML bent at its tokens. What must hold:
nothing but a judgement or a named refusal comes of a mutant; both lanes read the same from it; and
a mutant whose parts were not touched gives the values of its original or none. Mutant n of a seed
is always the same: `--only n --keep FILE` makes it again.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import struct
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from conftest import CONFIG
from foreign_books import as_ods, as_xls, oddly_spelt, saved_again
from generated_books import packed, parts_of
from handmade import TRANSITIONAL
from test_sheets import read_slowly, typed
from workspaces import UNITS, activity, quarterly

from pipeline.books.grid import Book
from pipeline.books.read import read_book
from pipeline.books.refusals import Refused
from pipeline.books.screen import Limits
from pipeline.sandbox import Bounds, Ending, run_sandboxed
from pipeline.workers import Brief, Job, judge_bytes

LIMITS = Limits(max_unpacked_bytes=20 * 2**20, max_rows=2000, max_cells=200_000)
Parts = dict[str, bytes]


@dataclass(frozen=True)
class Mutant:
    """A workbook gone wrong. `whole`: its parts, where it has any, are still what they were."""

    origin: str
    how: str
    data: bytes
    whole: bool


@dataclass(frozen=True)
class Verdict:
    """What came of a mutant: its status or refusal, and what is wrong with that, if anything."""

    number: int
    origin: str
    how: str
    became: str
    failure: str = ""


def make_mutant(seed: int, number: int) -> Mutant:
    """Return mutant `number` of a seed."""
    rng = random.Random(f"{seed}/{number}")
    origin = rng.choice(sorted(originals()))
    data = originals()[origin]
    kinds = ("bytes",) if origin == "xls" else ("bytes", "zip", "xml", "xml", "xml")
    kind = rng.choice(kinds)
    if kind == "bytes":
        return Mutant(origin, kind, bend_bytes(rng, data), origin != "xls")
    parts = parts_of(data)
    if kind == "zip":
        return Mutant(origin, kind, repack(rng, parts), True)
    sheets = [name for name in parts if "/sheet" in name or name == "content.xml"]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        name = rng.choice(sheets if rng.random() < 0.7 else list(parts))
        parts[name] = bend_part(rng, parts[name])
    return Mutant(origin, kind, packed(parts), False)


def check_mutant(number: int, seed: int, brief: Brief) -> Verdict:
    """Read, judge and mark a mutant, and hold it against what must be true of it."""
    mutant = make_mutant(seed, number)
    outcome = judge_bytes(mutant.data, Job(Path("mutant"), "mutant.xlsx"), brief)
    code = outcome.submission.issues[0].code if outcome.submission.issues else ""
    status = outcome.submission.status
    became = code if status == "quarantined" else status
    verdict = partial(Verdict, number, mutant.origin, mutant.how, became)
    if outcome.trouble:
        return verdict("fault of ours: " + outcome.trouble.strip().splitlines()[-1])
    return verdict(_wrong_values(mutant))


@cache
def originals() -> dict[str, bytes]:
    """Return the workbooks that mutants are made of: one quarter in five spellings."""
    rows = [activity(title=f"活动{n}", cost=n + 0.07, fund="会费") for n in range(1, 13)]
    dues = [
        {
            "month": f"2026-0{7 + n % 3}",
            "member_id": f"M{n}",
            "name": "甲一",
            "due": 9.9,
            "paid": 9.9,
        }
        for n in range(12)
    ]
    plain = packed(parts_of(quarterly(activities=rows, dues=dues)), 6)
    book = read_book(plain, Limits())
    return {
        "xlsx": plain,
        "openpyxl": saved_again(plain),
        "odd xlsx": oddly_spelt(plain),
        "ods": as_ods(book),
        "xls": as_xls(book),
    }


@cache
def _values(origin: str) -> object:
    return values_of(read_book(originals()[origin], LIMITS))


def values_of(book: Book) -> object:
    """Return all that a workbook says, with the types of its values."""
    return [sheet.name for sheet in book.sheets], typed(book)


def _wrong_values(mutant: Mutant) -> str:
    try:
        book = read_book(mutant.data, LIMITS)
    except Refused:
        return ""
    if mutant.whole and values_of(book) != _values(mutant.origin):
        return "other values from untouched parts"
    if book.kind != "xlsx":
        return ""
    try:
        slowly = read_slowly(mutant.data)
    except Refused:
        try:
            slowly = read_slowly(_cells_alone(mutant.data))
        except Refused:
            return "the slow lane refuses what the fast one reads"
    return "" if typed(slowly) == typed(book) else "the lanes differ"


def _cells_alone(data: bytes) -> bytes:
    """Return the workbook without what stands around its cells and strings: the fast lane passes
    over that, and it may be no XML at all."""
    parts = parts_of(data)
    for name, part in parts.items():
        if cells := re.search(rb"(?s)<sheetData>.*</sheetData>", part):
            parts[name] = b'<worksheet xmlns="%s">%s</worksheet>' % (_MAIN, cells[0])
        elif strings := re.search(rb"(?s)<si>.*</si>", part):
            parts[name] = b'<sst xmlns="%s">%s</sst>' % (_MAIN, strings[0])
    return packed(parts)


_MAIN = TRANSITIONAL[0].encode()


def bend_bytes(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes with some of them flipped, lost, doubled or replaced."""
    bent = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        start = rng.randrange(len(bent) + 1)
        end = min(start + rng.choice((1, 2, 4, 16, 512, 5000)), len(bent))
        match rng.randrange(6):
            case 0 | 1:
                if start < len(bent):
                    bent[start] ^= 1 << rng.randrange(8)
            case 2:
                bent[start:end] = rng.choice((b"", bytes(end - start), rng.randbytes(end - start)))
            case 3:
                bent[start:start] = bent[end : end + 64]
            case 4:
                bent[start : start + 4] = rng.choice(_NUMBERS)
            case 5 if rng.random() < 0.2:
                del bent[start:]
    return bytes(bent)


_NUMBERS = tuple(
    struct.pack("<L", number) for number in (0, 1, 0xFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
)


def repack(rng: random.Random, parts: Parts) -> bytes:
    """Return the parts in a zip that is odd or wrong: order, names, doubles, sizes, sums."""
    names = list(parts)
    if rng.random() < 0.5:
        rng.shuffle(names)
    odd = rng.choice(names)
    data = io.BytesIO()
    with ZipFile(data, "w") as archive:
        for name in names:
            content = parts[name]
            method = rng.choice((ZIP_STORED, ZIP_DEFLATED))
            match rng.randrange(8) if name == odd else 8:
                case 0:
                    continue
                case 1:
                    name = rng.choice((name.upper(), "/" + name, name.replace("/", "\\"), "../x"))
                case 2:
                    archive.writestr(name + "x", content, method)
                case 3:
                    archive.writestr("xl/media/x.bin", bytes(rng.choice((10, 10**6))), method)
            archive.writestr(name, content, method)
    packed_ = bytearray(data.getvalue())
    places = [m.start() for m in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", packed_)]
    for _ in range(rng.choice((0, 1, 3))):
        place = rng.choice(places) + rng.randrange(4, 46)
        if place + 4 <= len(packed_):
            packed_[place : place + rng.choice((1, 2, 4))] = rng.choice(_NUMBERS)[:1]
    return bytes(packed_)


def bend_part(rng: random.Random, part: bytes) -> bytes:
    """Return an XML part bent somewhere, mostly among its cells."""
    start, end = part.find(b"<sheetData>"), part.find(b"</sheetData>")
    if start < 0 or rng.random() < 0.3:
        return bend_xml(rng, part)
    return part[:start] + bend_xml(rng, part[start:end]) + part[end:]


def bend_xml(rng: random.Random, part: bytes) -> bytes:
    """Return XML with one token changed, lost, doubled, moved or made up."""
    tokens = re.split(rb"(<[^<>]*>)", part)
    place = rng.randrange(len(tokens))
    other = rng.randrange(len(tokens))
    match rng.randrange(9):
        case 0:
            del tokens[place : place + rng.choice((1, 1, 2, 3, 8))]
        case 1:
            tokens[other:other] = tokens[place : place + rng.choice((1, 3, 9))]
        case 2:
            tokens[place], tokens[other] = tokens[other], tokens[place]
        case 3:
            tokens[place] = rng.choice(_JUNK)
        case 4:
            tokens.insert(place, rng.choice(_JUNK))
        case 5:
            tokens[place] = bend_value(rng, tokens[place])
        case 6:
            tokens[place] = re.sub(rb' [\w:]+="[^"]*"', b"", tokens[place], count=1)
        case 7:
            texts = [n for n, token in enumerate(tokens) if token and not token.startswith(b"<")]
            if texts:
                tokens[rng.choice(texts)] = rng.choice(_VALUES)
        case 8:
            old = rng.choice(
                (b"</v>", b"<v>", b' t="s"', b"<c ", b"<row ", b"</row>", b"<is>", b"<t>")
            )
            return part.replace(old, rng.choice(_JUNK), rng.choice((1, 3)))
    return b"".join(tokens)


def bend_value(rng: random.Random, tag: bytes) -> bytes:
    """Return a tag with another value in one of its attributes."""
    spans = [found.span() for found in re.finditer(rb'"[^"]*"', tag)]
    if not spans:
        return tag
    start, end = rng.choice(spans)
    return tag[: start + 1] + rng.choice(_VALUES) + tag[end - 1 :]


_VALUES = (
    *(b"", b" ", b"0", b"-1", b"1", b"7.005", b"99999999999", b"1e308", b"1e999", b"NaN", b"1_0"),
    *(b"A0", b"A1", b"B2", b"XFD1048576", b"XFE1", b"K4:K9", b"rId1", b"rId99", b"s", b"str", b"e"),
    *(b"b", b"d", b"n", b"inlineStr", b"#REF!", b"true", b"&amp;", b"&#0;", b"&#xD800;", b"&nbsp;"),
    *(b"_x0000_", b"_xD800_", "会费".encode(), b"\xff", b"\0", b"2026-13-01", b"../../etc/passwd"),
)
_JUNK = (
    *(b"<!-- -->", b"<![CDATA[9]]>", b"<?x y?>", b"<!DOCTYPE x>", b"&", b"<", b">", b"\n ", b"7"),
    *(
        b"<v>9</v>",
        b"<v/>",
        b"<f>1</f>",
        b"<f/>",
        b"<is><t>9</t></is>",
        b"</c>",
        b"</row>",
        b"<x/>",
    ),
    *(
        b'<c r="A1"><v>9</v></c>',
        b'<c r="K4"/>',
        b'<row r="4">',
        b'<row r="2" hidden="1"/>',
        b"<c>",
    ),
    *(b"<text:p>9</text:p>", b'<table:table-cell office:value="9"/>', b"<table:table-row/>"),
    *(b'<x:c r="K5"><x:v>9</x:v></x:c>', b'<mergeCell ref="A1:XFD1048576"/>', b"</sheetData>"),
)


def run(numbers: Iterable[int], seed: int, workers: int) -> Iterator[Verdict]:
    """Yield the verdict on each mutant; one that ends its process is a failure too."""
    with tempfile.TemporaryDirectory() as folder:
        orgunits = Path(folder, "orgunits.csv")
        orgunits.write_text(UNITS, "utf-8")
        brief = brief_for(orgunits, date(2026, 10, 10))
        check = partial(check_mutant, seed=seed, brief=brief)
        yield from run_sandboxed(check, numbers, partial(lost, seed=seed), Bounds(10), workers)


def brief_for(orgunits: Path, today: date) -> Brief:
    """Return what a worker must know, for the shipped forms and the given units."""
    return Brief(CONFIG, orgunits, "", today, frozenset(), LIMITS, 20, "zh")


def lost(number: int, ending: Ending, seed: int) -> Verdict:
    """Return the verdict on a mutant that ended its process."""
    mutant = make_mutant(seed, number)
    return Verdict(number, mutant.origin, mutant.how, "nothing", f"ended its process ({ending})")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as many mutants as asked for; the status is 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", type=int, help="make and check this mutant alone")
    parser.add_argument("--keep", type=Path, help="where to put the mutant of --only")
    asked = parser.parse_args(arguments)
    numbers = range(asked.count) if asked.only is None else [asked.only]
    if asked.keep and asked.only is not None:
        asked.keep.write_bytes(make_mutant(asked.seed, asked.only).data)
    tally: Counter[str] = Counter()
    failures = 0
    for verdict in run(numbers, asked.seed, asked.workers):
        tally[f"{verdict.how:5} of {verdict.origin:9} {verdict.became}"] += 1
        if verdict.failure:
            failures += 1
            print(verdict, flush=True)
    for line, count in sorted(tally.items()):
        print(f"{count:8}  {line}")
    print(f"{sum(tally.values())} mutants, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
