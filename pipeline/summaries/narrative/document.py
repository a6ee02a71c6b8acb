"""A layout filled: a Word file with `{{ fields }}` and their values in, the bytes of a Word file out.

docxtpl mends what Word does to a field (it cuts `{{ A03 }}` into several runs) and knows loops over
paragraphs and table rows. The rest is done here, part by part, so that a value stays text: it is
escaped, makes no paragraph, and is never read as a field itself. The same values give the same
bytes; author and dates are those of the data, never of whoever edited the layout.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from pipeline.errors import ConfigError, suggestion
from pipeline.safe_text import drop_illegal, lines_needed
from pipeline.summaries.narrative.charts import Chart
from pipeline.summaries.narrative.drawings import drawing, with_charts
from pipeline.summaries.narrative.marks import bookmark_name, pieces

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MAIN_PART = "word/document.xml"
ANNEX_STYLE = "Annex"  # the style of the paragraph with which an annex begins

_NEEDED = (MAIN_PART, "word/_rels/document.xml.rels", "[Content_Types].xml")
_UNREADABLE = (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, UnicodeDecodeError, EOFError)
_FILLED = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes)\.xml")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# GB/T 9704: 22 lines of 28 characters; a few are lost to marks that may not begin a line.
_LINES, _LETTERS, _TITLE_LETTERS, _TITLE_LINE = 22, 50, 40, 1.25
_FIRST_BOOKMARK = 10_000  # above those that Word sets itself
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_HAN = re.compile("[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z0-9][\w.,%’'-]*")
_QUOTED = re.compile(r"'([^']+)'")

_CORE_PART, _APP_PART = "docProps/core.xml", "docProps/app.xml"
_APP = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Properties xmlns='
    '"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>'
)
_CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cp:coreProperties'
    ' xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"></cp:coreProperties>'
)
_DC, _TERMS = "{http://purl.org/dc/elements/1.1/}", "{http://purl.org/dc/terms/}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@lru_cache(maxsize=4)  # to take a layout apart costs more than to fill it
def layout_of(name: str, content: bytes) -> Layout:
    """Return a layout, the same one for the same bytes."""
    return Layout(name, content)


class Layout:
    """A Word file that an officer may edit; `name` is what people know it by.

    Raises ConfigError for what is no Word file, or holds a field that is not written in full.
    """

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self._parts = self._unpack(content)
        self._templates = self._read_fields()

    def fill(
        self,
        values: Mapping[str, object],
        title: str,
        author: str,
        at: datetime,
        charts: Sequence[Chart] = (),
    ) -> bytes:
        """Return the document with every field replaced, and the charts that it shows.

        Raises ConfigError, naming the layout and the field, where the layout asks for something
        that does not exist.
        """
        filled = {
            name: self._finish(self._render(template, values), charts if name == MAIN_PART else ())
            for name, template in self._templates.items()
        }
        if charts:
            filled |= with_charts(self._parts, charts)
        if _CORE_PART in self._parts:
            filled[_CORE_PART] = _core(title, author, at)
        if _APP_PART in self._parts:  # whoever edited the layout, and for whom
            filled[_APP_PART] = _APP.encode()
        return _packed(self._parts | filled)

    def _unpack(self, content: bytes) -> dict[str, bytes]:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as package:
                parts = {name: package.read(name) for name in package.namelist()}
            for name in _NEEDED:
                parts[name].decode("utf-8")
        except _UNREADABLE:
            raise self._fault("不是 Word 文档 (.docx)", "not a Word document") from None
        return parts

    def _read_fields(self) -> dict[str, Template]:
        mend = DocxTemplate("").patch_xml
        fields = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
        found = {}
        for name, content in self._parts.items():
            if _FILLED.fullmatch(name):
                xml = content.decode("utf-8")
                try:
                    found[name] = fields.from_string(mend(xml))
                except TemplateError as error:
                    raise self._fault(
                        f"有一处 {{{{ }}}} 或 {{% %}} 写得不完整：{error.message}",
                        "a field is not written in full",
                    ) from None
        return found

    def _render(self, template: Template, values: Mapping[str, object]) -> str:
        try:
            return template.render(values)
        except UndefinedError as error:
            names = _QUOTED.findall(error.message or "")
            asked = names[-1] if names else "?"
            close = suggestion(asked, values)
            hint = f"。{close}" if close else ""
            raise self._fault(f"没有 “{asked}” 这个字段", "no such field", hint) from None
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise self._fault(
                f"有一处字段算不出来：{error}", "a field cannot be worked out"
            ) from None

    def _finish(self, xml: str, charts: Sequence[Chart]) -> bytes:
        """Return a part with a bookmark, or a chart, in the place of every mark."""
        try:
            root = etree.fromstring(drop_illegal(xml).encode())
        except etree.XMLSyntaxError:
            raise self._fault(
                "有一处 {% for %} 或 {% if %} 没有包住整段或整行",
                "a loop or condition does not enclose whole paragraphs or rows",
            ) from None
        serials = count(1)
        for text in list(root.iter(f"{W}t")):
            parts = list(pieces(text.text or ""))
            if any(identity for identity, _ in parts):
                _set_bookmarks(text, parts, serials, charts)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

    def _fault(self, zh: str, en: str, hint: str = "") -> ConfigError:
        return ConfigError(f"{self.name}: {zh} ({en}){hint}。请在 Word 里改正。")


def body_length(document: bytes, lang: str) -> int:
    """Return how long a document is without its annexes and tables: Chinese characters, or words."""
    text = "".join(words for _, words in body_lines(document))
    return len((_HAN if lang == "zh" else _WORD).findall(text))


def page_share(document: bytes) -> float:
    """Return how many pages the text takes in the shipped form, as far as widths can tell."""
    height = 0.0
    for style, words in body_lines(document):
        letters, line = (_TITLE_LETTERS, _TITLE_LINE) if "itle" in style else (_LETTERS, 1.0)
        indent = 0 if "itle" in style else 4
        height += line * lines_needed(" " * indent + words, letters)
    return (height + 1) / _LINES  # one is blank below the title


def body_lines(document: bytes) -> Iterator[tuple[str, str]]:
    """Yield style and words of the paragraphs of a document up to its annexes, tables aside."""
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        body = etree.fromstring(package.read(MAIN_PART)).find(f"{W}body")
    for paragraph in body.findall(f"{W}p") if body is not None else ():
        found = paragraph.find(f"{W}pPr/{W}pStyle")
        style = (found.get(f"{W}val") or "") if found is not None else ""
        if style == ANNEX_STYLE:
            return
        yield style, "".join(text.text or "" for text in paragraph.iter(f"{W}t"))


def _set_bookmarks(
    text: Any, parts: Sequence[tuple[str, str]], serials: Iterator[int], charts: Sequence[Chart]
) -> None:
    """Replace the run of a text by one run a piece, those with an identity in a bookmark."""
    run = text.getparent()
    if [child for child in run if child.tag != f"{W}rPr"] != [text]:
        run = _split_off(run, text)
        text = run.find(f"{W}t")
    parent = run.getparent()
    for identity, shown in parts:
        piece = deepcopy(run)
        words = piece.find(f"{W}t")
        words.text = shown
        words.set(_SPACE, "preserve")
        if identity.startswith("picture|"):
            number = int(identity.removeprefix("picture|"))
            if number < len(charts):
                piece.replace(words, drawing(number, charts[number]))
                run.addprevious(piece)
            continue
        if not identity:
            run.addprevious(piece)
            continue
        serial = next(serials)
        key = str(_FIRST_BOOKMARK + serial)
        start = etree.Element(f"{W}bookmarkStart", {f"{W}id": key})
        start.set(f"{W}name", bookmark_name(serial, identity))
        run.addprevious(start)
        run.addprevious(piece)
        run.addprevious(etree.Element(f"{W}bookmarkEnd", {f"{W}id": key}))
    parent.remove(run)


def _split_off(run: Any, text: Any) -> Any:
    """Give a text that shares its run, with a tab or a break, a run of its own; return that."""
    look = run.find(f"{W}rPr")
    before, own = etree.Element(run.tag), etree.Element(run.tag)
    if look is not None:
        before.append(deepcopy(look))
        own.append(deepcopy(look))
    for child in list(run):
        if child is text:
            break
        if child is not look:
            before.append(child)
    own.append(text)
    run.addprevious(before)
    run.addprevious(own)
    return own


def _core(title: str, author: str, at: datetime) -> bytes:
    core = etree.fromstring(_CORE.encode())
    for tag, text in ((f"{_DC}title", title), (f"{_DC}creator", author)):
        etree.SubElement(core, tag).text = drop_illegal(text)
    for tag in (f"{_TERMS}created", f"{_TERMS}modified"):
        moment = etree.SubElement(core, tag, {_TYPE: "dcterms:W3CDTF"})
        moment.text = f"{at:%Y-%m-%dT%H:%M:%S}Z"
    return etree.tostring(core, xml_declaration=True, encoding="UTF-8", standalone=True)


def _packed(parts: Mapping[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return memory.getvalue()
