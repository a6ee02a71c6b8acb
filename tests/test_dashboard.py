"""The page of a period, in a real browser: it shows the numbers that are stored, sorts, filters,
speaks both languages, fits every width and paper, and asks for nothing.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest
from browser import opened, started
from conftest import system_part
from playwright.sync_api import Browser, Page
from summary_views import Union, open_issues
from workspaces import (
    NOW,
    SETTINGS,
    activity,
    drop,
    make_workspace,
    quarterly,
    run_once,
    snapshot,
    write_settings,
)

from pipeline.forms.model import Forms
from pipeline.summaries.bridge import KINDS, Bridge, BridgePart, Contribution
from pipeline.summaries.compare import change
from pipeline.summaries.dashboard.changes import bridge_pictures, trend_pictures
from pipeline.summaries.dashboard.page import write_dashboard
from pipeline.summaries.indicators import BY_UNIT, Indicators
from pipeline.summaries.numbers import Figures
from pipeline.summaries.sheets import styles
from pipeline.summaries.view import SummaryView
from pipeline.summaries.wording import plain_text
from pipeline.texts import Lang

HAN = re.compile(r"[\u3400-\u9fff]")
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
CHILDREN = 34


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as found:
        yield found


@pytest.fixture(scope="module")
def view(forms: Forms, indicators: Indicators) -> SummaryView:
    """A union of 34 units, three of them missing."""
    union = Union(forms, indicators, children=CHILDREN, missing=(3, 11, 20))
    return union.view(issues=open_issues())


@pytest.fixture(scope="module")
def page_file(view: SummaryView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the union and of one inner unit below it."""
    path = tmp_path_factory.mktemp("共享 夹") / "index.html"
    path.write_bytes(write_dashboard([view, below(view)], "zh"))
    return path


def below(view: SummaryView) -> SummaryView:
    """Return a summary of the first child, as if it had units below it."""
    child = view.children[0]
    units = tuple(replace(unit, parent=child.code) for unit in view.children[1:5])
    return replace(
        view, current=replace(view.current, unit=child), children=units,
        statuses=view.statuses[1:5], issues=(),
    )  # fmt: skip


def table(page: Page, name: str) -> list[list[str]]:
    """Return the words of the rows that are shown, in the language that is shown."""
    found: list[list[str]] = page.evaluate(
        """name => [...document.querySelectorAll(`section:not([hidden]) table.${name} tbody tr`)]
        .filter(row => !row.hidden)
        .map(row => [...row.cells].filter(cell => !cell.hidden).map(cell => cell.innerText.trim()))""",
        name,
    )
    return found


def speak(page: Page, lang: Lang) -> None:
    page.click(f"[data-lang={lang}]")


# --------------------------------------------------------------------------------- its content


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_indicators_are_those_of_the_store(
    browser: Browser, page_file: Path, view: SummaryView, lang: Lang
) -> None:
    with opened(browser, page_file) as (page, _):
        speak(page, lang)
        rows = table(page, "indicators")
    expected = []
    for indicator in view.indicators:
        entry = view.entry(indicator)
        now, before, year_ago = entry.values
        values = ["—" if v is None else plain_text(indicator, v) for v in (now, before, year_ago)]
        number = entry.number
        expected.append([
            f"{indicator.label[lang]} {indicator.unit[lang]}".strip(),
            view.indicators.groups[indicator.group][lang],
            values[0], values[1], change(indicator, number, entry.before).text[lang],
            values[2], change(indicator, number, entry.year_ago).text[lang],
            f"{number.reported}/{number.expected}" if number else "—",
        ])  # fmt: skip
    assert rows == expected


def test_every_figure_of_every_unit_is_there(
    browser: Browser, page_file: Path, view: SummaryView
) -> None:
    shown: dict[str, list[str]] = {}
    with opened(browser, page_file) as (page, _):
        page.click("section:not([hidden]) .tabled .more >> nth=0")
        for group in view.indicators.groups:
            page.select_option("section:not([hidden]) .columns", group)
            for name, *cells in table(page, "units"):
                shown.setdefault(name, []).extend(cells)
    for code, name in view.unit_names.items():
        numbers = [view.current.numbers.get((i.id, BY_UNIT, code)) for i in view.indicators]
        assert shown[name] == [
            "—" if n is None or n.value is None else plain_text(i, n.value)
            for i, n in zip(view.indicators, numbers, strict=True)
        ]
    assert len(shown) == CHILDREN + 1


