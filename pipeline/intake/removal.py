"""Files taken out of the inbox: one that was found and is safe in the archive goes, no other.

The rule: a file gets a hidden name before it goes, so that nobody can put another in its place
between the last look and the end. One that has come by then is put back under its own name.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from itertools import count
from pathlib import Path

from pipeline.intake.scan import Found, is_unchanged


def remove_taken(found: Found) -> bool:
    """Remove a file from the inbox if it still is the one that was found.

    Returns False where it lies there because the system does not let it go (held open, no
    permission): it must be tried again. True where it is gone or another file has taken its name,
    which the next scan finds.
    """
    try:
        if is_unchanged(found, os.lstat(found.source)):
            aside = _aside(found.source, found.size, found.mtime_ns)
            found.source.rename(aside)
            status = os.lstat(aside)
            if is_unchanged(found, status):
                _unlink(aside, status.st_mode)
            else:
                _put_back(aside, found.source)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def finish_removing(source: Path, size: int, mtime_ns: int, sha256: str) -> bool:
    """Finish a removal that was interrupted under the hidden name; False as `remove_taken`."""
    aside = _aside(source, size, mtime_ns)
    try:
        with aside.open("rb") as file:
            is_taken = hashlib.file_digest(file, "sha256").hexdigest() == sha256
        if is_taken:
            _unlink(aside, os.lstat(aside).st_mode)
        else:
            _put_back(aside, source)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _aside(source: Path, size: int, mtime_ns: int) -> Path:
    known = os.fsencode(source.name) + f"/{size}/{mtime_ns}".encode()
    return source.with_name(f".{hashlib.sha256(known).hexdigest()[:16]}.taken.tmp")


def _put_back(aside: Path, source: Path) -> None:
    """Give a file its name again, or the next free one like it; nothing is overwritten."""
    for number in count():
        name = f"{source.stem}({number}){source.suffix}" if number else source.name
        try:
            os.link(aside, source.with_name(name))
        except FileExistsError:
            continue
        except OSError:  # a share without hard links
            if source.with_name(name).exists():
                continue
            aside.rename(source.with_name(name))
            return
        aside.unlink()
        return


def _unlink(path: Path, mode: int) -> None:
    try:
        path.unlink()
    except PermissionError:
        if sys.platform != "win32":
            raise
        path.chmod(mode | stat.S_IWRITE)  # Windows does not delete a read-only file
        path.unlink()
