"""Verdicts, workbooks with everything in them, and ways to look into a package."""

from __future__ import annotations

import base64
import io
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import xlsxwriter
from lxml import etree
from openpyxl.workbook import Workbook as OpenpyxlBook

from pipeline.issues import Issue, Severity
from pipeline.receipts.verdict import Verdict
from pipeline.texts import Text

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ERROR, WARNING = "FFFFC8CD", "FFFFE9A3"
HOSTILE = (
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    '=HYPERLINK("http://evil.example","x")',
    "http://evil.example",
    "mailto:a@evil.example",
    "internal:Sheet1!A1",
    "<b>粗</b>",
    "]]>&amp;",
    "_x0041_",
    "{{ 1 }}",
    "a\x00\x07b",
    "\ud800",
    "长" * 40_000,
    "😀" * 20_000,
)
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def issue(
    severity: Severity,
    cell: str = "",
    message: str = "请核对。",
    *,
    sheet: str = "会费台账",
    column: str = "",
    value: str = "",
    row: int | None = None,
) -> Issue:
    """Return a finding; its message is led by the column, as those of the catalogue are. Those of
    one message are of one cause."""
    led = f"{column}：{message}" if column else message
    title, words = (
        Text(message.rstrip("。"), "A fault"),
        Text(led, f"{column}: en" if column else "en"),
    )
    return Issue("X-01", severity, sheet, title, words, cell, row, "", column, value)


def verdict(*issues: Issue, status: str = "rejected", file: str = "交来的表.xlsx") -> Verdict:
    """Return a verdict on the third quarter's report of one unit."""
    label = Text("季度报表", "Quarterly report")
    return Verdict(file, "U1", "甲小学工会", "2026Q3", label, status, tuple(issues))


def plain_book(change: Callable[[OpenpyxlBook], object] | None = None) -> bytes:
    """Return a cover and a ledger of three rows, made by openpyxl."""
    book = openpyxl.Workbook()
    cover = book.active
    assert cover is not None
    cover.title = "封面"
    cover.append(["单位编码", "U1"])
    ledger = book.create_sheet("会费台账")
    ledger.append(["会费月份", "会员编号", "实缴(元)"])
    for month in ("2026-07", "2026-08", "2026-09"):
        ledger.append([month, "M1", 30])
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rich_book() -> bytes:
    """Return a workbook, made by XlsxWriter, with all that a receipt must not damage."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        money = book.add_format(
            {"num_format": "#,##0.00", "font_name": "楷体", "italic": True, "border": 1}
        )
        wide = book.add_format({"num_format": "@", "bg_color": "#EEF3FA"})
        cover, ledger = book.add_worksheet("封面"), book.add_worksheet("会费台账")
        photos, hidden = book.add_worksheet("照片"), book.add_worksheet("字典")
        cover.merge_range("A1:D1", "季度报表")
        cover.write_row("A2", ["单位编码", "U1"])
        ledger.set_column("D:D", 30, wide)
        ledger.write_row("A1", ["会费月份", "会员编号", "实缴(元)", "备注"])
        for row in range(1, 40):
            ledger.write_row(row, 0, ["2026-07", f"M{row}"])
            ledger.write_number(row, 2, 30, money)
        ledger.write_formula("C41", "=SUM(C2:C40)", money, 1170)
        ledger.write_comment("B3", "自己的批注", {"author": "甲一"})
        ledger.data_validation("A2:A99", {"validate": "list", "source": "=字典!$A$1:$A$3"})
        ledger.conditional_format("C2:C99", {"type": "cell", "criteria": ">", "value": 99})
        ledger.autofilter("A1:D41")
        ledger.repeat_rows(0)
        ledger.print_area("A1:D41")
        ledger.protect()
        ledger.activate()
        photos.insert_image("B2", "dot.png", {"image_data": io.BytesIO(_PNG)})
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=会费台账!$C$2:$C$9"})
        photos.insert_chart("D2", chart)
        hidden.write_column("A1", ["2026-07", "2026-08", "2026-09"])
        hidden.hide()
        book.define_name("本期", "=会费台账!$C$2:$C$40")
        book.define_name("照片!此处", "=照片!$B$2")
    return out.getvalue()


def reopen(data: bytes) -> OpenpyxlBook:
    """Return a workbook as openpyxl reads it."""
    return openpyxl.load_workbook(io.BytesIO(data))


def parts(data: bytes) -> dict[str, bytes]:
    """Return every part of a package by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        return {name: package.read(name) for name in package.namelist()}


def packed(content: Mapping[str, bytes]) -> bytes:
    """Return a package of parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in content.items():
            package.writestr(name, part)
    return out.getvalue()


def replaced(data: bytes, part: str, *changes: tuple[bytes, bytes]) -> bytes:
    """Return the package with text of one part replaced, every text being there."""
    content = parts(data)
    for old, new in changes:
        assert old in content[part], old
        content[part] = content[part].replace(old, new)
    return packed(content)


def list_table(data: bytes) -> list[tuple[object, ...]]:
    """Return the rows of the first sheet below its heading."""
    sheet = reopen(data).worksheets[0]
    return [tuple(row) for row in sheet.iter_rows(min_row=7, values_only=True)]


def assert_nothing_active(data: bytes) -> None:
    """Fail if a workbook holds a formula, a link to the outside or markup that is not its own."""
    for name, part in parts(data).items():
        if name.endswith((".xml", ".rels", ".vml")):
            root = etree.fromstring(part)
            assert not list(root.iter(f"{MAIN}f")), name
            assert b'TargetMode="External"' not in part, name
            assert not [e for e in root.iter(f"{MAIN}hyperlink") if not e.get("location")], name


def by_libreoffice(soffice: str, folder: Path, *books: bytes) -> list[bytes]:
    """Return workbooks as LibreOffice saves them."""
    sources = [folder / f"{number}.xlsx" for number in range(len(books))]
    for source, data in zip(sources, books, strict=True):
        source.write_bytes(data)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    convert = ["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    subprocess.run(
        [soffice, profile, *convert, str(folder / "out"), *map(str, sources)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return [(folder / "out" / source.name).read_bytes() for source in sources]
