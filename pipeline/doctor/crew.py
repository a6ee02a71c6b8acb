"""The workers of a cluster: are they there, do they see and have what they need."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.cluster import connected
from pipeline.doctor.check import Check, fault, fine
from pipeline.errors import PipelineError
from pipeline.texts import Text
from pipeline.workspace import Workspace


def check_crew(workspace: Workspace) -> Iterator[Check]:
    """Yield what is found of a cluster; nothing where this machine does the work."""
    workers = workspace.settings.workers
    if workers.engine != "dask":
        return
    paths = workspace.paths
    try:
        with connected(workers.address, (paths.config, paths.orgunits)) as client:
            count = len(client.nthreads())
    except PipelineError as error:
        todo = Text("请照上面的提示处理。", "See the line above.")
        yield fault("workers", Text(str(error), str(error)), todo)
        return
    yield fine(
        "workers",
        f"dask 集群：{count} 个 worker，版本和文件都一致",
        f"dask cluster: {count} workers, same versions and files",
    )
