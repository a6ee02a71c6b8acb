"""Both languages everywhere: every wording has both, and an English run has no Chinese in it.

The run is of a union whose units, people and texts are all Latin, so that whatever is Chinese in
what it makes is ours: a wording that nobody translated, or one of the words that stay Chinese in
both languages because workbooks are filled in with them.
"""

from __future__ import annotations

import ast
import io
import re
import tomllib
import zipfile
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from html import unescape
from pathlib import Path
from string import Formatter

import pytest
from books import COVER, ROWS
from conftest import CONFIG, ROOT
from sqlalchemy import select
from workspaces import NARRATED, drop, make_workspace, records

from pipeline.cli import main
from pipeline.forms.load import read_forms
from pipeline.forms.model import Forms
from pipeline.forms.workbook import write_template
from pipeline.orgunits import OrgUnit
from pipeline.periods import parse_period

HAN = re.compile(r"[\u3400-\u9fff]+")
UNITS = """code,name,parent,reports,email,contact,aliases,active_from,active_to
U0,Sunny District Union,,否,u0@example.com,,,,
S,South Area,U0,是,s@example.com,,,,
U1,First School,S,是,u1@example.com,Person One 1001,,,
U2,Second School,S,是,u2@example.com,,,,
U3,Third School,U0,是,u3@example.com,,,,
"""
LATIN = {"title": "Choir evening", "place": "Hall", "result": "Eighty sang, twelve joined the choir",
         "name": "Member A", "target_name": "Member B", "visitors": "Chair C", "goods": "Fruit"}  # fmt: skip


# ------------------------------------------------------------------------------ every wording


def wordings() -> Iterator[tuple[str, str, str]]:
    """Yield place, Chinese and English of every wording in the program and its configuration."""
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="Text"),
                    args=[ast.Constant(value=str(zh)), ast.Constant(value=str(en))],
                ):
                    yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", zh, en
    for path in sorted(CONFIG.rglob("*.toml")):
        for place, zh, en in _tables(tomllib.loads(path.read_text("utf-8")), path.name):
            yield place, zh, en


