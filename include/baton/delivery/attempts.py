"""One attempt to send one message: claimed in one short transaction, settled in another.

Between the two lies the request, under no lock. The attempt is committed before the request leaves,
so whatever kills the sender, the row says that something may have left.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from baton.clients.mail import (
    Accepted,
    Ambiguous,
    Answer,
    Outgoing,
    Refused,
    Rejected,
    Throttled,
)
from baton.contactability import caps, claims
from baton.contactability.policy import Policy
from baton.delivery import transitions
from baton.routing.tasks import add_task
from baton.warehouse.connect import one, scalar

OUTCOME = {
    Accepted: "accepted",
    Throttled: "throttled",
    Refused: "refused",
    Rejected: "rejected",
    Ambiguous: "ambiguous",
}


@dataclass(frozen=True)
class Attempt:
    """A claim that was committed: this worker, and nobody else, may ask once for this message."""

    id: str
    message_id: str
    send_key: str
    rendered: bytes
    content_hash: str
    sending_domain: str
    mailbox: str
    day: date
    at: datetime

    def mail(self) -> Outgoing:
        """Return the mail as it was approved."""
        return Outgoing.from_rendered(self.rendered, self.send_key, self.at)


def claim(
    conn: psycopg.Connection[Any], policy: Policy, worker: str, run_id: str, message_id: str
) -> Attempt | str:
    """Claim one message in a transaction of its own, or return the reason why not.

    Beside the reasons of `contactability.rules` there are "gone" (somebody else has it, or its run
    is not released) and "busy" (the contact's row is locked: an opt-out may be under way).
    """
    with conn.transaction():
        message = one(
            conn,
            """
            select m.id, m.contact_id, m.send_key, m.sending_domain, m.mailbox, m.content_hash,
                   r.rendered
            from ops.message m
            join ops.released_run released on released.id = m.run_id
            join ops.revision r on r.draft_id = m.draft_id and r.revision = m.revision
            where m.id = %s and m.state = 'queued'
            for no key update of m skip locked
            """,
            (message_id,),
        )
        if message is None:
            return "gone"
        if conn.execute(
            "select from ops.contact where id = %s for no key update skip locked",
            (message["contact_id"],),
        ).fetchone() is None:  # fmt: skip
            return "busy"
        admission = claims.admit(
            conn, policy, message_id, message["sending_domain"], message["mailbox"]
        )
        if admission is None:
            return "gone"
        if admission.verdict.reason is not None:
            transitions.apply(conn, [admission.verdict])
            return admission.verdict.reason
        made = one(
            conn,
            """
            insert into ops.attempt (message_id, number, worker, run_id)
            select %(id)s, coalesce(max(number), 0) + 1, %(worker)s, %(run_id)s
            from ops.attempt where message_id = %(id)s
            returning id, started_at
            """,
            {"id": message_id, "worker": worker, "run_id": run_id},
        )
        conn.execute(
            "update ops.message set state = 'dispatching', state_reason = null where id = %s",
            (message_id,),
        )
    assert made is not None
    return Attempt(
        id=made["id"],
        message_id=message_id,
        send_key=message["send_key"],
        rendered=bytes(message["rendered"]),
        content_hash=message["content_hash"],
        sending_domain=message["sending_domain"],
        mailbox=message["mailbox"],
        day=admission.day,
        at=made["started_at"],
    )


def settle(conn: psycopg.Connection[Any], attempt: Attempt, answer: Answer, run_id: str) -> str:
    """Record the vendor's answer in a transaction of its own; return the message's state then.

    An event, or the sweep, may have moved the message meanwhile: a definite answer still settles an
    `unknown` one, but nothing takes back what an event said.
    """
    with conn.transaction():
        state: str = scalar(
            conn,
            "select state from ops.message where id = %s for no key update",
            (attempt.message_id,),
        )
        provider_id = answer.provider_message_id if isinstance(answer, Accepted) else None
        detail = None if isinstance(answer, Accepted) else answer.detail
        conn.execute(
            """
            update ops.attempt set outcome = %s, status_code = %s, provider_message_id = %s,
                                   detail = %s, finished_at = ops.now()
            where id = %s and outcome in ('pending', 'ambiguous')
            """,
            (OUTCOME[type(answer)], answer.status_code, provider_id, detail, attempt.id),
        )
        new = _next_state(state, answer)
        conn.execute(
            """
            update ops.message
            set state = %(state)s,
                state_reason = case when %(moved)s then %(detail)s else state_reason end,
                provider_message_id = coalesce(%(provider_id)s, provider_message_id),
                accepted_at = case when %(taken)s then coalesce(accepted_at, ops.now())
                                   else accepted_at end,
                not_before = case when %(state)s = 'queued'
                                  then greatest(not_before, ops.now() + make_interval(secs => %(wait)s))
                                  else not_before end
            where id = %(id)s
            """,
            {
                "id": attempt.message_id,
                "state": new,
                "moved": new != state,
                "detail": detail,
                "provider_id": provider_id,
                "taken": isinstance(answer, Accepted),
                "wait": answer.retry_after if isinstance(answer, Throttled) else 0,
            },
        )
        if isinstance(answer, Throttled | Refused):
            caps.give_back(conn, attempt.sending_domain, attempt.mailbox, attempt.day)
        if new == "unknown":
            ask_a_person(conn, attempt.message_id, detail or "", run_id)
    return new


def delay_mailbox(conn: psycopg.Connection[Any], mailbox: str, seconds: float) -> int:
    """Let the whole mailbox wait, as a 429 asks; return how many messages wait longer for it."""
    with conn.transaction():
        return conn.execute(
            """
            with waiting as (
                select id from ops.message where mailbox = %(mailbox)s and state = 'queued'
                order by id for no key update skip locked
            )
            update ops.message m set not_before = ops.now() + make_interval(secs => %(seconds)s)
            from waiting where m.id = waiting.id
              and m.not_before < ops.now() + make_interval(secs => %(seconds)s)
            """,
            {"mailbox": mailbox, "seconds": seconds},
        ).rowcount


def ask_a_person(conn: psycopg.Connection[Any], message_id: str, detail: str, run_id: str) -> None:
    """Put an `unknown` message before a person; events or a look-up may still settle it first."""
    add_task(
        conn,
        "unknown_send",
        "message",
        message_id,
        "Was this message sent?",
        body=f"{detail} It is not sent again by itself; look it up at the vendor.".strip(),
        is_exception=True,
        run_id=run_id,
    )


def _next_state(state: str, answer: Answer) -> str:
    if state not in ("dispatching", "unknown"):
        return state
    match answer:
        case Accepted():
            return "accepted"
        case Rejected():
            return "failed"
        case Ambiguous():
            return "unknown"
        case _:  # definitely not taken; but the sweep's `unknown` only a person can undo
            return "queued" if state == "dispatching" else state
