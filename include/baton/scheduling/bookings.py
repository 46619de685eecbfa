"""From landed events to ops.booking: each event once, in whatever order they come."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from baton.core.ids import new_id
from baton.scheduling.payload import BookingEvent, Unreadable, read
from baton.warehouse import watermark
from baton.warehouse.connect import rows
from baton.warehouse.run import Run

READER = "scheduling.booking_event"
LONGEST_KEPT = 10_000

LANDED = """
    select source, natural_key, occurred_at, event_type, payload
    from landing.booking_event
    where xact >= %(low)s::xid8 and xact < %(high)s::xid8
    order by occurred_at, natural_key
"""


@dataclass
class Intake:
    """What became of the events of one window: received = accepted + duplicates + quarantined."""

    received: int = 0
    accepted: int = 0
    quarantined: int = 0
    touched: set[tuple[str, str]] = field(default_factory=set)


def take(conn: psycopg.Connection[Any], run: Run) -> Intake:
    """Apply every new event to ops.booking and move the watermark, in the caller's transaction.

    Returns the (source, uid) pairs that were touched; what cannot be read is in quarantine.
    """
    seen = watermark.window(conn, READER)
    landed = rows(conn, LANDED, {"low": seen.low, "high": seen.high})
    ours = frozenset(
        row["email"] for row in rows(conn, "select email from ops.rep where email is not null")
    )
    intake = Intake(received=len(landed))
    intake_id = new_id("int")
    for row in landed:
        try:
            event = read(row["source"], row["event_type"], row["occurred_at"], row["payload"], ours)
        except Unreadable as reason:
            intake.quarantined += 1
            _quarantine(conn, intake_id, row, str(reason))
            continue
        intake.accepted += 1
        if event is not None:
            apply(conn, run, event)
            intake.touched.add((event.source, event.uid))
    if landed:
        conn.execute(
            "insert into landing.intake (id, run_id, source, entity, received, accepted, duplicates,"
            " quarantined) values (%s, %s, 'booking_event', 'booking', %s, %s, 0, %s)",
            (intake_id, run.id, intake.received, intake.accepted, intake.quarantined),
        )
    watermark.advance(conn, seen, run.id)
    return intake


def apply(conn: psycopg.Connection[Any], run: Run, event: BookingEvent) -> None:
    """Keep one event. The order does not matter: what is newest stays, a cancellation is final.

    A tool that moves a booking under the same uid says so by `rescheduled` without a previous uid.
    """
    moved = event.change == "rescheduled" and event.previous_uid is None
    conn.execute(
        """
        insert into ops.booking as b (source, uid, previous_uid, state, guest_email, guest_name,
            host_email, title, location, starts_at, ends_at, booked_at, updated_at, moves, run_id)
        values (%(source)s, %(uid)s, %(previous)s, %(state)s, %(guest_email)s, %(guest_name)s,
            %(host)s, %(title)s, %(location)s, %(starts)s, %(ends)s, %(at)s, %(at)s, %(moves)s, %(run)s)
        on conflict (source, uid) do update set
            previous_uid = coalesce(b.previous_uid, excluded.previous_uid),
            state = case when 'cancelled' in (b.state, excluded.state) then 'cancelled'
                         else b.state end,
            booked_at = least(b.booked_at, excluded.booked_at),
            updated_at = greatest(b.updated_at, excluded.updated_at),
            moves = b.moves + excluded.moves,
            guest_name = coalesce(b.guest_name, excluded.guest_name),
            title = coalesce(b.title, excluded.title),
            host_email = case when %(takes_over)s and excluded.updated_at >= b.updated_at
                then coalesce(excluded.host_email, b.host_email) else b.host_email end,
            location = case when %(takes_over)s and excluded.updated_at >= b.updated_at
                then coalesce(excluded.location, b.location) else b.location end,
            starts_at = case when %(takes_over)s and excluded.updated_at >= b.updated_at
                then excluded.starts_at else b.starts_at end,
            ends_at = case when %(takes_over)s and excluded.updated_at >= b.updated_at
                then excluded.ends_at else b.ends_at end
        """,
        {
            "source": event.source,
            "uid": event.uid,
            "previous": event.previous_uid,
            "state": "cancelled" if event.change == "cancelled" else "booked",
            "guest_email": event.guest_email,
            "guest_name": event.guest_name,
            "host": event.host_email,
            "title": event.title,
            "location": event.location,
            "starts": event.starts_at,
            "ends": event.ends_at,
            "at": event.at,
            "moves": int(moved),
            # A cancellation repeats times that may be older than a move it overtook.
            "takes_over": event.change != "cancelled",
            "run": run.id,
        },
    )


def chains_of(
    conn: psycopg.Connection[Any], touched: Iterable[tuple[str, str]]
) -> list[list[dict[str, Any]]]:
    """Return the whole chain of every touched booking, each chain once, oldest booking first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for source, uid in sorted(touched):
        chain = rows(conn, CHAIN, {"source": source, "uid": uid})
        if chain:
            found[chain[0]["id"]] = chain
    return list(found.values())


# Up and down from one booking through previous_uid; `union` ends a circle, should anybody send one.
CHAIN = """
    with recursive linked as (
        select uid, previous_uid from ops.booking where source = %(source)s and uid = %(uid)s
        union
        select b.uid, b.previous_uid
        from linked l
        join ops.booking b
            on b.source = %(source)s and (b.uid = l.previous_uid or b.previous_uid = l.uid)
    )
    select b.*, exists (
        select from ops.booking n where n.source = b.source and n.previous_uid = b.uid
    ) as has_successor
    from ops.booking b
    where b.source = %(source)s and b.uid in (select uid from linked)
    order by (b.previous_uid is not null and exists (
        select from linked p where p.uid = b.previous_uid)), b.booked_at, b.id
"""


def _quarantine(
    conn: psycopg.Connection[Any], intake_id: str, row: dict[str, Any], reason: str
) -> None:
    conn.execute(
        "insert into landing.quarantine (intake_id, source, file, reason, payload) "
        "values (%s, 'booking_event', %s, %s, %s)",
        (intake_id, row["natural_key"][:300], reason,
         json.dumps(row["payload"], ensure_ascii=False)[:LONGEST_KEPT]),
    )  # fmt: skip