def _tables(found: object, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(found, dict):
        if isinstance(found.get("zh"), list):
            for number, (zh, en) in enumerate(zip(found["zh"], found["en"], strict=True)):
                yield f"{place}[{number}]", zh, en
            return
        if {"zh", "en"} & found.keys():
            zh = found.get("zh", found.get("value", ""))  # a choice is its own Chinese
            yield place, str(zh), str(found.get("en", ""))
            return
        for key, value in found.items():
            yield from _tables(value, f"{place}:{key}")
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from _tables(value, f"{place}[{number}]")


WORDINGS = list(wordings())


def test_there_are_wordings_to_look_at() -> None:
    assert len(WORDINGS) > 900
    assert sum(place.startswith("pipeline") for place, _, _ in WORDINGS) > 400


def test_every_wording_is_there_in_both_languages() -> None:
    lacking = [place for place, zh, en in WORDINGS if bool(zh.strip()) != bool(en.strip())]
    assert lacking == []


def test_english_is_english_and_chinese_chinese(forms: Forms) -> None:
    known = words_of_workbooks(forms)
    chinese = [(place, en) for place, _, en in WORDINGS if left_over(en, known)]
    english = [
        (place, zh)
        for place, zh, en in WORDINGS
        if zh != en and re.search("[A-Za-z]{3}", re.sub("{.*?}", "", zh)) and not HAN.search(zh)
    ]
    assert (chinese, english) == ([], [])


def test_both_languages_tell_the_same_values() -> None:
    """A placeholder that stands in one language alone would be forgotten in the other."""
    for place, zh, en in WORDINGS:
        if place.startswith("pipeline"):
            assert _fields(zh) == _fields(en), place


def _fields(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name}
    except ValueError:  # braces that are no placeholders
        return set()


def words_of_workbooks(forms: Forms) -> list[str]:
    """The words that stay Chinese, whatever the language: what stands in the cells of a workbook.

    They are names of sheets and columns, and choices with their other spellings.
    """
    ours = "【工会报表核对】"  # by which our notes in a workbook are known again
    found = {
        ours,
        "数据",
        "字典",
        "填报说明",
        "是",
        "否",
        "合计",
        "小计",
        "总计",
        "待处理问题",
        "中文",
    }
    for form in forms.forms.values():
        found.add(form.label.zh)
        for field in form.fields:
            found |= {field.label.zh, *field.aliases}
            for choice in field.choices:
                found |= {choice.value, *choice.aliases}
    return sorted(found, key=len, reverse=True)


def left_over(text: str, known: list[str]) -> list[str]:
    """Return the Chinese in a text that is no word of a workbook."""
    for word in known:
        text = text.replace(word, "")
    return HAN.findall(text)


def test_what_nobody_translated_is_found(forms: Forms) -> None:
    assert left_over("会费台账!F14: 应缴 is 未填好", words_of_workbooks(forms)) == ["未填好"]


# -------------------------------------------------------------------------- an English run


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A Latin workspace in English through which right, doubtful, wrong and foreign files went."""
    folder = make_workspace(
        tmp_path_factory.mktemp("english") / "ws",
        UNITS,
        NARRATED.replace("某区教育工会", "Sunny District Union").replace(
            "[union]", '[union]\nlanguage = "en"'
        ),
    )
    screen = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", screen)
        patch.setattr("sys.stderr", screen)
        drop(folder, "right.xlsx", filled("U1"))
        drop(folder, "doubtful.xlsx", filled("U2", cost=120.0, budget=100.0, result="ok"))
        drop(folder, "wrong.xlsx", filled("U3", attended=99, category="Chess"))
        drop(folder, "nobody.xlsx", filled("ZZ"))
        drop(folder, "noise.xlsx", b"no workbook")
        for command in (
            ["template", "--period", "2026Q4"],
            ["check", str(folder / "inbox" / "wrong.xlsx")],
            ["run"],
            ["status"],
            ["trace", "--period", "2026Q3", "--unit", "S", "A03"],
            ["summarize", "--period", "2026Q3"],
            ["send", "--dry-run"],
            ["close", "--period", "2026Q3"],
            ["rebuild", "--dry-run"],
            ["doctor"],
        ):
            main(["--workspace", str(folder), "--today", "2026-10-10", *command])
    return folder, screen.getvalue()


def filled(unit: str, **change: object) -> bytes:
    """Return a workbook that was handed out in English and filled in Latin letters."""
    forms = read_forms(CONFIG)
    names = {line.split(",")[0]: line.split(",")[1] for line in UNITS.splitlines()[1:]}
    owner = OrgUnit(unit, names.get(unit, "Nobody"), "", True)
    period = parse_period("2026Q3")
    assert period is not None
    cover = {**COVER, "unit": unit, "unit_name": owner.name, "preparer": "Person One"}
    rows = {
        form: [{key: LATIN.get(key, value) for key, value in row.items()}]
        for form, row in ROWS.items()
        if form != "plan"
    }
    rows["activities"][0] |= change
    workbook = forms.workbooks["quarterly"]
    return write_template(workbook, owner, period, "en", rows=5, cover=cover, records=rows)


def said_in(content: bytes, name: str) -> Iterator[str]:
    """Yield the words of a file: of cells, notes, prompts, paragraphs, elements or lines."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for part in package.namelist():
                if part.endswith(".xml") and "theme" not in part:
                    yield from _said_in_part(package.read(part).decode())
    elif name.endswith(".html"):
        text = re.sub(r"(?s)<(style|script)>.*?</\1>", "", content.decode())
        text = re.sub(r'<span class="zh">.*?</span>|<div class="zh">.*?</div>|<[^>]*>', "\n", text)
        yield from text.splitlines()
    else:
        yield from content.decode("utf-8-sig").splitlines()


def _said_in_part(text: str) -> Iterator[str]:
    yield from re.findall(r"<(?:\w+:)?t(?: [^>]*)?>([^<]*)<", text)
    yield from re.findall(r' (?:prompt|promptTitle|error|errorTitle|descr|title)="([^"]*)"', text)
    for said in re.findall(r"<odd(?:Header|Footer)>([^<]*)<", text):
        yield re.sub(r'&"[^"]*"', "", unescape(said))  # without the name of the font


def test_no_output_has_chinese_left(lived: tuple[Path, str], forms: Forms) -> None:
    folder, _ = lived
    known = words_of_workbooks(forms)
    files = [p for p in (folder / "outputs").rglob("*") if p.is_file()]
    files += (folder / "input_templates").rglob("*.xlsx")
    assert {p.suffix for p in files} >= {".xlsx", ".html", ".txt", ".docx"}
    left = {
        (path.name, unescape(said))
        for path in files
        for said in said_in(path.read_bytes(), path.name)
        if left_over(unescape(said), known)
    }
    assert left == set()


def test_no_letter_has_chinese_left(lived: tuple[Path, str], forms: Forms) -> None:
    folder, _ = lived
    known = words_of_workbooks(forms)
    with records(folder, rehearse=True) as store, store.reading() as connection:
        contents = list(connection.scalars(select(store.tables.messages.c.content)))
    assert len(contents) >= 5
    for content in contents:
        message = BytesParser(policy=policy.default).parsebytes(bytes(content))
        said = [str(message["Subject"])]
        said += [str(part.get_filename()) for part in message.walk()]
        for kind in ("plain", "html"):
            body = message.get_body((kind,))
            said.append(str(body.get_content()) if body else "")
        assert [line for text in said for line in left_over(unescape(text), known)] == []


def test_no_command_says_anything_in_chinese(lived: tuple[Path, str], forms: Forms) -> None:
    known = words_of_workbooks(forms)
    left = [line for line in lived[1].splitlines() if left_over(line, known)]
    assert left == []
