"""Each named refusal, from a real file to the receipt that its sender reads."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from generated_books import packed, parts_of
from handmade import biff_record, ods_parts, ole_holding, xlsx_of, zip_of
from workspaces import NOW, activity, drop, make_workspace, opened, quarterly, run_once

from pipeline.books.refusals import CATALOGUE, Refusal
from pipeline.books.screen import Limits
from pipeline.brief import brief_of
from pipeline.checking import check_files
from pipeline.nightly import decide_period
from pipeline.receipts.verdict import Verdict
from pipeline.receipts.write import text_receipt
from pipeline.texts import Lang, Text
from pipeline.workers import Brief, Job, judge_file

LIMITS = Limits(max_file_bytes=300_000, max_unpacked_bytes=1_000_000, max_rows=60, max_cells=20_000)
SETTINGS = """[union]
name = "某区教育工会"
language = "{language}"
[intake]
settle_seconds = 0
[workers]
count = 1
[limits]
max_file_mb = 1
max_unpacked_mb = 2
max_rows = 60
max_cells = 20000
"""
BOOK = cache(partial(quarterly, activities=[activity()]))
OPENED_BY_SYSTEM = {"F-05"}  # bytes that nobody hands over make no file in an archive
ENDED_BY_A_WORKER = {"F-30", "F-31", "F-32"}  # in test_sandbox


def password_xls() -> bytes:
    """Return what Excel 97 saves under a password: after FILEPASS all is noise."""
    noise = random.Random(6).randbytes(5000)
    start = biff_record(0x809, b"\x00\x06\x05\x00" + bytes(12))
    return ole_holding({"Workbook": start + biff_record(0x2F, b"\x01\x00" + bytes(52)) + noise})


def encrypted() -> bytes:
    """Return a container as Excel, WPS and LibreOffice write it around an encrypted package."""
    noise = random.Random(7).randbytes(9000)
    info = b"\x04\x00\x04\x00\x40\x00\x00\x00<encryption/>"
    return ole_holding({"EncryptionInfo": info, "EncryptedPackage": noise})


def bomb() -> bytes:
    """Return our own workbook with 50 MB of nothing in 50 KB."""
    data = io.BytesIO(BOOK())
    with ZipFile(data, "a", ZIP_DEFLATED) as archive, archive.open("xl/media/1.bin", "w") as part:
        for _ in range(50):
            part.write(bytes(2**20))
    return data.getvalue()


def holed() -> bytes:
    """Return our own workbook with a stretch of it overwritten."""
    data = bytearray(BOOK())
    data[3000:3400] = bytes(range(200)) * 2
    return bytes(data)


def far_cell() -> bytes:
    """Return our own workbook with cells in far columns of many rows."""
    book = openpyxl.load_workbook(io.BytesIO(BOOK()))
    for row in range(10, 40):
        book["活动台账"].cell(row, 2000, "x")
    return saved(book)


def renamed(**names: str) -> bytes:
    """Return our own workbook without `_meta`, its sheets and first cells renamed."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, text in names.items():
        book.create_sheet(name)["A1"] = text
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def charts_only() -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.create_chartsheet("图")
    return saved(book)


def without_label(label: str) -> bytes:
    """Return our own workbook, its line of the cover and the marks of the template wiped out."""
    book = openpyxl.load_workbook(io.BytesIO(BOOK()))
    for row in book["封面"].iter_rows():
        for cell, beside in pairwise(row):
            if str(cell.value).startswith(label):
                beside.value = None
    return saved(book)


