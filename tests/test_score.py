"""The self-check and score: points in proportion, each with its reason, published only if asked."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from books import ROWS
from conftest import CONFIG
from workspaces import SETTINGS, activity, drop, make_workspace, opened, plan, quarterly, run_once

from pipeline.cli import main
from pipeline.errors import ConfigError
from pipeline.scoring import ask_scores
from pipeline.summaries.read_indicators import read_indicators
from pipeline.summaries.read_score import read_score_sheet
from pipeline.summaries.score import Check, Fact, Item, ScoreSheet, score_unit
from pipeline.texts import Text

ANY = Text("", "")


def check(points: int = 10, zero: str = "0", full: str = "1") -> Check:
    return Check(Text(f"{points}", ""), points, Fraction(zero), Fraction(full))


def fact(value) -> Fact:
    return Fact(value, ANY, ANY)


def sheet(*checks: Check, stars=(50, 60, 75, 90)) -> ScoreSheet:
    return ScoreSheet(4, stars, tuple(Item(str(n), ANY, ANY, (c,)) for n, c in enumerate(checks)))


@pytest.mark.parametrize(
    ("value", "points"),
    [("0.5", "0.0"), ("0.8", "0.0"), ("0.85", "2.5"), ("1", "10.0"), ("2", "10.0")],
)
def test_points_grow_in_proportion_from_zero_to_full(value, points):
    assert check(zero="0.8").earned(Fraction(value)) == Decimal(points)


def test_what_has_no_value_is_left_out_and_the_rest_scaled():
    a, b = check(30), check(10)
    assert score_unit(sheet(a, b), "U", "甲", {a: fact(1)}).total == Decimal("100.0")
    scored = score_unit(sheet(a, b), "U", "甲", {a: fact(1), b: fact(0)})
    assert (scored.total, scored.stars) == (Decimal("75.0"), 4)
    assert [item.standing for item in scored.items] == ["yes", "no"]
    nothing = score_unit(sheet(a, b), "U", "甲", {})
    assert (nothing.total, nothing.stars) == (None, 0)
    assert [item.standing for item in nothing.items] == ["unknown", "unknown"]


def test_points_of_the_checks_add_up_to_the_score():
    checks = [check(n) for n in (7, 11, 13)]
    scored = score_unit(sheet(*checks), "U", "甲", {c: fact(Fraction(1, 3)) for c in checks})
    earned = sum(point.earned for item in scored.items for point in item.points)
    assert scored.total == round(earned * 100 / 31, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('indicator = "P03"', 'indicator = "P3"', "P3"),
        ('activities = ["民主管理"', 'activities = ["民主"', "民主"),
        ("plan = true", "", "且只写一个"),
        ("zero = 0.8\nfull = 0.98", "zero = 0.9\nfull = 0.8", "full"),
        ("stars = [50, 60, 75, 90]", "stars = [90, 60]", "stars"),
        ("quarters = 4", "quarter = 4", "quarter"),
    ],
)
def test_a_wrong_score_sheet_is_told_by_key(tmp_path, forms, old, new, said):
    text = (CONFIG / "score.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "score.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=said):
        read_score_sheet(path, read_indicators(CONFIG / "indicators.toml", forms), forms)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """U1 has a plan, held an inspection and reported; U2 has only reported; U3 has nothing."""
    settings = SETTINGS + "[score]\npublish = true\n"
    folder = make_workspace(tmp_path_factory.mktemp("score") / "ws", settings=settings)
    held = [activity(category="检查考核"), activity(category="安全生产", title="演练检查")]
    drop(folder, "1.xlsx", quarterly("U1", activities=held))
    drop(folder, "p.xlsx", plan("U1", "2026", [ROWS["plan"]]))
    drop(folder, "2.xlsx", quarterly("U2"))
    run_once(folder)
    return folder


def test_every_point_names_the_figure_or_the_rows_it_comes_from(lived):
    _, first, second, third = ask_scores(opened(lived), "2026Q3")
    assert first.total > second.total > third.total == 0
    points = {p.check.label.zh: p for item in first.items for p in item.points}
    inspection = points["办过检查考核、安全生产或财务会费活动"]
    assert (inspection.earned, inspection.fact.value) == (10, 2)
    assert inspection.fact.source.zh.startswith("活动台账：2026Q3 ")
    assert points["交了年度计划"].fact.source.zh == "年度计划 2026 v1"
    assert points["按时"].fact.source.zh == "trace --unit U1 Q06"
    assert {p.check.label.zh: p for i in second.items for p in i.points}["交了年度计划"].earned == 0


def test_only_the_units_asked_for_are_scored(lived):
    assert [score.unit for score in ask_scores(opened(lived), "2026Q3", "S")] == ["S", "U1", "U2"]


def test_the_command_prints_json_and_reasons(lived, capsys):
    place = ["--workspace", str(lived), "--lang", "en"]
    assert main([*place, "score", "--period", "2026Q3", "--unit", "U1", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["items"][0]["checks"][0]["source"] == "yearly plan 2026 v1"
    assert main([*place, "score", "--period", "2026Q3", "--unit", "U1"]) == 0
    assert "Right first time" in capsys.readouterr().out


def test_it_is_published_only_where_that_is_set(lived):
    path = lived / "outputs/2026Q3/summary_S_2026Q3.xlsx"
    book = openpyxl.load_workbook(path)
    rows = {
        row[0].value: [cell.value for cell in row] for row in book["五有自查"].iter_rows(11, 13)
    }
    assert rows["甲小学工会"][7] in ("★★★★★", "★★★★☆")
    settings = lived / "config/union.toml"
    settings.write_text(
        settings.read_text("utf-8").replace("publish = true", "publish = false"), "utf-8"
    )
    run_once(lived)
    assert "五有自查" not in openpyxl.load_workbook(path).sheetnames
