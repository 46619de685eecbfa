"""Everything one touch is written from, read from our own rows for many leads at once."""

from collections.abc import Sequence as List
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg

from baton.playbook.sequences import Sequences
from baton.warehouse.connect import Row, rows
from baton.writing import evidence
from baton.writing.records import Account, Contact, Evidence, Occasion, Sender, Sent

LEADS = """
    select l.id as lead_id, l.person_id, l.sequence, l.account_id,
        c.id as contact_id, c.email, coalesce(c.full_name, '') as full_name, c.title, c.seniority,
        a.name as account_name, a.domain, a.industry, a.employees, a.country,
        r.id as rep_id, r.name as rep_name, r.email as rep_email
    from ops.lead l
    join ops.contact c on c.id = l.contact_id
    join ops.account a on a.id = l.account_id
    join ops.lead_owner o on o.lead_id = l.id
    join ops.rep r on r.id = o.rep_id
    where l.id = any(%s) and c.email is not null and r.email is not null
"""

THREAD = """
    select l.id as lead_id, 'us' as by, v.subject, v.body as text,
        coalesce(m.delivered_at, m.accepted_at) as at
    from ops.lead l
    join ops.message m on m.person_id = l.person_id and m.sequence = l.sequence
    join ops.revision v on v.draft_id = m.draft_id and v.revision = m.revision
    where l.id = any(%(leads)s) and m.state in ('accepted', 'delivered')
    union all
    select l.id, 'them', coalesce(p.subject, ''), p.body, p.received_at
    from ops.lead l
    join ops.reply p on p.contact_id = l.contact_id and not p.is_automatic
    where l.id = any(%(leads)s)
    order by at
"""


@dataclass(frozen=True)
class Due:
    """A touch that is due: the lead and its step."""

    lead_id: str
    step: int
    due_at: datetime


def load(
    conn: psycopg.Connection[Any], due: List[Due], sequences: Sequences, as_of: datetime
) -> list[Occasion]:
    """Return an occasion for each touch in `due`, in its order.

    A lead whose contact has no address, or whose owner has none, is left out: it cannot be written to.
    Raises PlaybookError for a sequence that the playbook does not have.
    """
    leads = {row["lead_id"]: row for row in rows(conn, LEADS, ([d.lead_id for d in due],))}
    threads = _threads(conn, list(leads))
    known: dict[str, dict[str, tuple[Evidence, ...]]] = {}
    for name in {row["sequence"] for row in leads.values()}:
        sequence = sequences.get(name)
        known[name] = evidence.collect(
            conn,
            [lead for lead, row in leads.items() if row["sequence"] == name],
            as_of,
            max_age_days=sequence.evidence_max_age_days,
            silent=sequence.silent_signals,
        )
    found = []
    for touch in due:
        if row := leads.get(touch.lead_id):
            occasion = _occasion(row, touch)
            given = known[occasion.sequence].get(touch.lead_id, ())
            thread = threads.get(touch.lead_id, ())
            found.append(replace(occasion, evidence=given, thread=thread))
    return found


def _occasion(row: Row, touch: Due) -> Occasion:
    return Occasion(
        lead_id=row["lead_id"],
        person_id=row["person_id"],
        sequence=row["sequence"],
        step=touch.step,
        due_at=touch.due_at,
        contact=Contact(
            row["contact_id"], row["email"], row["full_name"], row["title"], row["seniority"]
        ),
        account=Account(
            row["account_id"],
            row["account_name"],
            row["domain"],
            row["industry"],
            row["employees"],
            row["country"],
        ),
        sender=Sender(row["rep_id"], row["rep_name"], row["rep_email"]),
    )


def _threads(conn: psycopg.Connection[Any], leads: list[str]) -> dict[str, tuple[Sent, ...]]:
    found: dict[str, list[Sent]] = {}
    for row in rows(conn, THREAD, {"leads": leads}):
        text = row["text"] if row["by"] == "us" else evidence.clean(row["text"])
        found.setdefault(row["lead_id"], []).append(
            Sent(row["by"], row["subject"], text, row["at"])
        )
    return {lead: tuple(items) for lead, items in found.items()}
