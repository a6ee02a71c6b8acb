"""Writers and runs in each other's way, a sample of `writers.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from workspaces import NOW, activity, drop, make_workspace, opened, quarterly
from writers import plans, take_while_written

from pipeline.nightly import Options, run

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there a file held open cannot be renamed or deleted"
)


def test_every_file_that_ends_complete_is_taken_once_and_none_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.collect.judge_files", None)  # put back afterwards
    found = take_while_written(tmp_path, writers=20, files=120)
    assert found.wrong == []
    assert found.taken > 80
    assert found.runs > 3


def test_the_plans_hold_every_step() -> None:
    steps = {step for plan in plans(120, 1) for step in plan.steps}
    assert len(steps) == 6


def test_of_two_runs_at_once_one_works_and_the_other_says_so_at_once(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    drop(root, "1.xlsx", quarterly(activities=[activity()]))
    others = []

    def meanwhile(done: int, _files: int) -> None:
        if not done:
            command = [sys.executable, "-m", "pipeline", "--workspace", str(root), "run", "--json"]
            others.append(subprocess.run(command, capture_output=True, text=True))

    report = run(opened(root), NOW, Options(), meanwhile)
    assert report.counts["accepted"] == 1
    (other,) = others
    assert (other.returncode, other.stdout) == (3, "")
    (line,) = other.stderr.splitlines()
    assert "another run holds the workspace" in line
