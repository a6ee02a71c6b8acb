"""Editions: every summary that was ever published, so that it can be told later what it said.

In: a summary as it is published. Out: one row an edition, with the newest file of that moment and
the tree it was rolled up by; versions and their rows are kept for ever, so all its numbers can be
made again. A summary that is rendered anew with the same bytes is no new edition.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, Row, func, insert, select

from pipeline.orgunits import OrgTree, OrgUnit, build_tree
from pipeline.records.tables import Tables


@dataclass(frozen=True, slots=True)
class Edition:
    """One published summary; `path` is relative to the outputs folder, `sha256` that of its bytes.

    `files` is the number of the newest file then, `tree` the digest of the tree then, `message`
    the Message-ID of the mail that carries it, None without one.
    """

    path: str
    period: str
    unit: str
    at: datetime
    files: int
    tree: str
    sha256: str
    message: str | None = None


def note_edition(connection: Connection, tables: Tables, edition: Edition, tree: OrgTree) -> bool:
    """Note an edition, and the tree where it is a new one; False where it is the same again."""
    editions, trees = tables.editions, tables.trees
    before = connection.scalar(
        select(editions.c.sha256)
        .where(editions.c.path == edition.path)
        .order_by(editions.c.id.desc())
        .limit(1)
    )
    if before == edition.sha256:
        return False
    known = select(func.count()).select_from(trees).where(trees.c.digest == edition.tree)
    if not connection.scalar(known):
        connection.execute(insert(trees).values(digest=edition.tree, units=_units_text(tree)))
    number = connection.scalar(select(func.max(editions.c.id))) or 0
    connection.execute(
        insert(editions).values(
            id=number + 1,
            path=edition.path,
            period=edition.period,
            unit=edition.unit,
            at=edition.at.isoformat(),
            files=edition.files,
            tree=edition.tree,
            sha256=edition.sha256,
            message=edition.message,
        )
    )
    return True


def kept_path(state: Path, sha256: str) -> Path:
    """Return where the bytes of an edition are kept for ever."""
    return state / "published" / sha256[:2] / f"{sha256}.xlsx"


def read_editions(connection: Connection, tables: Tables, period: str) -> dict[str, list[Edition]]:
    """Return the editions of a period's summaries by unit, oldest first."""
    editions = tables.editions
    query = select(editions).where(editions.c.period == period).order_by(editions.c.id)
    found: dict[str, list[Edition]] = {}
    for row in connection.execute(query):
        found.setdefault(row.unit, []).append(_edition(row))
    return found


def last_sent(connection: Connection, tables: Tables, path: str, sha256: str) -> Edition | None:
    """Return the edition that a summary's reader got last by mail; None where there was none.

    `sha256` is that of the bytes to be sent now, so that sending them again makes no difference.
    """
    editions, messages = tables.editions, tables.messages.c
    gone = select(messages.message_id).where(messages.sent_at.is_not(None))
    query = select(editions).where(editions.c.path == path).order_by(editions.c.id.desc())
    rows = connection.execute(query).all()
    if rows and rows[0].sha256 == sha256:
        rows = rows[1:]
    sent = set(connection.scalars(gone.where(messages.message_id.in_([r.message for r in rows]))))
    return next((_edition(row) for row in rows if row.message in sent), None)


def newest_file(connection: Connection, tables: Tables) -> int:
    """Return the number of the newest file taken, 0 before the first."""
    return connection.scalar(select(func.max(tables.files.c.id))) or 0


def tree_digest(tree: OrgTree) -> str:
    """Return what stands for a tree: its units, without addresses and contacts."""
    return hashlib.sha256(_units_text(tree).encode()).hexdigest()


def read_tree(connection: Connection, tables: Tables, digest: str) -> OrgTree:
    """Return a tree that was noted with an edition."""
    trees = tables.trees.c
    text = connection.execute(select(trees.units).where(trees.digest == digest)).scalar_one()
    return build_tree(_units(json.loads(text)))


def _units_text(tree: OrgTree) -> str:
    rows = [
        [u.code, u.name, u.parent, u.reports, u.active_from.isoformat(), u.active_to.isoformat()]
        for u in tree.units.values()
    ]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _units(rows: Iterable[tuple[str, str, str, bool, str, str]]) -> Iterable[OrgUnit]:
    for code, name, parent, reports, first, last in rows:
        yield OrgUnit(
            code,
            name,
            parent,
            reports,
            active_from=date.fromisoformat(first),
            active_to=date.fromisoformat(last),
        )


def _edition(row: Row[tuple[object, ...]]) -> Edition:
    return Edition(
        row.path,
        row.period,
        row.unit,
        datetime.fromisoformat(row.at),
        row.files,
        row.tree,
        row.sha256,
        row.message,
    )
