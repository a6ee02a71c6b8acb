"""Numbers are what anyone would get by adding up the accepted workbooks with pencil and paper.

The recomputation below knows the contract's definitions and plain Python, not the indicators'
expressions, SQL or the tree's own methods.
"""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from databases import empty_database
from generated_union import EARLIER, PERIOD, generate_union, store_union

from pipeline.summaries.aggregate import figures

SEEDS = range(24)
Q_IDS = tuple(f"Q0{n}" for n in range(1, 8))


@pytest.mark.parametrize("period", [PERIOD, EARLIER], ids=lambda period: period.code)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_number_of_every_unit(forms, tables, indicators, seed, period):
    union = generate_union(seed)
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        found = figures(connection, tables, forms, indicators, union.tree, period)
    expected = {unit: on_paper(union, period, unit) for unit in inner_units(union, period.end)}
    assert list(found) == list(expected)
    for unit, numbers in expected.items():
        plain = {
            key: (n.value, n.numerator, n.denominator, n.reported, n.expected)
            for key, n in found[unit].numbers.items()
        }
        assert plain == numbers
        assert list(plain) == list(numbers)  # in printing order


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_a_parent_is_the_sum_of_its_children(forms, tables, indicators, seed):
    union = generate_union(seed)
    with empty_database(tables.metadata) as connection:
        store_union(connection, tables, forms, union)
        found = figures(connection, tables, forms, indicators, union.tree, PERIOD)
    additive = [i.id for i in indicators if i.denominator is None]
    for unit in found.values():
        for name in additive:
            parts = [unit.value(name, "unit", key) for key in unit.keys("unit", name)]
            assert sum(part for part in parts if part is not None) == (unit.value(name) or 0)


def test_the_generated_unions_hold_every_case(forms, tables, indicators):
    """A property over unions that are all alike would prove nothing."""
    seen = defaultdict(set)
    for seed in SEEDS:
        union = generate_union(seed)
        units = union.tree.units.values()
        seen["inner unit that reports"].add(
            any(u.reports and union.tree.children(u.code, PERIOD.end) for u in units)
        )
        seen["unit that has ended"].add(any(not u.active_on(PERIOD.end) for u in units))
        seen["levels"].add(max(u.code.count(".") for u in units))
        for unit in inner_units(union, PERIOD.end):
            numbers = on_paper(union, PERIOD, unit)
            for name in ("A04", "A08", "D05", "V05", "V06", "P03", "Q07"):
                seen[name].add(numbers[name, "", ""][0] is None)
            seen["nobody reported"].add(numbers["Q02", "", ""][0] == 0)
            seen["visits without a fund"].add(("V01", "fund", "未填") in numbers)
            seen["items done"].add(numbers["P02", "", ""][0])
    assert seen.pop("levels") >= {0, 1, 2}
    assert seen.pop("items done") >= {None, 0, 1}
    assert all(values == {True, False} for values in seen.values()), seen


def inner_units(union, day):
    """The root and the active units with active units below them, parents first."""
    inner = []

    def visit(code):
        children = children_of(union, code, day)
        if children or code == "R":
            inner.append(code)
        for child in children:
            visit(child)

    visit("R")
    return inner


def children_of(union, code, day):
    return [
        u.code
        for u in union.tree.units.values()
        if u.parent == code and u.active_from <= day <= u.active_to
    ]


def reporting_below(union, code, day):
    below = [code] if union.tree.units[code].reports else []
    for child in children_of(union, code, day):
        below += reporting_below(union, child, day)
    return below


def on_paper(union, period, unit):
    """Every number of a unit's `数据` sheet, in its order: value, numerator, denominator, and the
    units that reported and that should have."""
    whole = reporting_below(union, unit, period.end)
    members = {unit: [unit]} if union.tree.units[unit].reports else {}
    for child in children_of(union, unit, period.end):
        members[child] = reporting_below(union, child, period.end)

    numbers = {}
    for name, parts in all_indicators(union, period, whole).items():
        numbers[name, "", ""] = (*parts, *reported_of(union, period, whole))
    for member, codes in members.items():
        for name, parts in all_indicators(union, period, codes).items():
            if reported_in(union, period, codes) or name in Q_IDS:
                numbers[name, "unit", member] = (*parts, *reported_of(union, period, codes))
    for dimension, member, amounts in split_sums(union, period, whole):
        for name, amount in amounts.items():
            numbers[name, dimension, member] = (
                amount, None, None, *reported_of(union, period, whole),
            )  # fmt: skip
    return numbers


