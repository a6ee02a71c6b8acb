"""The whole run at growing sizes: cost per workbook, and memory of all its processes together.

    python benchmarks/corpus.py DIR --count 8000
    python benchmarks/scale.py DIR 500 2000 8000

Each size is a new workspace and a process of its own. CPU seconds are those of the run and its
workers; memory is the largest sum of what all of them hold at one moment (`Pss`, looked at ten
times a second; Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

_LOOK_SECONDS = 0.1


def main() -> None:
    """Run each size in its own process, or one size in this one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--one", action="store_true", help="this size here, as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.folder, given.sizes[0], given.workers)))
        return
    print("| workbooks | ms a workbook | CPU ms a workbook | memory, MB |\n|---|---|---|---|")
    for size in given.sizes:
        command = [sys.executable, __file__, str(given.folder), str(size), "--one"]
        command += ["--workers", str(given.workers)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        wall, cpu, memory = json.loads(done.stdout.splitlines()[-1])
        print(f"| {size} | {wall:.2f} | {cpu:.2f} | {memory:.0f} |", flush=True)


def measure(folder: Path, size: int, workers: int) -> tuple[float, float, float]:
    """Return milliseconds and CPU milliseconds a workbook, and megabytes, of one run."""
    import corpus  # not above: worker processes import this module too

    from pipeline.nightly import Options, run
    from pipeline.workspace import open_workspace

    files = sorted((folder / "files").glob("*.xlsx"))[:size]
    if len(files) < size:
        raise SystemExit(f"{folder} has only {len(files)} workbooks")
    with tempfile.TemporaryDirectory() as where:
        workspace = open_workspace(corpus.make_workspace(Path(where) / "w", files, workers=workers))
        os.sync()
        with _MemoryWatch() as memory:
            start, cpu = time.perf_counter(), _cpu()
            run(workspace, corpus.NOW, Options(), lambda *_: None)
            wall, cpu = time.perf_counter() - start, _cpu() - cpu
    return wall / size * 1000, cpu / size * 1000, memory.peak / 2**20


class _MemoryWatch:
    """Looks at the memory of this process and its children until it is left."""

    def __init__(self) -> None:
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> _MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            self.peak = max(self.peak, sum(map(_memory, [os.getpid(), *_children()])))


def _children() -> list[int]:
    return [int(n) for n in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _memory(process: int) -> int:
    """Return the bytes a process holds, what it shares with others counted in part."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has just ended
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _cpu() -> float:
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


if __name__ == "__main__":
    main()
