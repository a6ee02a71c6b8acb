"""Writers at work in the inbox while runs take from it: `python tests/writers.py --full`.

Each of 2,000 files has a plan: created in pieces or under another name, replaced in place or by a
rename, given another name, deleted. 200 writers in other processes carry the plans out while one
run follows the other. In the end every file that ended complete has been taken exactly once, every
other at most once, and none in part.

A file is fresh, and so left alone, until its writer is through and dates it back. Nothing here waits
for a clock: the run itself lets the writers take their next steps, with every look into the inbox
and every file that it is about to copy or remove, so that they are always in each other's way.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pipeline.records.lifecycle import Stored

Step = Literal["create", "create aside", "replace", "replace aside", "rename", "delete"]

PROCESSES = 4
_PIECES = 5
_STARTS: tuple[Step, ...] = ("create", "create aside")
_ENDS: tuple[tuple[Step, ...], ...] = (
    *((), (), ("replace",), ("replace aside",), ("rename",), ("delete",)),
    *(("rename", "replace"), ("replace", "rename"), ("replace aside", "delete")),
)


@dataclass(frozen=True)
class Plan:
    """What happens to one file, and whose it is."""

    unit: str
    steps: tuple[Step, ...]

    @property
    def versions(self) -> int:
        """How many contents the file has, one after the other."""
        return sum(step.startswith(("create", "replace")) for step in self.steps)

    @property
    def stays(self) -> bool:
        """Whether its last content is there when all is done."""
        return "delete" not in self.steps


@dataclass(frozen=True)
class Found:
    """What came of it all; `wrong` is empty where everything held."""

    runs: int
    taken: int
    again: int
    wrong: list[str]


def plans(files: int, seed: int) -> list[Plan]:
    """Return the plans of a seed."""
    rng = random.Random(seed)
    return [
        Plan(f"W{number:04}", (rng.choice(_STARTS), *rng.choice(_ENDS))) for number in range(files)
    ]


def write_all(inbox: Path, contents: Path, chosen: Sequence[Plan], writers: int) -> None:
    """Carry out plans by so many threads, a step for each byte that comes in, and say when it is
    done; what a run has taken meanwhile is no hindrance."""
    turn = threading.Lock()

    @contextmanager
    def step() -> Iterator[None]:
        with turn:
            os.read(0, 1)
        yield
        os.write(1, b".")

    def work(number: int) -> None:
        for plan in chosen[number::writers]:
            _Writer(inbox, contents, plan).write(step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def take_while_written(folder: Path, writers: int, files: int, seed: int = 1) -> Found:
    """Let writers loose on a new workspace, run until they are done, and once more."""
    from child_runs import judge_here
    from workspaces import NOW, run_once

    from pipeline import collect

    collect.judge_files = judge_here
    chosen = plans(files, seed)
    root, contents = _prepare(folder, chosen)
    command = [sys.executable, __file__, "--files", str(files), "--seed", str(seed)]
    command += ["--writers", str(max(writers // PROCESSES, 1)), "--contents", str(contents)]
    processes = [
        subprocess.Popen(
            [*command, "--inbox", str(root / "inbox"), "--part", str(part)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for part in range(PROCESSES)
    ]
    parts = [chosen[part::PROCESSES] for part in range(PROCESSES)]
    steps = _Steps(processes, [sum(len(plan.steps) for plan in part) for part in parts])
    reports = []
    with steps.given_by_the_run():
        while any(steps.left):
            now = NOW + timedelta(minutes=len(reports))
            reports.append(run_once(root, now, mail=False, render=False))
    wrong = [f"a writer ended with {p.returncode}" for p in processes if p.returncode]
    reports.append(run_once(root, NOW + timedelta(minutes=len(reports)), mail=False))
    taken = [stored for report in reports for stored in report.files]
    wrong += _wrong(root, contents, chosen, taken)
    statuses = Counter(stored.status for stored in taken)
    return Found(len(reports), len(taken) - statuses["duplicate"], statuses["duplicate"], wrong)


@dataclass
class _Steps:
    """The steps that the writers may still take, of each process."""

    processes: Sequence[subprocess.Popen[bytes]]
    left: list[int]

    @contextmanager
    def given_by_the_run(self) -> Iterator[None]:
        """Have every look and every file of a run let writers go on."""
        from pipeline import collect
        from pipeline.records import archive

        points = (
            (collect, "scan_inbox", 10),
            (archive, "_content", 1),
            (collect, "remove_taken", 1),
        )
        real = [getattr(module, name) for module, name, _ in points]
        for (module, name, steps), function in zip(points, real, strict=True):
            setattr(module, name, partial(self._first, function, steps))
        yield
        for (module, name, _), function in zip(points, real, strict=True):
            setattr(module, name, function)

    def _first(self, then: Callable[..., Any], steps: int, *given: Any, **how: Any) -> Any:
        self._give(steps)
        done = then(*given, **how)
        self._give(steps)
        return done

    def _give(self, steps: int) -> None:
        """Allow steps; wait for every second one, so that some happen just here and some meanwhile."""
        for _ in range(min(steps, sum(self.left))):
            place = self.left.index(max(self.left))
            process = self.processes[place]
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(b".")
            process.stdin.flush()
            self.left[place] -= 1
            if self.left[place] % 2:
                process.stdout.read(1)
            if not any(self.left):
                for writer in self.processes:
                    writer.communicate()


def _wrong(
    root: Path, contents: Path, chosen: Sequence[Plan], taken: Iterable[Stored]
) -> Iterator[str]:
    from workspaces import opened

    from pipeline.records.store import open_store
    from pipeline.records.taking import read_files

    names = {_digest(path): path.name for path in contents.iterdir()}
    counted, again = Counter[str](), Counter[str]()
    for stored in taken:
        if stored.sha256 not in names or stored.status not in ("accepted", "duplicate"):
            yield f"{stored.path}: {stored.status}"
        else:
            told = again if stored.status == "duplicate" else counted
            told[names[stored.sha256]] += 1
    workspace = opened(root)
    store = open_store(workspace.settings.database.url, workspace.forms, root / "state")
    current = {s.unit: names.get(s.sha256) for s in read_files(store) if s.current}
    store.close()
    for plan in chosen:
        versions = [_content(plan.unit, number + 1) for number in range(plan.versions)]
        for name in versions:
            if counted[name] > 1 or (again[name] and "rename" not in plan.steps):
                yield f"{plan}: {name} taken {counted[name]} times, again {again[name]}"
        last = versions[-1]
        if plan.stays and (counted[last] != 1 or current.get(plan.unit) != last):
            yield f"{plan}: {last} taken {counted[last]}, counts {current.get(plan.unit)}"
    yield from (f"left over: {path}" for path in (root / "inbox").rglob("*") if path.is_file())


def _prepare(folder: Path, chosen: Sequence[Plan]) -> tuple[Path, Path]:
    """Return a workspace for all units, and a folder with every version of every file."""
    from generated_books import with_unit
    from workspaces import activity, make_workspace, quarterly

    units = ["code,name,parent,reports,email,contact,aliases,active_from,active_to"]
    units += ["U0,区工会,,否,,,,,", *(f"{plan.unit},甲小学工会,U0,是,,,,," for plan in chosen)]
    settings = '[union]\nname = "区"\n[intake]\nsettle_seconds = 600\n[workers]\ncount = 1\n'
    root = make_workspace(folder / "ws", "\n".join(units), settings)
    contents = folder / "contents"
    contents.mkdir()
    cover = {"unit_name": "甲小学工会"}
    drafts = [
        quarterly("U0000", cover=cover, activities=[activity(attended=38 + version)])
        for version in (1, 2)
    ]
    for plan in chosen:
        for version in range(1, plan.versions + 1):
            book = with_unit(drafts[version - 1], "U0000", plan.unit)
            (contents / _content(plan.unit, version)).write_bytes(book)
    return root, contents


class _Writer:
    """One file's life, as a program on another machine would lead it."""

    def __init__(self, inbox: Path, contents: Path, plan: Plan) -> None:
        self._plan, self._contents = plan, contents
        self._path = inbox / f"{plan.unit}.xlsx"
        self._version = 0

    def write(self, turn: Callable[[], AbstractContextManager[None]]) -> None:
        for step in self._plan.steps:
            with turn():
                try:
                    self._do(step)
                except FileNotFoundError:  # it has been taken
                    assert step in ("rename", "delete"), step

    def _do(self, step: Step) -> None:
        if step == "rename":
            renamed = self._path.with_name(f"{self._plan.unit}(1).xlsx")
            self._path, known = renamed, self._path
            known.rename(renamed)
        elif step == "delete":
            self._path.unlink()
        else:
            self._version += 1
            content = (self._contents / _content(self._plan.unit, self._version)).read_bytes()
            if step.endswith("aside"):
                aside = self._path.with_name(f"~${self._path.name}")
                self._put(aside, content)
                aside.replace(self._path)
            else:
                self._put(self._path, content)

    def _put(self, path: Path, content: bytes) -> None:
        size = len(content) // _PIECES + 1
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(content), size):
                file.write(content[start : start + size])
                os.sched_yield()
            # An hour old, later versions later; dated by number, as its name may be gone by now.
            moment = time.time() - 3600 + self._version
            os.utime(file.fileno(), (moment, moment))


def _content(unit: str, version: int) -> str:
    return f"{unit}-{version}.xlsx"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Be the writers (`--inbox`), or let them loose and print what came of it."""
    parser = argparse.ArgumentParser(description="Writers at work in the inbox during runs.")
    parser.add_argument("--full", action="store_true", help="200 writers and 2,000 files")
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    for name in ("--inbox", "--contents"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inbox:
        chosen = plans(asked.files, asked.seed)[asked.part :: PROCESSES]
        write_all(asked.inbox, asked.contents, chosen, asked.writers)
        return 0
    writers, files = (200, 2000) if asked.full else (asked.writers, asked.files)
    with tempfile.TemporaryDirectory() as folder:
        found = take_while_written(Path(folder), writers, files, asked.seed)
    print(*found.wrong, sep="\n", end="\n" * bool(found.wrong))
    print(f"{writers} writers, {files} files, {found.runs} runs: {found.taken} taken once, "
          f"{found.again} again under another name, {len(found.wrong)} wrong")  # fmt: skip
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    raise SystemExit(main())
