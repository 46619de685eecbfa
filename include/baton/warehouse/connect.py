"""Connections to the warehouse. Plain psycopg 3; sessions speak UTC."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

Row = dict[str, Any]
SESSION: dict[str, Any] = {"options": "-c timezone=UTC", "connect_timeout": 10}


def connect(database_url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Open a connection whose session time zone is UTC. Rows are tuples.

    Raises psycopg.OperationalError when the server cannot be reached.
    """
    return psycopg.connect(database_url, autocommit=autocommit, **SESSION)


@contextmanager
def pool(database_url: str, size: int) -> Iterator[ConnectionPool[psycopg.Connection[Any]]]:
    """Keep up to `size` such connections open, for many small transactions one after the other.

    `opened.connection()` commits or rolls back at the end of its block, and raises
    psycopg.OperationalError when the server cannot be reached for ten seconds.
    """
    with ConnectionPool(
        database_url,
        min_size=1,
        max_size=size,
        kwargs=SESSION,
        timeout=SESSION["connect_timeout"],
        check=ConnectionPool.check_connection,  # the server may have been started anew
        open=False,
    ) as opened:
        yield opened


def rows(conn: psycopg.Connection[Any], query: str, params: Any = None) -> list[Row]:
    """Run a query that is part of our code and return its rows as dictionaries."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(query), params).fetchall()


def one(conn: psycopg.Connection[Any], query: str, params: Any = None) -> Row | None:
    """Return the first row of a query as a dictionary, or None."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(query), params).fetchone()


def scalar(conn: psycopg.Connection[Any], query: str, params: Any = None) -> Any:
    """Return the first column of the first row, or None."""
    row = conn.execute(sql(query), params).fetchone()
    return None if row is None else row[0]


def sql(text: str) -> LiteralString:
    """Mark text as SQL written by us (psycopg's typing asks for literals); never pass input."""
    return text
