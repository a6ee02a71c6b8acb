"""Copies of a SQLite database, made before anything changes what is in it.

In: the database's file, perhaps in use. Out: `state/backups/records-<schema>-<moment>.sqlite`,
whole and on the disk before this returns; the oldest beyond `KEPT` go. SQLite's own backup makes
the copy, since a plain copy of the file misses what is still in its write-ahead log.

To go back to one: stop `nightly`, delete `records.sqlite-wal` and `records.sqlite-shm`, copy the
backup over `records.sqlite`, and run `rebuild` for what was taken in since.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from itertools import count
from pathlib import Path

from pipeline.errors import SystemFault
from pipeline.files import sync_file, sync_folder

BACKUPS = "backups"  # the folder within `state/`
KEPT = 10

_MOMENT = "%Y%m%dT%H%M%S"


def back_up(database: Path, folder: Path, schema: int, now: datetime) -> Path:
    """Copy the database as it is committed now and return the copy."""
    folder.mkdir(exist_ok=True)
    target = _free_name(folder, f"{database.stem}-{schema}-{now.strftime(_MOMENT)}")
    temporary = target.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(temporary)) as copy:
        source.backup(copy)
    sync_file(temporary)
    temporary.replace(target)
    sync_folder(folder)
    _keep_newest(folder, database.stem)
    return target


def is_sound(database: Path) -> bool:
    """Tell whether SQLite finds nothing wrong with a database; True where there is none yet.

    Raises SystemFault where it cannot be looked at.
    """
    if not database.exists():
        return True
    try:
        with closing(sqlite3.connect(database)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
            return bool(found == ("ok",))
    except sqlite3.OperationalError as error:
        raise SystemFault(
            f"{database}: 数据库打不开 (cannot open): {error}。请检查磁盘和权限。"
        ) from None
    except sqlite3.DatabaseError:
        return False


def put_aside(database: Path, folder: Path, now: datetime) -> Path:
    """Move a damaged database out of the way, with what belongs to it; return where it is now."""
    folder.mkdir(exist_ok=True)
    target = _free_name(folder, f"{database.stem}-damaged-{now.strftime(_MOMENT)}")
    for suffix in ("-wal", "-shm", ""):  # the database last: until it is gone, it is damaged
        part = database.with_name(database.name + suffix)
        if part.exists():
            part.replace(target.with_name(target.name + suffix))
    return target


def _free_name(folder: Path, stem: str) -> Path:
    names = (f"{stem}-{number}" if number > 1 else stem for number in count(1))
    return next(path for name in names if not (path := folder / f"{name}.sqlite").exists())


def _keep_newest(folder: Path, stem: str) -> None:
    copies = sorted(folder.glob(f"{stem}-[0-9]*.sqlite"), key=_age)
    for path in copies[:-KEPT]:
        path.unlink()


def _age(path: Path) -> tuple[int, str]:
    return (path.stat().st_mtime_ns, path.name)
