"""Holds: reasons not to write to a contact or an account for now, each with its cause.

A reply by a person, a booking or an opt-out stops the contact's sequence and pauses the account's
other contacts. An automatic reply pauses the contact and resumes by itself. A person may lift a hold
with a reason; the row stays, and the same cause does not hold again.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg

from baton.core.errors import InputError
from baton.warehouse.connect import scalar

Scope = Literal["contact", "account"]
Stop = Literal["reply", "booking", "opt_out"]
Kind = Literal[
    "reply", "booking", "opt_out", "out_of_office", "open_opportunity", "protected", "manual"
]

# How long colleagues are left alone after a reply, a booking or an opt-out. Our own figure: two weeks
# are time enough for the owner to take over the account.
ACCOUNT_PAUSE = timedelta(days=14)


def stop_contact(
    conn: psycopg.Connection[Any],
    contact_id: str,
    kind: Stop,
    cause_id: str,
    reason: str,
    account_pause: timedelta = ACCOUNT_PAUSE,
) -> bool:
    """Stop the contact's sequences and pause the account's other contacts for `account_pause`.

    `cause_id` is the reply, booking or request behind it; the same cause twice changes nothing.
    Returns whether the stop is new. Raises InputError if there is no such contact.
    """
    query = "select account_id from ops.contact where id = %s for update"
    account_id = scalar(conn, query, (contact_id,))
    if account_id is None:
        raise InputError(f"There is no contact {contact_id}, so nothing can be stopped for them.")
    new = place(conn, "contact", contact_id, kind, cause_id, reason)
    until = scalar(conn, "select ops.now() + %s", (account_pause,))
    place(conn, "account", account_id, kind, cause_id, f"A colleague: {reason}", until)
    return new


def pause_contact(
    conn: psycopg.Connection[Any], contact_id: str, cause_id: str, reason: str, until: datetime
) -> bool:
    """Pause a contact who is out of office until `until`. Returns whether the pause is new."""
    return place(conn, "contact", contact_id, "out_of_office", cause_id, reason, until)


def place(
    conn: psycopg.Connection[Any],
    scope: Scope,
    subject_id: str,
    kind: Kind,
    cause_id: str,
    reason: str,
    until: datetime | None = None,
) -> bool:
    """Hold a contact or an account until `until` (None: until a person lifts it), once per cause."""
    inserted = conn.execute(
        """
        insert into ops.hold (scope, subject_id, kind, cause_id, reason, until)
        values (%s, %s, %s, %s, %s, %s) on conflict (scope, subject_id, kind, cause_id) do nothing
        """,
        (scope, subject_id, kind, cause_id, reason, until),
    )
    return inserted.rowcount == 1


def lift(conn: psycopg.Connection[Any], hold_id: str, by: str, reason: str) -> None:
    """Lift a hold. `by` is the person, `reason` their sentence; opt-outs cannot be lifted.

    Raises InputError that says why it cannot be lifted.
    """
    if not reason.strip():
        raise InputError("Say why the hold is lifted; the reason is kept with it.")
    row = conn.execute(
        "select kind, lifted_by from ops.hold where id = %s for update", (hold_id,)
    ).fetchone()
    if row is None:
        raise InputError(f"There is no hold {hold_id}.")
    if row[0] == "opt_out":
        raise InputError("An opt-out stands; only the person themselves can take it back.")
    if row[1] is not None:
        raise InputError(f"The hold {hold_id} was already lifted by {row[1]}.")
    conn.execute(
        "update ops.hold set lifted_at = ops.now(), lifted_by = %s, lift_reason = %s where id = %s",
        (by, reason, hold_id),
    )
