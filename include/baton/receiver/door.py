"""The receiver's way into the warehouse."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from baton.warehouse.connect import connect, pool

# As many as requests are worked on at once: Starlette's thread pool has 40 places.
CONNECTIONS = 20


class Door:
    """Opens connections; while it is `open`, they are kept for the next request."""

    def __init__(self, database_url: str) -> None:
        """Connect to nothing yet."""
        self._database_url = database_url
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep connections until the block is left. A warehouse that is away is no reason to fail."""
        with pool(self._database_url, CONNECTIONS) as opened:
            self._pool = opened
            try:
                yield
            finally:
                self._pool = None

    def connect(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Return a connection for a `with` block, which commits or rolls back.

        Raises psycopg.OperationalError where the warehouse is away.
        """
        return connect(self._database_url) if self._pool is None else self._pool.connection()
