"""How far a job has got with the log of files: a name in, the newest file it has dealt with out.

A mark moves on in the transaction of the job's own work, so that what a run that died did not do
is still after the mark.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from pipeline.records.lifecycle import Stored
from pipeline.records.rows import stored_file
from pipeline.records.store import Store


def files_after_mark(store: Store, name: str) -> list[Stored]:
    """Return the files taken since the mark was moved, in order; all of them if it never was."""
    files, meta = store.tables.files, store.tables.meta.c
    with store.reading() as connection:
        mark = connection.scalar(select(meta.value).where(meta.key == name))
        query = select(files).where(files.c.id > int(mark or 0)).order_by(files.c.id)
        return [stored_file(row) for row in connection.execute(query).mappings()]


def move_mark(connection: Connection, store: Store, name: str, file_id: int) -> None:
    """Note within the caller's transaction that everything up to this file is dealt with."""
    meta = store.tables.meta
    connection.execute(delete(meta).where(meta.c.key == name))
    connection.execute(insert(meta).values(key=name, value=str(file_id)))
