"""The rows behind the figures of all units at once; the program reads them unit by unit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from pipeline.summaries.evidence import Evidence
from pipeline.summaries.read_evidence import open_evidence


def read_evidence(connection: Connection, *source: Any) -> Evidence:
    """Return the rows of all units that count for a period; see `open_evidence`."""
    reader = open_evidence(connection, *source)
    return reader.of(connection, [line.unit for line in reader.units.lines])
