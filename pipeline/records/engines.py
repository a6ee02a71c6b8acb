"""The two engines behind a database URL: everything peculiar to SQLite or to PostgreSQL.

In: a URL (blank is SQLite in `state/`). Out: an engine on which the same statements come to the
same. Whoever opens a database, a reader sees one state of it and one writer writes.

SQLite runs in WAL with `synchronous = FULL`: a file leaves the inbox once its row is committed, so
a commit must outlive a power cut, which NORMAL does not promise. One commit a batch makes the
price one wait for the disk.

PostgreSQL: a lock of the session keeps a second machine out, and all that is written goes through
the very session that holds it. Should the connection break, lock and writer are gone together.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.types import BigInteger, Integer, LargeBinary, TypeEngine

from pipeline.errors import ConfigError, SystemFault, WorkspaceBusy

FILE_NAME = "records.sqlite"

_LOCK_SECONDS = 30  # how long a writer waits for another one; transactions take well under one
_CONNECT_SECONDS = 10
_OUR_LOCK = 20_260_701  # told from the locks of other programs by this number
_SET = "union.toml [database] url"


def make_engine(url: str, state: Path, rehearse: bool) -> Engine:
    """Return the engine of a URL, not connected yet. Raises ConfigError."""
    try:
        parsed = _parse(url) if url else _default_url(state, rehearse)
        engine = create_engine(
            parsed,
            hide_parameters=True,  # an error that is logged must not quote what people reported
            **_options(parsed),
        )
    except (ArgumentError, NoSuchModuleError, ValueError):
        # The error's own words may quote a URL that is typed wrong, with the password in it.
        raise ConfigError(
            f"{_SET} 写得不对 (not a database URL)。例如 postgresql://用户@主机/库名，密码里的特殊字符写成"
            " %40 这样；留空即用 SQLite。"
        ) from None
    except ImportError as error:
        raise ConfigError(
            f"{_SET}: 缺少数据库驱动 {error.name or 'psycopg'} (driver is missing)。"
            "PostgreSQL 请先执行 pip install 'union-pipeline[postgres]'。"
        ) from None
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine)
    return engine


def shown(engine: Engine) -> str:
    """Return where a database is, without names or passwords: its server and its own name."""
    url = engine.url
    host = f"{url.host}:{url.port}" if url.port else url.host or ""
    return f"{url.get_backend_name()}://{host}/{url.database or ''}"


def hold_alone(engine: Engine) -> Connection | None:
    """Return the session that keeps other machines out of a PostgreSQL database.

    None on SQLite, which lies on this machine's disk, where a file lock does. Raises WorkspaceBusy.
    """
    if engine.dialect.name != "postgresql":
        return None
    with ExitStack() as undo:
        session = undo.enter_context(engine.connect())
        with session.begin():
            # A machine that lost its power must not keep the others out for hours.
            for name, value in (("idle", 60), ("interval", 10), ("count", 3)):
                session.exec_driver_sql(f"SET tcp_keepalives_{name} = {value}")
            lock = text("SELECT pg_try_advisory_lock(:ours, hashtext(current_schema()))")
            if not session.scalar(lock, {"ours": _OUR_LOCK}):
                raise WorkspaceBusy(
                    f"另一台电脑的任务正在用这个数据库 {shown(engine)}，请等它结束后再试"
                    " (a run on another machine holds the database)。"
                )
        undo.pop_all()
    return session


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert many rows of stored values, in the order of `columns`, the fastest way there is."""
    if not rows:
        return
    quote = connection.dialect.identifier_preparer
    target = f"{quote.format_table(table)} ({', '.join(map(quote.quote, columns))})"
    if connection.dialect.name == "postgresql":
        _copy(connection, target, [_wire_type(table.c[name].type) for name in columns], rows)
    else:
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {target} VALUES ({marks})", list(rows))


def tell_faults(engine: Engine) -> None:
    """Have whatever the database cannot do for us raised as a SystemFault from now on."""

    @event.listens_for(engine, "handle_error")
    def tell(context: ExceptionContext) -> None:
        if isinstance(context.sqlalchemy_exception, OperationalError):
            raise _fault(context.original_exception) from context.original_exception


def cannot_open(engine: Engine, error: SQLAlchemyError) -> ConfigError:
    """Return what to say where a database does not let us in, or not do what we must."""
    says = " ".join(str(getattr(error, "orig", error)).split())
    return ConfigError(f"{_SET}: 打不开数据库 {shown(engine)} (cannot open): {says}")


def _fault(error: object) -> SystemFault:
    return SystemFault(
        f"数据库出错 (database): {error}。请检查磁盘空间、权限和数据库服务后再运行；"
        "收下的文件不会丢 (nothing is lost)。"
    )


def _parse(url: str) -> URL:
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if "@" in (parsed.host or "") or parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ArgumentError
    return parsed


def _default_url(state: Path, rehearse: bool) -> URL:
    path = state / FILE_NAME
    if rehearse and not path.exists():
        return URL.create("sqlite")
    state.mkdir(parents=True, exist_ok=True)
    return URL.create("sqlite", database=str(path))


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {}
    waits = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    return {"isolation_level": "REPEATABLE READ", "connect_args": waits}


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


def _copy(
    connection: Connection, target: str, types: list[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    import psycopg  # here, since whoever keeps to SQLite need not have it

    session: Any = connection.connection.driver_connection
    try:
        with (
            session.cursor() as cursor,
            cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        # Its own words would quote what people reported.
        raise _fault(f"COPY {target.split()[0]}: {type(error).__name__}") from None


def _wire_type(kind: TypeEngine[Any]) -> str:
    if isinstance(kind, BigInteger):
        return "int8"
    if isinstance(kind, Integer):
        return "int4"
    return "bytea" if isinstance(kind, LargeBinary) else "text"
