"""The Word narrative: every number has its source, the form is official, texts stay texts."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
import resvg_py
from conftest import CONFIG, ROOT
from hostile_strings import HOSTILE
from lxml import etree
from narratives import (
    Accounts,
    W,
    a_plan_item,
    accounts_of,
    an_activity,
    document_text,
    lines,
    narrative,
    strays,
)
from summary_views import Union, open_issues
from workspaces import NARRATED, SETTINGS, activity, drop, make_workspace, plan, quarterly, run_once

from pipeline.cli import main
from pipeline.errors import ConfigError
from pipeline.forms.model import Forms
from pipeline.summaries.coverage import Coverage
from pipeline.summaries.indicators import Indicators
from pipeline.summaries.narrative.charts import draw_charts
from pipeline.summaries.narrative.choose import praise_of, said_plainly, typical
from pipeline.summaries.narrative.document import Layout, body_length, body_lines
from pipeline.summaries.narrative.write import prepare_narrative
from pipeline.summaries.numbers import Figures
from pipeline.summaries.picture import draw_png
from pipeline.summaries.view import SummaryView

LAYOUTS = CONFIG / "layouts"
LENGTHS = [("standard", "zh"), ("standard", "en"), ("short", "zh"), ("short", "en")]


@pytest.fixture(scope="module")
def full(forms: Forms, indicators: Indicators) -> tuple[SummaryView, Accounts]:
    """Twelve units, two of them missing, with everything that a narrative can tell."""
    view = Union(forms, indicators, children=12, missing=(3, 9)).view(issues=open_issues())
    units = [status.unit for status in view.statuses]
    activities = {
        unit: [
            an_activity(unit, row, problem=f"第{row}场{unit}的场地太小" if row % 2 else "", plan_id=f"P{row}")
            for row in range(4, 9)
        ]
        for unit in units
    }  # fmt: skip
    due = {unit: [a_plan_item(unit, 5), a_plan_item(unit, 6, held=2)] for unit in units}
    coming = {
        unit: [a_plan_item(unit, 7, month_start="2026-10", month_end="2027-01", item=f"{unit}元旦联欢")]
        for unit in units
    }  # fmt: skip
    return view, accounts_of(activities, due, coming)


@pytest.fixture(scope="module")
def empty(forms: Forms, indicators: Indicators) -> tuple[SummaryView, Accounts]:
    """Three units of which none has reported, and nothing before."""
    view = Union(forms, indicators, children=3, missing=(0, 1, 2)).view(earlier=False)
    return view, accounts_of()


def parts(document: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        return {name: package.read(name) for name in package.namelist()}


@pytest.mark.parametrize(("length", "lang"), LENGTHS)
@pytest.mark.parametrize("which", ["full", "empty"])
def test_every_figure_is_where_it_says_it_comes_from(
    which: str, length: str, lang: str, request: pytest.FixtureRequest
) -> None:
    view, accounts = request.getfixturevalue(which)
    document = narrative(view, accounts, LAYOUTS, lang, length)  # type: ignore[arg-type]
    assert len([s for line in lines(document) for s in line if s.identity]) > 5
    assert strays(document, view, accounts) == []


def test_the_check_finds_a_number_that_is_not_in_the_store(
    full: tuple[SummaryView, Accounts],
) -> None:
    view, accounts = full
    changed = {
        place: replace(n, value=n.value + 1) if place == ("A03", "", "") else n  # type: ignore[operator]
        for place, n in view.current.numbers.items()
    }
    other = replace(view, current=Figures(view.unit, view.period, changed))
    found = strays(narrative(other, accounts, LAYOUTS), view, accounts)
    assert found and all("A03" in said.identity for said in found)


def test_the_check_finds_a_number_typed_by_hand(full: tuple[SummaryView, Accounts]) -> None:
    view, accounts = full
    edited = Layout("x", with_text("本总结所述为", "共 99 人。本总结所述为"))
    document = prepare_narrative(view, accounts, edited, "zh", "standard")()
    assert [said.text for said in strays(document, view, accounts)] == ["共 99 人。本总结所述为"]


def test_the_standard_length_is_kept(full: tuple[SummaryView, Accounts]) -> None:
    assert 800 <= body_length(narrative(*full, LAYOUTS), "zh") <= 2000


def test_long_names_and_texts_do_not_make_it_longer(
    full: tuple[SummaryView, Accounts], forms: Forms, indicators: Indicators
) -> None:
    names = {n: f"第{n}联合教育集团所属初级中学和附属幼儿园工会委员会" * 3 for n in range(12)}
    view = Union(forms, indicators, children=12, missing=(3, 9), names=names).view()
    told = {
        s.unit: [
            an_activity(s.unit, n, title="长" * 300, result="获奖" * 300, problem=f"{n}远" * 99)
            for n in range(30)
        ]
        for s in view.statuses
    }
    for length, most in (("standard", 2000), ("short", 500)):
        document = narrative(view, accounts_of(told), LAYOUTS, "zh", length)  # type: ignore[arg-type]
        assert body_length(document, "zh") <= most


def test_activities_stand_in_order_of_time_with_day_place_people_and_result(
    full: tuple[SummaryView, Accounts],
) -> None:
    text = "\n".join(words for _, words in body_lines(narrative(*full, LAYOUTS)))
    told = re.findall(
        r"^(\d+)月(\d+)日，\S+工会在学校操场开展“教职工\d人制篮球赛”，\d+人次参加。\d+个组室参赛，评出团体前三名。$",
        text,
        re.MULTILINE,
    )
    days = [(int(month), int(day)) for month, day in told]
    assert len(days) >= 6 and days == sorted(days)


def test_no_unit_is_left_out(full: tuple[SummaryView, Accounts]) -> None:
    text = document_text(narrative(*full, LAYOUTS))
    for status in full[0].statuses:
        assert status.name in text


def test_what_was_not_done_is_told_with_its_reason(full: tuple[SummaryView, Accounts]) -> None:
    text = document_text(narrative(*full, LAYOUTS))
    assert "“第5届读书节”：计划8月至9月办2场，已办1场；原因：第5场YG01的场地太小。" in text
    assert "第6届读书节" not in text


def test_one_of_each_unit_is_told_before_a_second() -> None:
    many = [an_activity("U1", n, attended=500) for n in range(9)]
    assert {
        a.unit for a in typical([*many, an_activity("U2", 3, attended=1)], 2, praise_of(None))
    } == {
        "U1",
        "U2",
    }


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("圆满成功，反响热烈！", ""),
        ("80人参加，取得圆满成功，评出前三名。", "80人参加，评出前三名"),
        ("活动丰富多彩", ""),
        ("本次活动有80人参加", "本次活动有80人参加"),
        ("很好", ""),
    ],
)
def test_a_result_of_stock_phrases_is_not_quoted(result: str, said: str, forms: Forms) -> None:
    assert said_plainly(result, praise_of(forms.forms["activities"])) == said


def test_no_stock_phrase_is_in_a_layout_or_gets_into_a_narrative(
    full: tuple[SummaryView, Accounts], forms: Forms
) -> None:
    phrases = forms.forms["activities"].parameters["stock_phrases"]
    assert isinstance(phrases, tuple)
    praise = [phrase for phrase in phrases if not phrase.endswith("活动")]
    view, _ = full
    told = {
        "YG01": [an_activity("YG01", n, result=p, problem=p) for n, p in enumerate(praise, 4)],
        "YG02": [an_activity("YG02", 4, result="圆满完成各项任务，12 人获奖，反响热烈。")],
    }
    text = document_text(narrative(view, accounts_of(told), LAYOUTS))
    assert "12 人获奖。" in text
    assert [phrase for phrase in praise if phrase in text] == []


def test_persons_of_a_units_ledgers_are_masked(full: tuple[SummaryView, Accounts]) -> None:
    view, _ = full
    row = an_activity(
        "YG01", 4, title="学习王小明事迹", place="王小明家", problem="李四13800000000请假",
        result="王 小明带 12 人参加，电话 0571-88000000",
    )  # fmt: skip
    due = a_plan_item("YG01", 5, item="王小明工作室挂牌")
    accounts = accounts_of(
        {"YG01": [row]}, {"YG01": [due]}, names={"YG01": frozenset({"王小明", "李四"})}
    )
    for lang in ("zh", "en"):
        text = document_text(narrative(view, accounts, LAYOUTS, lang))  # type: ignore[arg-type]
        assert "学习王某事迹" in text and "王某带 12 人参加，电话 ×××" in text
        assert "王某工作室挂牌" in text and "李某×××请假" in text
        assert not re.search("小明|李四|1380|8800", text)


def test_a_withheld_number_says_so_and_single_activities_tell_no_persons(
    full: tuple[SummaryView, Accounts],
) -> None:
    view, accounts = full
    numbers = {
        place: replace(n, value=None, numerator=None, denominator=None, withheld=True)
        if n.indicator == "A03"
        else n
        for place, n in view.current.numbers.items()
    }
    withheld = replace(view, current=Figures(view.unit, view.period, numbers), k=5)
    text = document_text(narrative(withheld, accounts, LAYOUTS))
    assert "参与—（人数少，不公布）" in text
    assert "人次参加" not in text


def test_the_same_data_give_the_same_bytes_and_nothing_of_an_editor(
    full: tuple[SummaryView, Accounts],
) -> None:
    document = narrative(*full, LAYOUTS)
    assert document == narrative(*full, LAYOUTS)
    core = parts(document)["docProps/core.xml"].decode()
    assert "阳光市教育工会" in core and "2026-10-17T" in core
    with zipfile.ZipFile(io.BytesIO(document)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_shipped_layouts_are_what_the_script_makes() -> None:
    code = (
        "import json, sys; sys.path.insert(0, 'layouts'); import make;"
        "print(json.dumps(make.make_layouts()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    import json

    made = json.loads(done.stdout)
    assert sorted(made) == sorted(path.name for path in LAYOUTS.iterdir())
    for name, wanted in made.items():
        shipped = {k: v.decode() for k, v in parts((LAYOUTS / name).read_bytes()).items()}
        assert shipped == wanted, f"{name}: run python layouts/make.py"


def test_the_form_is_that_of_official_documents(full: tuple[SummaryView, Accounts]) -> None:
    found = parts(narrative(*full, LAYOUTS))
    section = etree.fromstring(found["word/document.xml"]).find(f".//{W}sectPr")
    size, margins = section.find(f"{W}pgSz"), section.find(f"{W}pgMar")
    assert (size.get(f"{W}w"), size.get(f"{W}h")) == ("11906", "16838")
    mm = {
        side: round(int(margins.get(f"{W}{side}")) / 1440 * 25.4)
        for side in ("top", "left", "right", "bottom")
    }
    assert mm == {"top": 37, "left": 28, "right": 26, "bottom": 35}
    styles = {
        s.get(f"{W}styleId"): s
        for s in etree.fromstring(found["word/styles.xml"]).iter(f"{W}style")
    }
    look = {
        key: (
            s.find(f".//{W}rFonts").get(f"{W}eastAsia"),
            int(s.find(f".//{W}sz").get(f"{W}val")) / 2,
        )
        for key, s in styles.items()
    }
    assert look["Normal"] == ("仿宋", 16) and look["Title"] == ("方正小标宋简体", 22)
    assert look["Heading1"] == ("黑体", 16) and look["Heading2"] == ("楷体", 16)
    spacing = styles["Normal"].find(f".//{W}spacing")
    assert spacing.get(f"{W}lineRule") == "exact" and 28 <= int(spacing.get(f"{W}line")) / 20 <= 29
    assert styles["Normal"].find(f".//{W}ind").get(f"{W}firstLineChars") == "200"
    odd, even = (etree.fromstring(found[f"word/footer{n}.xml"]) for n in (1, 2))
    assert [f.find(f".//{W}jc").get(f"{W}val") for f in (odd, even)] == ["right", "left"]
    assert "".join(t.text or "" for t in odd.iter(f"{W}t")) == "—  —"


def test_charts_stand_in_the_annex_with_words_for_who_cannot_see_them(
    full: tuple[SummaryView, Accounts], empty: tuple[SummaryView, Accounts]
) -> None:
    document = narrative(*full, LAYOUTS)
    found = parts(document)
    drawn = [name for name in found if name.endswith(".png")]
    assert len(drawn) == 4 and all(found[name].startswith(b"\x89PNG") for name in drawn)
    about = list(etree.fromstring(found["word/document.xml"]).iter("{*}docPr"))
    assert [a.get("descr") for a in about][:2] == ["报送情况", "主要比率"]
    opened = docx.Document(io.BytesIO(document))
    assert len(opened.inline_shapes) == 4 and len(opened.tables) == 2
    assert "附件" not in document_text(narrative(*empty, LAYOUTS))


def test_charts_need_no_font_of_the_machine_and_are_the_same_every_time(
    full: tuple[SummaryView, Accounts], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []
    real = resvg_py.svg_to_bytes
    monkeypatch.setattr("pipeline.summaries.narrative.charts.draw_png", draw_png)  # each time anew
    monkeypatch.setattr(resvg_py, "svg_to_bytes", lambda **how: asked.append(how) or real(**how))
    charts = list(draw_charts(full[0], "zh"))
    assert len(charts) == len(asked) == 4
    assert all(how["skip_system_fonts"] and how["font_files"] for how in asked)
    assert list(draw_charts(full[0], "zh")) == charts
    assert len(asked) == 8


def test_headings_are_numbered_as_they_come(
    full: tuple[SummaryView, Accounts], empty: tuple[SummaryView, Accounts]
) -> None:
    for which, last in ((full, "七、下季度打算"), (empty, "三、下季度打算")):
        heads = [
            words for style, words in body_lines(narrative(*which, LAYOUTS)) if style == "Heading1"
        ]
        assert heads[0] == "一、组织和报送情况" and heads[-1] == last


def with_text(
    old: str, new: str, name: str = "narrative_zh.docx", part: str = "word/document.xml"
) -> bytes:
    """Return a shipped layout in which somebody has changed a text."""
    found = parts((LAYOUTS / name).read_bytes())
    text = found[part].decode()
    assert old in text
    found[part] = text.replace(old, new, 1).encode()
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as package:
        for key, content in found.items():
            package.writestr(key, content)
    return memory.getvalue()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{ A07 }}", "{{ A70 }}", "没有 “A70” 这个字段 (no such field)。是否想写 “A0"),
        ("{{ A07 }}", "{{ A07.chang }}", "没有 “chang” 这个字段"),
        ("{{ A07 }}", "{{ A07.by.weather }}", "没有 “weather” 这个字段"),
        ("{{ it.place }}", "{{ it.where }}", "没有 “where” 这个字段"),
        ("{% if it.result %}", "{% if it.outcome %}", "没有 “outcome” 这个字段"),
        ("{{ A07 }}", "{{ A07 ", "写得不完整"),
        ("{%p endfor %}", "", "写得不完整"),
        ("{{ A07 }}", "{{ A07.__class__.__mro__ }}", "A07"),
        ("{{ A07 }}", "{{ A07 / 0 }}", "算不出来"),
    ],
)
def test_a_layout_that_asks_for_what_there_is_not_is_told_in_one_line(
    full: tuple[SummaryView, Accounts], old: str, new: str, said: str
) -> None:
    content = with_text(old, new)
    with pytest.raises(ConfigError) as raised:
        layout = Layout("config/layouts/narrative_zh.docx", content)
        prepare_narrative(*full, layout, "zh", "standard")()
    message = str(raised.value)
    assert message.startswith("config/layouts/narrative_zh.docx: ") and "\n" not in message
    if "__" not in new:
        assert said in message


def test_it_says_how_much_its_totals_cover(full: tuple[SummaryView, Accounts]) -> None:
    view, accounts = full
    covered = replace(view, coverage=Coverage(10, 12, 960, 1000, 1))
    document = narrative(covered, accounts, LAYOUTS)
    assert "合计所含：10/12 个单位，会员覆盖 96%" in document_text(document)
    assert strays(document, covered, accounts) == []


def a_zip(name: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as package:
        package.writestr(name, b"\xff")
    return memory.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"{\\rtf1}", a_zip("xl/workbook.xml"), a_zip("word/document.xml")],
)
def test_a_layout_that_is_no_word_document_is_told(
    full: tuple[SummaryView, Accounts], content: bytes
) -> None:
    with pytest.raises(ConfigError, match="不是 Word 文档"):
        prepare_narrative(*full, Layout("x.docx", content), "zh", "standard")()


def test_fields_cut_into_runs_by_word_are_still_fields(
    full: tuple[SummaryView, Accounts],
) -> None:
    """Word cuts what is typed at every pause, for its spelling marks and for its revisions."""
    cut = (
        '{</w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:rPr><w:b/></w:rPr><w:t>{ A</w:t></w:r>'
        '<w:bookmarkStart w:id="0" w:name="_GoBack"/><w:bookmarkEnd w:id="0"/><w:r w:rsidR="00AB12CD">'
        '<w:t>07</w:t></w:r><w:proofErr w:type="spellEnd"/><w:r><w:t> }</w:t></w:r><w:r><w:t>}'
    )
    layout = Layout("x", with_text("{{ A07 }}", cut))
    whole = narrative(*full, LAYOUTS)
    document = prepare_narrative(*full, layout, "zh", "standard")()
    assert document_text(document) == document_text(whole)
    assert strays(document, *full) == []


def test_a_changed_wording_is_used_with_its_look(full: tuple[SummaryView, Accounts]) -> None:
    layout = Layout("x", with_text("本总结所述为", "{{ union }}的这份总结，说的是"))
    text = document_text(prepare_narrative(*full, layout, "zh", "standard")())
    assert "阳光市教育工会的这份总结，说的是2026年7月1日" in text


WORDS_OWN = (
    "{_{ A01 }_}", "a\nb", "\x07x\x0cy", "<w:p/>", "</w:t></w:r></w:p><w:p>", "&lt;b&gt;",
    "\ue000value|A01\ue001999\ue002",
)  # fmt: skip


@pytest.fixture(scope="module")
def usual_length(full: tuple[SummaryView, Accounts]) -> int:
    """How many lines are written of one activity with a problem, in plain words."""
    plain = accounts_of({"YG01": [an_activity("YG01", 4, title="球赛", problem="场地太小")]})
    return len(list(lines(narrative(full[0], plain, LAYOUTS))))


@pytest.mark.parametrize("text", [*HOSTILE, *WORDS_OWN])
def test_what_a_group_typed_stays_text(
    text: str, full: tuple[SummaryView, Accounts], usual_length: int
) -> None:
    view, _ = full
    row = an_activity("YG01", 4, title=text, place=text, result=f"前三名{text}得奖", problem=text)
    document = narrative(view, accounts_of({"YG01": [row]}), LAYOUTS)
    assert len(list(lines(document))) == usual_length
    root = etree.fromstring(parts(document)["word/document.xml"])
    for tag in ("fldChar", "fldSimple", "instrText", "hyperlink", "br", "object", "pict"):
        assert root.find(f".//{W}{tag}") is None
    legible = re.split(r"[\s\x00-\x1f\ue000-\uf8ff]", text.lstrip("\u202e\ue000\x07"))[0][:5]
    assert legible in document_text(document)
    assert "999" not in {s.text for line in lines(document) for s in line if s.identity}


def test_a_night_writes_it_beside_the_summary_and_leaves_it_alone(tmp_path: Path) -> None:
    folder = make_workspace(tmp_path / "ws", settings=NARRATED)
    done = activity(title="第3届球赛", plan_id="P1", problem="甲一请假", result="甲一等 12 人得奖")
    drop(folder, "1.xlsx", quarterly(activities=[done]))
    items = [
        {"plan_id": "P1", "item": "球赛", "category": "文体活动", "month_start": "2026-09",
         "month_end": "2026-09", "target": 3},
        {"plan_id": "P2", "item": "元旦联欢", "category": "文体活动", "month_start": "2026-12",
         "month_end": "2026-12", "target": 1},
    ]  # fmt: skip
    drop(folder, "2.xlsx", plan("U1", "2026", items))
    report = run_once(folder, mail=False)
    assert [Path(path).name for path in report.outputs if path.endswith(".docx")] == [
        "narrative_U0_2026Q3.docx",
        "narrative_S_2026Q3.docx",
    ]
    path = folder / "outputs/2026Q3/narrative_S_2026Q3.docx"
    text = document_text(path.read_bytes())
    assert "9月18日，甲小学工会在操场开展“第3届球赛”，38人次参加。甲某等 12 人得奖。" in text
    assert "甲小学工会“球赛”：计划9月办3场，已办1场；原因：甲某请假。" in text
    assert "2026年第四季度要做1项，主要有：元旦联欢（甲小学工会，12月）" in text
    assert "甲一" not in text
    before = path.stat().st_mtime_ns
    assert run_once(folder, mail=False).outputs == ()
    assert path.stat().st_mtime_ns == before


def test_a_broken_layout_stops_neither_the_summaries_nor_the_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = make_workspace(tmp_path / "ws", settings=NARRATED)
    (folder / "config/layouts/narrative_zh.docx").write_bytes(with_text("{{ A07 }}", "{{ A70 }}"))
    drop(folder, "1.xlsx", quarterly(activities=[activity()]))
    status = main(["--workspace", str(folder), "--today", "2026-10-10", "run", "--no-mail"])
    assert status == 2
    told = capfd.readouterr().err.strip().splitlines()
    assert [line for line in told if "A70" in line and "narrative_zh.docx" in line] == told[-1:]
    names = {path.name for path in (folder / "outputs/2026Q3").iterdir()}
    assert "summary_U0_2026Q3.xlsx" in names and not any(n.endswith(".docx") for n in names)


def test_without_a_layout_of_its_own_a_workspace_uses_the_shipped_one(tmp_path: Path) -> None:
    settings = SETTINGS + '[narrative]\nlength = "short"\n'
    folder = make_workspace(tmp_path / "ws", settings=settings)
    for path in (folder / "config/layouts").iterdir():
        path.unlink()
    drop(folder, "1.xlsx", quarterly(activities=[activity()]))
    run_once(folder, mail=False)
    document = (folder / "outputs/2026Q3/narrative_U0_2026Q3.docx").read_bytes()
    assert "附件" not in document_text(document)


def test_no_narrative_is_written_where_none_is_wanted(tmp_path: Path) -> None:
    settings = SETTINGS + '[narrative]\nlength = "none"\n'
    folder = make_workspace(tmp_path / "ws", settings=settings)
    drop(folder, "1.xlsx", quarterly(activities=[activity()]))
    assert not [path for path in run_once(folder, mail=False).outputs if path.endswith(".docx")]


def test_the_short_one_is_one_page(
    full: tuple[SummaryView, Accounts], tmp_path: Path, soffice: str
) -> None:
    paths = [tmp_path / f"{lang}.docx" for lang in ("zh", "en")]
    for path in paths:
        path.write_bytes(narrative(*full, LAYOUTS, path.stem, "short"))  # type: ignore[arg-type]
    subprocess.run(
        [soffice, f"-env:UserInstallation={(tmp_path / 'p').as_uri()}", "--headless",
         "--convert-to", "pdf", "--outdir", str(tmp_path), *map(str, paths)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    for path in paths:
        pages = re.findall(rb"/Type\s*/Page\b", path.with_suffix(".pdf").read_bytes())
        assert len(pages) == 1, path.stem
