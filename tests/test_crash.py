"""A sample of the full loops of `crash.py`, and that its shim strikes."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Sequence

import pytest
from crash import Stage, differences, failures, killings, strike
from faults import Fault, Point
from twenty import AN_HOUR_LATER, TONIGHT

pytestmark = [
    pytest.mark.sqlite_file,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no SIGKILL"),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def sample(faults: Sequence[Fault], size: int, part: float = 0.5) -> Sequence[Fault]:
    """Return faults spread over the night, each at this part of its stretch."""
    stretch = len(faults) // size
    return faults[int(stretch * part) :: stretch][:size]


def wrong_after(stage: Stage, faults: Sequence[Fault]) -> dict[str, list[str]]:
    """Return what is wrong after each fault, by where it struck."""
    found = {f"{fault} {stage.points[fault.point - 1]}": strike(stage, fault) for fault in faults}
    return {where: wrong for where, wrong in found.items() if wrong}


def test_a_night_killed_anywhere_is_made_good_by_the_next(stage: Stage) -> None:
    assert wrong_after(stage, sample(killings(stage.points), 4)) == {}


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
def test_an_error_anywhere_costs_a_line_and_no_file(stage: Stage, lasting: bool) -> None:
    faults = [
        *sample(failures(stage.points, errno.EIO, lasting=lasting), 1, 0.2),
        *sample(failures(stage.points, errno.ENOSPC, lasting=lasting), 1, 0.5 + 0.2 * lasting),
        *sample(failures(stage.points, errno.EACCES if lasting else errno.EROFS), 1, 0.8),
    ]
    assert wrong_after(stage, faults) == {}


def test_a_file_that_stays_unreadable_is_taken_by_the_next_night(stage: Stage) -> None:
    opened = Point("file", "look", "open inbox/甲/旧.xlsx")
    fault = Fault(stage.points.index(opened) + 1, errno.EACCES, lasting=True)
    stage.set()
    assert stage.run("run", "--today", TONIGHT, fault=fault).status == 0
    assert "inbox/甲/旧.xlsx" in stage.left_over()
    assert strike(stage, fault) == []


def test_a_message_whose_end_was_said_is_marked_and_not_sent_again(stage: Stage) -> None:
    end = Point("mail", "after", r"send b'.\r\n'")
    stage.set()
    stage.run("run", "--today", TONIGHT, fault=Fault(stage.points.index(end) + 1))
    stage.run("run", "--today", AN_HOUR_LATER)
    states = [row["state"] for row in stage.world()["database"]["messages"]]
    assert states.count("unsure") == 1
    assert all(len(copies) == 1 for copies in stage.world()["mail"].values())


def test_the_night_has_all_that_a_night_can_bring(stage: Stage) -> None:
    rows = stage.undisturbed["database"]["files"]
    tonight = [row for row in rows if row["id"] > 3]
    assert len(tonight) == 20
    assert {row["status"] for row in tonight} == {
        *("accepted", "accepted_with_warnings", "rejected"),
        *("duplicate", "quarantined", "closed"),
    }
    assert {row["on_time"] for row in tonight if row["status"] == "accepted"} == {0, 1}
    assert len(stage.undisturbed["mail"]) > 5
    assert {point.kind for point in stage.points} == {"file", "database", "mail"}


def test_two_worlds_that_differ_are_told_apart() -> None:
    one = {"mail": {"a": [b"1"]}, "inbox": ["x"]}
    assert differences(one, {"mail": {"a": [b"1"]}, "inbox": ["x"]}) == []
    assert differences(one, {"mail": {"a": [b"1", b"1"]}, "inbox": []}) == [
        "/mail/a: [b'1'] != [b'1', b'1']",
        "/inbox: ['x'] != []",
    ]
