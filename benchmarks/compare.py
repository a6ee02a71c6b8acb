"""The product and its peers over the same workbooks, in turns, so that ratios are fair.

    python benchmarks/corpus.py DIR --count 2001
    python benchmarks/compare.py DIR [--count 2000] [--rounds 5] [--frictionless PYTHON]

Every contestant is a process of its own. A round runs them all one after the other; the table gives
the median seconds and CPU seconds (its own processes, all of them) a workbook, and the ratios are
medians of the ratios within a round. Slow peers get the first `--sample` workbooks only.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from scale import kept

Times = dict[str, tuple[int, float, float]]  # what -> workbooks, seconds, CPU seconds

# Numerator, denominator, and the limit that their ratio is to keep.
RATIOS = (
    ("whole run", "bare calamine", "≤", 2.5),
    ("pandas + openpyxl", "whole run", "≥", 15.0),
    ("pandas + calamine", "whole run", "≥", 4.0),
    ("frictionless", "read and judge", "≥", 75.0),
    ("openpyxl load and save", "receipt", "≥", 10.0),
    ("rerun", "whole run", "≤", 0.1),
)


@dataclass(frozen=True)
class Asked:
    """What to compare."""

    files: list[Path]
    extra: Path
    sample: int
    workers: int
    frictionless: str


def main() -> None:
    """Run one contestant, or all of them in rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--frictionless", default="", help="a Python that has it")
    parser.add_argument("--one", choices=sorted(CONTESTANTS), help="this contestant alone, as JSON")
    given = parser.parse_args()
    *files, extra = sorted((given.folder / "files").glob("*.xlsx"))[: given.count + 1]
    asked = Asked(files, extra, given.sample, given.workers, given.frictionless)
    if given.one:
        print(json.dumps(CONTESTANTS[given.one](asked)))
        return
    with kept() as env:
        rounds = [_play_round(asked, env) for _ in range(given.rounds)]
    _print_table(rounds)