def reported_of(union, period, codes):
    return len(reported_in(union, period, codes)), len(codes)


def quarterly_files(union, period, code):
    return [
        f
        for f in union.files
        if (f["unit"], f["period"], f["workbook"]) == (code, period.code, "quarterly")
    ]


def accepted(files):
    return [f for f in files if f["status"] in ("accepted", "accepted_with_warnings")]


def reported_in(union, period, codes):
    return [code for code in codes if accepted(quarterly_files(union, period, code))]


def counting_rows(union, form, codes, wanted):
    """The rows in the newest accepted workbook of each unit, kind of workbook and period."""
    newest = {}
    for file in accepted(union.files):
        newest[file["unit"], file["workbook"], file["period"]] = file
    counting = {f["id"] for f in newest.values() if f["unit"] in codes and wanted(f)}
    return [row for row in union.rows if row.form == form and row.file in counting]


def of_quarter(union, form, period, codes):
    reported = reported_in(union, period, codes)
    rows = counting_rows(union, form, reported, lambda file: file["period"] == period.code)
    return [row.values for row in rows]


def all_indicators(union, period, codes):
    """Value, numerator and denominator of every indicator over the units with these codes."""
    found = dict(on_units(union, period, codes))
    rest = dict(on_rows(union, period, codes)) | dict(on_plans(union, period, codes))
    reported = reported_in(union, period, codes)
    return found | {name: parts if reported else (None,) * 3 for name, parts in rest.items()}


def on_units(union, period, codes):
    reported = reported_in(union, period, codes)
    nil = on_time = right_first = 0
    for code in reported:
        files = quarterly_files(union, period, code)
        submitted = [f for f in files if f["status"] in ("rejected", *_ACCEPTED)]
        nil += accepted(files)[-1]["nil"]
        on_time += accepted(files)[0]["on_time"]
        right_first += submitted[0]["status"] in _ACCEPTED
    yield "Q01", total(len(codes))
    yield "Q02", total(len(reported))
    yield "Q03", total(nil)
    yield "Q04", total(len(codes) - len(reported))
    yield "Q05", ratio(len(reported), len(codes))
    yield "Q06", ratio(on_time, len(codes))
    yield "Q07", ratio(right_first, len(reported))


def on_rows(union, period, codes):
    covers = of_quarter(union, "cover", period, codes)
    staff, members, women, joined, left = (
        sum(c[key] or 0 for c in covers)
        for key in ("staff", "members", "members_female", "joined", "left")
    )
    yield "O01", total(staff)
    yield "O02", total(members)
    yield "O03", total(women)
    yield "O04", ratio(members, staff)
    yield "O05", total(joined - left)

    held = of_quarter(union, "activities", period, codes)
    reported = reported_in(union, period, codes)
    active = [code for code in reported if of_quarter(union, "activities", period, [code])]
    attended, invited = sum(a["attended"] for a in held), 0
    for activity in held:
        invited += activity["invited"] * activity["sessions"]
    budgeted = [a for a in held if a["budget"] is not None and a["budget"] > 0]
    yield "A01", total(len(held))
    yield "A02", total(sum(a["sessions"] for a in held))
    yield "A03", total(attended)
    yield "A04", ratio(attended, invited)
    yield "A05", ratio(attended, members)
    yield "A06", ratio(len(active), len(reported))
    yield "A07", total(money(a["cost"] for a in held))
    yield "A08", ratio(money(a["cost"] for a in budgeted), money(a["budget"] for a in budgeted))

    dues = of_quarter(union, "dues", period, codes)
    current = [d for d in dues if d["pay_type"] == "当月"]
    owing = [d for d in current if d["due"] > 0]
    due, paid = money(d["due"] for d in current), money(d["paid"] for d in current)
    yield "D01", total(due)
    yield "D02", total(paid)
    yield "D03", total(due - paid)
    yield "D04", ratio(paid, due)
    yield "D05", ratio(len([d for d in owing if d["paid"] >= d["due"]]), len(owing))
    yield "D06", total(money(d["paid"] for d in dues if d["pay_type"] == "补缴"))
    yield "D07", ratio(paid, len([d for d in current if d["paid"] > 0]), in_yuan=True)

    visits = of_quarter(union, "visits", period, codes)
    persons = sum(v["persons"] for v in visits)
    given = money(v["cash"] + v["goods_value"] for v in visits)
    events = [v for v in visits if v["event_date"]]
    asked = [v["resolved"] for v in visits if v["resolved"] in ("已办结", "办理中", "未办")]
    yield "V01", total(persons)
    yield "V02", total(sum(v["households"] for v in visits))
    yield "V03", total(given)
    yield "V04", ratio(given, persons, in_yuan=True)
    in_time = [v for v in events if (v["date"] - v["event_date"]).days <= 7]
    yield "V05", ratio(len(in_time), len(events))
    yield "V06", ratio(asked.count("已办结"), len(asked))


