"""The database of a workspace: opened, brought up to the forms, and its transactions.

In: a URL (blank is SQLite in `state/`) and the forms. Out: a `Store`, whose tables fit the forms:
new ledgers have got tables and new fields columns; what a form no longer asks for stays where it
is. What is peculiar to SQLite or PostgreSQL is in `engines`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    Table,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.schema import CreateColumn

from pipeline.errors import ConfigError
from pipeline.forms.model import Forms
from pipeline.records.backup import BACKUPS, back_up
from pipeline.records.engines import FILE_NAME, cannot_open, hold_alone, make_engine, tell_faults
from pipeline.records.tables import Tables, build_tables

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Store:
    """An open database. `forms` are those that its tables were built for."""

    engine: Engine
    tables: Tables
    forms: Forms
    _rehearsal: Connection | None = None
    _alone: Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database."""
        if self._rehearsal is not None:
            yield self._rehearsal
            return
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are committed together, or not at all."""
        if self._rehearsal is not None:
            with self._rehearsal.begin_nested():
                yield self._rehearsal
            return
        if self._alone is not None:
            with self._alone.begin():
                yield self._alone
            return
        writer = self.engine.connect().execution_options(writing=True)
        with writer as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Let go of the database; what a rehearsal changed is undone."""
        for connection in filter(None, (self._rehearsal, self._alone)):
            connection.close()
        self.engine.dispose()


def open_store(
    url: str,
    forms: Forms,
    state: Path,
    *,
    now: datetime | None = None,
    rehearse: bool = False,
    alone: bool = False,
) -> Store:
    """Open the database and bring its tables up to the forms.

    A SQLite database in use is copied to `backups/` before its tables change; `now` names the
    copy, the machine's clock where it is not given. `rehearse` is for looking and for a dry run:
    everything works, nothing is ever committed, and where there is no database yet none is made.
    Otherwise, and in a rehearsal that is to be `alone`, nobody else can write to a PostgreSQL
    database until the store is closed: two that write would wait for each other's rows. Raises
    ConfigError where the URL cannot be used or the tables do not fit the forms, WorkspaceBusy where
    another machine writes.
    """
    engine = make_engine(url, state, rehearse)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        try:
            store = undo.enter_context(closing(_connect(engine, forms, rehearse, alone)))
            with store.writing() as connection:
                schema = _check_version(connection, store.tables)
                growth = _plan_growth(connection, store.tables)
                if growth:
                    if schema is not None and not rehearse:
                        _back_up(database_file(url, state), state, schema, now or datetime.now())
                    _grow(connection, store.tables, growth)
        except SQLAlchemyError as error:
            raise cannot_open(engine, error) from None
        undo.pop_all()
    tell_faults(engine)
    return store


def database_file(url: str, state: Path) -> Path | None:
    """Return the file of a SQLite database; None for any other, and for one that is nowhere."""
    if not url:
        return state / FILE_NAME
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return None
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (
        None,
        "",
        ":memory:",
    )
    return Path(str(parsed.database)) if is_file else None


def _connect(engine: Engine, forms: Forms, rehearse: bool, alone: bool) -> Store:
    tables = build_tables(forms)
    lock = hold_alone(engine) if alone or not rehearse else None
    if not rehearse:
        return Store(engine, tables, forms, _alone=lock)
    held = engine.connect().execution_options(writing=True)
    held.begin()
    return Store(engine, tables, forms, held, lock)


def _check_version(connection: Connection, tables: Tables) -> int | None:
    """Return the version of the database's layout; None where it is new."""
    meta = tables.meta
    meta.create(connection, checkfirst=True)
    query = select(meta.c.value).where(meta.c.key == "schema_version")
    version = connection.scalar(query)
    if version is None:
        connection.execute(insert(meta).values(key="schema_version", value=str(SCHEMA_VERSION)))
        return None
    if int(version) > SCHEMA_VERSION:
        raise ConfigError(
            f"数据库是更新版本的程序建的（{version} > {SCHEMA_VERSION}）(made by a newer program)。"
            "请升级 union-pipeline。"
        )
    return int(version)


def _plan_growth(connection: Connection, tables: Tables) -> list[Table | Column[Any]]:
    """Return the tables and columns that the forms ask for and the database has not."""
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    missing: list[Table | Column[Any]] = []
    for table in tables.metadata.sorted_tables:
        if table.name not in there:
            missing.append(table)
            continue
        present = {column["name"]: column["type"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in present:
                missing.append(column)
            elif isinstance(present[column.name], Integer) != isinstance(column.type, Integer):
                raise ConfigError(
                    f"{table.name} 的 {column.name}: 字段类型改了，已存的值不再合用 (type changed)。"
                    "请恢复原来的类型，或给新字段换一个 key。"
                )
    return missing


def _back_up(database: Path | None, state: Path, schema: int, now: datetime) -> None:
    if database is None:
        return
    try:
        back_up(database, state / BACKUPS, schema, now)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"{state / BACKUPS}: 备份没有做成，数据库没有动 (no backup, nothing changed): {error}。"
            "请检查磁盘空间和权限。"
        ) from None


def _grow(connection: Connection, tables: Tables, missing: Sequence[Table | Column[Any]]) -> None:
    new = [item for item in missing if isinstance(item, Table)]
    if new:
        tables.metadata.create_all(connection, tables=new)
    for column in missing:
        if isinstance(column, Column):
            name = connection.dialect.identifier_preparer.format_table(column.table)
            declaration = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE {name} ADD COLUMN {declaration}"))