OFFICE = {"[Content_Types].xml": "<Types/>"}
FILES: dict[str, Callable[[], bytes]] = {
    "F-01": lambda: b"",
    "F-02 nothing there yet": lambda: bytes(70_000),
    "F-02 a tail to come": lambda: BOOK()[:9000] + bytes(20_000),
    "F-03": lambda: BOOK()[:9000],
    "F-04 overwritten": holed,
    "F-04 a part cut short": lambda: packed(
        parts_of(BOOK()) | {"xl/workbook.xml": parts_of(BOOK())["xl/workbook.xml"][:-40]}
    ),
    "F-06 encrypted": encrypted,
    "F-06 xls": password_xls,
    "F-06 ods": lambda: zip_of(
        ods_parts("") | {"META-INF/manifest.xml": "<manifest:encryption-data/>"}
    ),
    "F-07": lambda: ole_holding({"EncryptedPackage": b"x", "\x09DRMContent": b"x"}),
    "F-08": lambda: zip_of({"a.bin": random.Random(8).randbytes(2_000_000)}),
    "F-09": bomb,
    "F-10": lambda: quarterly(activities=[activity(title=f"活动{n}") for n in range(80)]),
    "F-11": far_cell,
    "F-12 table": lambda: "<html><body><table><tr><td>会费</td></tr></table>".encode("gbk"),
    "F-12 mht": lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n",
    "F-13 csv": lambda: "单位编码,报告期\nU1,2026Q3\n".encode("gb18030"),
    "F-13 unicode text": lambda: "单位编码\t报告期\r\n".encode("utf-16"),
    "F-14": lambda: b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
    "F-15": lambda: zip_of(OFFICE | {"xl/workbook.bin": "x"}),
    "F-16": lambda: zip_of({"Index/Document.iwa": "x", "Metadata/Properties.plist": "x"}),
    "F-17 docx": lambda: zip_of(OFFICE | {"word/document.xml": "<x/>"}),
    "F-17 doc": lambda: ole_holding({"WordDocument": b"x", "1Table": b"x"}),
    "F-17 wps": lambda: b"{\\rtf1\\ansi",
    "F-18": lambda: zip_of(OFFICE | {"ppt/presentation.xml": "<x/>"}),
    "F-19": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "F-20 png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "F-20 heic": lambda: b"\x00\x00\x00\x18ftypheic" + bytes(100),
    "F-21 zip": lambda: zip_of({"季报.xlsx": BOOK()}),
    "F-21 rar": lambda: b"Rar!\x1a\x07\x01\x00" + bytes(100),
    "F-22": lambda: b"L\0\0\0\x01\x14\x02\0" + bytes(100),
    "F-23": lambda: b"Received: from a by b\r\nSubject: x\r\n\r\n",
    "F-24": lambda: b"MZ\x90\x00\x03\x00\x00\x00" + bytes(100),
    "F-25": charts_only,
    "F-26": lambda: xlsx_of('<row r="1"><c r="A1"><v>1</v></c></row>'),
    "F-27": lambda: renamed(封面="某某活动方案", 方案="第一条"),
    "F-28": lambda: without_label("单位编码"),
    "F-29": lambda: without_label("报告期"),
}  # fmt: skip
BY_CODE = {refusal.code: refusal for refusal in CATALOGUE}
EACH = pytest.mark.parametrize("case", FILES)


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    root = make_workspace(tmp_path_factory.mktemp("workspace"))
    return replace(brief_of(opened(root), NOW.date()), limits=LIMITS)


def test_the_table_leaves_out_no_refusal() -> None:
    made = {case[:4] for case in FILES}
    assert made | OPENED_BY_SYSTEM | ENDED_BY_A_WORKER == set(BY_CODE)


@EACH
def test_a_file_is_refused_by_its_name_and_told_what_to_do(
    case: str, brief: Brief, tmp_path: Path
) -> None:
    path = tmp_path / "季报.xlsx"
    path.write_bytes(FILES[case]())
    outcome = judge_file(Job(path, path.name), brief)
    submission = outcome.submission
    assert (submission.status, submission.issues[0].code) == ("quarantined", case[:4])
    assert not outcome.trouble
    message = submission.issues[0].message
    verdict = Verdict(path.name, "", "", "", Text("", ""), submission.status, submission.issues[:1])
    for lang in ("zh", "en"):
        *_, last = text_receipt(verdict, lang).splitlines()
        assert last.endswith(message[lang])
        assert not re.search(r"[{}]", message[lang])
    if not submission.issues[0].sheet:
        assert "下表" not in text_receipt(verdict, "zh")  # there is no cell to mend


