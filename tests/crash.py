"""A night of twenty files, struck at every point where it touches files, database or mail.

`python tests/crash.py --full` kills it at each point, and lets each point fail with each error; an
hour later the next run must end where the undisturbed night ended. `--every 50` takes a sample.

An error that stays on a file of the inbox may leave it there for the next night, which sends its
summary as an update. Such a night must end as one in which that file could not be opened at all.

A kill at a look is left out: nothing has changed since the point before, where it is killed too.
So is a full or read-only disk at a look, which neither hinders.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from child_runs import ChildRuns, Ended
from faults import DISK, Fault, Point
from postbox import Postbox
from twenty import AN_HOUR_LATER, EARLIER, TONIGHT, contents, drop_twenty, make_past, world

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS)
LASTING_EVERY = 7  # of a full loop's points, as many see the error stay until the night's end


@dataclass
class Stage:
    """A workspace before the night, to be struck again and again, and how the night should end."""

    folder: Path
    points: tuple[Point, ...] = ()
    undisturbed: dict[str, Any] = field(default_factory=dict)
    _endings: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Stage:
        self._runs = self._open.enter_context(ChildRuns())
        self._postbox = self._open.enter_context(Postbox())
        self._prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def root(self) -> Path:
        """The workspace."""
        return self.folder / "ws"

    def set(self) -> None:
        """Put everything back to the evening before."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.folder / "evening", self.root, symlinks=True)
        self._postbox.taken.clear()

    def run(self, *arguments: str, fault: Fault | None = None, **how: bool) -> Ended:
        """Run one command; the mail server has heard all of it when this returns."""
        ended = self._runs.run(self.root, arguments, fault, **how)
        self._postbox.settle()
        return ended

    def world(self) -> dict[str, Any]:
        """Return all that there is now."""
        return world(self.root, self._postbox.taken)

    def left_over(self) -> tuple[str, ...]:
        """Return the files of the inbox that the night just past should have taken and has not.

        The records are only looked at, so that the next night meets them as they were left.
        """
        records = self.root / "state" / "records.sqlite"
        with closing(sqlite3.connect(f"file:{records}?mode=ro", uri=True)) as connection:
            taken = {path for (path,) in connection.execute("SELECT path FROM files")}
        due = {str(row["path"]) for row in self.undisturbed["database"]["files"]}
        lying = contents(self.root / "inbox")
        return tuple(sorted(f"inbox/{path}" for path in due - taken if path in lying))

    def ending_without(self, left: tuple[str, ...]) -> dict[str, Any]:
        """Return how two nights end of which the first cannot open these files of the inbox."""
        if left and left not in self._endings:
            self.set()
            fault = Fault(0, errno.EACCES, unreadable=left)
            nights = (self.run("run", "--today", TONIGHT, fault=fault),
                      self.run("run", "--today", AN_HOUR_LATER))  # fmt: skip
            assert not any(night.status or night.stderr for night in nights), nights
            self._endings[left] = self.world()
        return self._endings[left] if left else self.undisturbed

    def _prepare(self) -> None:
        """Have the night undisturbed, once to learn it and once to see its end."""
        make_past(self.root, self._postbox.port)
        self.run("run", "--no-mail", "--today", EARLIER, learn=True)
        self.run("close", "--period", "2026Q2", "--today", EARLIER)
        drop_twenty(self.root)
        self.root.rename(self.folder / "evening")
        self.set()
        self.run("run", "--no-mail", "--today", TONIGHT, learn=True)
        self.set()
        ended = self.run("run", "--today", TONIGHT, listing=True)
        assert (ended.status, ended.stderr) == (0, ""), ended
        self.points, self.undisturbed = ended.points, self.world()


def killings(points: Sequence[Point]) -> list[Fault]:
    """Return a kill at every point where something changes."""
    return [Fault(n) for n, point in enumerate(points, 1) if point.phase != "look"]


def failures(points: Sequence[Point], error: int, *, lasting: bool = False) -> list[Fault]:
    """Return an error at every point where it can strike."""
    numbered = enumerate(points, 1)
    looks = error not in DISK
    return [
        Fault(n, error, lasting)
        for n, point in numbered
        if (looks or point.phase != "look") and not (lasting and point.kind == "mail")
    ]


def strike(stage: Stage, fault: Fault) -> list[str]:
    """Strike a night and let another follow; return what is wrong afterwards."""
    stage.set()
    dropped = _digests(stage.root / "inbox")
    ended = stage.run("run", "--today", TONIGHT, fault=fault)
    kept = {path.name for path in (stage.root / "state" / "archive").rglob("*")}
    wrong = [f"lost: {digest}" for digest in dropped - kept - _digests(stage.root / "inbox")]
    wrong += _ended_wrongly(ended, fault)
    finished = fault.lasting and ended.status < 2
    left = stage.left_over() if finished else ()
    after = stage.run("run", "--today", AN_HOUR_LATER)
    if after.status or after.stderr:
        wrong.append(f"the next run: {after.status} {after.stderr[-500:]}")
    found = stage.world()
    unsure = _unsure(found)
    if unsure:
        wrong += _resent_wrongly(stage, unsure, left, 1 if not fault.lasting else 3)
    expected = stage.ending_without(left)
    return wrong + differences(_without(unsure, expected), _without(unsure, found))


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """Return where two worlds differ, as paths."""
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = {**expected, **found}
        pairs = [(f"{path}/{key}", expected.get(key), found.get(key)) for key in keys]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [
            (f"{path}[{n}]", *pair) for n, pair in enumerate(zip(expected, found, strict=True))
        ]
    else:
        return [] if expected == found else [f"{path}: {expected!s:.80} != {found!s:.80}"]
    return [line for where, one, other in pairs for line in differences(one, other, where)]


