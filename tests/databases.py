"""The databases that tests run on: SQLite, or a PostgreSQL server on which each state folder has a
schema of its own. The fixture `engine` says which; see CONTRIBUTING.md."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection, MetaData, Table, create_engine

_NUMBERS = itertools.count()
_server = ""  # SQLite
_schemas: dict[tuple[str, Path], str] = {}


@contextmanager
def on_server(url: str) -> Iterator[None]:
    """Have everything that is opened inside live on this PostgreSQL server."""
    global _server
    before, _server = _server, url
    try:
        yield
    finally:
        _server = before


def url_of(state: Path) -> str:
    """Return the URL of the database that belongs to a state folder; blank is SQLite in it."""
    if not _server:
        return ""
    key = (_server, state.absolute())
    if key not in _schemas:
        _schemas[key] = _new_schema()
    return _url(_schemas[key])


def on_postgresql() -> bool:
    """Whether what is opened now lives on PostgreSQL."""
    return bool(_server)


def copy_database(source: Path, target: Path) -> str:
    """Give a copied state folder a copy of its database and return the URL of that; "" for
    SQLite's, which has been copied with the folder."""
    if not _server:
        return ""
    url = url_of(target)
    old, new = (_schemas[_server, folder.absolute()] for folder in (source, target))
    with psycopg.connect(_server, autocommit=True) as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        for (table,) in connection.execute(query, (old,)).fetchall():
            connection.execute(f'CREATE TABLE {new}."{table}" (LIKE {old}."{table}" INCLUDING ALL)')
            connection.execute(f'INSERT INTO {new}."{table}" SELECT * FROM {old}."{table}"')
    return url


def lose_database(state: Path) -> None:
    """Leave nothing of the database of a state folder."""
    for path in state.glob("records.sqlite*"):
        path.unlink()
    if name := _schemas.get((_server, state.absolute())):
        with psycopg.connect(_server, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {name} CASCADE")
            connection.execute(f"CREATE SCHEMA {name}")


@contextmanager
def empty_database(metadata: MetaData) -> Iterator[Connection]:
    """Yield a connection to a database with these tables and nothing in them."""
    engine = create_engine(sqlalchemy_url(_url(_new_schema())) if _server else "sqlite://")
    try:
        with engine.connect() as connection:
            metadata.create_all(connection, checkfirst=False)
            yield connection
    finally:
        engine.dispose()


def read_table(url: str, table: Table) -> list[tuple[object, ...]]:
    """Return all rows of a table, sorted."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(table.select())]
    engine.dispose()
    return sorted(rows, key=repr)


def drop_schemas(server: str) -> None:
    """Leave nothing behind on a server that goes on."""
    with psycopg.connect(server, autocommit=True) as connection:
        query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE %s"
        for (name,) in connection.execute(query, (f"test_{os.getpid()}_%",)).fetchall():
            connection.execute(f'DROP SCHEMA "{name}" CASCADE')


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _url(schema: str) -> str:
    mark = "&" if "?" in _server else "?"
    return f"{_server}{mark}options=-csearch_path%3D{schema}"


def _new_schema() -> str:
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return name
