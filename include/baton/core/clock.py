"""The one clock. `ops.now()` in the database is the source; SQL, dbt and Python all read it.

In a sandbox database the demo may shift it; a constraint forbids that everywhere else.
"""

from datetime import datetime
from typing import Any, Protocol


class Queries(Protocol):
    """Anything with psycopg's `execute`: a connection or a cursor."""

    def execute(self, query: str, params: Any = ..., /) -> Any:
        """Run one statement."""


def now(conn: Queries) -> datetime:
    """Return the time of the open transaction, in UTC, as every part of Baton sees it."""
    row = conn.execute("select ops.now()").fetchone()
    moment: datetime = row[0]
    return moment
