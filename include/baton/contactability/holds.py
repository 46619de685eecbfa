"""Holds: reasons not to write to a contact or an account for now, each with its cause.

A reply by a person, a booking or an opt-out stops the contact's sequence and pauses the account's
other contacts. An automatic reply pauses the contact and resumes by itself. A person may lift a hold
with a reason; the row stays, and the same cause does not hold again.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg

from baton.core.errors import InputError
from baton.warehouse.connect import Row, rows, scalar

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
    query = "select account_id from ops.contact where id = %s for no key update"
    account_id = scalar(conn, query, (contact_id,))
    if account_id is None:
        raise InputError(f"There is no contact {contact_id}, so nothing can be stopped for them.")
    new = place(conn, "contact", contact_id, kind, cause_id, reason)
    pause_account(conn, account_id, kind, cause_id, f"A colleague: {reason}", account_pause)
    return new


def pause_account(
    conn: psycopg.Connection[Any],
    account_id: str,
    kind: Stop,
    cause_id: str,
    reason: str,
    pause: timedelta = ACCOUNT_PAUSE,
) -> bool:
    """Leave everybody of an account alone for `pause`. Returns whether the pause is new."""
    until = scalar(conn, "select ops.now() + %s", (pause,))
    return place(conn, "account", account_id, kind, cause_id, reason, until)


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


# What a person may lift, where a message waits for it: holds of any kind but an opt-out, and a protection
# that has no hold yet. A contact's own reply or booking has ended the sequence; nothing waits there.
WAITED_FOR = """
    with held as (
        select m.id, m.state_reason, c.id as contact_id, c.person_id, c.account_id,
            c.protected_reason as contact_protected, a.protected_reason as account_protected
        from ops.message m
        join ops.contact c on c.id = m.contact_id
        join ops.account a on a.id = c.account_id
        where m.state = 'held'
    ), found as (
        select h.id as hold_id, h.scope, h.subject_id, h.kind, h.reason, h.until, h.created_at, w.id
        from ops.hold h
        join held w on h.scope = 'account' and h.subject_id = w.account_id
            or h.scope = 'contact' and h.subject_id in (
                select k.id from ops.contact k where k.person_id = w.person_id)
        where h.lifted_at is null and (h.until is null or h.until > ops.now())
            and h.kind <> 'opt_out' and (h.scope = 'account' or h.kind not in ('reply', 'booking'))
        union all
        select null, s.scope, s.subject_id, 'protected', s.reason, null, null, w.id
        from held w
        cross join lateral (values ('contact', w.contact_id, w.contact_protected),
                                   ('account', w.account_id, w.account_protected))
            as s (scope, subject_id, reason)
        where w.state_reason = 'protected' and s.reason is not null and not exists (
            select from ops.hold h where h.scope = s.scope and h.subject_id = s.subject_id
                and h.kind = 'protected' and h.cause_id = s.reason)
    )
    select f.hold_id, f.scope, f.subject_id, f.kind, f.reason, f.until, f.created_at,
        coalesce(c.full_name, c.email, a.name, f.subject_id) as name, count(distinct f.id) as messages
    from found f
    left join ops.contact c on f.scope = 'contact' and c.id = f.subject_id
    left join ops.account a on f.scope = 'account' and a.id = f.subject_id
    group by f.hold_id, f.scope, f.subject_id, f.kind, f.reason, f.until, f.created_at, c.full_name,
        c.email, a.name
    order by f.created_at nulls first, name, f.hold_id
    limit %(limit)s
"""


def waited_for(conn: psycopg.Connection[Any], limit: int = 100) -> list[Row]:
    """Return what a person may lift so that held messages may go on, with how many wait for each.

    `hold_id` is None for a protection of an account or contact; `protection.lift_protection` lifts it.
    """
    return rows(conn, WAITED_FOR, {"limit": limit})


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
