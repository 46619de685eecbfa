"""Lands what a request brought, in one transaction: each item once, or in quarantine with a reason."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from baton.core import clock
from baton.core.ids import new_id
from baton.receiver.door import Door
from baton.signals import text
from baton.signals.landing import Counts, quarantine, write_intake
from baton.signals.records import Reject

Table = Literal["signal_event", "email_event", "inbound_message", "booking_event", "transcript"]
# The columns of each table beyond those that all of them have.
COLUMNS: dict[Table, tuple[str, ...]] = {
    "signal_event": (),
    "email_event": ("event_type", "send_key", "email"),
    "inbound_message": ("sender", "recipient", "subject", "headers", "body"),
    "booking_event": ("event_type",),
    "transcript": ("meeting_uid",),
}


@dataclass(frozen=True)
class Row:
    """One thing that came in. `columns` are those of its table, all text."""

    natural_key: str
    occurred_at: datetime
    payload: Any
    columns: dict[str, str | None] = field(default_factory=dict)


Read = Callable[[datetime], Iterable[Row | Reject]]


def store(door: Door, table: Table, source: str, read: Read) -> Counts:
    """Read a verified request with `read` (given the time now) and land it.

    Raises psycopg.OperationalError where the database is away: the sender must try again.
    """
    with door.connect() as conn:
        found = list(read(clock.now(conn)))
        rows = [item for item in found if isinstance(item, Row)]
        rejects = [item for item in found if isinstance(item, Reject)]
        intake_id = new_id("int")
        try:
            with conn.transaction():
                accepted = _insert(conn, table, source, rows)
        except psycopg.DataError:
            accepted, refused = _insert_apart(conn, table, source, rows)
            rejects += refused
        held = quarantine(conn, intake_id, source, rejects)
        counts = Counts(len(found), accepted, len(found) - accepted - held, held)
        write_intake(conn, intake_id, None, source, table, counts)
    return counts


def _insert(conn: psycopg.Connection[Any], table: Table, source: str, rows: Sequence[Row]) -> int:
    if not rows:
        return 0
    names = COLUMNS[table]
    arrays: list[Any] = [
        [row.natural_key for row in rows],
        [row.occurred_at for row in rows],
        [Jsonb(row.payload) for row in rows],
        *([row.columns.get(name) for row in rows] for name in names),
    ]
    kinds = ["text[]", "timestamptz[]", "jsonb[]", *("text[]" for _ in names)]
    columns = ("natural_key", "occurred_at", "payload", *names)
    # A thing is known by its key alone; the table's constraint, which has the time in it, catches
    # the same request arriving twice at once.
    query = sql.SQL("""
        insert into {table} (source, {columns})
        select %s, {columns} from (
            select distinct on (natural_key) {columns} from unnest({arrays}) as o ({columns})
            order by natural_key, occurred_at) o
        where not exists (select from {table} held
                          where held.source = %s and held.natural_key = o.natural_key)
        on conflict (source, natural_key, occurred_at) do nothing
        """).format(
        table=sql.Identifier("landing", table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        arrays=sql.SQL(", ").join(sql.SQL("%s::" + kind) for kind in kinds),
    )
    return conn.execute(query, [source, *arrays, source]).rowcount


def _insert_apart(
    conn: psycopg.Connection[Any], table: Table, source: str, rows: Sequence[Row]
) -> tuple[int, list[Reject]]:
    """Land rows one by one, where one of them is more than the database can hold."""
    accepted, refused = 0, []
    for row in rows:
        try:
            with conn.transaction():
                accepted += _insert(conn, table, source, [row])
        except psycopg.DataError as error:
            reason = f"The database cannot hold it: {error.diag.message_primary or error}."
            refused.append(Reject(reason, text.excerpt(row.payload)))
    return accepted, refused
