"""The house: imports go one way, modules stay readable, nothing works at import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import LONG_FILES, ROOT
from workspaces import NOW, activity, make_workspace, quarterly

PACKAGE = ROOT / "pipeline"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Later floors may import earlier ones, and a package its own modules; never the reverse.
FLOORS = (
    ("__init__", "texts"),
    ("errors",),
    ("issues", "safe_text", "tomltable", "periods", "orgunits", "files", "logs", "copies"),
    ("config",),
    ("forms",),
    ("books",),
    ("intake",),
    ("receipts",),
    ("sandbox",),
    ("cluster",),
    ("workers",),
    ("records",),
    ("summaries",),
    ("deliver",),
    ("workspace",),
    ("brief", "letter", "narrate", "showing"),
    ("collect", "publish", "notify", "prefill"),
    ("nightly",),
    ("ticker", "queries", "scoring", "handouts", "checking", "rebuild", "doctor"),
    ("demo",),
    ("console",),
    ("console_care", "console_score"),
    ("cli_options",),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
HEAVY = (
    "pandas",
    "openpyxl",
    "sqlalchemy",
    "xlsxwriter",
    "lxml",
    "python_calamine",
    "xlrd",
    "rich",
    "docxtpl",
    "jinja2",
)
UNNEEDED = ("urllib.request", "http.client", "ssl", "pipeline.config", "pipeline.cluster")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """Return the parts of the package that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "pipeline":
                names = [f"pipeline.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("pipeline.")}
    return found & FLOOR.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    here = part_of(path)
    for other in imported(path) - {here}:
        assert FLOOR[other] < FLOOR[here], f"{here} must not import {other}"


def test_summaries_know_nothing_of_intake() -> None:
    for path in (PACKAGE / "summaries").rglob("*.py"):
        assert not imported(path) & {"books", "intake", "receipts"}, path


@pytest.mark.parametrize("package", ["books", "intake", "receipts"])
def test_taking_in_does_not_know_the_store(package: str) -> None:
    for path in (PACKAGE / package).rglob("*.py"):
        assert "sqlalchemy" not in path.read_text("utf-8"), path


def test_every_module_has_its_floor() -> None:
    assert {part_of(path) for path in MODULES} <= FLOOR.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_every_module_says_what_it_is_and_stays_readable(path: Path) -> None:
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)) or not text.strip(), "no docstring"
    assert len(text.splitlines()) <= 400


def test_checking_a_good_file_loads_nothing_heavy(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    (tmp_path / "good.xlsx").write_bytes(quarterly("U1", activities=[activity()]))
    asked = [f"--workspace={root}", f"--today={NOW:%Y-%m-%d}", "check", str(tmp_path / "good.xlsx")]
    code = (
        f"import sys; from pipeline.cli import main; status = main({asked!r});"
        f"print(status, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "0 []", done.stderr


def test_a_worker_loads_no_more_than_it_needs() -> None:
    """Every worker of a night pays for it; what marks workbooks is loaded for the first of them."""
    code = (
        "import sys, pipeline.workers, pipeline.receipts.write;"
        f"print([m for m in {(*HEAVY, *UNNEEDED)!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "['lxml']"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pipeline.cli import main; main(['--help']);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_files_that_are_begun_first_are_there() -> None:
    assert [name for name in LONG_FILES if not (ROOT / f"tests/{name}.py").exists()] == []
