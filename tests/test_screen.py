"""What is no workbook, or too much of one, is refused by name."""

from __future__ import annotations

import io
import re
import struct
import zipfile

import pytest
from handmade import ods_parts, ole_of, xlsx_of, xlsx_parts, zip_of

from pipeline.books import refusals
from pipeline.books.read import read_book
from pipeline.books.refusals import CATALOGUE, Refusal, Refused, refuse
from pipeline.books.screen import Limits, open_package, screen
from pipeline.books.sniff import ole_refusal

LIMITS = Limits()
SMALL = Limits(max_file_bytes=10_000, max_unpacked_bytes=50_000, max_rows=5, max_cells=40)
ORDINARY = xlsx_of('<row r="1"><c r="A1"><v>1</v></c></row>')
ODT = {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}
SECRET_ODS = ods_parts("") | {"META-INF/manifest.xml": "<manifest:encryption-data/>"}


def refusal_of(data: bytes, limits: Limits = LIMITS) -> Refusal:
    """Return why the bytes are refused; it is a failure if they are not."""
    with pytest.raises(Refused) as caught:
        read_book(data, limits)
    return caught.value.refusal


def with_flag(data: bytes, flag: int) -> bytes:
    """Return the zip with a flag set in every entry of its directory."""
    marked = bytearray(data)
    for found in re.finditer(b"PK\x01\x02", data):
        marked[found.start() + 8] |= flag
    return bytes(marked)


def with_declared_size(data: bytes, size: int) -> bytes:
    """Return the zip with another unpacked size declared for every entry."""
    marked = bytearray(data)
    for found in re.finditer(b"PK\x01\x02", data):
        struct.pack_into("<L", marked, found.start() + 24, size)
    return bytes(marked)


@pytest.mark.parametrize(
    ("refusal", "data"),
    [
        (refusals.EMPTY, b""),
        (refusals.SYNCING, bytes(70_000)),
        (refusals.SYNCING, ORDINARY[:700] + bytes(4096)),
        (refusals.TRUNCATED, ORDINARY[:700]),
        (refusals.TRUNCATED, b"PK\x03\x04"),
        (refusals.DAMAGED, ORDINARY[:200] + bytes(200) + ORDINARY[400:]),
        (refusals.DAMAGED, with_declared_size(ORDINARY, 17)),
        (refusals.PASSWORD, ole_of("EncryptionInfo", "EncryptedPackage")),
        (refusals.PASSWORD, with_flag(ORDINARY, 0x1)),
        (refusals.PASSWORD, zip_of(SECRET_ODS)),
        (refusals.RIGHTS, ole_of("EncryptedPackage", "\x09DRMContent")),
        (refusals.RIGHTS, b"%TSD-Header-###%" + bytes(500)),
        (refusals.RIGHTS, b"\x62\x14\x23\x65\x3f\x00\x13\x01E-SafeNet\x00\x00LOCK" + bytes(500)),
        (refusals.WEB_PAGE, b"\xef\xbb\xbf\r\n <!-- x --><HTML xmlns:x='urn:x'><table></table>"),
        (refusals.WEB_PAGE, "<table><tr><td>会费</td></tr></table>".encode("gbk")),
        (refusals.WEB_PAGE, b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x"),
        (refusals.PLAIN_TEXT, "单位编码,报告期\nA01,2026Q3\n".encode("utf-8-sig")),
        (refusals.PLAIN_TEXT, ("单位编码\t报告期\n" * 900).encode("gb18030")),
        (refusals.PLAIN_TEXT, "单位编码\t报告期".encode("utf-16")),
        (refusals.XML_TABLE, b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>'),
        (refusals.BINARY_WORKBOOK, zip_of({"[Content_Types].xml": "", "xl/workbook.bin": "x"})),
        (refusals.NUMBERS, zip_of({"Index/Document.iwa": "x", "Metadata/Properties.plist": ""})),
        (refusals.WORD, zip_of({"[Content_Types].xml": "", "word/document.xml": "<x/>"})),
        (refusals.WORD, zip_of(ODT)),
        (refusals.WORD, ole_of("WordDocument", "1Table")),
        (refusals.WORD, b"{\\rtf1\\ansi"),
        (refusals.SLIDES, zip_of({"[Content_Types].xml": "", "ppt/presentation.xml": "<x/>"})),
        (refusals.SLIDES, ole_of("PowerPoint Document")),
        (refusals.PAGES, b"%PDF-1.7\n%\xe2\xe3"),
        (refusals.PAGES, zip_of({"OFD.xml": "<x/>"})),
        (refusals.PICTURE, b"\x89PNG\r\n\x1a\n" + bytes(100)),
        (refusals.PICTURE, b"\xff\xd8\xff\xe0" + bytes(100)),
        (refusals.PICTURE, b"\x00\x00\x00\x18ftypheic" + bytes(100)),
        (refusals.ARCHIVE, zip_of({"第三季度.xlsx": ORDINARY})),
        (refusals.ARCHIVE, b"Rar!\x1a\x07\x01\x00" + bytes(100)),
        (refusals.ARCHIVE, b"7z\xbc\xaf\x27\x1c" + bytes(100)),
        (refusals.SHORTCUT, b"L\0\0\0\x01\x14\x02\0" + bytes(100)),
        (refusals.SHORTCUT, b"[InternetShortcut]\r\nURL=http://example.org"),
        (refusals.MAIL_MESSAGE, b"Received: from a by b\r\nSubject: x\r\n\r\n"),
        (refusals.MAIL_MESSAGE, ole_of("__properties_version1.0")),
        (refusals.UNKNOWN_KIND, b"MZ\x90\x00\x03\x00\x00\x00"),
        (refusals.UNKNOWN_KIND, ole_of("VisioDocument")),
        (refusals.UNKNOWN_KIND, zip_of({"[Content_Types].xml": "<Types/>"})),
    ],
)
def test_what_a_file_is_when_it_is_no_workbook(refusal: Refusal, data: bytes) -> None:
    assert refusal_of(data).code == refusal.code


def test_a_word_file_with_a_table_inside_is_still_a_word_file() -> None:
    names = {"WordDocument", "ObjectPool", "Workbook"}
    assert ole_refusal(names, {"WordDocument", "ObjectPool"}) == refusals.WORD
    assert ole_refusal({"WORKBOOK", "MBD01", "WordDocument"}, {"WORKBOOK", "MBD01"}) is None


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("xlsx", xlsx_parts("")),
        ("xlsx", xlsx_parts("") | {"xl/vbaProject.bin": "macros, never looked at"}),
        ("ods", ods_parts("<table:table/>")),
    ],
)
def test_zipped_workbooks_are_told_apart_by_their_parts(
    kind: str, parts: dict[str, str | bytes]
) -> None:
    assert screen(zip_of(parts), LIMITS).kind == kind