def _play_round(asked: Asked, env: Mapping[str, str]) -> Times:
    found: Times = {}
    for name in CONTESTANTS:
        if name == "frictionless" and not asked.frictionless:
            continue
        command = [sys.executable, __file__, *sys.argv[1:], "--one", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
        found |= json.loads(done.stdout.splitlines()[-1])
        print(f"{name}: {done.stdout.splitlines()[-1]}", file=sys.stderr)
    return found


def _print_table(rounds: Sequence[Times]) -> None:
    print("| | ms a workbook | CPU ms a workbook |\n|---|---|---|")
    for what in rounds[0]:
        wall, cpu = (median(r[what][n] / r[what][0] * 1000 for r in rounds) for n in (1, 2))
        print(f"| {what} | {wall:.2f} | {cpu:.2f} |")
    print("\n| ratio | time | CPU | CPU, least to most | wanted |\n|---|---|---|---|---|")
    for above, below, sign, limit in RATIOS:
        if above in rounds[0]:
            wall, cpu = ([_ratio(r, above, below, n) for r in rounds] for n in (1, 2))
            spread = f"{min(cpu):.2f} to {max(cpu):.2f}"
            middle = f"{median(wall):.2f} | {median(cpu):.2f}"
            print(f"| {above} / {below} | {middle} | {spread} | {sign} {limit:g} |")


def _ratio(times: Times, above: str, below: str, which: int) -> float:
    one, other = times[above], times[below]
    return (one[which] / one[0]) / (other[which] / other[0])


@contextmanager
def _timed(times: Times, what: str, count: int) -> Iterator[None]:
    start, cpu = time.perf_counter(), _cpu()
    yield
    times[what] = (count, time.perf_counter() - start, _cpu() - cpu)


def _cpu() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    own, ended = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def play_run(asked: Asked) -> Times:
    """The whole job over new workbooks, again on unchanged input, then with one workbook more."""
    import corpus  # not above: worker processes import this module too

    from pipeline.nightly import Options, run
    from pipeline.workspace import open_workspace

    times: Times = {}
    root = corpus.make_workspace(
        Path(tempfile.mkdtemp()) / "w", [*asked.files, asked.extra], workers=asked.workers
    )
    (root / "inbox" / asked.extra.name).unlink()
    os.sync()
    for hour, what in enumerate(("whole run", "rerun", "one new workbook")):
        if what == "one new workbook":
            corpus.drop(root, asked.extra)
        count = 1 if what == "one new workbook" else len(asked.files)
        with _timed(times, what, count):
            workspace = open_workspace(root)
            run(workspace, corpus.NOW + timedelta(hours=hour), Options(), lambda *_: None)
    return times


def play_calamine(asked: Asked) -> Times:
    """Nothing but python-calamine over every sheet, in as many processes as the run has."""
    batches = [asked.files[n : n + 50] for n in range(0, len(asked.files), 50)]
    times: Times = {}
    context = multiprocessing.get_context("spawn")
    with (
        _timed(times, "bare calamine", len(asked.files)),
        ProcessPoolExecutor(asked.workers, context) as pool,
    ):
        list(pool.map(_parse, batches))
    return times


def _parse(paths: Sequence[Path]) -> int:
    from python_calamine import CalamineWorkbook

    rows = 0
    for path in paths:
        book = CalamineWorkbook.from_path(path)
        rows += sum(
            len(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in book.sheet_names
        )
    return rows


def play_pandas_openpyxl(asked: Asked) -> Times:
    """The pandas script with openpyxl."""
    return _play_pandas(asked, "openpyxl")


def play_pandas_calamine(asked: Asked) -> Times:
    """The pandas script with calamine."""
    return _play_pandas(asked, "calamine")


def _play_pandas(asked: Asked, engine: str) -> Times:
    from pandas_script import add_up

    times: Times = {}
    add_up(asked.files[:4], engine)  # what is imported late
    with _timed(times, f"pandas + {engine}", asked.sample):
        add_up(asked.files[: asked.sample], engine)
    return times


def play_frictionless(asked: Asked) -> Times:
    """Frictionless, in a Python of its own."""
    from pandas_script import header_row

    script = Path(__file__).with_name("frictionless_script.py")
    header = header_row(asked.files[0], "calamine") + 1
    command = [asked.frictionless, str(script), str(asked.files[0].parent)]
    command += ["--limit", "50", "--header", str(header)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    count, _, wall, cpu = done.stdout.split()
    return {"frictionless": (int(count), float(wall), float(cpu))}


def play_judge(asked: Asked) -> Times:
    """Reading and judging on one core, then the receipts of the bad ones, ours and openpyxl's."""
    import corpus

    from pipeline.books.read import read_book
    from pipeline.brief import brief_of
    from pipeline.intake.judge import Setup, judge_book
    from pipeline.receipts.verdict import Verdict
    from pipeline.receipts.write import write_receipt
    from pipeline.workspace import open_workspace

    times: Times = {}
    contents = [path.read_bytes() for path in asked.files[: asked.sample * 2]]
    folder = Path(tempfile.mkdtemp())
    workspace = open_workspace(corpus.make_workspace(folder / "w", asked.files, workers=1))
    setup = Setup(workspace.forms, workspace.tree, corpus.NOW.date())
    limits = brief_of(workspace, corpus.NOW.date()).limits
    judge_book(read_book(contents[0], limits), setup)
    with _timed(times, "read and judge", len(contents)):
        judged = [
            (content, book, judge_book(book, setup))
            for content in contents
            if (book := read_book(content, limits))
        ]
    bad = [(c, b, s) for c, b, s in judged if s.status == "rejected"]
    label = workspace.forms.workbooks["quarterly"].label

    def mark() -> None:
        for content, book, found in bad:
            verdict = Verdict("a.xlsx", found.unit, "", "", label, found.status, found.issues)
            sheets = [(sheet.name, sheet.rows) for sheet in book.sheets]
            names = found.sheet_names or {}
            write_receipt(content, book.kind, verdict, sheets, names, "zh")

    with _timed(times, "receipt", len(bad)):
        mark()
    with _timed(times, "openpyxl load and save", len(bad)):
        for content, _, found in bad:
            _mark_by_openpyxl(
                content, [(i.sheet, i.cell, i.message.zh) for i in found.issues if i.cell]
            )
    return times


def _mark_by_openpyxl(content: bytes, marks: Sequence[tuple[str, str, str]]) -> bytes:
    from openpyxl import load_workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    book = load_workbook(io.BytesIO(content))
    red = PatternFill("solid", fgColor="FFC7CE")
    overview = book.create_sheet("需修改", 0)
    for sheet, address, words in marks:
        cell = book[sheet][address]
        cell.fill, cell.comment = red, Comment(words, "union-pipeline")
        overview.append([sheet, address, words])
        overview.cell(overview.max_row, 2).hyperlink = f"#'{sheet}'!{address}"
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


CONTESTANTS: dict[str, Callable[[Asked], Times]] = {
    "calamine": play_calamine,
    "run": play_run,
    "pandas-calamine": play_pandas_calamine,
    "pandas-openpyxl": play_pandas_openpyxl,
    "judge": play_judge,
    "frictionless": play_frictionless,
}


if __name__ == "__main__":
    main()
