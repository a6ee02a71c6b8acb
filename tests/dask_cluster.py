"""A dask cluster of two processes on loopback, in a process of its own: its threads and warnings
are none of the tests'. It goes on until its input ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent


@contextmanager
def serve(workers: int = 2) -> Iterator[str]:
    """Give the address of a scheduler whose workers see this checkout."""
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    settings = {
        "PYTHONPATH": paths,
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",  # each costs a new worker
        "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
    }
    command = [sys.executable, str(HERE / "dask_cluster.py"), str(workers)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | settings,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.communicate("end\n", timeout=60)


if __name__ == "__main__":
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=int(sys.argv[1]), threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    )
    print(cluster.scheduler_address, flush=True)
    sys.stdin.readline()
    cluster.close()
