"""LibreOffice at work: jobs in, what it read out. One start of the program serves many jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import ROOT, missing_part, system_part

SCRIPT = ROOT / "tests" / "office_script.py"
LIMIT = 300  # seconds for all jobs of one start


@dataclass
class Job:
    """A workbook to open, what to do in it, and the files to save it as."""

    open: Path
    do: list[list[Any]] = field(default_factory=list)
    save: Sequence[Path] = ()


def work(folder: Path, jobs: Sequence[Job]) -> list[list[Any]]:
    """Do the jobs in LibreOffice and return what each read; its profile goes into `folder`."""
    order = {
        "soffice": system_part("soffice"),
        "profile": (folder / "profile").as_uri(),
        "jobs": [
            {"open": str(job.open), "do": job.do, "save": list(map(str, job.save))} for job in jobs
        ],
    }
    done = subprocess.run(
        [_python_with_uno(), str(SCRIPT)], input=json.dumps(order).encode(),
        capture_output=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def _python_with_uno() -> str:
    """Return a Python that can talk to LibreOffice: its own, or the system's."""
    beside = Path(system_part("soffice")).resolve().parent
    for python in (str(beside / "python"), "/usr/bin/python3", "python3", sys.executable):
        try:
            subprocess.run([python, "-c", "import uno"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return missing_part("LibreOffice's Python module uno (Debian and Ubuntu: python3-uno)")
