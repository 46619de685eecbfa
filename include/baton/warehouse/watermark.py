"""Reading landed rows exactly once, whatever the order in which their transactions committed.

A sequence number or a received_at can become visible after a larger one was read, and its row would
be skipped for good. So rows carry the transaction that wrote them (`xact xid8`), and a window ends at
the oldest transaction still running: whatever lies below has committed or never will. Transactions of
other databases on the same server (Airflow's own, say) and autovacuum cannot have written here and
hold nothing up. Readers stay in READ COMMITTED: what ends while a window opens is seen by the
statements that follow.
"""

from dataclasses import dataclass, replace
from typing import Any

import psycopg


@dataclass(frozen=True)
class Window:
    """Rows with `low <= xact < high` (both are xid8 as text) are new to the reader `name`."""

    name: str
    low: str
    high: str

    def up_to(self, high: str) -> "Window":
        """Return this window, ending at `high` where that comes earlier (never before `low`)."""
        return replace(self, high=str(max(int(self.low), min(int(self.high), int(high)))))


def window(conn: psycopg.Connection[Any], name: str) -> Window:
    """Open the window of the reader `name` and lock its watermark until the transaction ends.

    Use it as `where xact >= %(low)s::xid8 and xact < %(high)s::xid8`, keep the results, call
    `advance` and commit, all in one transaction: a kill in the middle changes nothing.
    """
    conn.execute(
        "insert into ops.watermark (name, value) values (%s, '0') on conflict do nothing", (name,)
    )
    row = conn.execute(
        """
        with now (snapshot) as (select pg_current_snapshot()),
        not_known_elsewhere as materialized (
            select running.xact
            from now, pg_snapshot_xip(now.snapshot) as running (xact)
            where not exists (
                select from pg_stat_activity as elsewhere
                where elsewhere.backend_xid = running.xact::xid
                    and (
                        elsewhere.datname <> current_database()
                        or elsewhere.backend_type = 'autovacuum worker'
                    )
            )
        ),
        -- pg_stat_activity shows the moment, not the snapshot: what it no longer shows may have ended.
        still_running as (
            select xact from not_known_elsewhere where pg_xact_status(xact) = 'in progress'
        )
        select watermark.value, coalesce(
            (select min(xact) from still_running), pg_snapshot_xmax(now.snapshot)
        )::text
        from ops.watermark as watermark, now
        where watermark.name = %s
        for update of watermark
        """,
        (name,),
    ).fetchone()
    assert row is not None
    return Window(name, row[0], row[1]).up_to(row[1])


def advance(conn: psycopg.Connection[Any], seen: Window, run_id: str | None = None) -> None:
    """Move the watermark to the end of the window, in the caller's transaction."""
    conn.execute(
        "update ops.watermark set value = %s, moved_at = ops.now(), run_id = %s where name = %s",
        (seen.high, run_id, seen.name),
    )


def get(conn: psycopg.Connection[Any], name: str) -> str | None:
    """Return the value that the reader `name` kept (an ETag, a cursor), locking it."""
    row = conn.execute(
        "select value from ops.watermark where name = %s for update", (name,)
    ).fetchone()
    return None if row is None else str(row[0])


def put(conn: psycopg.Connection[Any], name: str, value: str, run_id: str | None = None) -> None:
    """Keep a value for the reader `name`, in the transaction that lands what it stands for."""
    conn.execute(
        """
        insert into ops.watermark (name, value, moved_at, run_id) values (%s, %s, ops.now(), %s)
        on conflict (name) do update
        set value = excluded.value, moved_at = excluded.moved_at, run_id = excluded.run_id
        """,
        (name, value, run_id),
    )