@pytest.mark.parametrize("refusal", CATALOGUE, ids=lambda refusal: refusal.code)
def test_a_refusal_ends_in_one_action(refusal: Refusal) -> None:
    assert refusal.message.zh.count("请") == 1
    *_, last = re.findall(r"[^。]+。", refusal.message.zh)
    assert last.startswith("请")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_night_of_nothing_but_such_files(tmp_path: Path, language: Lang) -> None:
    root = make_workspace(tmp_path, settings=SETTINGS.format(language=language))
    for case, make in FILES.items():
        drop(root, f"{case}.xlsx", make())
    drop(root, "好.xlsx", BOOK())
    report = run_once(root, in_workers=True)
    statuses = {stored.path: stored.status for stored in report.files}
    assert statuses.pop("好.xlsx") == "accepted"
    assert statuses == {f"{case}.xlsx": "quarantined" for case in FILES}
    for stored, receipt in zip(report.files, report.receipts, strict=True):
        if stored.status == "quarantined":
            message = BY_CODE[stored.path[:4]].message[language]
            assert action_of(message) in shown(root / receipt)
    assert len(set(report.receipts)) == len(FILES) + 1
    assert len(list((root / "state" / "quarantine").iterdir())) == len(FILES)


def action_of(message: str) -> str:
    """Return the end of a message, after its last figure."""
    return message.rpartition("}")[2][-30:]


def shown(receipt: Path) -> str:
    """Return all that a receipt says."""
    if receipt.suffix == ".txt":
        return receipt.read_text("utf-8-sig")
    book = openpyxl.load_workbook(receipt)
    return "\n".join(str(cell.value) for sheet in book for row in sheet.rows for cell in row)


def test_a_file_that_the_system_does_not_open_is_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_workspace(tmp_path)
    shut, good = drop(root, "锁.xlsx", BOOK()), drop(root, "好.xlsx", BOOK())
    let_in = Path.open

    def open_but_one(path: Path, mode: str = "r", *more: object, **named: object) -> object:
        if path == shut:
            raise PermissionError
        return let_in(path, mode, *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", open_but_one)
    found = check_files(opened(root), NOW, [shut, good])
    assert [checked.submission.status for checked in found] == ["quarantined", "accepted"]
    assert found[0].submission.issues[0].code == "F-05"


@pytest.mark.parametrize(
    ("unit", "status", "codes"),
    [
        ("U1", "accepted", []),
        ("U9", "rejected", ["C-01"]),
        ("U0", "rejected", ["C-01"]),
        ("OLD", "rejected", ["C-01"]),
        ("NEW", "rejected", ["C-01"]),
    ],
    ids=["active", "not in the tree", "does not report", "has ended", "not begun"],
)
def test_a_unit_that_does_not_report_now_is_told_so(
    tmp_path: Path, unit: str, status: str, codes: list[str]
) -> None:
    units = """code,name,parent,reports,email,contact,aliases,active_from,active_to
U0,某区教育工会,,否,,,,,
U1,甲小学工会,U0,是,,,,,
OLD,甲小学工会,U0,是,,,,,2026-06-30
NEW,甲小学工会,U0,是,,,,2026-10-01,
"""
    root = make_workspace(tmp_path, units)
    drop(
        root,
        "季报.xlsx",
        quarterly(unit, cover={"unit_name": "甲小学工会"}, activities=[activity()]),
    )
    (found,) = check_files(opened(root), NOW, [root / "inbox" / "季报.xlsx"])
    assert found.submission.status == status
    assert [i.code for i in found.submission.issues if i.severity == "error"] == codes


def test_a_report_of_a_closed_period_comes_back_unread(tmp_path: Path) -> None:
    root = make_workspace(tmp_path)
    decide_period(opened(root), NOW, "2026Q3", "close")
    drop(root, "季报.xlsx", BOOK())
    report = run_once(root, render=False)
    assert [stored.status for stored in report.files] == ["closed"]
    assert "已经结账" in (root / report.receipts[0]).read_text("utf-8-sig")


def test_a_workbook_with_macros_is_read(tmp_path: Path) -> None:
    """One with macros is read, its macros are not; the tests of the reader hold the other kinds."""
    macros = parts_of(BOOK()) | {"xl/vbaProject.bin": b"macros, never looked at"}
    root = make_workspace(tmp_path)
    drop(root, "宏.xlsm", packed(macros))
    assert [stored.status for stored in run_once(root, render=False).files] == ["accepted"]
