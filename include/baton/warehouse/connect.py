"""Connections to the warehouse. Plain psycopg 3; sessions speak UTC."""

from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]


def connect(database_url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Open a connection whose session time zone is UTC. Rows are tuples.

    Raises psycopg.OperationalError when the server cannot be reached.
    """
    return psycopg.connect(
        database_url, autocommit=autocommit, options="-c timezone=UTC", connect_timeout=10
    )


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
