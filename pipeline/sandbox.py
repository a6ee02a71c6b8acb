"""Work done in processes that may die: tasks in, results out in the same order, whatever happens.

A worker has bounds of memory, of processor time and of time by the clock, counted for each task.
The rule: however a worker ends (killed, aborted, hung, out of memory), that costs one task its
result and no other task anything. Tasks go out in batches, since one at a time would eat the
gain. When a worker dies its batch is done again, one task after the other, so that the one that
kills is known; `lost` then says what its result is.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Generic, Literal, TextIO, TypeVar

from pipeline.errors import SystemFault

Ending = Literal["crash", "memory", "time"]
Task = TypeVar("Task")
Result = TypeVar("Result")
Anything = TypeVar("Anything")

BATCH = 50
_AHEAD = 4  # batches in flight a worker: enough to keep it busy, few enough to keep memory flat
_START = 120  # seconds in which a process must be up; a loaded machine takes a few


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one task may take; `memory` is what its whole process may map, in bytes.

    Processor time is bounded by `seconds`; so is time by the clock, but threefold: a task must
    not fail because the machine is busy with others.
    """

    seconds: int
    memory: int = 2**31

    @property
    def clock(self) -> int:
        """Seconds by the clock after which a task counts as hung."""
        return 3 * self.seconds


@dataclass(frozen=True, slots=True)
class _Lost:
    """What a worker says of a task that it could not finish, but outlived."""

    ending: Ending


def run_sandboxed(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    lost: Callable[[Task, Ending], Result],
    bounds: Bounds,
    workers: int,
) -> Iterator[Result]:
    """Yield `work(task)` of every task in order, or `lost(task, ending)` where its worker ended.

    `work` must be importable by name, or a `partial` of such. An `Exception` that it raises is
    nobody's task's fault and is raised here, after which nothing more is done. Raises SystemFault
    where no process can be started.
    """
    pool = _Pool(work, bounds, workers)
    alone = _Pool(work, bounds, 1)
    try:
        yield from _run(iter(tasks), lost, pool, alone)
    finally:
        pool.stop()
        alone.stop()


@dataclass
class _Pool(Generic[Task, Result]):
    """A process pool that outlives its processes."""

    work: Callable[[Task], Result]
    bounds: Bounds
    workers: int
    _executor: ProcessPoolExecutor | None = field(default=None, init=False)

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result | _Lost]]:
        """Send tasks to a worker; one may have died since the last were sent."""
        job = partial(_work_through, self.work, tasks, self.bounds)
        try:
            return self._started().submit(job)
        except BrokenProcessPool:
            self.stop()
            return self._started().submit(job)

    def start(self) -> None:
        """Have a worker up, so that its start is not counted as time of a task."""
        if self._executor is None and _result(self._started().submit(os.getpid), _START) is None:
            self.stop()
            raise SystemFault(_NO_WORKER)

    def stop(self) -> None:
        """End the processes, busy or not."""
        if self._executor is not None:
            processes = list((self._executor._processes or {}).values())
            self._executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            for process in processes:
                process.join()
            self._executor = None

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                self.workers, context, _confine, (self.bounds.memory,)
            )
        return self._executor


_NO_WORKER = (
    "读表的进程起不来 (no worker process starts)。请检查内存和进程数限制后再运行；"
    "收下的文件不会丢 (nothing is lost)。"
)


def _run(
    tasks: Iterator[Task],
    lost: Callable[[Task, Ending], Result],
    pool: _Pool[Task, Result],
    alone: _Pool[Task, Result],
) -> Iterator[Result]:
    waiting: deque[tuple[list[Task], Future[list[Result | _Lost]]]] = deque()
    while True:
        ahead = pool.workers * _AHEAD
        while len(waiting) < ahead and (batch := list(islice(tasks, BATCH))):
            waiting.append((batch, pool.submit(batch)))
        if not waiting:
            return
        batch, future = waiting.popleft()
        # A worker ends a hung task itself; this wait is for one that cannot even do that.
        found = _result(future, pool.bounds.clock * max(len(batch), 2) + _START)
        if found is not None:
            yield from (_told(task, one, lost) for task, one in zip(batch, found, strict=True))
            continue
        pool.stop()
        yield from (_do_alone(task, lost, alone) for task in batch)
        alone.stop()
        # The other batches lost their processes too; what was not done is begun again.
        waiting = deque((b, f if _is_done(f) else pool.submit(b)) for b, f in waiting)


def _do_alone(
    task: Task, lost: Callable[[Task, Ending], Result], alone: _Pool[Task, Result]
) -> Result:
    """Return the result of a task that may be the one that kills."""
    alone.start()
    future, begun = alone.submit([task]), time.monotonic()
    found = _result(future, alone.bounds.clock + 10)
    if found is not None:
        return _told(task, found[0], lost)
    # Which bound a dead process met is told by the clock, on every system alike.
    took = time.monotonic() - begun
    alone.stop()
    return lost(task, "time" if took >= alone.bounds.seconds else "crash")


def _told(task: Task, one: Result | _Lost, lost: Callable[[Task, Ending], Result]) -> Result:
    return lost(task, one.ending) if isinstance(one, _Lost) else one


def _result(future: Future[Anything], seconds: int) -> Anything | None:
    """Return what a process sends back, None where it dies or does not answer in time."""
    wait([future], seconds)
    if not future.done() or isinstance(future.exception(), BrokenProcessPool):
        return None
    return future.result()


def _is_done(future: Future[Anything]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _work_through(
    work: Callable[[Task], Result], tasks: Sequence[Task], bounds: Bounds
) -> list[Result | _Lost]:
    with Path(os.devnull).open("w") as nowhere:  # for the watchdog's traceback
        try:
            return [_do(work, task, bounds, nowhere) for task in tasks]
        finally:
            faulthandler.cancel_dump_traceback_later()


def _do(
    work: Callable[[Task], Result], task: Task, bounds: Bounds, nowhere: TextIO
) -> Result | _Lost:
    # The watchdog is a thread of C that needs nothing from Python: it ends the process even where
    # a library hangs, and on Windows too.
    faulthandler.dump_traceback_later(bounds.clock, exit=True, file=nowhere)
    _allow_processor(bounds.seconds)
    try:
        return work(task)
    except MemoryError:
        return _Lost("memory")
    except Exception:
        raise
    except BaseException:  # an exit or a panic of a native library
        return _Lost("crash")


def _allow_processor(seconds: int) -> None:
    """Let this process use so much more processor time before the system ends it."""
    if os.name == "posix":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        # One second more, since the system counts whole ones.
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds + 1, most))


def _confine(memory: int) -> None:
    """Bound this worker's memory, where the system can; elsewhere the clock remains."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY or memory < most:
            resource.setrlimit(resource.RLIMIT_AS, (memory, most))