def test_it_says_who_has_reported_and_who_has_not(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as (page, _):
        head = page.inner_text("section:not([hidden]) .head")
        counts = page.inner_text("section:not([hidden]) .counts").split()
        missing = page.locator("section:not([hidden]) .missing .name").all_inner_texts()
    assert "已报 31/34 个单位" in head
    assert counts[:4] == ["应报", "34", "已报", "31"]
    assert counts[-2:] == ["未报", "3"]
    assert missing == ["职业技术学校工会", "师范附属幼儿园1工会", "特殊教育中心2工会"]


def test_charts_say_what_they_show(browser: Browser, page_file: Path, view: SummaryView) -> None:
    with opened(browser, page_file) as (page, _):
        # Those of the summary that is shown, in the language that is shown.
        assert page.get_by_role("img").count() == 7
        assert page.get_by_role("img", name="报送情况").count() == 1
        heard = page.locator("section:not([hidden]) .zh desc").first.text_content()
    assert heard is not None
    assert heard.startswith("本期: 按时 ")
    assert "未报 3" in heard


def test_a_change_is_explained_and_a_trend_drawn(view: SummaryView) -> None:
    parts = [BridgePart(kind, n, 1) for kind, n in zip(KINDS, (30, 0, -12, 0, 0), strict=True)]
    top = (Contribution("YG02", "第一中学工会", 25, "both"),)
    told = Bridge("A03", "value", "YG", 100, 118, tuple(parts), top)
    secret = Bridge("V01", "value", "YG", 0, 0, (), (), withheld=True)
    quarters = (view.year_ago, view.previous, view.current)
    moved = replace(view, bridges=(told, secret), trend=tuple(filter(None, quarters)))
    (bridge,) = bridge_pictures(moved)
    assert bridge.note is not None
    assert bridge.note.zh == "影响最大：第一中学工会 +25"
    heard = "上季度汇总: 100; 两季都报的: +30; 本季未报的: -12; 本期: 118"
    assert f"<desc>{heard}</desc>" in bridge.zh
    trends = list(trend_pictures(moved))
    assert [t.title.en for t in trends][:2] == ["Members (persons)", "Attendances (attendances)"]
    assert "25Q3" in trends[0].en
    assert list(trend_pictures(view)) == []


def test_what_is_withheld_is_a_star_everywhere(
    browser: Browser, view: SummaryView, tmp_path: Path
) -> None:
    """Nothing but the mark and what it means: no value, no part, no length of a bar."""
    secret = view.current.numbers["V01", "", ""]
    hidden = replace(secret, value=None, numerator=None, denominator=None, withheld=True)
    current = Figures(view.unit, view.period, {**view.current.numbers, ("V01", "", ""): hidden})
    path = tmp_path / "index.html"
    path.write_bytes(write_dashboard([replace(view, current=current, k=10)], "zh"))
    with opened(browser, path) as (page, _):
        row = next(r for r in table(page, "indicators") if r[0].startswith("走访人次"))
        assert row[2] == row[4] == row[6] == "*"
        assert "不足 10 人" in page.inner_text("footer")


def test_names_stay_names(
    browser: Browser, indicators: Indicators, forms: Forms, tmp_path: Path
) -> None:
    view = Union(forms, indicators, children=3, missing=(1,), names={0: HOSTILE, 1: HOSTILE}).view()
    path = tmp_path / "index.html"
    path.write_bytes(write_dashboard([replace(view, union=HOSTILE)], "zh"))
    with opened(browser, path) as (page, _):
        assert page.locator(f"text={HOSTILE.split('>')[0]}").count() > 3
        assert page.locator("img[src]").count() == 0


# ---------------------------------------------------------------------------- moving about in it


def test_a_table_sorts_by_mouse_and_by_key_and_says_so(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as (page, _):
        head = page.locator("section:not([hidden]) table.units thead th:nth-child(10)")
        column = 2
        assert head.inner_text().startswith("会员数")
        page.click("section:not([hidden]) .tabled .more >> nth=0")
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        up = [row[column] for row in table(page, "units")]
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        down = [row[column] for row in table(page, "units")]
    *units, total = up
    numbers = [int(n.replace(",", "")) for n in units if n != "—"]
    assert numbers == sorted(numbers)
    assert units[-3:] == ["—"] * 3  # what is not there is neither small nor large
    assert down == [*sorted(units[:-3], key=lambda n: -int(n.replace(",", ""))), *["—"] * 3, total]


def test_a_table_is_cut_filtered_and_counted(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as (page, _):
        tabled = page.locator("section:not([hidden]) .tabled", has=page.locator("table.statuses"))
        assert len(table(page, "statuses")) == 20
        assert tabled.locator(".more").inner_text() == "显示其余 14 行"
        tabled.locator(".marks").select_option("missing")
        assert {row[2] for row in table(page, "statuses")} == {"未报"}
        assert tabled.locator(".found").inner_text() == "3 / 34 行"
        tabled.locator("input").fill("特殊")
        assert [row[0] for row in table(page, "statuses")] == ["特殊教育中心2工会"]
        tabled.locator("input").fill("")
        tabled.locator(".marks").select_option("")
        tabled.locator(".more").click()
        assert len(table(page, "statuses")) == CHILDREN


def shows(page: Page, name: str) -> None:
    """Wait until the page shows this unit: a browser follows a link in its own time."""
    page.locator("section:not([hidden]) h1", has_text=name).wait_for()


def test_a_unit_with_units_below_it_opens_and_leads_back(browser: Browser, page_file: Path) -> None:
    with opened(browser, page_file) as (page, _):
        page.click("section:not([hidden]) table.units a")
        shows(page, "实验小学工会")
        assert page.locator("section.summary:visible").count() == 1
        assert page.evaluate("document.activeElement.tagName") == "H1"
        assert page.input_value("#unit") == "YG01"
        page.click("section:not([hidden]) .path a")
        shows(page, "阳光市教育工会")
        page.select_option("#unit", "YG01")
        page.wait_for_function("location.hash === '#u-YG01'")
        shows(page, "实验小学工会")
    with opened(browser, page_file, at="#u-YG01") as (page, _):
        shows(page, "实验小学工会")


def test_everything_can_be_read_without_the_script(browser: Browser, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert page.locator("section.summary:visible").count() == 2
    assert page.locator("section >> nth=0 >> table.statuses tbody tr:visible").count() == CHILDREN
    assert page.locator(".switch:visible").count() == 0
    context.close()


# ------------------------------------------------------------------- languages, widths and paper


def test_english_has_no_chinese_but_names(
    browser: Browser, page_file: Path, view: SummaryView
) -> None:
    with opened(browser, page_file) as (page, _):
        assert page.evaluate("document.documentElement.lang") == "zh"
        speak(page, "en")
        assert page.evaluate("document.documentElement.lang") == "en"
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        said = [page.title(), page.inner_text("body"), *_attributes(page)]
        said += page.locator("section:not([hidden]) .en svg").all_text_contents()
    names = sorted({view.union, *view.unit_names.values()}, key=len, reverse=True)
    for text in said:
        for name in [*names, "中文"]:
            text = text.replace(name, "")
        for shortened in re.findall(r"[\u3400-\u9fff\d]+…", text):  # a name cut beside its bar
            assert any(name.startswith(shortened[:-1]) for name in names)
            text = text.replace(shortened, "")
        assert not HAN.search(text), HAN.search(text)


def _attributes(page: Page) -> list[str]:
    """Return what is said by attributes, to whom it is shown or read."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('[aria-label],[placeholder],[title],[alt]')].flatMap(
        e => ['aria-label', 'placeholder', 'title', 'alt'].map(n => e.getAttribute(n) ?? ''))"""
    )
    return found


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_the_page_fits_its_window(browser: Browser, page_file: Path, width: int) -> None:
    with opened(browser, page_file, width=width) as (page, _):
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        for lang in ("en", "zh"):
            speak(page, lang)
            assert page.evaluate("document.documentElement.scrollWidth") == width
        letters = page.locator("section:not([hidden]) svg:visible text").first.bounding_box()
    assert letters is not None
    assert letters["height"] > 9  # still letters, not dust


def test_it_prints_whole_and_without_its_buttons(
    browser: Browser, page_file: Path, tmp_path: Path
) -> None:
    pdftotext = system_part("pdftotext")
    with opened(browser, page_file) as (page, _):
        page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    done = subprocess.run(
        [pdftotext, "-layout", str(tmp_path / "page.pdf"), "-"], capture_output=True, check=True
    )
    text = done.stdout.decode()
    assert 3 <= text.count("\f") <= 14
    for said in ("已报 31/34 个单位", "全部指标", "活动：按活动类别", "待处理问题"):
        assert said in text
    assert "English" not in text
    assert "显示其余" not in text


# ---------------------------------------------------------------------------------- the file


def test_the_same_views_give_the_same_bytes_and_the_language_only_what_is_shown_first(
    view: SummaryView,
) -> None:
    page = write_dashboard([view], "zh")
    assert page == write_dashboard([view], "zh")
    english = write_dashboard([view], "en").decode()
    assert '<html lang="en">' in english
    assert "已报 31/34 个单位" in english


def test_nothing_is_fetched_and_the_policy_lets_in_nothing_else(view: SummaryView) -> None:
    page = write_dashboard([view], "zh").decode()
    policy = re.findall(r'Content-Security-Policy" content="(.*?)"', page)[0]
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert "unsafe" not in policy
    addresses = set(
        re.findall(r'(?:src|href|url|srcset|action)\s*[=(]\s*["\']?([^"\')\s>]+)', page)
    )
    assert {a for a in addresses if not a.startswith(("#", "summary_YG_2026Q3.xlsx"))} == set()
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\son\w+=|style=", page)


def test_it_holds_nothing_of_persons(view: SummaryView) -> None:
    page = write_dashboard([view], "zh").decode()
    assert "13800000000" not in page  # the contact of the invented union
    assert "example.org" not in page


def test_colours_are_those_of_the_workbook() -> None:
    sheet = (Path(write_dashboard.__code__.co_filename).parent / "page.css").read_text("utf-8")
    named = dict(re.findall(r"--(\w+): (#\w+);", sheet))
    assert named == {name: getattr(styles, name.upper()) for name in named}
    assert set(re.findall(r"#[0-9A-Fa-f]{3,6}\b", sheet)) <= {*named.values(), "#fff"}


def test_five_hundred_units_are_quick_and_not_large(forms: Forms, indicators: Indicators) -> None:
    view = Union(forms, indicators, children=500, missing=(7, 8)).view(earlier=False)
    began = process_time()
    page = write_dashboard([view], "zh")
    assert process_time() - began < 5
    assert len(page) < 1_500_000


# ------------------------------------------------------------------------------- in a run


def test_a_run_makes_the_page_and_leaves_it_alone_until_something_changes(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    drop(workspace, "1.xlsx", quarterly(activities=[activity()]))
    assert "outputs/2026Q3/index.html" in run_once(workspace).outputs
    before = snapshot(workspace / "outputs")
    assert run_once(workspace).outputs == ()
    assert snapshot(workspace / "outputs") == before
    drop(workspace, "2.xlsx", quarterly("U3", activities=[activity()]))
    assert "outputs/2026Q3/index.html" in run_once(workspace).outputs
    page = (workspace / "outputs/2026Q3/index.html").read_text("utf-8")
    assert re.findall(r'data-unit="(\w+)"', page) == ["U0", "S"]
    write_settings(workspace, SETTINGS.replace("[union]", '[union]\nsummaries = "root"'))
    run_once(workspace, NOW)
    page = (workspace / "outputs/2026Q3/index.html").read_text("utf-8")
    assert re.findall(r'data-unit="(\w+)"', page) == ["U0"]
