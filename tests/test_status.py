"""Who has reported, and what is still open."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from nights import Nights, at, issue, opened, period, unreadable

from pipeline.forms.model import Forms
from pipeline.orgunits import OrgTree, OrgUnit, build_tree
from pipeline.records.status import OpenIssue, read_open_issues, read_status
from pipeline.texts import Text

EARLY, LATE = "10-09 09:00", "10-20 09:00"


@pytest.fixture
def nights(engine: str, forms: Forms, tmp_path: Path) -> Iterator[Nights]:
    with opened(forms, tmp_path) as store:
        yield Nights(store, forms)


def tree_of(*units: OrgUnit) -> OrgTree:
    return build_tree([OrgUnit("ROOT", "总工会", "", False), *units])


def unit(code: str, **what: date | str) -> OrgUnit:
    return OrgUnit(code, f"{code}小组", "ROOT", True, **what)


TREE = tree_of(unit("U2", contact="乙二 555-0102"), unit("U1"))


def states(nights: Nights, tree: OrgTree = TREE) -> dict[str, str]:
    status = read_status(nights.store, tree, period("2026Q3"), "quarterly")
    return {unit.unit: unit.state for unit in status.units}


def test_status_as_json_is_what_the_contract_says(nights: Nights) -> None:
    warned = [issue("A-06", "warning"), issue("R-08", "info")]
    nights.take("A", nights.report("accepted_with_warnings", issues=warned, nil=True))
    found = read_status(nights.store, TREE, period("2026Q3"), "quarterly").as_json()
    assert found == {
        "period": "2026Q3",
        "expected": 2,
        "reported": 1,
        "on_time": 1,
        "late": 0,
        "nil": 1,
        "missing": [{"unit": "U2", "name": "U2小组", "contact": "乙二 555-0102"}],
        "reporting_rate": 0.5,
        "units": [
            {
                "unit": "U2",
                "name": "U2小组",
                "state": "missing",
                "nil": False,
                "status": None,
                "version": None,
                "received_at": None,
                "errors": 0,
                "warnings": 0,
            },
            {
                "unit": "U1",
                "name": "U1小组",
                "state": "on_time",
                "nil": True,
                "status": "accepted_with_warnings",
                "version": 1,
                "received_at": "2026-10-09T09:00:00",
                "errors": 0,
                "warnings": 1,
            },
        ],
    }


def test_a_unit_is_on_time_by_its_first_accepted_version(nights: Nights) -> None:
    nights.take("A", nights.report(), received=EARLY)
    nights.take("B", nights.report(), received=LATE)
    nights.take("C", nights.report("rejected", unit="U2"), received=EARLY)
    nights.take("D", nights.report(unit="U2"), received=LATE)
    assert states(nights) == {"U2": "late", "U1": "on_time"}


def test_a_refusal_leaves_what_was_accepted_and_shows_itself(nights: Nights) -> None:
    nights.take("A", nights.report(nil=True), received=EARLY)
    nights.take("B", nights.report("rejected", issues=[issue("A-01", "error")]), received=LATE)
    _, shown = read_status(nights.store, TREE, period("2026Q3"), "quarterly").units
    assert (shown.state, shown.nil, shown.version) == ("on_time", True, 1)
    assert (shown.status, shown.errors, shown.received_at) == ("rejected", 1, at(LATE))


@pytest.mark.parametrize("status", ["rejected", "closed"])
def test_without_an_accepted_workbook_a_unit_is_missing(nights: Nights, status: str) -> None:
    nights.take("A", nights.report(status))
    nights.take("B", unreadable())
    assert states(nights) == {"U2": "missing", "U1": "missing"}


def test_nil_is_that_of_the_version_that_counts(nights: Nights) -> None:
    nights.take("A", nights.report(nil=True))
    nights.take("B", nights.report(nil=False))
    assert read_status(nights.store, TREE, period("2026Q3"), "quarterly").nil == 0


def test_another_period_or_workbook_is_no_report(nights: Nights) -> None:
    nights.take("A", nights.report(quarter="2026Q2"))
    nights.take("B", nights.report(unit="U2", quarter="2026"))
    assert states(nights) == {"U2": "missing", "U1": "missing"}
    plans = read_status(nights.store, TREE, period("2026"), "plan")
    assert {unit.unit: unit.state for unit in plans.units} == {"U2": "on_time", "U1": "missing"}


def test_another_workbook_of_the_same_period_is_not_shown(nights: Nights) -> None:
    nights.take("A", replace(nights.report("rejected"), workbook="another"))
    status = read_status(nights.store, TREE, period("2026Q3"), "quarterly")
    assert [unit.status for unit in status.units] == [None, None]


def test_those_expected_are_active_at_the_periods_end(nights: Nights) -> None:
    tree = tree_of(
        unit("U1"),
        unit("GONE", active_to=date(2026, 9, 29)),
        unit("LEAVING", active_to=date(2026, 9, 30)),
        unit("NEW", active_from=date(2026, 10, 1)),
    )
    assert list(states(nights, tree)) == ["U1", "LEAVING"]


def test_where_nobody_is_expected_there_is_no_rate(nights: Nights) -> None:
    status = read_status(nights.store, tree_of(), period("2026Q3"), "quarterly").as_json()
    assert (status["expected"], status["reporting_rate"]) == (0, None)


# Open issues


def open_of(nights: Nights, *units: str) -> list[tuple[str, str, tuple[str, ...], int]]:
    found = read_open_issues(nights.store, units or ("U1", "U2"), "2026Q3")
    return [(issue.unit, issue.code, issue.cells, issue.count) for issue in found]


def test_issues_are_grouped_by_sheet_and_kind_without_a_value(nights: Nights) -> None:
    found = [
        issue("A-06", "warning", "L5"),
        issue("A-07", "warning", "M5"),
        issue("A-06", "warning", "L9"),
        issue("A-06", "warning", ""),
        issue("A-06", "warning", "C5", sheet="会费台账"),
        issue("R-08", "info", "A1"),
    ]
    nights.take("A", nights.report("accepted_with_warnings", issues=found))
    listed = read_open_issues(nights.store, ["U1"], "2026Q3")
    title = Text("A-06 的问题", "fault A-06")
    assert listed[0] == OpenIssue("U1", "活动台账", "A-06", "warning", title, ("L5", "L9"), 3)
    assert [(i.sheet, i.code) for i in listed[1:]] == [
        ("活动台账", "A-07"),
        ("会费台账", "A-06"),
    ]
    assert not any(word in repr(listed) for word in ("12O", "甲一", "不对"))


def test_errors_are_open_until_something_is_accepted(nights: Nights) -> None:
    nights.take("A", nights.report("rejected", issues=[issue("A-01", "error")]))
    nights.take("B", nights.report("rejected", issues=[issue("A-02", "error")]))
    assert open_of(nights) == [("U1", "A-02", ("B2",), 1)]
    nights.take("C", nights.report())
    assert open_of(nights) == []


def test_warnings_are_those_of_what_counts(nights: Nights) -> None:
    warned = "accepted_with_warnings"
    nights.take("A", nights.report(warned, issues=[issue("A-06", "warning")]))
    nights.take("B", nights.report(warned, issues=[issue("A-07", "warning")]))
    mixed = [issue("A-08", "warning"), issue("A-01", "error")]
    nights.take("C", nights.report("rejected", issues=mixed))
    assert open_of(nights) == [("U1", "A-07", ("B2",), 1), ("U1", "A-01", ("B2",), 1)]


def test_open_issues_are_those_of_the_units_asked_in_their_order(nights: Nights) -> None:
    for code in ("U1", "U2", "U3"):
        refused = nights.report("rejected", unit=code, issues=[issue("A-01", "error")])
        nights.take(code, refused)
    assert [found[0] for found in open_of(nights, "U3", "U1")] == ["U3", "U1"]
    assert open_of(nights, "U9") == []
