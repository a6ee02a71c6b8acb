"""The archive of original bytes: files of the inbox in, `archive/<2 hex>/<sha256>` out.

A file is kept under the digest of its content, so that the same bytes are kept once and nothing is
ever overwritten with something else. The rule: bytes are on the disk, name and all, before `keep`
returns; only then may the inbox let go of them. Many files share one wait for the disk, because
waiting for each in turn costs most of the night.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.files import sync_file, sync_folder
from pipeline.intake.scan import Found, is_unchanged
from pipeline.records.names import safe_stem, suffix_of

_CHUNK = 1 << 20
_SYNC_THREADS = 8  # waits overlap in the disk's queue: 2,000 files in 0.2 s, one by one 0.45 s
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
    reason: Literal["changed", "unreadable"]


@dataclass(frozen=True, slots=True)
class _Copied:
    found: Found
    sha256: str
    temporary: Path


class Archive:
    """The archive and the quarantine of one workspace."""

    def __init__(self, state: Path) -> None:
        self._archive = state / "archive"
        self._incoming = self._archive / "incoming"
        self._quarantine = state / "quarantine"

    def path_of(self, sha256: str) -> Path:
        """Return where the bytes with this digest lie."""
        return self._archive / sha256[:2] / sha256

    def keep(self, files: Sequence[Found]) -> list[Kept | Left]:
        """Copy the files into the archive, durably, and return what became of each, in order.

        A file that is not as it was found, or changes while it is read, is left for the next scan,
        as is one that cannot be read. A fault of our own disk (full, read-only) is an OSError.
        One caller at a time: what an interrupted one left in `incoming` is cleared away.
        """
        self._clear_incoming()
        outcomes = [
            self._copy(found, self._incoming / str(number)) for number, found in enumerate(files)
        ]
        self._file_away(outcome for outcome in outcomes if isinstance(outcome, _Copied))
        self._clear_incoming()
        return [
            Kept(outcome.found, outcome.sha256) if isinstance(outcome, _Copied) else outcome
            for outcome in outcomes
        ]

    def quarantine(self, sha256: str, name: str) -> Path:
        """Put a copy of archived bytes where people look for it, under its own name made safe.

        It is a copy and no link, so that nobody who opens and saves it touches the archive.
        """
        target = self._quarantine / f"{safe_stem(name)}_{sha256[:8]}{suffix_of(name)}"
        source = self.path_of(sha256)
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            self._quarantine.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{sha256}.tmp")
            shutil.copyfile(source, temporary)
            temporary.replace(target)
        return target

    def _clear_incoming(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        for path in self._incoming.iterdir():
            path.unlink()

    def _copy(self, found: Found, temporary: Path) -> _Copied | Left:
        try:
            source = os.open(found.source, _OPEN_FLAGS)
        except FileNotFoundError:
            return Left(found, "changed")
        except OSError:
            return Left(found, "unreadable")
        try:
            if not is_unchanged(found, os.fstat(source)):
                return Left(found, "changed")
            digest, size = hashlib.sha256(), 0
            with temporary.open("wb") as target:
                while size <= found.size and (chunk := _read(source)):  # may grow for ever
                    digest.update(chunk)
                    size += target.write(chunk)
            if chunk is None:
                return Left(found, "unreadable")
            if size != found.size or not is_unchanged(found, os.fstat(source)):
                return Left(found, "changed")
            return _Copied(found, digest.hexdigest(), temporary)
        finally:
            os.close(source)

    def _file_away(self, copies: Iterable[_Copied]) -> None:
        targets = {self.path_of(copy.sha256): copy for copy in copies}
        fresh = {p: copy for p, copy in targets.items() if not _has_size(p, copy.found.size)}
        # Folders of bytes already there too: a run may have been killed before it synced them.
        folders = {path.parent for path in targets}
        with ThreadPoolExecutor(_SYNC_THREADS) as pool:
            list(pool.map(sync_file, (copy.temporary for copy in fresh.values())))
            for folder in folders:
                folder.mkdir(exist_ok=True)
            for path, copy in fresh.items():
                copy.temporary.replace(path)
            list(pool.map(sync_folder, (*folders, self._archive, self._archive.parent)))


def _read(source: int) -> bytes | None:
    try:
        return os.read(source, _CHUNK)
    except OSError:  # the share went away; a fault of our own disk is not caught
        return None


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False
