"""Hostile text in every field, name and heading, through every kind of output: it stays text.

One workspace holds sixteen units, each named by one hostile string, each handing in workbooks in
which every free text is that string, under a file name that is, too. Whatever then lies under
`outputs/`, `input_templates/` or in the outbox is opened and looked through. A kind of output that
this test does not know fails it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from books import COVER, PLAN_COVER, ROWS
from conftest import CONFIG
from hostile_strings import HOSTILE
from lxml import etree
from narratives import document_text
from sqlalchemy import select
from workspaces import NARRATED, make_workspace, opened, records, run_once

from pipeline.forms.load import read_forms
from pipeline.forms.model import Form
from pipeline.forms.workbook import write_template
from pipeline.handouts import write_templates
from pipeline.orgunits import OrgUnit
from pipeline.periods import parse_period
from pipeline.workers import Brief, Job, Outcome, judge_file

PERIOD = "2026Q3"
_FORMS = read_forms(CONFIG)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


# What a summary calculates: sums of columns of rows, and whether they agree with its figures.
OWN_FORMULA = re.compile(
    r"(SUM\(|SUBTOTAL\(109,)([A-Z]+)\d+:\2\d+\)"
    r'|IF\(ROUND\(([A-Z]+)\d+-\3\d+,2\)=0,"(相符|agrees)","(不符|differs)"\)'
)


def units() -> list[tuple[str, str]]:
    return [(f"H{number:02}", text) for number, text in enumerate(HOSTILE, 1)]


def orgunits() -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(
        [
            "code",
            "name",
            "parent",
            "reports",
            "email",
            "contact",
            "aliases",
            "active_from",
            "active_to",
        ]
    )
    rows.writerow(["R", HOSTILE[10], "", "否", "r@example.com", "", "", "", ""])
    rows.writerow(["S", HOSTILE[1], "R", "否", "s@example.com", "", "", "", ""])
    for code, name in units():
        rows.writerow([code, name, "S", "是", f"{code}@example.com", name, "", "", ""])
    return out.getvalue()


def full_of(form: Form, text: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in which every free text is `text`."""
    return {**row, **{f.key: text for f in form.fields if f.type == "text" and not f.prefill}}


def workbook(key: str, unit: str, text: str, **change: Any) -> bytes:
    """Return a filled workbook, every free text of it hostile."""
    kind = _FORMS.workbooks[key]
    code = PERIOD if key == "quarterly" else "2026"
    period = parse_period(code)
    assert period is not None
    base = COVER if key == "quarterly" else PLAN_COVER
    cover = {**full_of(kind.cover, text, base), "unit": unit, "unit_name": text, **change}
    rows = {f.key: [full_of(f, text, ROWS[f.key])] for f in kind.ledgers}
    owner = OrgUnit(unit, text, "S", True)
    return write_template(kind, owner, period, rows=3, cover=cover, records=rows)


