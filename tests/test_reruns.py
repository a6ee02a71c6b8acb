"""Reruns, the order of arrival, names and clocks change nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspaces import (
    NOW,
    SETTINGS,
    activity,
    drop,
    make_workspace,
    opened,
    plan,
    quarterly,
    records,
    run_once,
    snapshot,
)

from pipeline.periods import parse_period
from pipeline.records.taking import read_files
from pipeline.summaries.aggregate import figures

DROPPED = datetime(2026, 10, 9, 10, 0)
Numbers = dict[str, object]


@cache
def workbooks() -> Mapping[str, bytes]:
    """Return workbooks of different units and kinds, by the name they are dropped under."""
    dues = [
        {"month": f"2026-0{month}", "member_id": "M1", "name": "甲一", "due": 22.8, "paid": 20}
        for month in (7, 8, 9)
    ]
    item = {"plan_id": "P1", "item": "运动会", "category": "文体活动", "target": 1}
    months = {"month_start": "2026-07", "month_end": "2026-09"}
    mine = activity(title="拔河", cost=80.35, fund="会费", plan_id="P1")
    return {
        "甲.xlsx": quarterly("U1", activities=[mine, activity()], dues=dues),
        "乙/季报.xlsx": quarterly("U2", activities=[activity(cost=0.1), activity(title="二")]),
        "丙.xlsx": quarterly("U3", activities=[activity(cost=0.2, result="圆满成功")]),
        "片/深/S.xlsx": quarterly("S"),
        "计划.xlsx": plan("U1", "2026", [item | months]),
        "坏.xlsx": quarterly("U9"),
    }


def numbers(root: Path) -> Numbers:
    """Return every figure of every unit."""
    workspace, period = opened(root), parse_period("2026Q3")
    assert period is not None
    with records(root) as store, store.reading() as connection:
        found = figures(
            connection, store.tables, store.forms, workspace.indicators, workspace.tree, period
        )
    return {unit: sorted(figure.numbers.items()) for unit, figure in found.items()}


def taken(root: Path) -> list[Any]:
    """Return what became of each file, whatever it was called and whenever it came."""
    with records(root) as store:
        files = read_files(store)
    return sorted((s.sha256, s.status, s.version or 0, s.on_time, s.current) for s in files)


@cache
def expected() -> Numbers:
    """Return the numbers of the workbooks dropped together under their names."""
    with TemporaryDirectory() as folder:
        root = make_workspace(Path(folder) / "ws")
        for name, content in workbooks().items():
            drop(root, name, content, DROPPED)
        run_once(root, render=False)
        return numbers(root)


def test_ten_reruns_leave_every_byte_as_it_is(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    for name, content in workbooks().items():
        drop(root, name, content, DROPPED)
    run_once(root)
    before = snapshot(root / "outputs")
    for number in range(10):
        report = run_once(root, NOW + timedelta(hours=number))
        assert not any(report.counts.values())
        assert report.outputs == ()
        assert report.mail.queued == 6
    assert snapshot(root / "outputs") == before


names = st.lists(
    st.text("报表甲乙 季aZ0-(1)_'&", min_size=1, max_size=12).map(str.strip).filter(bool),
    min_size=6,
    max_size=6,
    unique_by=str.casefold,
)


@settings(max_examples=4)
@given(names, st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_neither_names_nor_the_order_of_arrival_change_a_number(
    given_names: list[str], order: list[int], first_night: set[int]
) -> None:
    books = list(workbooks().values())
    with TemporaryDirectory() as folder:
        root = make_workspace(Path(folder) / "ws")
        for night in (0, 1):
            for minute, place in enumerate(order):
                if (place not in first_night) == night:
                    moment = DROPPED + timedelta(days=night, minutes=minute)
                    drop(root, f"{given_names[place]}.xlsx", books[place], moment)
            run_once(root, NOW + timedelta(days=night), render=False)
        assert numbers(root) == expected()


@dataclass(frozen=True)
class Clocks:
    """Two nights by the union's clock, in a zone of its own, on a machine in another; `ahead` is
    how wrong the clocks are that stamp the files."""

    nights: tuple[datetime, datetime] = (NOW, NOW + timedelta(days=1))
    zone: str = "Asia/Shanghai"
    machine: str = "Asia/Shanghai"
    ahead: timedelta = timedelta()

    def happen(self, root: Path) -> tuple[Numbers, list[Any]]:
        """Let reports come before the first night and a correction before the second."""
        first, second = self.nights
        for name, content in workbooks().items():
            self.stamp(drop(root, name, content), first - timedelta(minutes=5))
        run_once(root, first, render=False)
        correction = quarterly("U1", activities=[activity(attended=31)])
        self.stamp(drop(root, "更正.xlsx", correction), second - timedelta(minutes=5))
        run_once(root, second, render=False)
        return numbers(root), taken(root)

    def stamp(self, path: Path, at: datetime) -> None:
        """Give a file the time of the union's clock, made wrong."""
        moment = (at + self.ahead).replace(tzinfo=ZoneInfo(self.zone)).timestamp()
        os.utime(path, (moment, moment))


