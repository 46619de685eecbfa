"""The last question before a side effect: whether this one message may go, right now.

The caller has locked the message and its contact. The switches and counters are locked here, and only
then are the rules asked, in a statement of its own: in READ COMMITTED it sees everything that was
committed before the locks were had. So an opt-out, a pause or a used-up cap that was acknowledged
before the claim commits is always honoured.

Locks are taken in one order everywhere (message, contact, switches, counters), so nobody waits in a
circle.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from baton.contactability import caps
from baton.contactability.policy import Policy
from baton.contactability.rules import Verdict, judge


@dataclass(frozen=True)
class Admission:
    """The verdict on a message; where it may go, one claim of `day` was counted."""

    verdict: Verdict
    day: date


def admit(
    conn: psycopg.Connection[Any], policy: Policy, message_id: str, domain: str, mailbox: str
) -> Admission | None:
    """Judge one queued message under the locks and count its claim if it may go.

    None if the message waits no longer. The claim counts when the caller commits.
    """
    conn.execute("select from ops.pause_switch for share")
    conn.execute("select from ops.breaker where domain = %s for share", (domain,))
    day = caps.lock(conn, [domain], [mailbox])
    verdicts = judge(conn, policy, [message_id])
    if not verdicts:
        return None
    if verdicts[0].reason is None:
        caps.take(conn, domain, mailbox, day)
    return Admission(verdicts[0], day)
