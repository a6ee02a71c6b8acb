"""Ways for a worker to end, as tasks by name. Workers import this module, so it is a light one."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

from pipeline.sandbox import Ending


def fall_over(how: str) -> str:
    """End the process in the named way; what is no such name is a task simply done."""
    if how in _WAYS:
        _WAYS[how]()
    return f"{how}: done"


def slowly(task: str) -> str:
    """Do a task that is under way long enough for its worker to be killed."""
    threading.Event().wait(0.3)
    return f"{task}: done"


def name_of(task: str, ending: Ending) -> str:
    """Return the result of a task that was lost."""
    return f"{task}: lost ({ending})"


def refuse_to_work(_task: str) -> str:
    """Raise what is no task's fault."""
    raise PermissionError("the archive may not be read")


def _panic() -> None:
    raise BaseException("as a library in Rust does")


def _fill_memory() -> None:
    kept: list[object] = []
    while True:
        kept.append([None] * 1000)


def _spin() -> None:
    while True:
        pass


def _hang() -> None:
    """Wait for what never comes, deaf to every signal that can be ignored, using no processor."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    os.read(os.pipe()[0], 1)


_WAYS: dict[str, Callable[[], object]] = {
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segmentation fault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "exit in C": lambda: os._exit(0),
    "exit": sys.exit,
    "panic": _panic,
    "memory": lambda: bytearray(2**30),
    "memory all gone": _fill_memory,
    "busy": _spin,
    "hung": _hang,
}
