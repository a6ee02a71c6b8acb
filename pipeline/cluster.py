"""The work of `sandbox` done by a dask cluster: tasks in, results out in the same order.

A worker is sent paths and sends back values; it writes nothing. So it must see the same files at
the same paths and have the same programs. Every worker is asked for that before the first task
goes out, since a worker that reads otherwise would change numbers without a word.

The rule is that of `sandbox`: a dead worker costs one task its result at most. The scheduler sends
its batch to others first; a batch that goes on killing is done task by task.
"""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Generic

from pipeline import __version__
from pipeline.errors import ConfigError, SystemFault
from pipeline.sandbox import Bounds, Ending, Lost, Result, Task, run_batches, work_through

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10

_READERS = ("lxml", "xlrd", "openpyxl")  # what numbers may depend on beside Python and ourselves
_LOOK = 5  # seconds between two looks whether anybody is still there
_GONE = 60  # seconds without a single worker after which none is waited for
_START = 120  # seconds that a batch may take beyond what its tasks may
_RETRIES = 4  # times that a scheduler, as it comes, lets a task kill a worker


def run_on_cluster(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    lost: Callable[[Task, Ending], Result],
    bounds: Bounds,
    address: str,
    paths: Sequence[Path],
) -> Iterator[Result]:
    """Yield `work(task)` of every task in order, or `lost(task, ending)`, as `run_sandboxed` does.

    `paths` are files and folders that every worker must see as this process does. Raises
    ConfigError where distributed is not installed or a worker is unlike this process, SystemFault
    where no scheduler answers or no worker is left.
    """
    with connected(address, paths) as client:
        executor = client.get_executor(pure=False)
        # Where all have gone since, one is waited for, and nothing passes for done.
        pool = _Workers(work, bounds, client, executor, max(1, len(client.nthreads())))
        yield from run_batches(tasks, lost, pool)


@contextmanager
def connected(address: str, paths: Sequence[Path]) -> Iterator[Client]:
    """Give a connection to a cluster whose workers have been compared with this process."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(
            f'union.toml [workers] engine = "dask": 没有安装 {error.name} (not installed)。'
            "请先执行 pip install 'union-pipeline[dask]'。"
        ) from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError):
        raise SystemFault(
            f"union.toml [workers] address: {CONNECT_SECONDS} 秒内连不上 dask 调度器 {address}"
            " (no scheduler answers)。请检查地址，看看 dask scheduler 是否在运行。"
        ) from None
    with client:
        _compare(client, paths)
        yield client


def view(paths: Sequence[Path]) -> dict[str, str]:
    """Return what this process works with: versions, and digests of what it sees at `paths`."""
    seen = {"Python": platform.python_version(), "union-pipeline": __version__}
    seen |= {name: metadata.version(name) for name in _READERS}
    return seen | {str(path): _digest(path) for path in paths}


@dataclass
class _Workers(Generic[Task, Result]):
    """The workers of a cluster as a pool."""

    work: Callable[[Task], Result]
    bounds: Bounds
    client: Client
    executor: Executor
    workers: int

    def submit(self, tasks: Sequence[Task]) -> Future[list[Result | Lost]]:
        """Send tasks to the scheduler, which keeps them until they are done."""
        return self.executor.submit(partial(work_through, self.work, list(tasks), self.bounds))

    def result(
        self, tasks: Sequence[Task], future: Future[list[Result | Lost]]
    ) -> list[Result | Lost] | None:
        """Return what came of a batch; None where it goes on killing workers, or never ends."""
        return self._wait(future, self.bounds.clock * max(len(tasks), _RETRIES) + _START)

    def again(
        self, _tasks: Sequence[Task], future: Future[list[Result | Lost]]
    ) -> Future[list[Result | Lost]]:
        """Return the future as it is: the scheduler has sent the batch elsewhere by itself."""
        return future

    def alone(self, task: Task) -> Result | Lost:
        """Do a task by itself."""
        begun = time.monotonic()
        found = self._wait(self.submit([task]), self.bounds.clock * _RETRIES + _START)
        if found is not None:
            return found[0]
        return Lost("time" if time.monotonic() - begun >= self.bounds.clock else "crash")

    def stop(self) -> None:
        """Have what is under way forgotten."""
        self.executor.shutdown(wait=False)

    def _wait(
        self, future: Future[list[Result | Lost]], seconds: float
    ) -> list[Result | Lost] | None:
        from distributed.scheduler import KilledWorker

        begun = seen = time.monotonic()
        while not future.done():
            wait([future], _LOOK)
            now = time.monotonic()
            seen = now if self.client.nthreads() else seen
            if now - seen > _GONE:
                raise SystemFault(_NOBODY)
            if now - begun > seconds:
                future.cancel()
                return None
        if future.cancelled():
            raise SystemFault(_NOBODY)
        if isinstance(future.exception(), KilledWorker):
            return None
        return future.result()


_NOBODY = (
    "dask 集群里没有 worker 了 (no worker is left)。请把 worker 启动起来再运行；"
    "收下的文件不会丢 (nothing is lost)。"
)


def _compare(client: Client, paths: Sequence[Path]) -> None:
    """Raise ConfigError for a worker that would read otherwise than this process."""
    ours = view(paths)
    views = client.run(view, paths, on_error="return")
    if not views:
        raise SystemFault(_NOBODY)
    threads = client.nthreads()  # asked after, so that who has joined meanwhile is known
    for worker, theirs in sorted(views.items()):
        if isinstance(theirs, BaseException):
            raise ConfigError(
                f"dask worker {worker}: 用不了这个程序 ({type(theirs).__name__}: {theirs})。"
                f"请在那里安装 union-pipeline {__version__} (install the same version)。"
            )
        if threads.get(worker, 1) != 1:  # who has gone meanwhile is of no account
            raise ConfigError(
                f"dask worker {worker}: 有 {threads[worker]} 个线程。时间限制是按进程算的，请用"
                " dask worker --nthreads 1 启动 (one thread a worker)。"
            )
        _compare_one(worker, ours, theirs, set(map(str, paths)))


def _compare_one(
    worker: str, ours: Mapping[str, str], theirs: Mapping[str, str], paths: set[str]
) -> None:
    for name, value in ours.items():
        found = theirs.get(name)
        if found == value:
            continue
        if name in paths:
            raise ConfigError(
                f"dask worker {worker}: 看不到 {name}，或内容与这里不同 (not the same there)。"
                "每个 worker 都要在同样的路径看到这个工作区。"
            )
        raise ConfigError(
            f"dask worker {worker}: {name} 是 {found}，这里是 {value} (another version)。"
            "请装成一样的，再重启 worker。"
        )


def _digest(path: Path) -> str:
    """Return a digest of a file, or of the TOML files of a folder; "" for what is not there."""
    if not path.exists():
        return ""
    files = sorted(path.rglob("*.toml")) if path.is_dir() else [path]
    contents = (hashlib.sha256(file.read_bytes()).digest() for file in files)
    return hashlib.sha256(b"".join(contents)).hexdigest()
