"""Clears up after senders that ended in the middle: what may have been sent becomes `unknown`.

Such a message is never sent again by itself. An event settles it, or the vendor when it is asked, or
a person.
"""

import time
from typing import Any

import psycopg

from baton.clients.mail import Mailer, Outgoing
from baton.delivery import attempts, workers
from baton.routing.tasks import finish_task
from baton.warehouse.connect import rows
from baton.warehouse.run import Run

# Looking up takes a request each; the run's other work must not wait for long.
LOOK_UPS = 50
LOOK_UP_SECONDS = 20.0


def sweep(conn: psycopg.Connection[Any], run: Run, stuck_minutes: int) -> dict[str, int]:
    """Close the open attempts of workers that ended, and those older than `stuck_minutes`.

    Works in the caller's transaction. Returns how many messages became unknown.
    """
    open_attempts = rows(
        conn,
        """
        select a.worker, a.message_id,
               a.started_at < ops.now() - make_interval(mins => %s) as is_stuck
        from ops.attempt a where a.outcome = 'pending' order by a.message_id
        """,
        (stuck_minutes,),
    )
    gone = {name: workers.is_gone(conn, name) for name in {a["worker"] for a in open_attempts}}
    lost = [a["message_id"] for a in open_attempts if a["is_stuck"] or gone[a["worker"]]]
    if not lost:
        return {"messages_unknown": 0}
    detail = "The sender ended before it had an answer."
    conn.execute(
        "select from ops.message where id = any(%s) order by id for no key update", (lost,)
    )
    # Where an event told of the mail meanwhile, the vendor did take it.
    conn.execute(
        """
        update ops.attempt a
        set outcome = case when m.state = 'dispatching' then 'ambiguous' else 'accepted' end,
            detail = %s, finished_at = ops.now()
        from ops.message m
        where a.message_id = m.id and m.id = any(%s) and a.outcome = 'pending'
        """,
        (detail, lost),
    )
    unknown = conn.execute(
        "update ops.message set state = 'unknown', state_reason = %s "
        "where id = any(%s) and state = 'dispatching' returning id",
        (detail, lost),
    ).fetchall()
    for (message_id,) in unknown:
        attempts.ask_a_person(conn, message_id, detail, run.id)
    return {"messages_unknown": len(unknown)}


def look_up(conn: psycopg.Connection[Any], mailer: Mailer) -> dict[str, int]:
    """Ask the vendor about `unknown` messages, the newest first; what it took is `accepted`.

    Commits each, so that no transaction is open while the vendor is asked. Returns how many were
    settled. What the vendor does not know stays unknown: not being found proves nothing.
    """
    unknown = rows(
        conn,
        """
        select m.id, m.send_key, r.rendered, max(a.started_at) as at
        from ops.message m
        join ops.revision r on r.draft_id = m.draft_id and r.revision = m.revision
        join ops.attempt a on a.message_id = m.id
        where m.state = 'unknown'
        group by m.id, m.send_key, r.rendered order by max(a.started_at) desc limit %s
        """,
        (LOOK_UPS,),
    )
    conn.commit()
    settled, deadline = 0, time.monotonic() + LOOK_UP_SECONDS
    for message in unknown:
        if time.monotonic() > deadline:
            break
        mail = Outgoing.from_rendered(message["rendered"], message["send_key"], message["at"])
        if mailer.was_taken(mail):
            settled += _found(conn, message["id"])
            conn.commit()
    return {"messages_looked_up": settled}


def settle_tasks(conn: psycopg.Connection[Any]) -> int:
    """Close the questions about messages that are unknown no longer; return how many."""
    answered = rows(
        conn,
        """
        select t.subject_id from ops.task t join ops.message m on m.id = t.subject_id
        where t.kind = 'unknown_send' and t.done_at is null and m.state <> 'unknown'
        """,
    )
    return sum(
        finish_task(conn, "unknown_send", "message", row["subject_id"], "baton") for row in answered
    )


def _found(conn: psycopg.Connection[Any], message_id: str) -> int:
    return conn.execute(
        """
        update ops.message m
        set state = 'accepted', settled_by = 'look_up',
            accepted_at = coalesce(accepted_at, (select max(started_at) from ops.attempt
                                                 where message_id = m.id))
        where id = %s and state = 'unknown'
        """,
        (message_id,),
    ).rowcount