def on_plans(union, period, codes):
    reported = reported_in(union, period, codes)
    items = [
        (union.files[row.file - 1]["unit"], row.values)
        for row in counting_rows(union, "plan", reported, lambda file: True)
        if row.values["month_end"] in period.months
    ]
    done = 0
    for code, item in items:
        sessions = 0
        for row in counting_rows(union, "activities", [code], lambda file: True):
            month = f"{row.values['date_end']:%Y-%m}"
            in_months = item["month_start"] <= month <= item["month_end"]
            if row.values["plan_id"] == item["plan_id"] and in_months:
                sessions += row.values["sessions"]
        done += sessions >= item["target"]
    yield "P01", total(len(items))
    yield "P02", total(done)
    yield "P03", ratio(done, len(items))


def split_sums(union, period, codes):
    """Each breakdown's members in order, with the sums of the rows of each."""
    held = of_quarter(union, "activities", period, codes)
    dues = [d for d in of_quarter(union, "dues", period, codes) if d["pay_type"] == "当月"]
    visits = of_quarter(union, "visits", period, codes)
    for dimension, member_of in (
        ("category", lambda a: a["category"]),
        ("month", lambda a: a["date_end"].isoformat()[:7]),
    ):
        for member, rows in split(held, member_of):
            yield (
                dimension,
                member,
                {
                    "A01": len(rows),
                    "A02": sum(a["sessions"] for a in rows),
                    "A03": sum(a["attended"] for a in rows),
                    "A07": money(a["cost"] for a in rows),
                },
            )
    for member, rows in split(dues, lambda d: d["month"]):
        yield (
            "month",
            member,
            {"D01": money(d["due"] for d in rows), "D02": money(d["paid"] for d in rows)},
        )
    for dimension in ("visit_type", "target_class", "fund"):
        for member, rows in split(visits, lambda v, key=dimension: v[key] or "未填"):
            yield (
                dimension,
                member,
                {
                    "V01": sum(v["persons"] for v in rows),
                    "V02": sum(v["households"] for v in rows),
                    "V03": money(v["cash"] + v["goods_value"] for v in rows),
                },
            )


# The members that the generator uses, in the order of the choice lists and of time.
_ORDER = (
    "文体活动", "培训", "其他", "送清凉", "生病住院", "家访", "在职职工", "困难职工",
    "工会经费", "会费", "未填", *EARLIER.months, *PERIOD.months,
)  # fmt: skip
_ACCEPTED = ("accepted", "accepted_with_warnings")


def split(rows, member_of):
    members = {member_of(row) for row in rows}
    return [
        (member, [row for row in rows if member_of(row) == member])
        for member in sorted(members, key=_ORDER.index)
    ]


def money(amounts):
    return sum(amounts, Decimal("0.00"))


def total(value):
    return value, None, None


def ratio(numerator, denominator, in_yuan=False):
    if not denominator:
        return None, numerator, denominator
    value = Fraction(numerator) / Fraction(denominator)
    if in_yuan:
        value = (numerator / denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return value, numerator, denominator
