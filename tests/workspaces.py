"""A small workspace on disk, and workbooks dropped into it as a group would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from books import COVER, PLAN_COVER, ROWS
from conftest import CONFIG
from databases import copy_database, url_of

from pipeline import collect
from pipeline.config import WorkerSettings
from pipeline.forms.load import read_forms
from pipeline.forms.workbook import write_template
from pipeline.nightly import Options, RunReport, run
from pipeline.orgunits import OrgUnit
from pipeline.periods import parse_period
from pipeline.records.store import Store, open_store
from pipeline.workers import Brief, Job, Outcome, judge_file, judge_files
from pipeline.workspace import Workspace, open_workspace

UNITS = """code,name,parent,reports,email,contact,aliases,active_from,active_to
U0,某区教育工会,,否,u0@example.com,,,,
S,城区片,U0,是,s@example.com,,,,
U1,甲小学工会,S,是,u1@example.com,甲一 1001,甲小工会,,
U2,乙中学工会,S,是,,乙二 1002,,,
U3,丙小学工会,U0,是,u3@example.com,丙三 1003,,,
"""
SETTINGS = """[union]
name = "某区教育工会"
[intake]
settle_seconds = 0
[workers]
count = 1
"""
NARRATED = SETTINGS + '[narrative]\nlength = "standard"\n'
"""With the narratives that are left out elsewhere: they cost as much as the rest of a night."""
NOW = datetime(2026, 10, 10, 2, 0)
_FORMS = read_forms(CONFIG)
_WRITTEN: dict[str, bytes] = {}


def make_workspace(folder: Path, units: str = UNITS, settings: str = SETTINGS) -> Path:
    """Return a new workspace with the shipped forms and a small tree, without narratives unless
    the settings ask for them."""
    shutil.copytree(CONFIG, folder / "config")
    (folder / "config" / "orgunits.csv").write_text(units, encoding="utf-8")
    write_settings(folder, settings)
    (folder / "inbox").mkdir()
    return folder


def write_settings(folder: Path, settings: str) -> None:
    """Have a workspace work by these settings, on the database that the tests run on."""
    url = "" if "[database]" in settings else url_of(folder / "state")
    database = f'[database]\nurl = "{url}"\n' if url else ""
    narrative = "" if "[narrative]" in settings else '[narrative]\nlength = "none"\n'
    (folder / "config" / "union.toml").write_text(settings + database + narrative, encoding="utf-8")


def copied(source: Path, target: Path) -> Path:
    """Return a copy of a workspace, with a database of its own."""
    shutil.copytree(source, target)
    if url := copy_database(source / "state", target / "state"):
        settings = target / "config" / "union.toml"
        old = opened(target).settings.database.url
        settings.write_text(settings.read_text("utf-8").replace(old, url), "utf-8")
    return target


def quarterly(
    unit: str = "U1",
    period: str = "2026Q3",
    cover: Mapping[str, Any] | None = None,
    **ledgers: Sequence[Mapping[str, Any]],
) -> bytes:
    """Return a filled quarterly workbook; a ledger that is not given is ticked nil."""
    workbook = _FORMS.workbooks["quarterly"]
    names = {line.split(",")[0]: line.split(",")[1] for line in UNITS.splitlines()[1:]}
    ticks = {form.nil: True for form in workbook.ledgers if not ledgers.get(form.key)}
    values = {**COVER, "unit": unit, "unit_name": names.get(unit, unit), "period": period, **ticks}
    return _write("quarterly", unit, period, {**values, **(cover or {})}, ledgers)


def plan(unit: str, year: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a filled plan workbook."""
    names = {line.split(",")[0]: line.split(",")[1] for line in UNITS.splitlines()[1:]}
    cover = {**PLAN_COVER, "unit": unit, "unit_name": names[unit], "year": year}
    return _write("plan", unit, year, cover, {"plan": rows})


def _write(key: str, unit: str, code: str, cover: Any, ledgers: Any) -> bytes:
    asked = repr((key, unit, code, cover, ledgers))
    if asked not in _WRITTEN:
        period = parse_period(code)
        assert period is not None
        owner = OrgUnit(unit, cover["unit_name"], "", True)
        _WRITTEN[asked] = write_template(
            _FORMS.workbooks[key], owner, period, rows=5, cover=cover, records=ledgers
        )
    return _WRITTEN[asked]


def activity(**change: Any) -> dict[str, Any]:
    """Return one clean activity, changed where given."""
    return {**ROWS["activities"], **change}


def drop(workspace: Path, name: str, content: bytes, at: datetime | None = None) -> Path:
    """Put a file into the inbox, last modified `at`."""
    path = workspace / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    moment = (at or datetime(2026, 10, 9, 10, 0)).timestamp()
    os.utime(path, (moment, moment))
    return path


def opened(folder: Path) -> Workspace:
    """Return the workspace, opened."""
    return open_workspace(folder)


@contextmanager
def records(folder: Path, **options: bool) -> Iterator[Store]:
    """Give the database of a workspace, and close it."""
    workspace = opened(folder)
    url, state = workspace.settings.database.url, workspace.paths.state
    store = open_store(url, workspace.forms, state, **options)
    try:
        yield store
    finally:
        store.close()


def run_once(
    folder: Path, now: datetime = NOW, *, in_workers: bool = False, **options: Any
) -> RunReport:
    """Do the nightly job once.

    Files are judged in this process, since to start a worker takes longer than all the rest of so
    small a night; `in_workers` is for tests of what the worker is there for.
    """
    with judging_here() if not in_workers else nullcontext():
        return run(open_workspace(folder), now, Options(**options), lambda _done, _all: None)


@contextmanager
def judging_here() -> Iterator[None]:
    """Have files judged in this process, but where a test judges them in its own way."""
    if collect.judge_files is not judge_files:
        yield
        return
    with patch.object(collect, "judge_files", _judge_here):
        yield


def _judge_here(jobs: Iterable[Job], brief: Brief, _crew: WorkerSettings) -> Iterator[Outcome]:
    return (judge_file(job, brief) for job in jobs)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
