"""The archive of original bytes: files of the inbox in, `archive/<2 hex>/<sha256>` out.

A file is kept under the digest of its content, so that the same bytes are kept once and nothing is
ever overwritten with something else. The rule: bytes are on the disk, name and all, before `keep`
returns; only then may the inbox let go of them. Many files share one wait for the disk, because
waiting for each in turn costs most of the night.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.files import sync_files, sync_folders, write_file
from pipeline.intake.scan import Found, Reason, is_unchanged
from pipeline.records.names import safe_stem, suffix_of

_CHUNK = 1 << 20
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)  # a link put there since the scan is not followed
    | getattr(os, "O_NONBLOCK", 0)  # nor does a pipe make us wait
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose bytes are safe; `sha256` is where."""

    found: Found
    sha256: str


@dataclass(frozen=True, slots=True)
class Left:
    """A file to leave where it is until the next scan."""

    found: Found
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Copied:
    found: Found
    sha256: str
    temporary: Path


class _LeaveIt(Exception):
    """What becomes of the file is for the next scan."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason


class Archive:
    """The archive and the quarantine of one workspace."""

    def __init__(self, state: Path) -> None:
        self._archive = state / "archive"
        self._incoming = self._archive / "incoming"
        self._quarantine = state / "quarantine"

    def path_of(self, sha256: str) -> Path:
        """Return where the bytes with this digest lie."""
        return self._archive.joinpath(sha256[:2], sha256)

    def keep(self, files: Sequence[Found]) -> list[Kept | Left]:
        """Copy the files into the archive, durably, and return what became of each, in order.

        A file that is not as it was found, or changes while it is read, is left for the next scan,
        as is one that cannot be read. A fault of our own disk (full, read-only) is an OSError.
        One caller at a time: what an interrupted one left in `incoming` is cleared away.
        """
        self._clear_incoming()
        outcomes = [
            self._copy_twice(found, self._incoming / str(number))
            for number, found in enumerate(files)
        ]
        self._file_away(outcome for outcome in outcomes if isinstance(outcome, _Copied))
        self._clear_incoming()
        return [
            Kept(outcome.found, outcome.sha256) if isinstance(outcome, _Copied) else outcome
            for outcome in outcomes
        ]

    def look(self, files: Iterable[Found]) -> list[Kept | Left]:
        """Return what would become of the files; nothing is kept."""
        return [_look(found) for found in files]

    def quarantine(self, sha256: str, name: str) -> Path:
        """Put a copy of archived bytes where people look for it, under its own name made safe.

        It is a copy and no link, so that nobody who opens and saves it touches the archive.
        """
        target = self._quarantine / f"{safe_stem(name)}_{sha256[:8]}{suffix_of(name)}"
        write_file(target, self.path_of(sha256).read_bytes())
        return target

    def _clear_incoming(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        for path in self._incoming.iterdir():
            path.unlink()

    def _copy_twice(self, found: Found, temporary: Path) -> _Copied | Left:
        outcome = self._copy(found, temporary)
        if isinstance(outcome, Left) and outcome.reason == "unreadable":
            outcome = self._copy(found, temporary)  # see `ask_twice`
        return outcome

    def _copy(self, found: Found, temporary: Path) -> _Copied | Left:
        digest = hashlib.sha256()
        try:
            with temporary.open("wb") as target:
                for chunk in _content(found):
                    digest.update(chunk)
                    target.write(chunk)
        except _LeaveIt as left:
            return Left(found, left.reason)
        return _Copied(found, digest.hexdigest(), temporary)

    def _file_away(self, copies: Iterable[_Copied]) -> None:
        targets = {self.path_of(copy.sha256): copy for copy in copies}
        fresh = {p: copy for p, copy in targets.items() if not _has_size(p, copy.found.size)}
        # Folders of bytes already there too: a run may have been killed before it synced them.
        folders = {path.parent for path in targets}
        sync_files(copy.temporary for copy in fresh.values())
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for path, copy in fresh.items():
            copy.temporary.replace(path)
        sync_folders((*folders, self._archive, self._archive.parent))


def _look(found: Found) -> Kept | Left:
    digest = hashlib.sha256()
    try:
        for chunk in _content(found):
            digest.update(chunk)
    except _LeaveIt as left:
        return Left(found, left.reason)
    return Kept(found, digest.hexdigest())


def _content(found: Found) -> Iterator[bytes]:
    """Yield the content of a file as it was found, or raise `_LeaveIt`."""
    try:
        source = os.open(found.source, _OPEN_FLAGS)
        try:
            if not is_unchanged(found, os.fstat(source)):
                raise _LeaveIt("changed")
            size = 0
            while size <= found.size and (chunk := os.read(source, _CHUNK)):  # may grow for ever
                size += len(chunk)
                yield chunk
            if size != found.size or not is_unchanged(found, os.fstat(source)):
                raise _LeaveIt("changed")
        finally:
            os.close(source)
    except FileNotFoundError:
        raise _LeaveIt("changed") from None
    except OSError:
        raise _LeaveIt("unreadable") from None


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False
