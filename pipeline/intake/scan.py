r"""What lies in the inbox: a folder in, the files that can be taken now out, oldest first.

Two clocks meet here. Whether a file has settled is asked of the machine's clock (`wall_now`),
which stamped it. When it was received is told by the product's clock (`now`), which `--today`
moves: the modification time is clamped between the last completed scan and `now`. What a scan had
to leave alone (still growing, unreadable) it has not completed: for that, the scan before holds. A
time far ahead of the machine's clock says nothing about age and holds no file up for years; growth
still shows when the file is read, and again when it is removed.

No link is followed and nothing but ordinary files is opened. Names are shown with `/` between
folders and undecodable bytes as `\xNN`; `source` keeps the real one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from pipeline.errors import ConfigError

Reason = Literal["link", "pipe", "socket", "device", "unreadable", "settling", "changed"]
T = TypeVar("T")

_SECOND = 1_000_000_000  # in nanoseconds
_EARLIEST, _LATEST = 86_400 * _SECOND, 32_000_000_000 * _SECOND  # what every system can convert
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOUNT_POINT = 0xA0000003  # reparse tag of a Windows junction, a folder to `lstat`
_HIDDEN = 2  # FILE_ATTRIBUTE_HIDDEN of Windows
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Found:
    """One file that can be taken; `path` is relative to the inbox and only to be shown."""

    path: str
    source: Path
    received_at: datetime
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """One thing left alone that the log should mention."""

    path: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Scan:
    """The outcome of looking through the inbox once."""

    found: tuple[Found, ...]
    skipped: tuple[Skipped, ...]


def scan_inbox(
    inbox: Path,
    *,
    now: datetime,
    wall_now: float,
    settle_seconds: int,
    last_scan: datetime | None = None,
    held: Mapping[str, datetime | None] | None = None,
    zone: tzinfo | None = None,
) -> Scan:
    """Return what can be taken, sorted by `received_at`, then path.

    `now` and `last_scan` are local times without a zone, of `zone` (the machine's own if None);
    `wall_now` is seconds since the epoch. `held` says what earlier scans left alone. Where `last_scan` is after `now`, `now` holds: nothing
    is received in the future. Raises ConfigError where the inbox itself cannot be listed, since a
    share that is not there must not pass for an empty one.
    """
    found: list[Found] = []
    skipped: list[Skipped] = []
    for path, entry, status in _walk(inbox):
        reason = _reason(status, wall_now, settle_seconds)
        if reason is not None:
            skipped.append(Skipped(path, reason))
        elif status is not None:
            received = _local(status.st_mtime_ns, zone)
            received = min(max(received, bound_of(path, last_scan, held or {}) or received), now)
            stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
            found.append(Found(path, Path(entry), received, *stamp))
    found.sort(key=lambda file: (file.received_at, file.path, os.fspath(file.source)))
    skipped.sort(key=lambda item: item.path)
    return Scan(tuple(found), tuple(skipped))


def bound_of(
    path: str, last_scan: datetime | None, held: Mapping[str, datetime | None]
) -> datetime | None:
    """Return the last scan that was complete as to this path: not one that left it alone, or a
    folder above it. `held` maps what was left alone to the scan that was the last one then."""
    if held:
        for place in (path, *map(str, PurePosixPath(path).parents)):
            if place in held:
                return held[place]
    return last_scan


def ask_twice(ask: Callable[[], T]) -> T:
    """Return what a share answers, asked again where it fails once: shares hiccup, and a file that
    is passed over is taken after others that came later. Raises the second OSError."""
    try:
        return ask()
    except FileNotFoundError:
        raise
    except OSError:
        return ask()


def is_unchanged(found: Found, status: os.stat_result) -> bool:
    """Tell whether `status` is still that of the file found: same inode, size and time."""
    stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
    return stat.S_ISREG(status.st_mode) and stamp == (found.size, found.mtime_ns, found.inode)


def display_path(path: str) -> str:
    r"""Return a path as it is shown and stored: what is no text as `\xNN`.

    >>> print(display_path("季报\udcff.xlsx"))
    季报\xff.xlsx
    """
    return _SURROGATE.sub(lambda found: _escape(ord(found[0])), path)


def _escape(code: int) -> str:
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _walk(inbox: Path) -> Iterator[tuple[str, str, os.stat_result | None]]:
    """Yield shown path, real path and status of all that is not ignored; None if unreadable."""
    try:
        folders = [("", ask_twice(partial(_names, os.fspath(inbox))))]
    except OSError as error:
        raise ConfigError(
            f"{inbox}: 打不开收件文件夹 (cannot open the inbox): {error.strerror}。"
            "请检查它是否存在、共享盘是否连上。"
        ) from None
    while folders:
        above, names = folders.pop()
        for name, source in names:
            path = above + display_path(name)
            try:
                status = ask_twice(partial(os.lstat, source))
                if not _is_folder(status):
                    if not _is_ignored(name):
                        yield path, source, status
                elif not _is_hidden(name, status):
                    folders.append((f"{path}/", ask_twice(partial(_names, source))))
            except FileNotFoundError:
                continue
            except OSError:
                yield path, source, None


def _names(folder: str) -> list[tuple[str, str]]:
    with os.scandir(folder) as entries:
        return [(entry.name, entry.path) for entry in entries]


def _is_folder(status: os.stat_result) -> bool:
    return stat.S_ISDIR(status.st_mode) and not _is_junction(status)


def _is_junction(status: os.stat_result) -> bool:
    return getattr(status, "st_reparse_tag", 0) == _MOUNT_POINT


def _is_ignored(name: str) -> bool:
    folded = name.casefold()
    return (
        folded.startswith(("~$", "."))
        or folded.endswith(".tmp")
        or folded in ("thumbs.db", "desktop.ini", "__macosx")
    )


def _is_hidden(name: str, status: os.stat_result) -> bool:
    attributes = getattr(status, "st_file_attributes", 0)
    return name.startswith(".") or name.casefold() == "__macosx" or bool(attributes & _HIDDEN)


def _reason(status: os.stat_result | None, wall_now: float, settle_seconds: int) -> Reason | None:
    if status is None:
        return "unreadable"
    if stat.S_ISLNK(status.st_mode) or _is_junction(status):
        return "link"
    if stat.S_ISFIFO(status.st_mode):
        return "pipe"
    if stat.S_ISSOCK(status.st_mode):
        return "socket"
    if not stat.S_ISREG(status.st_mode):
        return "device"
    age = wall_now - status.st_mtime_ns / _SECOND
    return "settling" if abs(age) < settle_seconds else None


def _local(mtime_ns: int, zone: tzinfo | None) -> datetime:
    within = min(max(mtime_ns, _EARLIEST), _LATEST)
    moment = _EPOCH + timedelta(microseconds=within // 1000)
    return moment.astimezone(zone).replace(tzinfo=None)
