"""Work done in copies of this process: jobs in, the bytes that they come to out, in the same order.

A copy knows all that this process knows when it begins, so nothing need be sent to it. A job is
made ready here, where the database is read, and only what is left of it is done in the copy: there
nothing that both share may be touched. The rule: what a copy does not deliver, however it ended, is
done here, so that nothing fails for having been done aside.

Only Linux tells whether a copy would be sound (`has_no_threads`). Elsewhere all is done here.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Generic, TypeVar

Ready = Callable[[], bytes]
Job = Callable[[], Ready]
"""Makes ready what is to be done, and returns it; may be asked again."""
Key = TypeVar("Key")

_AHEAD = 4  # results a process that may be waiting for an earlier one


def do_in_copies(
    jobs: Iterable[tuple[Key, Job]], most: int
) -> Generator[tuple[Key, Ready], None, None]:
    """Yield each key with what returns the bytes of its job, up to `most` of them at work at once.

    What a job raises is raised where its bytes are asked for. Closing it ends the copies.
    """
    waiting = iter(jobs)
    begun: deque[_Begun[Key]] = deque()
    copies = most if most > 1 and has_no_threads() else 0
    try:
        while True:
            _begin_more(waiting, begun, copies)
            if not begun:
                return
            if (first := begun[0]).copy is None:
                begun.popleft()
                yield first.key, first.done
            else:
                _take_in(begun)
    finally:
        for one in begun:
            one.end()


def has_no_threads() -> bool:
    """Tell whether a copy of this process is sound: it might wait for what another thread held.

    Linux counts those of native libraries, too; elsewhere nobody does.
    """
    try:
        return len(list(Path("/proc/self/task").iterdir())) == 1
    except OSError:
        return False


@dataclass(slots=True)
class _Copy:
    """A copy at work."""

    process: multiprocessing.process.BaseProcess
    answer: Connection


@dataclass(slots=True)
class _Begun(Generic[Key]):
    """A job that is with its copy, or has been, or is to be done here."""

    key: Key
    job: Job
    copy: _Copy | None = None
    found: bytes | None = None

    def done(self) -> bytes:
        """Return what the job comes to."""
        return self.job()() if self.found is None else self.found

    def take_in(self) -> None:
        """Take what the copy answers; nothing where it has died or met what it could not do."""
        if self.copy is not None:
            with suppress(EOFError, OSError):
                self.found = self.copy.answer.recv_bytes()
            self.end()

    def end(self) -> None:
        if self.copy is not None:
            self.copy.process.kill()
            self.copy.process.join()
            self.copy.answer.close()
            self.copy = None


def _begin_more(jobs: Iterator[tuple[Key, Job]], begun: deque[_Begun[Key]], copies: int) -> None:
    """Begin as many jobs as may be at work, as long as not too many wait for an earlier one."""
    while len(begun) < max(copies * _AHEAD, 1):
        if copies and sum(one.copy is not None for one in begun) == copies:
            return
        following = next(jobs, None)
        if following is None:
            return
        key, job = following
        begun.append(_Begun(key, job, _copy_of(job) if copies else None))


def _take_in(begun: Iterable[_Begun[Key]]) -> None:
    """Wait for a copy and take in what has come."""
    at_work = {one.copy.answer: one for one in begun if one.copy is not None}
    came = wait(list(at_work))
    for answer, one in at_work.items():
        if answer in came:
            one.take_in()


def _copy_of(job: Job) -> _Copy | None:
    """Begin a job in a copy of this process; None where that cannot be."""
    try:
        ready = job()
    except Exception:  # is met again, and told, where the job is done here
        return None
    answer, send = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_work, args=(ready, send, os.getpid()), daemon=True
    )
    try:
        process.start()
    except OSError:  # no more processes, or no memory for one
        answer.close()
        return None
    finally:
        send.close()
    return _Copy(process, answer)


def _work(ready: Ready, send: Connection, parent: int) -> None:
    """What a copy does."""
    gc.freeze()  # what is the parent's is not this process's to tidy up
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its copies itself
    _end_with(parent)
    with suppress(Exception):  # the parent does it again and meets the same
        send.send_bytes(ready())


def _end_with(parent: int) -> None:
    """Have this process end with its parent, whose lock it would hold on to."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(0)
