"""A unit's folder takes that unit's workbooks only, and no unit is shown what is another's."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from books import small_tree
from sqlalchemy import select
from workspaces import NOW, activity, drop, make_workspace, opened, quarterly, records, run_once

from pipeline.deliver.outbox import waiting
from pipeline.intake.identity import Folders
from pipeline.nightly import RunReport
from pipeline.orgunits import OrgTree, OrgUnit, build_tree
from pipeline.queries import ask_status

SECRET = "机密活动名"
NAME, MEMBER = "丁某某", "MEM-7788"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "ws")


def of_another(**cover: Any) -> bytes:
    """Return U2's workbook, full of what only U2 may see, with one fault of its own."""
    rows = [activity(title=SECRET, attended="若干")]
    return quarterly("U2", cover={"preparer": NAME, "reviewer": MEMBER, **cover}, activities=rows)


def outcomes(report: RunReport) -> list[tuple[str, str, str]]:
    """Return path, status and the folder of the receipt, by path."""
    return sorted(
        (s.path, s.status, receipt.split("/")[2])
        for s, receipt in zip(report.files, report.receipts, strict=True)
    )


def receipts(workspace: Path) -> Iterator[tuple[str, bytes]]:
    """Yield unit and content of all receipts, workbooks part by part."""
    for path in (workspace / "outputs/receipts").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield path.parent.name, content
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(BytesIO(content)) as package:
                    yield from ((path.parent.name, package.read(n)) for n in package.namelist())


def shown_to(workspace: Path, unit: str) -> bytes:
    return b"\n".join(content for owner, content in receipts(workspace) if owner == unit)


def letters(workspace: Path) -> dict[str, bytes]:
    """Return what is queued for each unit."""
    with records(workspace, rehearse=True) as store, store.reading() as connection:
        queued = waiting(connection, store.tables.messages)
        rows = connection.execute(select(store.tables.messages)).mappings().all()
    assert len(queued) == len(rows)
    return {row["unit"]: bytes(row["content"]) for row in rows if row["kind"] == "receipt"}


def test_another_units_workbook_in_a_units_folder_is_refused(workspace: Path) -> None:
    drop(workspace, "U1/季报.xlsx", of_another())
    report = run_once(workspace)
    assert outcomes(report) == [("U1/季报.xlsx", "rejected", "U1")]
    assert report.as_json()["files"][0]["errors"] == 1  # type: ignore[index]


def test_only_the_folders_owner_hears_of_it_and_only_whose_it_is(workspace: Path) -> None:
    drop(workspace, "U1/季报.xlsx", of_another())
    run_once(workspace)
    assert {owner for owner, _ in receipts(workspace)} == {"U1"}
    assert letters(workspace).keys() == {"U1"}
    (receipt,) = (workspace / "outputs/receipts/U1").iterdir()
    assert receipt.suffix == ".txt"
    text = receipt.read_text("utf-8-sig")
    assert "“U1”" in text and "“U2”" in text
    for hidden in (SECRET, NAME, MEMBER, "若干", "乙中学", "2026Q3", "活动台账"):
        assert hidden not in text


def test_it_counts_for_nobody_and_stains_nobody(workspace: Path) -> None:
    drop(workspace, "U1/季报.xlsx", of_another())
    run_once(workspace)
    units = ask_status(opened(workspace), NOW, "2026Q3").as_json()["units"]
    assert {(u["unit"], u["state"], u["status"]) for u in units} == {  # type: ignore[attr-defined]
        ("S", "missing", None),
        ("U1", "missing", None),
        ("U2", "missing", None),
        ("U3", "missing", None),
    }


def test_the_same_bytes_are_right_in_one_folder_and_wrong_in_another(workspace: Path) -> None:
    good = quarterly("U2", activities=[activity()])
    drop(workspace, "U1/a.xlsx", good)
    drop(workspace, "U2/b.xlsx", good, datetime(2026, 10, 9, 11))
    drop(workspace, "U3/c.xlsx", good, datetime(2026, 10, 9, 12))
    drop(workspace, "共用/d.xlsx", good, datetime(2026, 10, 9, 13))
    drop(workspace, "U1/e.xlsx", good, datetime(2026, 10, 9, 14))
    assert outcomes(run_once(workspace, render=False)) == [
        ("U1/a.xlsx", "rejected", "U1"),
        ("U1/e.xlsx", "duplicate", "U1"),
        ("U2/b.xlsx", "accepted", "U2"),
        ("U3/c.xlsx", "rejected", "U3"),
        ("共用/d.xlsx", "duplicate", "U2"),
    ]
    later = NOW + timedelta(days=1)
    drop(workspace, "U1/f.xlsx", good, datetime(2026, 10, 10, 9))
    drop(workspace, "U2/g.xlsx", good, datetime(2026, 10, 10, 10))
    assert outcomes(run_once(workspace, later, render=False)) == [
        ("U1/f.xlsx", "duplicate", "U1"),
        ("U2/g.xlsx", "duplicate", "U2"),
    ]
    assert "乙中学" not in shown_to(workspace, "U1").decode("utf-8", "ignore")


