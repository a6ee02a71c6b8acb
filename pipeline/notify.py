"""Receipts by mail: files taken in since the last time in, one message a unit and period queued.

Which files have been told of is kept in the database and moves on in the transaction that queues
the messages, so a run that dies between tells of everything later, in the same words.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from pathlib import PurePosixPath

from pipeline.deliver.compose import Addressee, Attachment, ReceiptNote, receipt_message
from pipeline.deliver.outbox import queue
from pipeline.records.lifecycle import Stored
from pipeline.records.marks import files_after_mark, move_mark
from pipeline.records.store import Store
from pipeline.workspace import Workspace

_TOLD = "receipts_queued"  # the mark: the newest file whose receipt has been queued


def queue_receipts(workspace: Workspace, store: Store, now: datetime) -> None:
    """Queue the receipts of files not yet told of, for units that have an address."""
    files = files_after_mark(store, _TOLD)
    if not files:
        return
    by_topic: defaultdict[tuple[str, str], list[Stored]] = defaultdict(list)
    for stored in files:
        owner = PurePosixPath(stored.receipt).parent.name
        unit = workspace.tree.units.get(owner)
        if unit is not None and unit.email:
            by_topic[owner, stored.period or ""].append(stored)
    with store.writing() as connection:
        for (owner, period), group in by_topic.items():
            unit = workspace.tree.units[owner]
            draft = receipt_message(
                Addressee(unit.code, unit.name, unit.email),
                period,
                [_note(workspace, stored) for stored in group],
                union=workspace.settings.union.name or workspace.tree.root.name,
                lang=workspace.lang,
            )
            queue(connection, store.tables.messages, draft, now)
        move_mark(connection, store, _TOLD, files[-1].id)


def _note(workspace: Workspace, stored: Stored) -> ReceiptNote:
    path = workspace.paths.outputs / stored.receipt
    return ReceiptNote(
        PurePosixPath(stored.path).name,
        stored.status,
        stored.received_at,
        stored.errors,
        stored.warnings,
        Attachment(path.name, path.read_bytes()),
    )
