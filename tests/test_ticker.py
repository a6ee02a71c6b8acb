"""`nightly` without waiting: what is due, what is missed, what fails, how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from workspaces import SETTINGS, drop, make_workspace, quarterly

from pipeline.errors import ConfigError, WorkspaceBusy
from pipeline.nightly import Options
from pipeline.ticker import RETRY_AFTER, Ticker, last_due

NIGHT = datetime(2026, 10, 8, 2, 0)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-10-08T02:00", "2026-10-08T02:00"),
        ("2026-10-08T01:59", "2026-10-07T02:00"),
        ("2026-10-08T23:59", "2026-10-08T02:00"),
        ("2026-01-01T00:00", "2025-12-31T02:00"),
    ],
)
def test_last_due(now: str, due: str) -> None:
    assert last_due(datetime.fromisoformat(now), time(2)) == datetime.fromisoformat(due)


@dataclass
class World:
    """A clock and a job that do as they are told."""

    now: datetime = NIGHT
    finished: datetime | None = None
    fault: BaseException | None = None
    broken: Exception | None = None
    intake_minutes: int = 10
    done: list[tuple[datetime, Options]] = field(default_factory=list)

    def ticker(self) -> Ticker:
        return Ticker(self.open_it, self.do, lambda _: self.now, lambda *_: self.finished)

    def open_it(self) -> Any:
        if self.broken:
            raise self.broken
        schedule = SimpleNamespace(nightly="02:00", intake_minutes=self.intake_minutes)
        return SimpleNamespace(settings=SimpleNamespace(schedule=schedule))

    def do(self, _workspace: object, now: datetime, options: Options) -> None:
        self.done.append((now, options))
        if self.fault:
            raise self.fault
        if options.render:
            self.finished = now


def test_one_night_is_run_once_and_intake_between() -> None:
    world = World(finished=NIGHT - timedelta(days=1))
    ticker = world.ticker()
    happened = []
    for minutes in range(0, 60, 5):
        world.now = NIGHT + timedelta(minutes=minutes)
        happened.append(ticker.tick())
    assert happened == ["night", "idle"] + ["intake", "idle"] * 5
    assert [options.render for _, options in world.done] == [True] + [False] * 5


def test_a_missed_night_is_caught_up_at_once_and_once() -> None:
    world = World(now=NIGHT + timedelta(days=3, hours=9), finished=NIGHT - timedelta(days=1))
    ticker = world.ticker()
    assert ticker.tick() == "night"
    assert ticker.tick() == "idle"


def test_without_intake_minutes_only_the_night_is_run() -> None:
    world = World(intake_minutes=0, finished=NIGHT)
    assert [world.ticker().tick() for _ in range(3)] == ["idle"] * 3


@pytest.mark.parametrize("fault", [RuntimeError("boom"), ConfigError("wrong"), OSError("full")])
def test_a_failing_job_is_outlived_and_tried_again_after_a_while(fault: Exception) -> None:
    world = World(fault=fault, intake_minutes=0)
    ticker = world.ticker()
    assert ticker.tick() == "failed"
    world.now += RETRY_AFTER - timedelta(minutes=1)
    assert ticker.tick() == "idle"
    world.now += timedelta(minutes=1)
    world.fault = None
    assert ticker.tick() == "night"


def test_a_set_up_that_broke_is_outlived() -> None:
    world = World(broken=ConfigError("union.toml"))
    ticker = world.ticker()
    assert ticker.tick() == "failed"
    world.broken = None
    assert ticker.tick() == "night"


def test_a_busy_workspace_is_left_alone() -> None:
    world = World(fault=WorkspaceBusy("busy"))
    assert world.ticker().tick() == "idle"


def test_a_clock_set_back_does_not_hold_the_night_up() -> None:
    world = World(intake_minutes=0)
    ticker = world.ticker()
    world.fault = RuntimeError()
    ticker.tick()
    world.fault = None
    world.now -= timedelta(hours=1)
    assert ticker.tick() == "night"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_it_runs_stays_up_and_stops_cleanly_on_a_signal(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws", settings=SETTINGS)
    drop(workspace, "1.xlsx", quarterly())
    command = [sys.executable, "-m", "pipeline", "nightly", "--workspace", str(workspace)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if " run " in line:
                os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert "file: 1.xlsx -> " in "".join(lines)
    assert "stopped" in lines[-1]
