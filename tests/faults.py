"""Faults on demand: every operation on files, database and mail is a point at which one can strike.

`Shim.install` puts itself between the program and the system: `os`, `open`, `sqlite3` and the
socket to the mail server. What touches the workspace is counted; at the point that the `Fault`
names, the process is killed or the operation fails. A change is two points, before and after (it
was made, but an error is reported, as network shares do); a write is one more, with half of the
bytes written. Waiting for the disk is skipped: a killed process loses nothing that it has written.
What SQLite does within a commit is its own affair, and not cut into.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import socket
import sqlite3
import sqlite3.dbapi2
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

Kind = Literal["file", "database", "mail"]
Phase = Literal["look", "before", "half", "after"]

_LOOKS = ("stat", "lstat", "scandir", "listdir")
_CHANGES = ("mkdir", "rmdir", "unlink", "remove", "rename", "replace", "link", "chmod", "utime")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
DISK = (errno.ENOSPC, errno.EROFS)  # of the whole disk; these hinder changes, never a look
_SAYS = {
    errno.ENOSPC: "database or disk is full",
    errno.EIO: "disk I/O error",
    errno.EACCES: "unable to open database file",
    errno.EROFS: "attempt to write a readonly database",
}


@dataclass(frozen=True)
class Fault:
    """What strikes at which point: `error` 0 kills. With `lasting` it stays until the end: for the
    whole disk where it is full or read-only, else for all of the same kind and folder. Where files
    are named as `unreadable`, opening one of these fails each time, and nothing else."""

    point: int
    error: int = 0
    lasting: bool = False
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """One point: which kind of operation, which of its phases, and what it was about to do."""

    kind: Kind
    phase: Phase
    label: str

    @property
    def folder(self) -> str:
        """The folder at the top of the workspace, of a file."""
        return self.label.partition(" ")[2].partition("/")[0] if self.kind == "file" else ""

    def __str__(self) -> str:
        return f"{self.kind}, {self.phase} {self.label}"


@dataclass
class Shim:
    """Counts the points of a workspace and lets the fault strike at one of them."""

    root: Path
    fault: Fault | None = None
    points: list[Point] = field(default_factory=list)
    struck: Point | None = None
    _paths: dict[int, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def install(self) -> None:
        """Stand between this process and the system, for good."""
        for name in _LOOKS + _CHANGES:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        for name, wrapper in (
            ("open", self._open_number),
            ("read", self._read_number),
            ("write", self._write_number),
            ("close", self._close_number),
            ("fsync", self._sync),
            ("fstat", self._status_of),
        ):
            setattr(os, name, partial(wrapper, getattr(os, name)))
        io.open = builtins.open = partial(_open_file, self, io.open)  # type: ignore[assignment]
        sqlite3.dbapi2.connect = partial(_connect, self, sqlite3.connect)  # type: ignore[assignment]
        socket.create_connection = partial(_Line, self, socket.create_connection)  # type: ignore[assignment]

    def do(self, kind: Kind, label: str, act: Callable[[], Any], change: bool = True) -> Any:
        """Carry out an operation, unless the fault strikes first; it may strike after, too."""
        self.strike(kind, "before" if change else "look", label)
        done = act()
        if change:
            self.strike(kind, "after", label)
        return done

    def strike(
        self, kind: Kind, phase: Phase, label: str, half: Callable[[], Any] = lambda: None
    ) -> None:
        """Count a point; where the fault is due, do half of the work and die, or raise."""
        with self._lock:
            self.points.append(Point(kind, phase, label))
            number, fault = len(self.points), self.fault
            if fault is None or not self._is_due(fault, number):
                return
            self.struck = self.struck or self.points[-1]
            half()
            if not fault.error:
                os.kill(os.getpid(), signal.SIGKILL)
        raise _error(kind, fault.error, label)

    def covers(self, path: Any) -> bool:
        """Tell whether a path, or the file behind a number, is in the workspace."""
        return self._name(path) is not None

    def _is_due(self, fault: Fault, number: int) -> bool:
        if fault.unreadable:
            return self.points[-1].label in [f"open {path}" for path in fault.unreadable]
        if number <= fault.point or not fault.lasting or self.struck is None:
            return number == fault.point
        point = self.points[-1]
        if fault.error in DISK:
            return point.kind != "mail" and point.phase != "look"
        return (point.kind, point.folder) == (self.struck.kind, self.struck.folder)

    def _name(self, path: Any) -> str | None:
        if isinstance(path, int):
            return self._paths.get(path)
        try:
            text = os.fspath(path)
        except TypeError:
            return None
        text = os.fsdecode(text)
        top = str(self.root)
        return text[len(top) + 1 :] or "." if text == top or text.startswith(top + "/") else None

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(path: Any = ".", *rest: Any, **options: Any) -> Any:
            shown = self._name(path)
            if shown is None:
                return real(path, *rest, **options)
            act = partial(real, path, *rest, **options)
            return self.do("file", f"{name} {shown}", act, name in _CHANGES)

        return wrapper

    def _open_number(self, real: Any, path: Any, flags: int, *rest: Any, **options: Any) -> int:
        shown = self._name(path)
        if shown is None:
            return int(real(path, flags, *rest, **options))
        act = partial(real, path, flags, *rest, **options)
        number = int(self.do("file", f"open {shown}", act, bool(flags & _WRITING)))
        self._paths[number] = shown
        return number

    def _read_number(self, real: Any, number: int, size: int) -> Any:
        if number in self._paths:
            self.strike("file", "look", f"read {self._paths[number]}")
        return real(number, size)

    def _write_number(self, real: Any, number: int, content: Any) -> Any:
        if number not in self._paths:
            return real(number, content)
        label = f"write {self._paths[number]}"
        self.strike("file", "before", label)
        self.strike("file", "half", label, lambda: real(number, content[: len(content) // 2]))
        return real(number, content)

    def _close_number(self, real: Any, number: int) -> None:
        self._paths.pop(number, None)
        real(number)

    def _sync(self, real: Any, number: int) -> None:
        if number in self._paths:
            self.strike("file", "before", f"fsync {self._paths[number]}")
        else:
            real(number)

    def _status_of(self, real: Any, number: int) -> Any:
        if number in self._paths:
            self.strike("file", "look", f"fstat {self._paths[number]}")
        return real(number)


def _error(kind: Kind, error: int, label: str) -> Exception:
    if kind == "database":
        return sqlite3.OperationalError(_SAYS[error])
    return OSError(error, os.strerror(error), label.partition(" ")[2])


class _File(io.FileIO):
    """A file whose opening, reading and writing are points."""

    def __init__(self, shim: Shim, path: Any, mode: str) -> None:
        self._shim, self._shown = shim, shim._name(path)
        act = partial(super().__init__, path, mode)
        shim.do("file", f"open {self._shown}", act, mode != "r")
        self._number = self.fileno()
        shim._paths[self._number] = str(self._shown)

    def write(self, content: Any) -> int:
        label, content = f"write {self._shown}", bytes(content)
        self._shim.strike("file", "before", label)
        start = content[: len(content) // 2]
        self._shim.strike("file", "half", label, lambda: super(_File, self).write(start))
        return super().write(content)

    def readall(self) -> bytes:
        self._shim.strike("file", "look", f"read {self._shown}")
        return super().readall()

    def readinto(self, buffer: Any) -> int:
        self._shim.strike("file", "look", f"read {self._shown}")
        return super().readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._shim._paths.pop(self._number, None)
        super().close()


def _open_file(
    shim: Shim,
    real: Any,
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **rest: Any,
) -> Any:
    if isinstance(file, int) or not shim.covers(file):
        return real(file, mode, buffering, encoding, errors, newline, **rest)
    raw = _File(shim, file, mode.replace("b", "").replace("t", ""))
    try:
        if buffering == 0:
            return raw
        reading = "r" in mode and "+" not in mode
        wrapper = io.BufferedReader if reading else io.BufferedWriter
        buffer = io.BufferedRandom(raw) if "+" in mode else wrapper(raw)
        if "b" in mode:
            return buffer
        return io.TextIOWrapper(buffer, encoding or "utf-8", errors, newline, buffering == 1)
    except BaseException:
        raw.close()
        raise


class _Connection(sqlite3.Connection):
    """A connection whose statements and commits are points."""

    shim: Shim

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(_Cursor)

    def commit(self) -> None:
        if self.in_transaction:
            self.shim.do("database", "commit", super().commit)


class _Cursor(sqlite3.Cursor):
    connection: _Connection

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "PRAGMA synchronous = FULL":
            statement = "PRAGMA synchronous = OFF"  # see the top
        return self._do(statement, partial(super().execute, statement, *values))

    def executemany(self, statement: str, *values: Any) -> Any:
        return self._do(statement, partial(super().executemany, statement, *values))

    def _do(self, statement: str, act: Callable[[], Any]) -> Any:
        words = statement.split()
        change = words[0] not in ("SELECT", "PRAGMA", "BEGIN")
        # Within a transaction before and after are the same: only the commit has both.
        self.connection.shim.strike(
            "database", "before" if change else "look", f"execute {' '.join(words[:3])}"
        )
        return act()


def _connect(shim: Shim, real: Any, database: Any, *rest: Any, **options: Any) -> Any:
    if not shim.covers(database):
        return real(database, *rest, **options)
    act = partial(real, database, *rest, **(options | {"factory": _Connection}))
    connection = shim.do("database", "connect", act)
    connection.shim = shim
    return connection


class _Line:
    """The wire to the mail server. What has reached the server stays there, whatever becomes of us."""

    def __init__(self, shim: Shim, connect: Any, *where: Any, **options: Any) -> None:
        self._shim = shim
        self._socket = shim.do("mail", "connect", partial(connect, *where, **options))
        self._answers = self._socket.makefile("rb")

    def sendall(self, content: bytes) -> None:
        label, start = f"send {content[:4]!r}", content[: len(content) // 2]
        self._shim.strike("mail", "half", label, lambda: self._socket.sendall(start))
        self._shim.do("mail", label, lambda: self._socket.sendall(content))

    def readline(self, limit: int = -1) -> bytes:
        self._shim.strike("mail", "look", "answer")
        return bytes(self._answers.readline(limit))

    def makefile(self, _mode: str) -> _Line:
        return self

    def setsockopt(self, *option: Any) -> None:
        self._socket.setsockopt(*option)

    def close(self) -> None:
        self._answers.close()
        self._socket.close()
