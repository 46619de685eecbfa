"""A run: one execution of a DAG (or of `baton run`) over one data interval.

Every row that a layer makes carries the id of the run that made it. Rows are handed on when their
run is released, which only a gate does (`ops.released_run`).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from baton.core.settings import Settings
from baton.warehouse.connect import connect, pool


@dataclass(frozen=True)
class Run:
    """What a step gets. `interval_end` is the moment as of which it works."""

    id: str
    layer: str
    dag_id: str
    interval_start: datetime
    interval_end: datetime
    settings: Settings
    pool: ConnectionPool[psycopg.Connection[Any]] | None = field(
        default=None, compare=False, repr=False
    )

    def connect(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Open a warehouse connection; leaving the block commits, an exception rolls back."""
        if self.pool is not None:
            return self.pool.connection()
        return connect(self.settings.database_url)

    @contextmanager
    def pooled(self, size: int) -> Iterator["Run"]:
        """Give this run up to `size` connections that stay open between its transactions."""
        with pool(self.settings.database_url, size) as opened:
            yield replace(self, pool=opened)


def take_back(conn: psycopg.Connection[Any], run_id: str) -> None:
    """Withdraw the release of a run that its own gate has not looked at yet.

    The gate of another run releases all that waits, and with it a run that has not begun to write:
    what it writes from now on must wait for a gate too.
    """
    conn.execute(
        """
        update ops.run r set released_at = null
        where r.id = %s and r.released_at is not null
            and not exists (select from ops.gate_result g where g.run_id = r.id)
        """,
        (run_id,),
    )


def open_run(
    settings: Settings,
    layer: str,
    dag_id: str,
    external_id: str,
    interval_start: datetime,
    interval_end: datetime,
) -> Run:
    """Return the run with this DAG and external id (Airflow's run id), making its row once.

    A task that is retried, or a run that is cleared, gets the same run again.
    """
    with connect(settings.database_url) as conn:
        row = conn.execute(
            """
            insert into ops.run (id, layer, dag_id, external_id, interval_start, interval_end)
            values (ops.new_id('run'), %s, %s, %s, %s, %s)
            on conflict (dag_id, external_id) do update set touched_at = ops.now()
            returning id, interval_start, interval_end
            """,
            (layer, dag_id, external_id, interval_start, interval_end),
        ).fetchone()
    assert row is not None
    return Run(row[0], layer, dag_id, row[1], row[2], settings)
