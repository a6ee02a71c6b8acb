"""Older templates: three versions of one form, and workbooks made with each of them.

Version 1 asked for 金额 and 慰问方式 and knew no 慰问人数; version 2 called the amount 现金 and let
慰问方式 go; version 3 is the shipped form, in which 金额 means the worth of goods.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from books import COVER, ROWS, TODAY, small_tree
from conftest import CONFIG

from pipeline.books.grid import Book
from pipeline.books.read import read_book
from pipeline.books.screen import Limits
from pipeline.errors import ConfigError
from pipeline.forms.load import read_forms
from pipeline.forms.model import Forms
from pipeline.forms.workbook import write_template
from pipeline.intake.judge import Setup, judge_book
from pipeline.intake.submission import Submission
from pipeline.periods import Period

UPGRADES = """
[[upgrades]]
since = 2
renames = { "金额" = "cash" }
removed = ["慰问方式"]
defaults = { persons = 1, resolved = "无诉求", fund = "工会经费" }

[[upgrades]]
since = 3
renames = { "现金" = "cash" }
"""
COVER_UPGRADES = """
[[upgrades]]
since = 3
renames = { "教职工数" = "staff" }
defaults = { left = 0 }
"""
WAY = """
[[fields]]
key = "way"
label = { zh = "慰问方式", en = "Way" }
type = "text"
"""
VISIT = {key: value for key, value in ROWS["visits"].items() if key != "persons"}


def edit(path: Path, *changes: tuple[str, str], add: str = "") -> None:
    text = path.read_text("utf-8")
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text, flags=re.DOTALL)
        assert count == 1, pattern
    path.write_text(text + add, "utf-8")


def without(key: str) -> tuple[str, str]:
    """A change that takes a field out of a form."""
    return rf'\[\[fields\]\]\nkey = "{key}"\n.*?\n\n(?=\[\[)', ""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, Forms]:
    """The forms of versions 1, 2 and 3; only those of version 3 know of the others."""
    made = {}
    for version in (1, 2, 3):
        config = tmp_path_factory.mktemp("config") / "config"
        shutil.copytree(CONFIG, config)
        visits, cover = config / "forms" / "visits.toml", config / "forms" / "cover.toml"
        number = r"(?m)^version = \d+", f"version = {version}"
        edit(config / "workbooks" / "quarterly.toml", number)
        if version == 1:
            label = r'"慰问金\(元\)"(.*?)aliases = \[.*?\]', r'"金额"\1aliases = []'
            rule = r'\[\[rules\]\]\nid = "V-02".*?\n\n(?=\[\[)', ""
            edit(visits, label, rule, without("persons"), without("resolved"), without("fund"))
            edit(visits, (r'\[\[rules\]\]\nid = "V-03".*?\n\n(?=\[\[)', ""))
            edit(visits, (r'(?=\[\[fields\]\]\nkey = "mode")', WAY.lstrip() + "\n"))
        elif version == 2:
            label = r'"慰问金\(元\)"(.*?)aliases = \[.*?\]', r'"现金"\1aliases = []'
            edit(visits, label)
        else:
            edit(visits, (r'"慰问品折款", "折款"', '"金额", "折款"'), add=UPGRADES)
            edit(cover, add=COVER_UPGRADES)
        if version < 3:
            staff = r'zh = "职工人数"(.*?)aliases = \[.*?\]', r'zh = "教职工数"\1aliases = []'
            edit(cover, staff, without("left"))
        made[version] = read_forms(config)
    return made


def workbook(forms: Forms, visit: Mapping[str, Any], **cover: Any) -> Book:
    """Return a workbook made with the template of these forms, as read."""
    asked = forms.workbooks["quarterly"]
    known = {key: value for key, value in COVER.items() if key in asked.cover.positions}
    ticks = {"nil_activities": True, "nil_dues": True}
    data = write_template(
        asked,
        small_tree().units["U1"],
        Period.quarter(2026, 3),
        rows=3,
        cover={**known, **ticks, **cover},
        records={"visits": [visit] if visit else []},
    )
    return read_book(data, Limits())


def judge(versions: Mapping[int, Forms], book: Book) -> Submission:
    return judge_book(book, Setup(versions[3], small_tree(), TODAY))


def visit_of(versions: Mapping[int, Forms], submission: Submission) -> dict[str, Any]:
    assert submission.ledgers is not None
    (record,) = submission.ledgers["visits"]
    fields = versions[3].forms["visits"].fields
    return {f.key: value for f, value in zip(fields, record.values, strict=True)}


def said(submission: Submission) -> list[str]:
    return [f"{i.code} {i.sheet}{i.cell} {i.field}".rstrip() for i in submission.issues]


def test_version_1_is_read_with_its_own_labels_and_defaults(versions: Mapping[int, Forms]) -> None:
    visit = {**VISIT, "way": "上门看望", "mode": "上门"}
    del visit["fund"]
    submission = judge(versions, workbook(versions[1], {**visit, "goods_value": 60}))
    got = visit_of(versions, submission)
    assert (got["cash"], got["goods_value"]) == (Decimal(500), Decimal(60))
    assert (got["persons"], got["resolved"], got["fund"]) == (1, "无诉求", "工会经费")
    assert (got["mode"], got["target_name"]) == ("上门", VISIT["target_name"])
    assert "慰问方式" not in str([issue.message for issue in submission.issues])
    assert submission.status == "accepted"
    assert said(submission) == [
        "R-22",
        "R-22 封面 left",
        "R-22 走访慰问台账 fund",
        "R-22 走访慰问台账 persons",
        "R-22 走访慰问台账 resolved",
    ]
    assert submission.cover is not None
    position = versions[3].forms["cover"].positions
    assert submission.cover.values[position["left"]] == 0
    assert submission.cover.values[position["staff"]] == COVER["staff"]


def test_version_2_is_read_with_its_own_labels(versions: Mapping[int, Forms]) -> None:
    submission = judge(versions, workbook(versions[2], {**VISIT, "persons": 3}))
    assert submission.status == "accepted"
    got = visit_of(versions, submission)
    assert (got["cash"], got["persons"]) == (Decimal(500), 3)
    assert said(submission) == ["R-22", "R-22 封面 left"]


def test_version_3_has_nothing_to_say(versions: Mapping[int, Forms]) -> None:
    submission = judge(versions, workbook(versions[3], {**VISIT, "persons": 3}))
    assert submission.issues == ()


def test_an_old_label_means_what_it_meant_in_its_own_version(versions: Mapping[int, Forms]) -> None:
    # In a workbook of version 3, 金额 is the worth of goods, and 现金 is not a heading at all.
    book = workbook(versions[3], {**VISIT, "persons": 3, "goods_value": 60})
    sheets = list(book.sheets)
    at = next(n for n, sheet in enumerate(sheets) if sheet.name == "走访慰问台账")
    swap = {"慰问金(元)*": "现金", "慰问品折款(元)": "金额"}
    rows = [[swap.get(cell, cell) for cell in row] for row in sheets[at].rows]
    sheets[at] = dataclasses.replace(sheets[at], rows=rows)
    submission = judge(versions, Book(book.kind, tuple(sheets)))
    got = visit_of(versions, submission)
    assert (got["cash"], got["goods_value"]) == (Decimal(500), Decimal(60))
    assert [(i.code, i.severity, i.column) for i in submission.issues] == [
        ("R-19", "warning", "现金")
    ]


def of_version(book: Book, version: str | None) -> Book:
    """Return the workbook saying that it is of another version, or none at all."""
    sheets = []
    for sheet in book.sheets:
        if sheet.name == "_meta":
            rows = [["version", version] if row[0] == "version" else row for row in sheet.rows]
            sheet = dataclasses.replace(sheet, rows=rows)
        sheets.append(sheet)
    return dataclasses.replace(book, sheets=tuple(sheets))


@pytest.mark.parametrize("version", ["4", "99999"])
def test_a_newer_version_is_refused_since_something_would_be_lost(
    versions: Mapping[int, Forms], version: str
) -> None:
    book = of_version(workbook(versions[3], {**VISIT, "persons": 3}), version)
    submission = judge(versions, book)
    assert submission.status == "rejected"
    (issue,) = submission.issues
    assert issue.code == "R-23"
    assert f"第 {version} 版" in issue.message.zh
    assert "第 3 版" in issue.message.zh


@pytest.mark.parametrize("version", ["", "三", "-1", "1.5", "9" * 40])
def test_a_version_that_is_none_is_no_version(versions: Mapping[int, Forms], version: str) -> None:
    book = of_version(workbook(versions[3], {**VISIT, "persons": 3}), version)
    assert judge(versions, book).issues == ()


def test_without_a_version_old_labels_are_read_but_nothing_stands_for_what_is_missing(
    versions: Mapping[int, Forms],
) -> None:
    book = workbook(versions[2], {**VISIT, "persons": 3})
    sheets = tuple(sheet for sheet in book.sheets if sheet.name != "_meta")
    submission = judge(versions, dataclasses.replace(book, sheets=sheets))
    assert visit_of(versions, submission)["cash"] == Decimal(500)
    assert said(submission) == ["R-09 封面 left", "R-15"]


def test_a_column_that_did_not_exist_is_read_where_somebody_added_it(
    versions: Mapping[int, Forms],
) -> None:
    book = workbook(versions[1], {key: VISIT[key] for key in VISIT if key != "fund"})
    sheets = list(book.sheets)
    at = next(n for n, sheet in enumerate(sheets) if sheet.name == "走访慰问台账")
    rows = [list(row) for row in sheets[at].rows]
    head = next(n for n, row in enumerate(rows) if "慰问日期*" in row)
    rows[head].append("慰问人数")
    rows[head + 1] += [None] * (len(rows[head]) - 1 - len(rows[head + 1])) + [7]
    sheets[at] = dataclasses.replace(sheets[at], rows=rows)
    submission = judge(versions, dataclasses.replace(book, sheets=tuple(sheets)))
    assert visit_of(versions, submission)["persons"] == 7
    assert "R-22 走访慰问台账 persons" not in said(submission)


def test_defaults_are_told_only_where_there_is_a_row(versions: Mapping[int, Forms]) -> None:
    submission = judge(versions, workbook(versions[1], {}, nil_visits=True))
    assert submission.status == "accepted"
    assert said(submission) == ["R-22", "R-22 封面 left"]


# What is wrong in the configuration is told when the forms are read.


@pytest.mark.parametrize(
    ("upgrade", "message"),
    [
        ('since = 2\nrenames = { "金额" = "cahs" }', "“cash”"),
        ("since = 2\ndefaults = { personen = 1 }", "“persons”"),
        ('since = 2\ndefaults = { persons = "1" }', "persons = '1'"),
        ('since = 2\ndefaults = { mode = "飞机" }', "mode = '飞机'"),
        ("since = 1", "since"),
        ("renames = {}", "since"),
        ('since = 2\nrenames = ["金额"]', "renames"),
        ('since = 2\nremoved = ["金 额"]\nrenames = { "金额" = "cash" }', "removed"),
        ("since = 2\nrename = {}", "renames"),
        ("since = 4", "version"),
    ],
)
def test_a_wrong_upgrade_is_one_line(tmp_path: Path, upgrade: str, message: str) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    number = r"(?m)^version = \d+", "version = 3"
    edit(config / "workbooks" / "quarterly.toml", number)
    edit(config / "forms" / "visits.toml", add=f"\n[[upgrades]]\n{upgrade}\n")
    with pytest.raises(ConfigError) as error:
        read_forms(config)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("since = { vists = 2 }", "vists"),
        ("since = { visits = 1 }", "since"),
        ("since = { visits = 4 }", "version"),
        ('since = { visits = "2" }', "since"),
    ],
)
def test_a_ledger_is_added_with_a_version_that_there_is(
    tmp_path: Path, line: str, message: str
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    number = r"(?m)^version = \d+", f"version = 3\n{line}"
    edit(config / "workbooks" / "quarterly.toml", number)
    with pytest.raises(ConfigError, match=message):
        read_forms(config)