def _digests(folder: Path) -> set[str]:
    return {hashlib.sha256(content).hexdigest() for content in contents(folder).values()}


def _ended_wrongly(ended: Ended, fault: Fault) -> list[str]:
    """Return what is wrong with how a night ended: a fault costs one line and a status."""
    if not fault.error:
        return [] if ended.status == -9 else [f"not killed: {ended}"]
    lines = ended.stderr.splitlines()
    if ended.status not in (0, 1, 2) or "Traceback" in ended.stderr:
        return [f"status {ended.status}: {ended.stderr[-700:]}"]
    most = 1  # with 0, the log itself may be what failed
    if len(lines) > most or (ended.status == 2 and not lines):
        return [f"status {ended.status}, {len(lines)} lines: {ended.stderr[-300:]}"]
    return []


def _unsure(world: dict[str, Any]) -> set[str]:
    """Return the messages that are marked as handed over without an answer."""
    rows = world["database"]["messages"]
    return {row["message_id"] for row in rows if row["state"] == "unsure"}


def _without(unsure: set[str], world: dict[str, Any]) -> dict[str, Any]:
    """Return a world without the mail that is marked."""
    rows = [row for row in world["database"]["messages"] if row["message_id"] not in unsure]
    told = world["chronicle"]["messages"]
    return {
        **world,
        "mail": {name: copies for name, copies in world["mail"].items() if name not in unsure},
        "database": {**world["database"], "messages": rows},
        "chronicle": {
            **world["chronicle"],
            "messages": {name: fact for name, fact in told.items() if name not in unsure},
        },
    }


def _resent_wrongly(stage: Stage, unsure: set[str], left: tuple[str, ...], most: int) -> list[str]:
    """Send what is marked, as the officer would; only that may have arrived twice."""
    wrong = [f"unsure: {unsure}"] if len(unsure) > most else []
    sent = stage.run("send", "--today", AN_HOUR_LATER)
    if sent.status:
        wrong.append(f"send: {sent.status} {sent.stderr[-500:]}")
    found = stage.world()
    twice = {name for name, copies in found["mail"].items() if len(copies) > 1}
    wrong += [f"sent twice: {name}" for name in twice - unsure]
    found["mail"] = {name: copies[:1] for name, copies in found["mail"].items()}
    return wrong + differences(stage.ending_without(left), found)


def _planned(points: Sequence[Point], every: int, only: int) -> list[tuple[str, Fault]]:
    """Return what is to be struck, each with the name of its loop, shuffled: a run that is broken
    off has taken a fair sample."""
    loops = {"SIGKILL": killings(points)[::every]}
    for error in ERRORS:
        name = errno.errorcode[error]
        loops[name] = failures(points, error)[::every]
        loops[f"{name} lasting"] = failures(points, error, lasting=True)[:: every * LASTING_EVERY]
    planned = [
        (name, fault)
        for name, faults in loops.items()
        for fault in faults
        if only in (0, fault.point)
    ]
    random.Random(0).shuffle(planned)
    return planned


def _strike_all(
    stages: Sequence[Stage], planned: Iterable[tuple[str, Fault]]
) -> Iterator[tuple[str, Fault, list[str]]]:
    free: SimpleQueue[Stage] = SimpleQueue()
    for stage in stages:
        free.put(stage)

    def strike_one(item: tuple[str, Fault]) -> tuple[str, Fault, list[str]]:
        stage = free.get()
        try:
            return *item, strike(stage, item[1])
        finally:
            free.put(stage)

    with ThreadPoolExecutor(len(stages)) as pool:
        yield from pool.map(strike_one, planned)


def main() -> int:
    """Strike, and print what came of it; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description="A night of twenty files, struck at every point.")
    parser.add_argument("--full", action="store_true", help="every point, not a sample")
    parser.add_argument("--every", type=int, default=50, help="strike every n-th point")
    parser.add_argument("--only", type=int, default=0, help="only this point")
    parser.add_argument("--jobs", type=int, default=2, help="nights at a time")
    asked = parser.parse_args()
    struck, wrong = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stages = [stack.enter_context(Stage(Path(folder) / str(n))) for n in range(asked.jobs)]
        points = stages[0].points
        planned = _planned(points, 1 if asked.full else asked.every, asked.only)
        print(f"{len(points)} points: {_tally(Counter(p.kind for p in points))}")
        for number, (name, fault, found) in enumerate(_strike_all(stages, planned), 1):
            struck[name] += 1
            if found:
                wrong[name] += 1
                where = points[fault.point - 1]
                print(f"{name} at {fault.point} ({where}):", *found, sep="\n    ")
            if number % 200 == 0 or number == len(planned):
                print(
                    f"{number} of {len(planned)} struck: {_tally(struck)}; wrong: {_tally(wrong)}"
                )
            sys.stdout.flush()
    return int(wrong.total() > 0)


def _tally(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items())) or "none"


if __name__ == "__main__":
    raise SystemExit(main())
