"""However a worker ends, that costs one file and is told by name."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from multiprocessing.connection import wait
from pathlib import Path

import pytest
from generated_books import with_unit
from mishaps import fall_over, name_of, refuse_to_work
from own_process import lines_of
from workspaces import activity, drop, make_workspace, quarterly, run_once

from pipeline import sandbox, workers
from pipeline.books.refusals import CATALOGUE
from pipeline.errors import SystemFault
from pipeline.sandbox import Bounds, Ending, run_sandboxed

ROOMY = Bounds(seconds=30)
# A worker maps some 50 MB to begin with; a second is the least that the system counts.
TIGHT = Bounds(seconds=1, memory=400 * 2**20)


def run(tasks: Sequence[str], bounds: Bounds = ROOMY, count: int = 1) -> list[str]:
    return list(run_sandboxed(fall_over, tasks, name_of, bounds, count))


@pytest.mark.parametrize(
    ("how", "ending", "bounds"),
    [
        ("killed", "crash", ROOMY),
        ("segmentation fault", "crash", ROOMY),
        ("abort", "crash", ROOMY),
        ("exit in C", "crash", ROOMY),
        ("exit", "crash", ROOMY),
        ("panic", "crash", ROOMY),
        ("memory", "memory", TIGHT),
        ("memory all gone", "memory", TIGHT),
        ("busy", "time", TIGHT),
        ("hung", "time", TIGHT),
    ],
)
def test_however_a_worker_ends_one_task_is_lost_and_named(
    how: str, ending: Ending, bounds: Bounds
) -> None:
    found = run(["a", how, "b"], bounds)
    assert found == ["a: done", f"{how}: lost ({ending})", "b: done"]


COPIES = """
import sys, threading
from multiprocessing import current_process
from mishaps import fall_over, name_of
from pipeline.sandbox import Bounds, run_sandboxed

def work(task):
    return f"{fall_over(task)} in {type(current_process()).__name__}"

if __name__ == "__main__":
    if sys.argv[2:]:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    bounds = Bounds(seconds=1, memory=400 * 2**20)
    print(*run_sandboxed(work, ["a", sys.argv[1]], name_of, bounds, 1, fork=True), sep="\\n")
"""


def begun_as_copies(tmp_path: Path, *asked: str) -> list[str]:
    """Run two tasks in copies of a process that has no threads, unlike this one."""
    return lines_of(COPIES, tmp_path, *asked)


def test_little_work_is_done_by_a_copy_of_this_process(tmp_path: Path) -> None:
    """But not where it has threads: what another one held would be held for ever."""
    kind = "Fork" if sys.platform == "linux" else "Spawn"
    done = [f"a: done in {kind}Process", f"b: done in {kind}Process"]
    assert begun_as_copies(tmp_path, "b") == done
    spawned = [line.replace(kind, "Spawn") for line in done]
    assert begun_as_copies(tmp_path, "b", "with a thread") == spawned


@pytest.mark.parametrize(
    ("how", "ending"),
    [("killed", "crash"), ("panic", "crash"), ("memory", "memory"), ("busy", "time")],
)
def test_a_copy_of_this_process_has_the_same_bounds(
    tmp_path: Path, how: str, ending: Ending
) -> None:
    first, second = begun_as_copies(tmp_path, how)
    assert first.startswith("a: done")
    assert second == f"{how}: lost ({ending})"


def test_every_other_task_of_many_batches_is_done_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "BATCH", 3)
    tasks = [str(number) for number in range(30)]
    tasks[7] = tasks[8] = "killed"
    tasks[29] = "abort"
    expected = [
        name_of(task, "crash") if not task.isdecimal() else f"{task}: done" for task in tasks
    ]
    assert run(tasks, count=2) == expected


def test_a_worker_that_dies_between_two_batches_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the memory killer of a system does it: while results are being taken away."""
    monkeypatch.setattr(sandbox, "BATCH", 1)
    tasks = [str(number) for number in range(12)]
    found = []
    for result in run_sandboxed(fall_over, tasks, name_of, ROOMY, 1):
        if len(found) == 3:
            kill_children()
        found.append(result)
    assert found == [f"{task}: done" for task in tasks]


def kill_children() -> None:
    """Kill the worker processes of this process, and wait until they are gone."""
    for child in multiprocessing.active_children():
        child.kill()
        child.join()


def test_no_worker_outlives_its_tasks() -> None:
    begun = run_sandboxed(fall_over, [str(n) for n in range(80)], name_of, ROOMY, 2)
    assert isinstance(begun, Generator)
    next(begun)
    workers = multiprocessing.active_children()
    begun.close()
    # Not whether they are listed: one that another thread has just buried still is, for a moment.
    assert len(wait([worker.sentinel for worker in workers], timeout=0)) == len(workers) == 2


