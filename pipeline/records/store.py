"""The database of a workspace: opened, brought up to the forms, and its transactions.

In: a URL (blank is SQLite in `state/`) and the forms. Out: a `Store`, whose tables fit the forms:
new ledgers have got tables and new fields columns; what a form no longer asks for stays where it
is. Everything peculiar to SQLite is in this module.

SQLite runs in WAL with `synchronous = FULL`: a file leaves the inbox once its row is committed, so
a commit must outlive a power cut, which NORMAL does not promise. One commit a batch makes the
price one wait for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Integer,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.schema import CreateColumn

from pipeline.errors import ConfigError, SystemFault
from pipeline.forms.model import Forms
from pipeline.records.backup import BACKUPS, back_up
from pipeline.records.tables import Tables, build_tables

SCHEMA_VERSION = 1
FILE_NAME = "records.sqlite"

_LOCK_SECONDS = 30  # how long a writer waits for another one; transactions take well under one


@dataclass(frozen=True)
class Store:
    """An open database. `forms` are those that its tables were built for."""

    engine: Engine
    tables: Tables
    forms: Forms
    _rehearsal: Connection | None = None

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
        writer = self.engine.connect().execution_options(writing=True)
        with writer as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Let go of the database; what a rehearsal changed is undone."""
        if self._rehearsal is not None:
            self._rehearsal.close()
        self.engine.dispose()


def open_store(
    url: str,
    forms: Forms,
    state: Path,
    *,
    now: datetime | None = None,
    rehearse: bool = False,
) -> Store:
    """Open the database and bring its tables up to the forms.

    A SQLite database in use is copied to `backups/` before its tables change; `now` names the
    copy, the machine's clock where it is not given. `rehearse` is for a dry run: everything works,
    nothing is ever committed, and where there is no database yet none is made. Raises ConfigError
    where the URL cannot be used or the tables do not fit the forms.
    """
    tables = build_tables(forms)
    engine = _engine(url, state, rehearse)
    try:
        held = None
        if rehearse:
            held = engine.connect().execution_options(writing=True)
            held.begin()
        store = Store(engine, tables, forms, held)
        with store.writing() as connection:
            schema = _check_version(connection, tables)
            growth = _plan_growth(connection, tables)
            if growth:
                if schema is not None and not rehearse:
                    _back_up(database_file(url, state), state, schema, now or datetime.now())
                _grow(connection, tables, growth)
    except SQLAlchemyError as error:
        engine.dispose()
        raise ConfigError(
            f"union.toml [database] url: 打不开数据库 {engine.url!r} (cannot open): "
            f"{getattr(error, 'orig', error)}"
        ) from None
    except ConfigError:
        engine.dispose()
        raise
    _tell_faults(engine)
    return store


def database_file(url: str, state: Path) -> Path | None:
    """Return the file of a SQLite database; None for any other, and for one that is nowhere."""
    if not url:
        return state / FILE_NAME
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (
        None,
        "",
        ":memory:",
    )
    return Path(str(parsed.database)) if is_file else None


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert many rows of stored values, in the order of `columns`, by the driver's executemany.

    The one place for a faster way of a database's own, such as PostgreSQL's COPY.
    """
    if not rows:
        return
    dialect = connection.dialect
    quote = dialect.identifier_preparer
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    connection.exec_driver_sql(
        f"INSERT INTO {quote.format_table(table)} ({', '.join(map(quote.quote, columns))})"
        f" VALUES ({', '.join([mark] * len(columns))})",
        list(rows),
    )


def _engine(url: str, state: Path, rehearse: bool) -> Engine:
    try:
        engine = create_engine(
            make_url(url) if url else _default_url(state, rehearse),
            hide_parameters=True,  # an error that is logged must not quote what people reported
        )
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            f"union.toml [database] url 写得不对 (not a database URL): {error}。"
            "例如 postgresql+psycopg://用户@主机/库名；留空即用 SQLite。"
        ) from None
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"union.toml [database] url: 缺少数据库驱动 {error.name} (driver is missing)。"
            "PostgreSQL 请先执行 pip install 'union-pipeline[postgres]'。"
        ) from None
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine)
    return engine


def _default_url(state: Path, rehearse: bool) -> URL:
    path = state / FILE_NAME
    if rehearse and not path.exists():
        return URL.create("sqlite")
    state.mkdir(parents=True, exist_ok=True)
    return URL.create("sqlite", database=str(path))


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for reading
        for pragma in (
            f"busy_timeout = {_LOCK_SECONDS * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer that begins as a reader can find its snapshot outdated and must give up.
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _tell_faults(engine: Engine) -> None:
    @event.listens_for(engine, "handle_error")
    def tell(context: ExceptionContext) -> None:
        if isinstance(context.sqlalchemy_exception, OperationalError):
            raise SystemFault(
                f"数据库出错 (database): {context.original_exception}。请检查磁盘空间、权限和数据库"
                "服务后再运行；收下的文件不会丢 (nothing is lost)。"
            ) from context.original_exception


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