@pytest.fixture
def machine_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Give what sets the zone of the machine, which is put back afterwards."""
    if not hasattr(time, "tzset"):
        pytest.skip("Windows has one time zone for all programs")
    with monkeypatch.context() as patch:
        yield patch
    time.tzset()


def settled_in(zone: str) -> str:
    return f'{SETTINGS}[periods]\ndue_days = 40\n[schedule]\ntimezone = "{zone}"\n'


@cache
def as_usual() -> tuple[Numbers, list[Any]]:
    """Return what comes of two nights with every clock right."""
    with TemporaryDirectory() as folder:
        found = Clocks().happen(
            make_workspace(Path(folder) / "ws", settings=settled_in("Asia/Shanghai"))
        )
    assert len(found[1]) == 7
    return found


BERLIN = datetime(2026, 10, 25, 2, 30)  # when the hour from 2 to 3 comes twice there


@pytest.mark.parametrize(
    "clocks",
    [
        Clocks(machine="America/New_York"),
        Clocks(machine="Pacific/Kiritimati", zone="America/St_Johns"),
        Clocks((BERLIN, BERLIN - timedelta(minutes=20)), zone="Europe/Berlin"),  # the second 2:10
        Clocks((BERLIN, BERLIN.replace(fold=1)), zone="Europe/Berlin"),
        Clocks((NOW, NOW - timedelta(hours=1))),
        Clocks((NOW, NOW - timedelta(hours=1)), ahead=timedelta(days=3653)),
        Clocks(ahead=-timedelta(days=18_000)),
    ],
    ids=str,
)
def test_whatever_the_clocks_say_the_result_is_the_same(
    tmp_path: Path, machine_in: pytest.MonkeyPatch, clocks: Clocks
) -> None:
    usual = as_usual()  # before the machine is moved
    machine_in.setenv("TZ", clocks.machine)
    time.tzset()
    root = make_workspace(tmp_path / "ws", settings=settled_in(clocks.zone))
    assert clocks.happen(root) == usual


@pytest.mark.parametrize("machine", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_due_day_ends_at_midnight_of_the_unions_zone(
    tmp_path: Path, machine_in: pytest.MonkeyPatch, machine: str
) -> None:
    machine_in.setenv("TZ", machine)
    time.tzset()
    zone = SETTINGS + '[schedule]\ntimezone = "Asia/Shanghai"\n'
    root = make_workspace(tmp_path / "ws", settings=zone)
    for unit, second in (("U1", "2026-10-15T23:59:59"), ("U3", "2026-10-16T00:00:01")):
        Clocks().stamp(drop(root, f"{unit}.xlsx", quarterly(unit)), datetime.fromisoformat(second))
    run_once(root, datetime(2026, 10, 16, 2, 0), render=False)
    assert [on_time for *_, on_time, _ in taken(root)].count(True) == 1


def test_what_a_killed_run_left_half_rendered_is_gone_after_the_next(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    drop(root, "1.xlsx", quarterly(activities=[activity()]))
    run_once(root)
    half = root / "state" / "rendering" / "half.xml"
    half.parent.mkdir()
    half.write_text("<row", "utf-8")
    run_once(root)  # which has nothing to render
    assert not half.parent.exists()