def test_a_units_own_workbook_in_its_folder_is_as_ever(workspace: Path) -> None:
    drop(workspace, "U1/好.xlsx", quarterly(activities=[activity()]))
    drop(workspace, "u2/坏.xlsx", of_another())
    drop(workspace, "S/U3/深.xlsx", quarterly("U3"))
    assert outcomes(run_once(workspace, render=False)) == [
        ("S/U3/深.xlsx", "rejected", "S"),  # U3 is not below S
        ("U1/好.xlsx", "accepted", "U1"),
        ("u2/坏.xlsx", "rejected", "U2"),
    ]
    assert SECRET.encode() in shown_to(workspace, "U2")


def test_what_names_no_known_unit_goes_where_it_always_went(workspace: Path) -> None:
    drop(workspace, "U1/a.xlsx", quarterly("U9"))
    drop(workspace, "U1/b.xlsx", b"<html></html>")
    assert outcomes(run_once(workspace, render=False)) == [
        ("U1/a.xlsx", "rejected", "_unidentified"),
        ("U1/b.xlsx", "quarantined", "_unidentified"),
    ]


def test_where_cover_and_template_name_two_units_neither_is_shown_the_rows(
    workspace: Path,
) -> None:
    drop(workspace, "季报.xlsx", of_another(unit="U1"))  # made for U2, U1 on the cover
    report = run_once(workspace)
    assert outcomes(report) == [("季报.xlsx", "rejected", "U1")]
    shown = shown_to(workspace, "U1").decode("utf-8", "ignore")
    assert "“U2 2026Q3”" in shown or "“U2”" in shown
    for hidden in (SECRET, NAME, MEMBER, "若干"):
        assert hidden not in shown


def test_a_killed_run_finishes_it_the_same_way(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(workspace, "U1/季报.xlsx", of_another())
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.collect.write_receipt", lambda *_: exit("killed"))
        with pytest.raises(SystemExit):
            run_once(workspace)
    run_once(workspace, NOW + timedelta(days=1))
    assert {owner for owner, _ in receipts(workspace)} == {"U1"}
    assert SECRET not in shown_to(workspace, "U1").decode("utf-8", "ignore")


def a_tree() -> OrgTree:
    units = [("R", ""), ("S", "R"), ("T", "R"), ("S1", "S"), ("T1", "T")]
    return build_tree(OrgUnit(code, code, parent, True) for code, parent in units)


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("a.xlsx", ""),
        ("S1.xlsx", ""),
        ("S1/a.xlsx", "S1"),
        ("s1/a.xlsx", "S1"),
        ("Ｓ１/a.xlsx", "S1"),
        ("S1/老师/a.xlsx", "S1"),
        ("S/S1/a.xlsx", "S1"),
        ("S/2026/S1/a.xlsx", "S1"),
        ("S1/S/a.xlsx", "S1"),  # what lies above does not take over
        ("S1/T1/a.xlsx", "S1"),  # nor does a neighbour
        ("S/T1/a.xlsx", "S"),
        ("2026/S1/a.xlsx", ""),
        ("S1 甲小学/a.xlsx", ""),
    ],
)
def test_the_first_folder_says_whose_it_is(path: str, owner: str) -> None:
    assert Folders(a_tree()).owner(path) == owner


def test_a_code_written_exactly_goes_before_one_folded() -> None:
    tree = build_tree(
        [OrgUnit("R", "R", "", True), *(OrgUnit(c, c, "R", True) for c in ("a", "A"))]
    )
    assert [Folders(tree).owner(f"{name}/x") for name in ("a", "A")] == ["a", "A"]
    assert Folders(small_tree()).owner("U1/x") == "U1"
