"""Indicators are data: what the shipped ones say, what a wrong one is told, and how a ledger that
nobody had thought of gets its numbers without a line of code."""

import shutil
from decimal import Decimal
from fractions import Fraction

import pytest
from conftest import CONFIG
from databases import empty_database
from generated_union import PERIOD, generate_union, store_union

from pipeline.errors import ConfigError
from pipeline.forms.load import read_forms
from pipeline.orgunits import OrgUnit, build_tree
from pipeline.records.tables import build_tables
from pipeline.summaries.aggregate import figures
from pipeline.summaries.compare import Change, change
from pipeline.summaries.numbers import Number, round_half_up
from pipeline.summaries.read_indicators import read_indicators
from pipeline.summaries.trace import trace
from pipeline.texts import Text

LABELS = {
    "Q": "应报 已报 零报告 未报 报送率 按时率 一次合格率",
    "O": "职工数 会员数 女会员数 入会率 净增会员",
    "A": "活动项数 场次 参与人次 参与率 人均参与次数 活动覆盖率 活动支出 预算执行率",
    "D": "应缴 实缴 欠缴 收缴率 缴费人数率 补缴额 人均会费",
    "V": "走访人次 户数 慰问金额 人均 及时率 办结率",
    "P": "到期计划 完成计划 计划完成率",
}
SPLITS = {
    **dict.fromkeys(("A01", "A02", "A03", "A07"), ("category", "month")),
    **dict.fromkeys(("D01", "D02"), ("month",)),
    **dict.fromkeys(("V01", "V02", "V03"), ("visit_type", "target_class", "fund")),
}


def test_the_shipped_indicators_are_those_of_the_contract(indicators):
    expected = [
        (f"{group}{n:02d}", label)
        for group, labels in LABELS.items()
        for n, label in enumerate(labels.split(), start=1)
    ]
    assert [(i.id, i.label.zh) for i in indicators] == expected
    assert all(i.group == i.id[0] and i.label.en and i.unit.en for i in indicators)
    assert {i.id: i.breakdowns for i in indicators if i.breakdowns} == SPLITS


def test_rates_are_compared_in_points_and_amounts_in_per_cent(indicators):
    rates = {i.id for i in indicators if i.compare == "points"}
    assert rates == {i.id for i in indicators if i.format == "percent"}
    assert {i.id for i in indicators if i.denominator is not None} - rates == {"A05", "D07", "V04"}


def test_counts_are_ints_money_is_decimal_and_ratios_are_fractions(forms, indicators):
    kinds = {"count": int, "money": Decimal, "percent": Fraction, "average": Fraction}
    tables, union = build_tables(forms), generate_union(5)
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        found = figures(connection, tables, forms, indicators, union.tree, PERIOD)["R"]
    told = [number for number in found.numbers.values() if number.value is not None]
    assert {number.indicator for number in told} > {"A01", "A05", "A07", "D04", "D07", "V04"}
    for number in told:
        shown = indicators.by_id[number.indicator].format
        assert type(number.value) is kinds[shown], number
        if shown == "money":
            assert number.value.as_tuple().exponent == -2


def indicator(**keys):
    """TOML of one indicator, a count of activities but for `keys` (None takes a key away)."""
    plain = {
        "id": '"X01"', "group": '"A"', "label": '{ zh = "数", en = "Number" }',
        "unit": '{ zh = "个", en = "units" }', "kind": '"count"', "form": '"activities"',
        "format": '"count"',
    } | keys  # fmt: skip
    lines = [f"{key} = {value}" for key, value in plain.items() if value is not None]
    return "\n".join(["[[indicators]]", *lines])


def ratio(**keys):
    ids = {"id": '"X02"', "kind": '"ratio"', "form": None, "format": '"percent"'}
    sides = {"numerator": '"X01"', "denominator": '"X01"'}
    return indicator() + "\n" + indicator(**(ids | sides | keys))


def breakdown(**keys):
    plain = {
        "dimension": '"how"', "form": '"visits"', "field": '"mode"',
        "label": '{ zh = "形式", en = "How" }',
    } | keys  # fmt: skip
    return "\n".join(["[[breakdowns]]", *(f"{key} = {value}" for key, value in plain.items())])


