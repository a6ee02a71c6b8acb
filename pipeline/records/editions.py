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


def note_edition(connection: Connection, tables: Tables, edition: Edition, tree: OrgTree) -> None:
    """Note an edition, and the tree where it is a new one; nothing where it is the same again."""
    editions, trees = tables.editions, tables.trees
    before = connection.scalar(
        select(editions.c.sha256)
        .where(editions.c.path == edition.path)
        .order_by(editions.c.id.desc())
        .limit(1)
    )
    if before == edition.sha256:
        return
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


def read_editions(connection: Connection, tables: Tables, period: str) -> dict[str, list[Edition]]:
    """Return the editions of a period's summaries by unit, oldest first."""
    editions = tables.editions
    query = select(editions).where(editions.c.period == period).order_by(editions.c.id)
    found: dict[str, list[Edition]] = {}
    for row in connection.execute(query):
        found.setdefault(row.unit, []).append(_edition(row))
    return found


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
