"""A note in the CRM for every meeting whose brief was handed over."""

from typing import Any

import psycopg

from baton.core.outside import quoted, unlinked
from baton.ledger import brief_text, crm
from baton.warehouse.connect import rows
from baton.warehouse.run import Run

# Meetings to come whose newest released brief is complete, and that have no note yet.
READY = """
    select m.id, m.contact_id, m.account_id
    from ops.meeting m
    join ops.released_run r on r.id = m.run_id
    where m.state = 'planned'
        and (m.contact_id is not null or m.account_id is not null)
        and exists (
            select from ops.brief b join ops.released_run p on p.id = b.run_id
            where b.meeting_id = m.id and b.is_complete
        )
        and not exists (
            select from ops.crm_write w where w.idempotency_key = 'handoff:note:' || m.id
        )
    order by m.starts_at, m.id
"""


def propose(conn: psycopg.Connection[Any], run: Run) -> int:
    """Enter one note per meeting into the ledger; return how many are new."""
    new = 0
    for meeting in rows(conn, READY):
        brief = brief_text.load(conn, meeting["id"])
        if brief is None or not brief.is_complete:
            continue
        by_contact = meeting["contact_id"] is not None
        proposal = crm.Proposal(
            kind="note",
            object_type="contact" if by_contact else "company",
            object_key=meeting["contact_id"] if by_contact else meeting["account_id"],
            after={"body": body(brief)},
            idempotency_key=f"handoff:note:{meeting['id']}",
            evidence={"brief_id": brief.id, "signals": [s["id"] for s in brief.signals]},
        )
        new += crm.propose(conn, run, proposal)
    return new


def body(brief: brief_text.Brief) -> str:
    """Return the note: when, who, why. The opener and the thread stay with the rep.

    A CRM makes addresses live, so those of others are named by their host only.
    """
    lines = [f"Meeting on {brief.when} with {unlinked(brief.who)}. Owner: {brief.owner_name}."]
    lines += (
        ["", "What lifted the lead, quoted from its sources:"]
        if brief.signals
        else ["", "They came by themselves."]
    )
    lines += [brief_text.signal_line(brief, s) for s in brief.signals[: brief_text.TOP_SIGNALS]]
    if brief.last_word:
        lines += ["", f"They last wrote: {unlinked(quoted(brief.last_word))}"]
    return "\n".join(lines)
