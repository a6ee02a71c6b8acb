"""What workers must know of a workspace: an open one in, a `Brief` that travels out.

It stands by itself, since `check` needs it and nothing of the records.
"""

from __future__ import annotations

from datetime import date

from pipeline.books.screen import Limits
from pipeline.workers import Brief
from pipeline.workspace import Workspace


def brief_of(workspace: Workspace, today: date, closed: frozenset[str] = frozenset()) -> Brief:
    """Return what workers must know of a workspace."""
    limits = workspace.settings.limits
    return Brief(
        workspace.paths.config,
        workspace.paths.orgunits,
        workspace.settings.union.root,
        today,
        closed,
        Limits(
            limits.max_file_mb * 2**20,
            limits.max_unpacked_mb * 2**20,
            limits.max_rows,
            limits.max_cells,
        ),
        limits.seconds_per_file,
        workspace.lang,
        workspace.digest,
    )
