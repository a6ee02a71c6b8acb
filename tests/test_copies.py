"""Work done in copies of a process comes to the same as work done in it, however a copy ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_process import here, lines_of
from workspaces import NARRATED, activity, drop, make_workspace, quarterly, run_once

from pipeline.copies import Job, do_in_copies

LINUX = sys.platform == "linux"
on_linux = pytest.mark.skipif(not LINUX, reason="copies are made on Linux alone")

SCRIPT = """
import os, signal, sys, threading, time
from pipeline.copies import do_in_copies

HERE = os.getpid()

def where():
    return b"here" if os.getpid() == HERE else b"aside"

def fail():
    raise ValueError("so it is")

def fall(how):
    if where() == b"aside":
        how()
    return b"in the end " + where()

WORK = {
    "large": lambda: where() + b"." * 10**6,
    "slow": lambda: time.sleep(0.2) or where(),
    "fails": fail,
    "killed": lambda: fall(lambda: os.kill(os.getpid(), signal.SIGKILL)),
    "exit": lambda: fall(lambda: os._exit(3)),
    "falls": lambda: fall(fail),
}

def job(what):
    return (lambda: WORK[what]) if what in WORK else (lambda: where)

if __name__ == "__main__":
    most, *asked = sys.argv[1:]
    if "with a thread" in asked:
        asked.remove("with a thread")
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    for what, done in do_in_copies([(what, job(what)) for what in asked], int(most)):
        try:
            print(what, done().strip(b".").decode(), flush=True)
        except ValueError as error:
            print(what, error, flush=True)
"""


def told(tmp_path: Path, *asked: str) -> list[str]:
    """Run jobs in copies of a process."""
    return lines_of(SCRIPT, tmp_path, *asked)


@on_linux
def test_results_come_in_order_from_copies(tmp_path: Path) -> None:
    assert told(tmp_path, "3", "slow", "a", "large", "b") == [
        *("slow aside", "a aside", "large aside", "b aside")
    ]


def test_where_one_at_a_time_is_asked_for_all_is_done_here(tmp_path: Path) -> None:
    assert told(tmp_path, "1", "a", "b") == ["a here", "b here"]


def test_a_process_with_threads_makes_no_copies(tmp_path: Path) -> None:
    """What another thread held would be held for ever."""
    assert told(tmp_path, "2", "a", "with a thread") == ["a here"]


@on_linux
@pytest.mark.parametrize("how", ["killed", "exit", "falls"])
def test_what_a_copy_does_not_deliver_is_done_here(tmp_path: Path, how: str) -> None:
    assert told(tmp_path, "2", "a", how, "b") == ["a aside", f"{how} in the end here", "b aside"]


def test_what_cannot_be_done_says_so_where_it_is_asked_for(tmp_path: Path) -> None:
    place = "aside" if LINUX else "here"
    assert told(tmp_path, "2", "fails", "a") == ["fails so it is", f"a {place}"]


def test_jobs_are_made_ready_one_after_the_other_as_they_are_needed() -> None:
    ready: list[str] = []

    def jobs() -> Iterator[tuple[str, Job]]:
        for name in "abc":
            ready.append(name)
            yield name, lambda: bytes

    begun = do_in_copies(jobs(), 1)
    assert next(begun)[0] == "a"
    assert ready == ["a"]


WATCHED = """
import sys
from pipeline.console import progress
from pipeline.copies import has_no_threads

with progress("taking in", "drawing") as (watch, watch_drawing):
    watch(1, 2)
    watch_drawing(1, 4)
    sys.exit(not has_no_threads())
"""


@on_linux
def test_a_run_that_a_person_watches_may_make_copies() -> None:
    import pty

    ours, screen = pty.openpty()
    command = [sys.executable, "-c", WATCHED]
    done = subprocess.run(command, check=False, stderr=screen)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(screen)
    assert all(part in shown for part in ("taking in", "50%", "drawing", "25%"))
    assert done.returncode == 0


ORPHAN = """
import os, sys, time
from pipeline.copies import do_in_copies

def work():
    os.write(1, b"%d\\n" % os.getpid())  # in one piece
    time.sleep(600)

if __name__ == "__main__":
    for _, done in do_in_copies([("a", lambda: work)] * 2, 2):
        done()
"""


@on_linux
@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_copies_end_with_the_process_that_made_them(tmp_path: Path, how: str) -> None:
    """They would hold on to its lock, and write where the next one tidies up."""
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN, "utf-8")
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=here()
    ) as parent:
        assert parent.stdout is not None
        try:
            copies = [int(parent.stdout.readline()) for _ in range(2)]
            assert all(map(is_alive, copies))
        finally:
            getattr(parent, how)()
    give_up = time.monotonic() + 20
    while any(map(is_alive, copies)):
        assert time.monotonic() < give_up


def is_alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


NIGHT = """
import os, sys
from pipeline import copies
from pipeline.cli import main
from pipeline.records.store import Store

HERE, begin, reading = os.getpid(), copies._work, Store.reading

def work(*given):
    print("a copy", file=sys.stderr)
    begin(*given)

def watched(store):
    if os.getpid() != HERE:
        print("the database was asked in a copy", file=sys.stderr)
    return reading(store)

copies._work, Store.reading = work, watched
sys.exit(main(sys.argv[1:]))
"""


@on_linux
def test_a_night_drawn_in_copies_comes_to_the_same(tmp_path: Path) -> None:
    outputs = []
    for count in (1, 3):
        settings = NARRATED.replace("count = 1", f"count = {count}")
        root = make_workspace(tmp_path / str(count), settings=settings)
        for unit in ("U1", "U2", "U3"):
            drop(
                root, f"{unit}.xlsx", quarterly(unit, activities=[activity(), activity(title=unit)])
            )
        run_once(root, render=False)
        command = [sys.executable, "-c", NIGHT, f"--workspace={root}", "--today=2026-10-10", "run"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=here())
        made = sorted(path for path in (root / "outputs" / "2026Q3").iterdir() if path.is_file())
        assert done.stderr.splitlines() == ["a copy"] * (len(made) if count > 1 else 0)
        assert {path.suffix for path in made} == {".xlsx", ".docx", ".html"}
        outputs.append({path.name: path.read_bytes() for path in made})
    assert outputs[0] == outputs[1]
