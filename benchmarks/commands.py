"""Whole commands as a person waits for them, in turns: `--help`, `check` of one file, bare pandas.

    python benchmarks/commands.py DIR [--rounds 7]

DIR is a corpus. Each command is a process of its own; printed are the least and the median of its
seconds and CPU seconds, its workers included.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import corpus


def main() -> None:
    """Time the commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    file = min((given.folder / "files").glob("*.xlsx"))
    with tempfile.TemporaryDirectory() as where:
        root = corpus.make_workspace(Path(where) / "w", [file], workers=1)
        today = f"--today={corpus.NOW:%Y-%m-%d}"
        ours = [sys.executable, "-m", "pipeline", f"--workspace={root}", today]
        commands = {
            "--help": [*ours, "--help"],
            "check of one file": [*ours, "check", str(file)],
            "import pandas": [sys.executable, "-c", "import pandas"],
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(given.rounds):
            for name, command in commands.items():
                times[name].append(_time(command))
    print(
        "| command | s, least | s, median | CPU s, least | CPU s, median |\n|---|---|---|---|---|"
    )
    for name, found in times.items():
        wall, cpu = zip(*found, strict=True)
        figures = (min(wall), median(wall), min(cpu), median(cpu))
        print(f"| {name} | {' | '.join(f'{figure:.2f}' for figure in figures)} |")


def _time(command: list[str]) -> tuple[float, float]:
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=False, capture_output=True)
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user - before.children_user + after.children_system
    return wall, cpu - before.children_system


if __name__ == "__main__":
    main()
