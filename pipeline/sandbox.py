"""Work done in processes that may die: tasks in, results out in the same order, whatever happens.

A worker has bounds of memory, of processor time and of time by the clock, counted for each task.
The rule: however a worker ends (killed, aborted, hung, out of memory), that costs one task its
result and no other task anything. Tasks go out in batches, since one at a time would eat the
gain. When a worker dies its batch is done again, one task after the other, so that the one that
kills is known; `lost` then says what its result is. Where the processes run is a `Pool`: here they
are this machine's, in `cluster` those of others.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Generic, Literal, Protocol, TextIO, TypeVar

from pipeline.copies import has_no_threads
from pipeline.errors import SystemFault

Ending = Literal["crash", "memory", "time"]
Task = TypeVar("Task")
Result = TypeVar("Result")
Anything = TypeVar("Anything")
Sent = TypeVar("Sent", contravariant=True)

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
class Lost:
    """What is left of a task that was not finished."""

    ending: Ending


class Pool(Protocol[Sent, Result]):
    """Processes that do tasks in batches, and that may die of it."""

    @property
    def workers(self) -> int:
        """How many processes there are."""

    def submit(self, tasks: Sequence[Sent]) -> Future[list[Result | Lost]]:
        """Send a batch to a process."""

    def result(
        self, tasks: Sequence[Sent], future: Future[list[Result | Lost]]
    ) -> list[Result | Lost] | None:
        """Return what came of a batch; None where its process died or does not answer."""

    def again(
        self, tasks: Sequence[Sent], future: Future[list[Result | Lost]]
    ) -> Future[list[Result | Lost]]:
        """Return the future of a batch after the process of another one died."""

    def alone(self, task: Sent) -> Result | Lost:
        """Do a task that may be the one that kills."""

    def stop(self) -> None:
        """Have no more done."""


def run_sandboxed(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    lost: Callable[[Task, Ending], Result],
    bounds: Bounds,
    workers: int,
    *,
    fork: bool = False,
) -> Iterator[Result]:
    """Yield `work(task)` of every task in order, or `lost(task, ending)` where its worker ended.

    `fork` is for little work, which a process of its own would take longer to load than to do:
    where the system can, the first workers begin as copies of this process. A run has its own
    load everything afresh, so that none starts with what the parent holds by then.

    `work` must be importable by name, or a `partial` of such. An `Exception` that it raises is
    nobody's task's fault and is raised here, after which nothing more is done. Raises SystemFault
    where no process can be started.
    """
    yield from run_batches(tasks, lost, _Processes(work, bounds, workers, fork))


def run_batches(
    tasks: Iterable[Task], lost: Callable[[Task, Ending], Result], pool: Pool[Task, Result]
) -> Iterator[Result]:
    """Yield the result of every task, or `lost` of it, in order, and stop the pool."""
    try:
        yield from _run(iter(tasks), lost, pool)
    finally:
        pool.stop()


def _run(
    tasks: Iterator[Task], lost: Callable[[Task, Ending], Result], pool: Pool[Task, Result]
) -> Iterator[Result]:
    waiting: deque[tuple[list[Task], Future[list[Result | Lost]]]] = deque()
    while True:
        while len(waiting) < pool.workers * _AHEAD and (batch := list(islice(tasks, BATCH))):
            waiting.append((batch, pool.submit(batch)))
        if not waiting:
            return
        batch, future = waiting.popleft()
        found = pool.result(batch, future)
        if found is not None:
            yield from (_told(task, one, lost) for task, one in zip(batch, found, strict=True))
            continue
        yield from (_told(task, pool.alone(task), lost) for task in batch)
        waiting = deque((b, pool.again(b, f)) for b, f in waiting)


def _told(task: Task, one: Result | Lost, lost: Callable[[Task, Ending], Result]) -> Result:
    return lost(task, one.ending) if isinstance(one, Lost) else one


@dataclass
class _Processes(Generic[Task, Result]):
    """A pool of this machine that outlives its processes."""

    work: Callable[[Task], Result]
    bounds: Bounds
    workers: int
    fork: bool = False
    _executor: ProcessPoolExecutor | None = field(default=None, init=False)
    _single: _Processes[Task, Result] | None = field(default=None, init=False)

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result | Lost]]:
        """Send tasks to a worker; one may have died since the last were sent."""
        job = partial(work_through, self.work, tasks, self.bounds)
        try:
            return self._started().submit(job)
        except BrokenExecutor:
            self._kill()
            return self._started().submit(job)

    def result(
        self, tasks: Sequence[Task], future: Future[list[Result | Lost]]
    ) -> list[Result | Lost] | None:
        """Return what came of a batch; None, with all processes ended, where one died."""
        # A worker ends a hung task itself; this wait is for one that cannot even do that.
        found = outcome(future, self.bounds.clock * max(len(tasks), 2) + _START)
        if found is None:
            self._kill()
        return found

    def again(
        self, tasks: Sequence[Task], future: Future[list[Result | Lost]]
    ) -> Future[list[Result | Lost]]:
        """Begin again what was not done, since every batch lost its process."""
        self._end_single()
        return future if _is_done(future) else self.submit(tasks)

    def alone(self, task: Task) -> Result | Lost:
        """Do a task in a process of its own."""
        if self._single is None:
            self._single = _Processes(self.work, self.bounds, 1)
        return self._single.do_alone(task)

    def do_alone(self, task: Task) -> Result | Lost:
        """Do a task, telling which bound it met where the process dies of it."""
        self._start()
        future, begun = self.submit([task]), time.monotonic()
        found = outcome(future, self.bounds.clock + 10)
        if found is not None:
            return found[0]
        # Which bound a dead process met is told by the clock, on every system alike.
        took = time.monotonic() - begun
        self._kill()
        return Lost("time" if took >= self.bounds.seconds else "crash")

    def stop(self) -> None:
        """End the processes, busy or not."""
        self._end_single()
        self._kill()

    def _end_single(self) -> None:
        if self._single is not None:
            self._single.stop()
            self._single = None

    def _start(self) -> None:
        """Have a worker up, so that its start is not counted as time of a task."""
        if self._executor is None and outcome(self._started().submit(os.getpid), _START) is None:
            self._kill()
            raise SystemFault(_NO_WORKER)

    def _kill(self) -> None:
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
            start = "fork" if self.fork and has_no_threads() else "spawn"
            context = multiprocessing.get_context(start)
            self._executor = ProcessPoolExecutor(
                self.workers, context, _confine, (self.bounds.memory,)
            )
        return self._executor


_NO_WORKER = (
    "读表的进程起不来 (no worker process starts)。请检查内存和进程数限制后再运行；"
    "收下的文件不会丢 (nothing is lost)。"
)


def outcome(future: Future[Anything], seconds: int) -> Anything | None:
    """Return what a process sends back, None where it dies or does not answer in time."""
    wait([future], seconds)
    if not future.done() or isinstance(future.exception(), BrokenExecutor):
        return None
    return future.result()


def _is_done(future: Future[Anything]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def work_through(
    work: Callable[[Task], Result], tasks: Sequence[Task], bounds: Bounds
) -> list[Result | Lost]:
    """Do a batch, in the process that it was sent to."""
    with Path(os.devnull).open("w") as nowhere:  # for the watchdog's traceback
        try:
            return [_do(work, task, bounds, nowhere) for task in tasks]
        finally:
            faulthandler.cancel_dump_traceback_later()
            _allow_processor(None)


def _do(
    work: Callable[[Task], Result], task: Task, bounds: Bounds, nowhere: TextIO
) -> Result | Lost:
    # The watchdog is a thread of C that needs nothing from Python: it ends the process even where
    # a library hangs, and on Windows too.
    faulthandler.dump_traceback_later(bounds.clock, exit=True, file=nowhere)
    _allow_processor(bounds.seconds)
    try:
        return work(task)
    except MemoryError:
        return Lost("memory")
    except Exception:
        raise
    except BaseException:  # an exit or a panic of a native library
        return Lost("crash")


def _allow_processor(seconds: int | None) -> None:
    """Let this process use so much more processor time before the system ends it; None: any."""
    if os.name == "posix":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        # One second more, since the system counts whole ones.
        soft = most if seconds is None else int(time.process_time()) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, most))


def _confine(memory: int) -> None:
    """Bound this worker's memory, where the system can; elsewhere the clock remains."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        if most == resource.RLIM_INFINITY or memory < most:
            resource.setrlimit(resource.RLIMIT_AS, (memory, most))
