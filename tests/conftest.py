"""What the tests share: the shipped configuration, and system parts that may be missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from pipeline.forms.load import read_forms
from pipeline.forms.model import Forms

# A busy machine is no fault of the code: a property is judged by its result, not by its time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config"


@pytest.fixture(scope="session")
def forms() -> Forms:
    """The shipped forms."""
    return read_forms(CONFIG)


def system_part(name: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails where none may be."""
    return shutil.which(name) or missing_part(name)


def missing_part(name: str) -> NoReturn:
    """Skip the test for want of a system part, saying so; fail where none may be missing."""
    if os.environ.get("REQUIRE_SYSTEM_PARTS"):
        pytest.fail(f"{name} is not installed, and here no test may be skipped")
    pytest.skip(f"{name} is not installed")


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
        "--all-points", action="store_true", help="the full loops over faults and writers"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shard" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--all-points")
        metafunc.parametrize("shard", range(16) if everything else [None])