def test_part_names_are_found_in_any_case_and_with_backslashes() -> None:
    renamed = {name.replace("/", "\\").upper(): content for name, content in xlsx_parts("").items()}
    assert [sheet.name for sheet in read_book(zip_of(renamed), LIMITS).sheets] == ["表"]


def test_two_parts_of_one_name_leave_no_choice_but_to_refuse() -> None:
    packed = io.BytesIO(ORDINARY)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("XL/Workbook.xml", "<workbook/>")
    assert refusal_of(packed.getvalue()) == refusals.DAMAGED


def test_a_part_yields_no_more_than_its_entry_declares() -> None:
    package = open_package(with_declared_size(zip_of({"a": "x" * 10_000_000}), 100), LIMITS)
    with pytest.raises(Refused):
        package.part("a")


@pytest.mark.parametrize(
    ("refusal", "data"),
    [
        (refusals.TOO_LARGE, b"PK\x03\x04" + bytes(10_000)),
        (refusals.UNPACKED_TOO_LARGE, zip_of(xlsx_parts("") | {"xl/media/1.emf": bytes(50_000)})),
        (
            refusals.TOO_MANY_ROWS,
            xlsx_of("".join(f'<row r="{i}"><c r="A{i}"><v>1</v></c></row>' for i in range(1, 7))),
        ),
        (refusals.TOO_MANY_CELLS, xlsx_of('<row r="1"><c r="ZZ1"><v>1</v></c></row>')),
    ],
)
def test_what_is_more_than_the_limits_is_refused_with_the_figure(
    refusal: Refusal, data: bytes
) -> None:
    found = refusal_of(data, SMALL)
    assert found.code == refusal.code
    assert re.search(r"\d", found.message.zh)


def test_limits_are_met_exactly() -> None:
    rows = "".join(f'<row r="{i}"><c r="H{i}"><v>1</v></c></row>' for i in range(1, 6))
    assert read_book(xlsx_of(rows), SMALL).sheets[0].rows[4][7] == 1


@pytest.mark.parametrize("refusal", CATALOGUE, ids=lambda refusal: refusal.code)
def test_every_refusal_says_in_both_languages_what_to_do(refusal: Refusal) -> None:
    filled = refuse(refusal, size=31, limit=20, sheet="会费台账", seconds=20).refusal
    for text in (filled.title, filled.message):
        assert text.zh and text.en
        assert not set("{}") & set(text.zh + text.en)
    assert filled.message.zh.endswith("。") and "请" in filled.message.zh
    assert filled.message.en.endswith(".")


def test_refusals_are_numbered_as_they_are_listed() -> None:
    numbers = range(1, len(CATALOGUE) + 1)
    assert [refusal.code for refusal in CATALOGUE] == [f"F-{number:02}" for number in numbers]
    assert len({refusal.title.zh for refusal in CATALOGUE}) == len(CATALOGUE)


def test_a_refusal_misses_no_figure_silently() -> None:
    with pytest.raises(KeyError):
        refuse(refusals.TOO_MANY_ROWS, limit=5)
