"""Tells whether a sender is still alive: it holds an advisory lock as long as it is.

The lock belongs to a connection, so it falls with the process, however that ends, and on whichever
machine it ran.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from baton.core import ids
from baton.warehouse.connect import connect, scalar


@contextmanager
def lease(database_url: str) -> Iterator[str]:
    """Be a worker for the length of the block; yields its name, which goes into its attempts."""
    worker = ids.new_id("wrk")
    with connect(database_url, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (worker,))
        yield worker


def is_gone(conn: psycopg.Connection[Any], worker: str) -> bool:
    """Tell whether this worker ended. If so, its name is locked until the transaction ends."""
    return bool(
        scalar(conn, "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (worker,))
    )
