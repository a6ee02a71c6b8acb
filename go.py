#!/usr/bin/env python3
"""One door for everything: make the environment if need be, then do what was asked.

    python3 go.py demo        set up, then run the whole job on sample workbooks in ./demo
    python3 go.py test        set up, then pass all checks and tests
    python3 go.py COMMAND …   set up, then union-pipeline COMMAND …

Needs Python 3.11+ and a package registry, no administrator. Only the standard library is used
here, since nothing else is there yet. On Windows: py go.py demo.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    # What a file sets up is set up once; conftest.py says in which order the files come.
    ("pytest", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"),
)


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  whatever Python the machine has runs this file
        return complain("需要 Python 3.11 或更新的版本 (Python 3.11+ is needed)。")
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    testing = arguments[0] == "test"
    if not prepare("dev" if testing else ""):
        return 2
    if not testing:
        return call([str(PYTHON), "-m", "pipeline", *arguments], Path.cwd())
    return run_checks(arguments[1:])


def run_checks(selection: list[str]) -> int:
    """Run all checks, or pytest alone on what was named; every one runs even if one fails."""
    checks = [("pytest", *selection)] if selection else CHECKS
    statuses = [call([str(PYTHON), "-m", *check], ROOT) for check in checks]
    return max(statuses)


def prepare(extra: str) -> bool:
    """Make the environment and install what is missing; quick when nothing has changed."""
    if not PYTHON.exists() and not make_environment():
        complain(
            "建不了 Python 环境；Debian/Ubuntu 上请先安装 python3-venv"
            " (cannot make an environment; install python3-venv)。"
        )
        return False
    stamp = VENV / f"installed{'-' + extra if extra else ''}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print("正在安装（第一次需要一两分钟）… installing, the first time takes a minute or two")
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    if call([*pip(), "install", "--quiet", "--disable-pip-version-check", "-e", target], ROOT):
        complain("安装没有成功，请检查网络后重试 (installation failed; check the network)。")
        return False
    stamp.write_text(wanted)
    return True


def make_environment() -> bool:
    """Make `.venv`; without pip where the system's Python cannot put it there."""
    venv = [sys.executable, "-m", "venv", str(VENV)]
    quiet = subprocess.DEVNULL
    if subprocess.call(venv, stdout=quiet, stderr=quiet) == 0:
        return True
    return subprocess.call([*venv, "--without-pip", "--clear"], stdout=quiet, stderr=quiet) == 0


def pip() -> list[str]:
    """Return the pip to install with: the environment's own, or this Python's working on it."""
    own = [str(PYTHON), "-m", "pip"]
    if subprocess.call([*own, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    return own


def call(command: list[str], folder: Path) -> int:
    try:
        return subprocess.call(command, cwd=folder)
    except KeyboardInterrupt:
        return 130


def complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