GROUP = '[[groups]]\nkey = "A"\nlabel = { zh = "活动", en = "Activities" }\n'


@pytest.fixture
def read(forms, tmp_path):
    def run(text):
        path = tmp_path / "indicators.toml"
        path.write_text(GROUP + text, encoding="utf-8")
        return read_indicators(path, forms)

    return run


def test_the_plain_examples_of_this_file_are_right(read):
    assert list(read(ratio() + "\n" + breakdown()).by_id) == ["X01", "X02"]


def test_what_counts_persons_says_so(indicators):
    """Persons, and what falls on one of them each; units, activities, plan items and money do not."""
    counting = {i.id: tuple(part.persons for part in i.parts) for i in indicators}
    assert {name for name, persons in counting.items() if all(persons)} == {
        "O01", "O02", "O03", "O04", "O05", "A03", "A04", "A05", "D05", "V01", "V02", "V05", "V06",
    }  # fmt: skip
    assert {name: p for name, p in counting.items() if any(p) and not all(p)} == {
        "D07": (False, True),
        "V04": (False, True),
    }


def test_what_remains_of_a_whole_are_persons_too(indicators):
    wholes = {i.id: i.share[1] for i in indicators if i.share}
    assert wholes.keys() == {"O03", "O04", "A04", "D05", "V05", "V06"}
    assert wholes["O03"] is indicators.by_id["O02"].numerator
    assert wholes["D05"] is indicators.by_id["D05"].denominator


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        (indicator(fomat='"count"'), "X01", "unknown key.*“format”"),
        (indicator(format=None), "X01", "“format” .missing key"),
        (indicator(group='"B"'), "X01 group", "没有 “B”"),
        (indicator(id='"1 x"'), "1 x id", "an id"),
        (indicator() + "\n" + indicator(), "X01 id", "id twice"),
        (indicator(kind='"counts"'), "X01 kind", "Did you mean “count”"),
        (indicator(form='"activity"'), "X01 form", "Did you mean “activities”"),
        (indicator(form='"plan"'), "X01 form", "没有 “plan”"),
        (indicator(where='"costs > 0"'), "X01 where", "Did you mean “cost”"),
        (indicator(where='"cost"'), "X01 where", "expected bool"),
        (indicator(where="\"category == '培训班'\""), "X01 where", "是否想写 “培训”"),
        (indicator(where='"only(result, stock_phrases)"'), "X01", r"only\(\) is for rules"),
        (indicator(where='"date_end <= today"'), "X01", "today is for rules"),
        (indicator(value='"attended"'), "X01", "unknown key"),
        (indicator(kind='"sum"'), "X01", "“value” .missing key"),
        (indicator(kind='"sum"', value='"cost / attended"'), "X01", "sum of quotients"),
        (indicator(kind='"sum"', value='"date_end"'), "X01 value", "expected number"),
        (indicator(kind='"sum"', value='"cost"'), "X01 format", "money for yuan"),
        (indicator(format='"money"'), "X01 format", "count for whole numbers"),
        (indicator(compare='"point"'), "X01 compare", "Did you mean “points”"),
        (indicator(kind='"sum"', value='"cost"', format='"money"', persons="true"), "X01 persons", "no count of persons"),
        (indicator(persons="1"), "X01 persons", "true 或 false"),
        (indicator(person="true"), "X01", "“persons”"),
        (ratio(persons="true"), "X02", "unknown key"),
        (indicator(within='"X01"'), "X01 within", "both must count persons"),
        (indicator(persons="true", within='"X09"'), "X01 within", "both must count persons"),
        (indicator(breakdowns='["how"]'), "X01 breakdowns", "no such"),
        (indicator(kind='"measure"', measure='"unit_nil"', form=None), "X01 measure", "units_nil"),
        (indicator(kind='"measure"', measure='"units_nil"'), "X01", "unknown key"),
        (ratio(numerator='"X1"'), "X02 numerator", "Did you mean “X01”"),
        (ratio(numerator='"X02"'), "X02 numerator", "no such additive indicator"),
        (ratio(denominator=None), "X02", "“denominator” .missing key"),
        (ratio(denominator="{ form = 'dues', vlue = 'due' }"), "X02 denominator", "“value”"),
        (ratio(format='"count"'), "X02 format", "average for ratios"),
        (ratio(format='"money"'), "X02 format", "money for yuan"),
        (breakdown(field='"target_name"'), "breakdowns.*field", "没有 “target_name”"),
        (breakdown(field='"moed"'), "breakdowns.*field", "Did you mean “mode”"),
        (breakdown(dimension='"unit"'), "breakdowns.*dimension", "不能是 unit"),
        (breakdown() + "\n" + breakdown(), "breakdowns.*dimension", "twice for this form"),
        ("[[indicator]]\nid = 'X01'", "", "Did you mean “indicators”"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_file_key_and_what_would_be_right(read, text, place, told):
    with pytest.raises(ConfigError, match=rf"^indicators\.toml.*{place}.*{told}"):
        read(text)


def test_a_measure_needs_its_fields(forms, tmp_path):
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    plan = config / "forms" / "plan.toml"
    plan.write_text(plan.read_text(encoding="utf-8").replace('"target"', '"goal"'), "utf-8")
    with pytest.raises(ConfigError, match=r"P01 measure.*plan\.toml 的字段 target"):
        read_indicators(config / "indicators.toml", read_forms(config))


TRAININGS = """
key = "trainings"
kind = "ledger"
label = { zh = "培训台账", en = "Trainings" }
[parameters]
long = 8
[[fields]]
key = "day"
label = { zh = "培训日期", en = "Day" }
type = "date"
[[fields]]
key = "level"
label = { zh = "级别", en = "Level" }
type = "choice"
choices = ["初级", "高级"]
[[fields]]
key = "hours"
label = { zh = "学时", en = "Hours" }
type = "int"
[[fields]]
key = "fee"
label = { zh = "学费(元)", en = "Fee" }
type = "money"
"""
TRAINING_NUMBERS = """
[[groups]]
key = "T"
label = { zh = "培训", en = "Training" }
[[indicators]]
id = "T01"
group = "T"
label = { zh = "长训学时", en = "Hours of long trainings" }
unit = { zh = "学时", en = "hours" }
kind = "sum"
form = "trainings"
value = "hours"
where = "hours >= long and period_start <= day"
format = "count"
breakdowns = ["level"]
[[indicators]]
id = "T02"
group = "T"
label = { zh = "每学时补贴", en = "Grant an hour" }
unit = { zh = "元", en = "yuan" }
kind = "ratio"
numerator = { form = "trainings", value = "fee * 0.405" }
denominator = { form = "trainings", value = "hours" }
format = "money"
breakdowns = ["level"]
[[breakdowns]]
dimension = "level"
form = "trainings"
field = "level"
label = { zh = "级别", en = "Level" }
"""


def test_an_invented_ledger_gets_numbers_by_toml_alone(tmp_path):
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    (config / "forms" / "trainings.toml").write_text(TRAININGS, "utf-8")
    for path, old, new in (
        (config / "workbooks" / "quarterly.toml", '"visits"]', '"visits", "trainings"]'),
        (config / "indicators.toml", "# 报送 / reporting", TRAINING_NUMBERS),
    ):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
    forms = read_forms(config)
    indicators, tables = read_indicators(config / "indicators.toml", forms), build_tables(forms)
    tree = build_tree([OrgUnit("R", "工会", "", reports=True)])
    file = {
        "id": 1, "run_id": "r", "path": "a.xlsx", "sha256": "0", "size": 1, "mtime_ns": 0,
        "received_at": "", "taken_at": "", "unit": "R", "period": PERIOD.code,
        "workbook": "quarterly", "version": 1, "status": "accepted", "errors": 0, "warnings": 0,
        "nil": 0, "on_time": 1, "current": 1, "judged_under": "", "receipt": "", "settled": 1,
    }  # fmt: skip
    head = {"file_id": 1, "unit": "R", "period": PERIOD.code}
    rows = [
        {"row": 2, "day": "2026-07-01", "level": "高级", "hours": 16, "fee": 10001},
        {"row": 3, "day": "2026-07-02", "level": "初级", "hours": 8, "fee": 0},
        {"row": 4, "day": "2026-07-03", "level": "初级", "hours": 7, "fee": 100},
        {"row": 5, "day": "2026-06-30", "level": None, "hours": 9, "fee": None},
        {"row": 6, "day": "2026-07-04", "level": "高级", "hours": None, "fee": 1},
    ]
    with empty_database(tables.metadata) as connection:
        connection.execute(tables.files.insert(), [file])
        connection.execute(tables.records["trainings"].insert(), [head | row for row in rows])
        found = figures(connection, tables, forms, indicators, tree, PERIOD)["R"]
        behind = trace(connection, tables, forms, indicators, tree, PERIOD, "R", "T01")
    split = {
        key: n.value for key, n in found.numbers.items() if key[0][0] == "T" and key[1] != "unit"
    }
    assert split == {
        ("T01", "", ""): 24,
        ("T02", "", ""): Decimal("1.02"),  # (100.01 + 0 + 1.00 + 0.01) × 0.405 / 40
        ("T01", "level", "初级"): 8,
        ("T02", "level", "初级"): Decimal("0.03"),
        ("T01", "level", "高级"): 16,
        ("T02", "level", "高级"): Decimal("2.53"),
        ("T02", "level", "未填"): Decimal("0.00"),
    }
    assert list(found.keys("level", "T01")) == ["初级", "高级"]
    assert [(row.sheet, row.row, row.value) for row in behind.rows] == [
        ("培训台账", 2, 16),
        ("培训台账", 3, 8),
    ]


def number(value, reported=3):
    return None if value is None else Number("X", "", "", value, None, None, reported, 4)


@pytest.mark.parametrize(
    ("name", "now", "before", "zh", "en"),
    [
        ("A07", Decimal("112.30"), Decimal("100.00"), "+12.3%", "+12.3%"),
        ("A01", 99, 100, "-1.0%", "-1.0%"),
        ("A01", 100, 100, "0.0%", "0.0%"),
        ("A01", 0, 100, "-100.0%", "-100.0%"),
        ("A01", 2001, 1000, "+100.1%", "+100.1%"),
        ("A01", 20010, 20000, "+0.1%", "+0.1%"),  # a half goes away from zero
        ("A04", Fraction(3, 4), Fraction(762, 1000), "-1.2 个百分点", "-1.2 pp"),
        ("A04", Fraction(1, 2), Fraction(0), "+50.0 个百分点", "+50.0 pp"),
        ("A05", Fraction(3), Fraction(2), "+50.0%", "+50.0%"),
        ("A01", 5, 0, "新增", "new"),
        ("A01", 5, None, "新增", "new"),
        ("A04", Fraction(1, 2), None, "新增", "new"),
        ("A01", 0, None, "—", "—"),
        ("A01", 0, 0, "—", "—"),
        ("A04", None, Fraction(1, 2), "—", "—"),
        ("O05", -3, 0, "—", "—"),
        ("O05", 10, -5, "—", "—"),
        ("O05", -5, 10, "-150.0%", "-150.0%"),
    ],
)  # fmt: skip
def test_a_change_as_people_read_it(indicators, name, now, before, zh, en):
    found = change(indicators.by_id[name], number(now), number(before))
    assert found.text == Text(zh, en)


def test_a_rate_is_new_where_nobody_had_reported(indicators):
    """The quarter before the first one has a reporting rate of 0 %, but there was nothing."""
    rate = indicators.by_id["Q05"]
    assert change(rate, number(Fraction(1)), number(Fraction(0), reported=0)) == Change("new")


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [("1/8", 2, "0.13"), ("-1/8", 2, "-0.13"), ("1/3", 2, "0.33"), ("-1/1000", 2, "0.00"), ("7", 1, "7.0")],
)  # fmt: skip
def test_a_half_is_rounded_away_from_zero(value, places, rounded):
    assert str(round_half_up(Fraction(value), places)) == rounded
