"""The database that tests of SQL run on: SQLite in memory, or the one that
UNION_TEST_DATABASE names (`postgresql+psycopg://…`), whose tables are made anew."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, MetaData, create_engine


@contextmanager
def empty_database(metadata: MetaData) -> Iterator[Connection]:
    """Yield a connection to a database with these tables and nothing in them."""
    engine = create_engine(os.environ.get("UNION_TEST_DATABASE", "sqlite://"))
    with engine.connect() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        yield connection
        connection.rollback()
    engine.dispose()
