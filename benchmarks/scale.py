"""The whole run at growing sizes: cost per workbook, and memory of all its processes together.

    python benchmarks/corpus.py DIR --count 8000
    python benchmarks/scale.py DIR 500 2000 8000 [--summaries all]

Each size is a new workspace and a process of its own. CPU seconds are those of the run and its
workers; memory is the largest sum of what all of them hold at one moment (`Pss`, looked at ten
times a second from outside; Linux only).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 0.1


def main() -> None:
    """Run each size in its own process, or one size in this one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--summaries", choices=("root", "all"), default="root")
    parser.add_argument("--one", action="store_true", help="this size here, as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.folder, given.sizes[0], given.workers, given.summaries)))
        return
    print("| workbooks | ms a workbook | CPU ms a workbook | drawing, s | memory, MB |")
    print("|---|---|---|---|---|")
    with kept() as env:
        for size in given.sizes:
            command = [sys.executable, __file__, str(given.folder), str(size), "--one"]
            command += ["--workers", str(given.workers), "--summaries", given.summaries]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
                memory = _peak(process)
                said = process.communicate()[0]
            wall, cpu, drawing = json.loads(said.splitlines()[-1])
            print(f"| {size} | {wall:.2f} | {cpu:.2f} | {drawing:.1f} | {memory:.0f} |", flush=True)


def measure(folder: Path, size: int, workers: int, summaries: str) -> tuple[float, float, float]:
    """Return milliseconds and CPU milliseconds a workbook of one run, and how many seconds of it
    were spent on its outputs."""
    import corpus  # not above: worker processes import this module too

    from pipeline import nightly
    from pipeline.workspace import open_workspace

    files = sorted((folder / "files").glob("*.xlsx"))[:size]
    if len(files) < size:
        raise SystemExit(f"{folder} has only {len(files)} workbooks")
    root = corpus.make_workspace(
        Path(tempfile.mkdtemp()) / "w", files, workers=workers, summaries=summaries
    )
    workspace = open_workspace(root)
    os.sync()
    begun: list[float] = []
    render = nightly._render

    def watched(*asked: Any) -> Any:
        begun.append(time.perf_counter())
        return render(*asked)

    nightly._render = watched
    start, cpu = time.perf_counter(), _cpu()
    nightly.run(workspace, corpus.NOW, nightly.Options(), lambda *_: None)
    end = time.perf_counter()
    return (end - start) / size * 1000, (_cpu() - cpu) / size * 1000, end - begun[0]


@contextmanager
def kept() -> Iterator[dict[str, str]]:
    """Give the environment of processes whose temporary folders stay until the last has ended.

    ext4 looks past every file deleted within the last minutes where it makes a new one, so what
    one run tidies up would be paid for by the next.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield {**os.environ, "TMPDIR": folder}


def _peak(process: subprocess.Popen[str]) -> float:
    """Return the most megabytes that a process and all below it held at once until it ended."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_memory, _tree(process.pid))))
        time.sleep(_LOOK_SECONDS)
    return peak / 2**20


def _tree(process: int) -> Iterator[int]:
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # it has just ended
            for child in children.read_text().split():
                yield from _tree(int(child))


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
