"""What becomes of a file, rule by rule: statuses, versions, duplicates, and what is stored."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from nights import Nights, at, issue, opened, sha256, unreadable
from sqlalchemy import select

from pipeline.forms.model import Forms
from pipeline.forms.storing import from_stored
from pipeline.intake.submission import Judgement
from pipeline.records.journal import close_period, closed_periods, reopen_period
from pipeline.records.lifecycle import Origin, Stored
from pipeline.records.taking import read_files, read_issues, record, seen, settle, unsettled


@pytest.fixture
def nights(engine: str, forms: Forms, tmp_path: Path) -> Iterator[Nights]:
    with opened(forms, tmp_path) as store:
        yield Nights(store, forms)


def counting(nights: Nights) -> list[tuple[str | None, str | None, int | None]]:
    """Return unit, period and version of what counts."""
    return [(s.unit, s.period, s.version) for s in read_files(nights.store) if s.current]


def costs_that_count(nights: Nights) -> list[Decimal]:
    table, files = nights.store.tables.records["activities"], nights.store.tables.files
    query = select(table.c.cost).join(files, files.c.id == table.c.file_id)
    with nights.store.reading() as connection:
        found = connection.scalars(query.where(files.c.current == 1).order_by(table.c.row)).all()
    return [from_stored("money", cost) for cost in found]


# Versions


@pytest.mark.parametrize("status", ["accepted", "accepted_with_warnings"])
def test_the_newest_accepted_version_replaces_the_older_whole(
    nights: Nights, status: Judgement
) -> None:
    first = nights.take("A", nights.report(costs=["1.00", "2.00", "3.00"]))
    second = nights.take("B", nights.report(status, costs=["4.00"]))
    assert (first.version, first.replaced, first.current) == (1, None, True)
    assert (second.version, second.replaced, second.current) == (2, 1, True)
    assert counting(nights) == [("U1", "2026Q3", 2)]
    assert costs_that_count(nights) == [Decimal("4.00")]


def test_the_rows_of_a_replaced_version_are_kept(nights: Nights) -> None:
    nights.take("A", nights.report(costs=["1.00", "2.00"]))
    nights.take("B", nights.report(costs=["4.00"]))
    table = nights.store.tables.records["activities"]
    with nights.store.reading() as connection:
        query = select(table.c.cost).order_by(table.c.file_id, table.c.row)
        assert connection.scalars(query).all() == [100, 200, 400]


@pytest.mark.parametrize("status", ["rejected", "closed"])
def test_after_a_refusal_the_earlier_version_goes_on_counting(
    nights: Nights, status: Judgement
) -> None:
    nights.take("A", nights.report(costs=["1.00"]))
    refused = nights.take("B", nights.report(status, costs=["9.00"]))
    assert (refused.status, refused.version, refused.current) == (status, None, False)
    assert costs_that_count(nights) == [Decimal("1.00")]
    assert nights.take("C", nights.report()).version == 2


def test_versions_run_by_unit_period_and_workbook(nights: Nights) -> None:
    reports = [
        nights.report(),
        nights.report(unit="U2"),
        nights.report(quarter="2026Q2"),
        nights.report(quarter="2026"),
        nights.report(),
    ]
    files = [nights.file(str(n), submission) for n, submission in enumerate(reports)]
    assert [stored.version for stored in nights.take_all(*files)] == [1, 1, 1, 1, 2]
    assert [stored.version for stored in read_files(nights.store)] == [1, 1, 1, 1, 2]
    assert counting(nights) == [
        ("U2", "2026Q3", 1),
        ("U1", "2026Q2", 1),
        ("U1", "2026", 1),
        ("U1", "2026Q3", 2),
    ]


def test_in_one_batch_as_in_many(nights: Nights, forms: Forms, tmp_path: Path) -> None:
    files = [
        nights.file("A", nights.report()),
        nights.file("A", nights.report()),
        nights.file("B", nights.report("rejected")),
        nights.file("C", nights.report("accepted_with_warnings")),
        nights.file("A", nights.report()),
        nights.file("B", nights.report("rejected")),
    ]
    record(nights.store, nights.run, files)
    at_once = read_files(nights.store)
    with opened(forms, tmp_path / "other") as store:
        for file in files:
            record(store, nights.run, [file])
        assert read_files(store) == at_once
    statuses = [stored.status for stored in at_once]
    assert statuses == [
        "accepted",
        "duplicate",
        "rejected",
        "accepted_with_warnings",
        "duplicate",
        "duplicate",
    ]


def test_a_batch_returns_what_became_of_each_by_its_end(nights: Nights) -> None:
    first, second = nights.take_all(
        nights.file("A", nights.report()), nights.file("B", nights.report())
    )
    assert (first.current, second.current) == (False, True)
    assert [first, second] == read_files(nights.store)


# Duplicates


def origin_of(stored: Stored) -> tuple[str, int | None, bool]:
    assert stored.status == "duplicate"
    assert stored.origin is not None
    return (stored.origin.status, stored.origin.version, stored.origin.counted)


def test_accepted_bytes_are_a_duplicate_ever_after(nights: Nights) -> None:
    first = nights.take("A", nights.report())
    nights.next_run(days=400, judged_under="config-b")
    again = nights.take("A", path="另一处/副本.xlsx")
    assert origin_of(again) == ("accepted", 1, True)
    assert again.origin == Origin(first.id, first.path, "accepted", 1, True)
    assert (again.unit, again.period, again.workbook) == ("U1", "2026Q3", "quarterly")
    assert (again.version, again.current, again.errors) == (None, False, 0)
    assert counting(nights) == [("U1", "2026Q3", 1)]


def test_a_duplicate_of_a_replaced_version_changes_nothing(nights: Nights) -> None:
    nights.take("A", nights.report(costs=["1.00"]))
    nights.take("B", nights.report(costs=["2.00"]))
    assert origin_of(nights.take("A")) == ("accepted", 1, False)
    assert origin_of(nights.take("B")) == ("accepted", 2, True)
    assert costs_that_count(nights) == [Decimal("2.00")]


def test_a_duplicate_remembers_whether_its_origin_counted_then(nights: Nights) -> None:
    nights.take("A", nights.report())
    nights.take("A")
    nights.take("B", nights.report())
    nights.take("A")
    duplicates = [s for s in read_files(nights.store) if s.status == "duplicate"]
    assert [origin_of(stored)[2] for stored in duplicates] == [True, False]


def test_a_version_of_another_unit_replaces_nothing(nights: Nights) -> None:
    nights.take("A", nights.report())
    nights.take("B", nights.report(unit="U2"))
    nights.take("C", nights.report(quarter="2026"))
    assert origin_of(nights.take("A")) == ("accepted", 1, True)


@pytest.mark.parametrize("status", ["rejected", "quarantined"])
def test_refused_bytes_are_a_duplicate_under_the_same_configuration(
    nights: Nights, status: Judgement
) -> None:
    nights.take("A", nights.report(status))
    nights.next_run(days=30)
    assert origin_of(nights.take("A")) == (status, None, False)


def test_refused_bytes_are_judged_anew_under_another_configuration(nights: Nights) -> None:
    nights.take("A", nights.report("rejected"))
    nights.next_run(judged_under="config-b")
    assert nights.take("A", nights.report("rejected")).status == "rejected"
    nights.next_run(judged_under="config-c")
    assert nights.take("A", nights.report("accepted")).version == 1
    nights.next_run(judged_under="config-a")  # as it was when the bytes were refused
    assert origin_of(nights.take("A")) == ("accepted", 1, True)


def test_a_configuration_put_back_makes_the_old_verdict_hold_again(nights: Nights) -> None:
    first = nights.take("A", nights.report("rejected"))
    nights.next_run(judged_under="config-b")
    nights.take("A", nights.report("rejected"))
    nights.next_run(judged_under="config-a")
    again = nights.take("A")
    assert again.duplicate_of == first.id


def test_a_verdict_that_hangs_on_the_day_holds_for_that_day(nights: Nights) -> None:
    nights.take("A", nights.report("rejected"), clock_dependent=True)
    nights.next_run()
    assert origin_of(nights.take("A")) == ("rejected", None, False)
    nights.next_run(days=1)
    assert seen(nights.store, nights.run, [(sha256("A"), "")]) == {}
    assert nights.take("A", nights.report()).status == "accepted"


def test_an_unidentified_file_dropped_again_is_a_duplicate(nights: Nights) -> None:
    first = nights.take("spoilt", unreadable())
    again = nights.take("spoilt")
    assert (first.status, first.unit, first.period, first.workbook) == (
        *("quarantined", None, None, None),
    )
    assert origin_of(again) == ("quarantined", None, False)


def test_closed_files_are_no_origin_and_reopening_lets_them_in(nights: Nights) -> None:
    close_period(nights.store, "2026Q3", "李", at("10-20 09:00"))
    assert closed_periods(nights.store) == {"2026Q3"}
    for _ in range(2):
        assert nights.take("A", nights.report("closed")).status == "closed"
        assert seen(nights.store, nights.run, [(sha256("A"), "")]) == {}
    reopen_period(nights.store, "2026Q3", "李", at("10-21 09:00"))
    assert closed_periods(nights.store) == frozenset()
    assert nights.take("A", nights.report()).version == 1


def test_duplicates_are_no_origin_themselves(nights: Nights) -> None:
    first = nights.take("A", nights.report())
    nights.take("A")
    assert nights.take("A").duplicate_of == first.id


def test_identical_bytes_in_one_batch_count_once(nights: Nights) -> None:
    submission = nights.report(costs=["1.00"])
    paths = ("a.xlsx", "组/a.xlsx", "组/a(1).xlsx")
    stored = nights.take_all(*(nights.file("A", submission, path=path) for path in paths))
    assert [s.status for s in stored] == ["accepted", "duplicate", "duplicate"]
    assert costs_that_count(nights) == [Decimal("1.00")]
    assert origin_of(stored[2]) == ("accepted", 1, True)


def test_what_was_seen_tells_which_files_need_no_reading(nights: Nights) -> None:
    accepted = nights.take("A", nights.report())
    rejected = nights.take("B", nights.report("rejected"))
    nights.take("C", nights.report("closed"))
    files = [(sha256(content), "") for content in "ABCD"]
    known = seen(nights.store, nights.run, files)
    assert known == {(sha256("A"), ""): accepted, (sha256("B"), ""): rejected}


def test_a_file_neither_read_nor_known_is_a_fault_of_the_program(nights: Nights) -> None:
    with pytest.raises(LookupError, match="neither read nor known"):
        nights.take_all(nights.file("A", nights.report()), nights.file("B"))
    assert read_files(nights.store) == []


# Time


@pytest.mark.parametrize(
    ("received", "on_time"),
    [("10-15 23:59", True), ("10-16 00:00", False), ("07-01 00:00", True)],
)
def test_on_time_is_by_the_end_of_the_due_day(nights: Nights, received: str, on_time: bool) -> None:
    assert nights.take("A", nights.report(), received=received).on_time is on_time


def test_the_last_microsecond_of_the_due_day_is_on_time(nights: Nights) -> None:
    file = nights.file("A", nights.report())
    assert file.due is not None
    late = replace(file, sha256=sha256("B"), received_at=file.due + timedelta(microseconds=1))
    stored = nights.take_all(replace(file, received_at=file.due), late)
    assert [s.on_time for s in stored] == [True, False]
    assert [s.received_at for s in read_files(nights.store)] == [file.due, late.received_at]


# Receipts and the log


def test_every_file_has_its_own_receipt(nights: Nights) -> None:
    first = nights.take("A", nights.report("rejected"), path="组/季报.et")
    again = nights.take("A", path="组/季报.et")
    renamed = nights.take("A", path="季报(1).xlsx")
    head = sha256("A")[:8]
    assert [s.receipt for s in (first, again, renamed)] == [
        f"receipts/U1/季报_{head}.xlsx",
        f"receipts/U1/季报_{head}_1.txt",
        f"receipts/U1/季报(1)_{head}_2.txt",
    ]


def test_nobodys_files_have_nobodys_receipts(nights: Nights) -> None:
    file = replace(nights.file("A", nights.report("rejected", unit="../..")), owner="")
    stored = nights.take_all(file, replace(file, submission=None))
    assert [s.receipt.rpartition("/")[0] for s in stored] == ["receipts/_unidentified"] * 2
    assert [s.unit for s in stored] == ["../.."] * 2


def test_files_are_unsettled_until_they_are_settled(nights: Nights) -> None:
    stored = [nights.take("A", nights.report()), nights.take("A"), nights.take("B", unreadable())]
    assert unsettled(nights.store) == stored
    settle(nights.store, [s.id for s in stored[:2]])
    assert unsettled(nights.store) == stored[2:]
    settle(nights.store, [])
    assert unsettled(nights.store) == stored[2:]


def test_the_log_can_be_narrowed(nights: Nights) -> None:
    one = nights.take("A", nights.report())
    two = nights.take("B", nights.report(unit="U2"))
    nights.next_run()
    three = nights.take("C", nights.report(quarter="2026Q2"))
    assert read_files(nights.store) == [one, two, three]
    assert read_files(nights.store, period="2026Q3") == [one, two]
    assert read_files(nights.store, unit="U1") == [one, three]
    assert read_files(nights.store, run_id="run-2") == [three]


# What is stored


def test_issues_are_kept_as_they_were_found(nights: Nights) -> None:
    found = (issue("A-07", "warning", "M5"), issue("R-08", "info", ""), issue("A-06", "warning"))
    first = nights.take("A", nights.report("accepted_with_warnings", issues=found))
    second = nights.take("B", nights.report())
    third = nights.take("A", nights.report("accepted_with_warnings", issues=found))
    assert (first.errors, first.warnings) == (0, 2)
    ids = [first.id, second.id, third.id]
    assert read_issues(nights.store, ids) == {first.id: found, second.id: (), third.id: ()}


def test_rows_are_stored_as_they_are_added_up(nights: Nights) -> None:
    stored = nights.take("A", nights.report(costs=["12.30", "0.05"]))
    table = nights.store.tables.records["activities"]
    columns = (table.c.file_id, table.c.row, table.c.unit, table.c.period, table.c.title)
    query = select(*columns, table.c.date_start, table.c.cost, table.c.budget, table.c.places)
    with nights.store.reading() as connection:
        rows = connection.execute(query.order_by(table.c.row)).all()
    head = (stored.id, "U1", "2026Q3")
    assert rows == [
        (head[0], 5, *head[1:], "活动1", date(2026, 7, 1).isoformat(), 1230, None, None),
        (head[0], 6, *head[1:], "活动2", date(2026, 7, 2).isoformat(), 5, None, None),
    ]


def test_a_cover_is_row_0_and_knows_its_places(nights: Nights) -> None:
    nights.take("A", nights.report())
    table = nights.store.tables.records["cover"]
    query = select(table.c.row, table.c.unit, table.c.period, table.c.places)
    with nights.store.reading() as connection:
        rows = connection.execute(query.add_columns(table.c.members, table.c.nil_dues)).all()
    assert rows == [(0, "U1", "2026Q3", '{"members": 9}', 48, 1)]


@pytest.mark.parametrize("status", ["rejected", "quarantined", "closed"])
def test_nothing_of_a_refused_file_counts(nights: Nights, status: Judgement) -> None:
    nights.take("A", nights.report(status, issues=[issue("A-01", "error")]))
    with nights.store.reading() as connection:
        for table in nights.store.tables.records.values():
            assert connection.execute(select(table)).all() == []