def test_a_fault_of_the_system_is_not_put_down_to_a_file() -> None:
    with pytest.raises(PermissionError):
        list(run_sandboxed(refuse_to_work, ["a"], name_of, ROOMY, 1))


def test_where_no_process_starts_no_file_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_confine", os.abort)
    with pytest.raises(SystemFault):
        run(["a", "b"])


def test_processor_time_is_counted_for_each_file_anew() -> None:
    begun = time.process_time()
    assert run(["a"] * 3, Bounds(seconds=1)) == ["a: done"] * 3
    sandbox._allow_processor(20)
    soft, _ = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert begun + 20 < soft <= time.process_time() + 21


def die_on_demand(job: workers.Job, brief: workers.Brief) -> workers.Outcome:
    """Judge a file, but fall over one that is named after a way to do so."""
    fall_over(job.name.removesuffix(".xlsx"))
    return JUDGE(job, brief)


JUDGE = workers.judge_file


@pytest.mark.parametrize(
    ("name", "code"), [("abort.xlsx", "F-30"), ("memory.xlsx", "F-31"), ("busy.xlsx", "F-32")]
)
def test_a_file_that_ends_its_worker_is_quarantined_and_the_night_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    root = make_workspace(tmp_path)
    settings = root / "config" / "union.toml"
    settings.write_text(f"{settings.read_text('utf-8')}[limits]\nseconds_per_file = 1\n", "utf-8")
    monkeypatch.setattr(workers, "judge_file", die_on_demand)
    monkeypatch.setattr(workers, "Bounds", lambda seconds: Bounds(seconds, TIGHT.memory))
    drop(root, "a.xlsx", quarterly("U1", activities=[activity()]))
    drop(root, name, quarterly("U2", activities=[activity()]))
    drop(root, "z.xlsx", quarterly("U3", activities=[activity()]))
    report = run_once(root, in_workers=True)
    assert [(f.path, f.status) for f in report.files] == sorted(
        [("a.xlsx", "accepted"), (name, "quarantined"), ("z.xlsx", "accepted")]
    )
    (receipt,) = [r for r in report.receipts if "_unidentified" in r]
    assert code_of(root / receipt) == code
    assert not list((root / "inbox").iterdir())


def code_of(receipt: Path) -> str:
    """Return the code of the refusal whose title a receipt holds."""
    text = re.sub(r"\d+ 秒", "{seconds} 秒", receipt.read_text("utf-8-sig"))
    (found,) = [refusal.code for refusal in CATALOGUE if refusal.message.zh in text]
    return found


NIGHT = """
import sys
from datetime import datetime
from pathlib import Path
from pipeline.nightly import Options, run
from pipeline.workspace import open_workspace
if __name__ == "__main__":  # a worker looks at this file too
    root, now = Path(sys.argv[1]), datetime(2026, 10, 10, 2)
    done = run(open_workspace(root), now, Options(), lambda *_: None)
    counted = done.counts["accepted_with_warnings"]
    # Not getrusage: its peak is that of whoever started this process, too.
    status = Path("/proc/self/status").read_text()
    print(counted, status.split("VmHWM:")[1].split()[0])
"""


def test_the_parent_stays_small(tmp_path: Path) -> None:
    """With 60 files of 40 rows, each with a marked receipt; with 2,000 about 150 MB."""
    accepted, megabytes = night_of(tmp_path, 60, rows=40)
    assert accepted == 60
    assert megabytes < 200


def night_of(folder: Path, count: int, rows: int) -> tuple[int, int]:
    """Run a night over `count` workbooks; return how many were accepted, and the parent's MB."""
    units = [f"U{number:04}" for number in range(count)]
    tree = ["code,name,parent,reports,email,contact,aliases,active_from,active_to"]
    tree += ["ROOT,区工会,,否,,,,,", *(f"{unit},甲小学工会,ROOT,是,,,,," for unit in units)]
    root = make_workspace(folder / "night", "\n".join(tree))
    held = [activity(title=f"活动{number}") for number in range(rows)]
    held[0]["result"] = "圆满成功"  # a warning, so that each has a marked receipt
    book = quarterly("U0000", cover={"unit_name": "甲小学工会"}, activities=held)
    for unit in units:
        drop(root, f"{unit}.xlsx", with_unit(book, "U0000", unit))
    script = folder / "night.py"
    script.write_text(NIGHT, "utf-8")
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(root)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=1200, env=paths
    )
    accepted, kilobytes = map(int, done.stdout.split())
    return accepted, kilobytes // 1024
