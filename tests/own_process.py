"""Scripts run in a process of their own, which has no threads, unlike that of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def here() -> Mapping[str, str]:
    """Return the environment in which a process imports what this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def lines_of(script: str, folder: Path, *asked: str) -> list[str]:
    """Run a script, which is to end well and complain of nothing, and return what it prints."""
    path = folder / "script.py"  # a file, since what it starts afresh must be able to import it
    path.write_text(script, "utf-8")
    command = [sys.executable, str(path), *asked]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=here())
    assert not done.stderr
    return done.stdout.splitlines()
