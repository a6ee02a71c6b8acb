"""The log under `state/logs/`: one line a file, one a run, no value of any cell."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG = logging.getLogger("pipeline")

_MOST_BYTES, _OLD_LOGS = 5_000_000, 5


@contextmanager
def log_to(state: Path) -> Iterator[None]:
    """Write what is logged inside to `state/logs/pipeline.log`."""
    folder = state / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "pipeline.log", maxBytes=_MOST_BYTES, backupCount=_OLD_LOGS, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        handler.close()