def signed(workbook: bytes) -> bytes:
    """Return the workbook as one that is signed, which cannot be marked."""
    out = io.BytesIO(workbook)
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("_xmlsignatures/origin.sigs", "")
    return out.getvalue()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights: everything refused or doubtful, then everything accepted; and the blanks."""
    settings = NARRATED.replace('name = "某区教育工会"', f"name = {toml(HOSTILE[13])}")
    settings += "[score]\npublish = true\n"
    folder = make_workspace(tmp_path_factory.mktemp("hostile") / "ws", orgunits(), settings)
    for code, text in units():
        put(folder, code, text, ".xlsx", workbook("quarterly", code, text, members=text))
        put(folder, code, text, " 2.xlsx", signed(workbook("quarterly", code, text, left=text)))
        put(folder, code, text, " 3.xlsx", workbook("quarterly", code, text, period=text))
        put(folder, code, text, " 4.txt", text.encode())
    run_in_process(folder, datetime(2026, 10, 10, 2))
    for code, text in units():
        put(folder, code, text, " 5.xlsx", workbook("quarterly", code, text))
        put(folder, code, text, " 6.xlsx", workbook("plan", code, text))
    run_in_process(folder, datetime(2026, 10, 11, 2))
    for period in (PERIOD, "2026"):
        write_templates(opened(folder), datetime(2026, 10, 11, 2), period, "")
    return folder


def run_in_process(folder: Path, now: datetime) -> None:
    def judge(jobs: Iterable[Job], brief: Brief, _workers: int) -> Iterator[Outcome]:
        return (judge_file(job, brief) for job in jobs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.collect.judge_files", judge)
        run_once(folder, now)


def toml(text: str) -> str:
    escaped = text.encode("unicode_escape").decode().replace("\\x", "\\u00").replace('"', '\\"')
    return f'"{escaped}"'


def put(folder: Path, code: str, text: str, ending: str, content: bytes) -> None:
    name = re.sub(r"[/\0]", "_", text)[:60]
    path = folder / "inbox" / code / f"x{name}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def check_workbook(content: bytes, may_calculate: bool) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            assert not name.startswith(("/", "..")) and "\\" not in name
            part = package.read(name)
            if name.endswith((".xml", ".rels", ".vml")):
                check_part(name, part, may_calculate)


def check_part(name: str, part: bytes, may_calculate: bool) -> None:
    assert b"<!DOCTYPE" not in part.replace(b"&lt;!DOCTYPE", b""), name
    root = etree.fromstring(part)
    for link in root.iter(f"{_MAIN}hyperlink"):
        assert set(link.attrib) <= {"ref", "location", "display", "tooltip"}, name  # no r:id
        assert re.fullmatch(r"('[^']+'|[^'!]+)!\$?[A-Z]+\$?\d+", link.get("location", "")), name
    assert b'TargetMode="External"' not in part, name
    formulas = [element.text or "" for element in root.iter(f"{_MAIN}f")]
    assert may_calculate or all(map(OWN_FORMULA.fullmatch, formulas)), (name, formulas)
    for formula in formulas:
        assert not re.search(r"evil|HYPERLINK|cmd|calc|SUM\(A1", formula), (name, formula)
    for kind in ("oddHeader", "oddFooter", "evenHeader", "firstHeader"):
        for element in root.iter(f"{_MAIN}{kind}"):
            check_header(element.text or "")
    for element in root.iter():
        assert isinstance(element.tag, str), name  # no comment, no processing instruction
        tag = etree.QName(element).localname
        assert tag not in (
            "b onload",
            "script",
            "img",
            "html",
            "oleLink",
            "ddeLink",
            "externalReference",
        )


def check_document(content: bytes) -> None:
    """A Word file holds the one field of its page numbers, and nothing else that is alive."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            part = package.read(name)
            if name.endswith(".png"):
                assert part.startswith(b"\x89PNG"), name
                continue
            assert b'TargetMode="External"' not in part and b"<!DOCTYPE" not in part, name
            root = etree.fromstring(part)
            alive = [
                etree.QName(element).localname
                for element in root.iter()
                if etree.QName(element).localname
                in (
                    "fldChar",
                    "fldSimple",
                    "hyperlink",
                    "object",
                    "pict",
                    "altChunk",
                    "script",
                    "b onload",
                )
            ]
            assert alive == (["fldChar"] * 3 if "footer" in name else []), name
            text = "".join(root.itertext())
            assert "{{ 7*7 }}" in text or "7*7" not in text, name
            fields = [e.text for e in root.iter("{*}instrText")]
            assert fields in ([], [" PAGE "]), name


def check_header(text: str) -> None:
    """A name in a page's header must not become a code such as `&P` or `&G`."""
    codes = re.findall(r"&(?:\"[^\"]*\"|\d+|.)", text.replace("&&", ""))
    known = {"&L", "&C", "&R", "&P", "&N"}
    strange = [c for c in codes if c not in known and not re.fullmatch(r'&\d+|&"[^"&]*"', c)]
    assert strange == [], text
    assert "Arial" not in "".join(codes), text


def check_text(content: bytes) -> None:
    text = content.decode("utf-8-sig")
    for line in text.split("\r\n"):
        assert line.isprintable(), line
        assert not line.lstrip().startswith(("Bcc", "<html>")), line


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.found.append(("!--", []))


_HARMLESS = {
    "html", "head", "meta", "title", "body", "div", "p", "span", "table", "thead", "tbody", "tr",
    "td", "th", "h1", "h2", "h3", "ul", "ol", "li", "strong", "em", "br", "hr", "style", "small",
    "section", "header", "footer", "main", "caption", "svg", "g", "path", "rect", "line", "text",
    "circle", "polyline", "nav", "a", "details", "summary", "col", "colgroup", "figure",
    "figcaption", "dl", "dt", "dd", "tspan", "desc", "label", "select", "option", "input", "button",
    "b",
}  # fmt: skip
_PICTURE = ("img", "cid:chart@union-pipeline")  # travels in the message itself


def check_html(text: str) -> None:
    parser = _Tags()
    parser.feed(text)
    tags = [tag for tag, _ in parser.found]
    assert tags.count("script") <= 1  # the page's own; its policy lets no other run
    assert "script" not in tags or "script-src 'sha256-" in unescape(text)
    for tag, attributes in parser.found:
        if (tag, dict(attributes).get("src")) == _PICTURE:
            continue
        assert tag in {*_HARMLESS, "script"}, tag
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src"):
                assert not re.match(r"(?i)\s*(\w+:|//)", value or ""), value


