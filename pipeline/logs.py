"""The log under `state/logs/`: one line a file, one a run, no value of any cell.

What ends a command is in it with its traceback, since people are shown one line. A log that cannot
be written ends nothing: that is told once, on standard error.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from pipeline.errors import SystemFault
from pipeline.texts import printable

LOG = logging.getLogger("pipeline")

_MOST_BYTES, _OLD_LOGS = 5_000_000, 5


@contextmanager
def log_to(state: Path) -> Iterator[None]:
    """Write what is logged inside to `state/logs/pipeline.log`."""
    folder = state / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = _LogFile(
        folder / "pipeline.log", maxBytes=_MOST_BYTES, backupCount=_OLD_LOGS, encoding="utf-8"
    )
    handler.setFormatter(LineFormatter())
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
        if handler.fault is not None:
            print(SystemFault.of(handler.fault), file=sys.stderr)
    except Exception:
        LOG.exception("stopped")
        raise
    finally:
        LOG.removeHandler(handler)
        with suppress(OSError):  # it tries again to write what it could not
            handler.close()


class LineFormatter(logging.Formatter):
    """One line a message, whatever the files in it are called; a traceback stands below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = printable(record.message)
        trouble = getattr(record, "trouble", "")
        return super().formatMessage(record) + (f"\n{trouble}" if trouble else "")


class _LogFile(RotatingFileHandler):
    fault: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self.fault = error
        else:
            super().handleError(record)
