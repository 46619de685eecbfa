"""A person says of an `unknown` message whether it was sent. Nothing is ever sent again for it."""

from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.routing.tasks import add_task, finish_task
from baton.warehouse.connect import one

SENT, NOT_SENT = "accepted", "failed"


def settle(
    conn: psycopg.Connection[Any], message: str, *, was_sent: bool, by: str, reason: str
) -> str:
    """Settle an `unknown` message, given by its id or send key; return its new state.

    What was sent is `accepted`, at the time of its last attempt; what was not is `failed`, which ends
    its sequence. `by` is the person and `reason` their sentence; both stay with the message and the
    task. Works in the caller's transaction. Raises InputError where there is nothing to settle.
    """
    if not reason.strip():
        raise InputError("Say how you know; the reason is kept with the message.")
    found = one(
        conn,
        "select id, state from ops.message where id = %(key)s or send_key = %(key)s for no key update",
        {"key": message},
    )
    if found is None:
        raise InputError(f"There is no message {message!r}; give its id (msg_...) or send key.")
    if found["state"] != "unknown":
        raise InputError(
            f"The message is {found['state']} already; only an unknown one can be settled."
        )
    state = SENT if was_sent else NOT_SENT
    conn.execute(
        """
        update ops.message m
        set state = %(state)s, state_reason = %(reason)s, settled_by = 'person:' || %(by)s,
            accepted_at = case when %(sent)s then coalesce(m.accepted_at, (
                select max(started_at) from ops.attempt where message_id = m.id)) end
        where id = %(id)s
        """,
        {"id": found["id"], "state": state, "reason": reason, "by": by, "sent": was_sent},
    )
    # The question may not have been asked yet, or have been closed; the answer is kept in any case.
    add_task(
        conn,
        "unknown_send",
        "message",
        found["id"],
        "Was this message sent?",
        is_exception=True,
    )
    outcome = f"{'It was sent' if was_sent else 'It was not sent'}: {reason}"
    finish_task(conn, "unknown_send", "message", found["id"], by, outcome)
    return state
