"""Files written so that a reader, or a crash, never meets half of one."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def write_file(path: Path, content: bytes) -> bool:
    """Write a file durably under its own name, all or nothing; False where it is so already.

    A file with the same content is not touched, so that its time still tells when it changed.
    """
    if has_content(path, content):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:40]}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return True


def has_content(path: Path, content: bytes) -> bool:
    """Tell whether the file is there with exactly this content."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with path.open("r+b") as file:  # Windows flushes only what is open for writing
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if sys.platform != "win32":  # where a rename is durable by itself
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