def check_picture(content: bytes) -> None:
    """A picture has pixels and nothing else: no text, no profile, no second file behind its end."""
    assert re.fullmatch(rb"\x89PNG\r\n\x1a\n.{4}IHDR.*IEND\xaeB`\x82", content, re.DOTALL)
    at, kinds = 8, []
    while at < len(content):
        kinds.append(content[at + 4 : at + 8])
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    assert set(kinds) <= {b"IHDR", b"pHYs", b"IDAT", b"IEND"}


def check_message(content: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(content)
    assert isinstance(message, EmailMessage)
    assert set(map(str.title, message.keys())) <= {
        "To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Mime-Version", "Content-Type",
    }  # fmt: skip
    assert str(message["To"]).count("@") == 1
    assert "\n" not in str(message["Subject"])
    for part in message.walk():
        if part.get_content_type() == "text/html":
            check_html(part.get_content())
        name = part.get_filename()
        if name is not None:
            assert not re.search(r'[/\\<>:"|?*\x00-\x1f\u202e]', name), name
            check_output(name, part.get_payload(decode=True))
    return message


def check_output(name: str, content: bytes) -> None:
    suffix = Path(name).suffix
    own = name.startswith(("summary_",))
    checks: dict[str, Callable[[], object]] = {
        ".xlsx": lambda: check_workbook(content, may_calculate=not own),
        ".txt": lambda: check_text(content),
        ".html": lambda: check_html(content.decode()),
        ".docx": lambda: check_document(content),
        ".png": lambda: check_picture(content),
    }
    assert suffix in checks, f"{name}: a kind of output that nobody has looked through yet"
    checks[suffix]()


def outputs(workspace: Path, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (workspace / folder).rglob("*") if path.is_file())


def letters(workspace: Path) -> list[bytes]:
    with records(workspace, rehearse=True) as store, store.reading() as connection:
        found = [bytes(c) for c in connection.scalars(select(store.tables.messages.c.content))]
    return [content for content in found if b"\r\n\r\n" in content]


def test_the_workspace_holds_every_kind_of_output(workspace: Path) -> None:
    receipts = list(outputs(workspace, "outputs/receipts"))
    assert len(receipts) == 6 * len(HOSTILE)
    assert {path.suffix for path in receipts} == {".xlsx", ".txt"}
    assert len(list(outputs(workspace, f"outputs/{PERIOD}"))) >= 2
    assert len(list(outputs(workspace, "input_templates"))) == 2 * len(HOSTILE)
    assert len(letters(workspace)) >= len(HOSTILE) + 2


def test_nothing_under_outputs_is_anything_but_text(workspace: Path) -> None:
    for path in outputs(workspace, "outputs", "input_templates"):
        check_output(path.name, path.read_bytes())


def test_no_message_is_anything_but_text(workspace: Path) -> None:
    for content in letters(workspace):
        check_message(content)


def test_file_names_are_plain_on_every_system(workspace: Path) -> None:
    for path in outputs(workspace, "outputs", "input_templates"):
        assert not re.search(r'[<>:"\\|?*\x00-\x1f\u202e\u2028]', path.name), path.name
        assert not path.name.startswith(("-", "=", "+", "@", " ", "."))
        assert len(path.name.encode()) <= 255


@pytest.mark.parametrize(("code", "text"), units(), ids=[code for code, _ in units()])
def test_each_string_is_shown_as_it_was_typed(workspace: Path, code: str, text: str) -> None:
    """It is not enough that nothing happens: people must see what was written."""
    legible = re.split(r"[\s\x00-\x1f]", text.lstrip("\u202e"))[0][:8]
    (blank,) = (workspace / f"input_templates/{PERIOD}").glob(f"{code}_*")
    assert legible in shown(blank)
    (summary,) = (workspace / f"outputs/{PERIOD}").glob("summary_S_*")
    assert legible in shown(summary)
    (told,) = (workspace / f"outputs/{PERIOD}").glob("narrative_S_*")
    assert legible in document_text(told.read_bytes())
    marked = [p for p in outputs(workspace, f"outputs/receipts/{code}") if p.suffix == ".xlsx"]
    assert all(legible in shown(path) for path in marked)


def shown(path: Path) -> str:
    """Return all texts of a workbook's cells and comments."""
    found = []
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if re.search(r"sharedStrings|worksheets/sheet|comments", name) and name.endswith(
                ".xml"
            ):
                root = etree.fromstring(package.read(name))
                found += [t.text or "" for t in root.iter(f"{_MAIN}t")]
    return "\n".join(found)
