"""Which touches are due: the first one of a routed lead, and the follow-up of one that arrived."""

from datetime import datetime
from typing import Any

import psycopg

from baton.contactability import enrolment
from baton.playbook.sequences import Sequence, Sequences
from baton.warehouse.connect import rows
from baton.writing.occasions import Due

# A step whose draft expired is written again only when something happened since: otherwise the same
# text would come back every hour until somebody gives in. What was withdrawn behind a closed gate
# (it has a text and no decision) was seen by nobody and is written again at once.
NEWS_SINCE = """
    not exists (
        select from ops.draft gone
        where gone.person_id = l.person_id and gone.sequence = l.sequence and gone.step = %(step)s
            and (gone.current_revision = 0
                 or exists (select from ops.decision s where s.draft_id = gone.id))
            and not exists (
                select from ops.signals_of(l.id) s where s.received_at > gone.created_at
            )
    )
"""

# A lead without owner is an exception for a person, an account of the holdout is left alone.
LEADS = """
    select l.id as lead_id, l.contact_id, {due_at} as due_at
    from ops.lead l
    join ops.released_run released on released.id = l.run_id
    join ops.lead_owner o on o.lead_id = l.id and o.rep_id is not null
    {previous}
    where l.sequence = %(sequence)s
        and {due_at} <= %(as_of)s
        and not exists (
            select from ops.holdout h where h.account_id = l.account_id and h.arm = 'holdout'
        )
        and not exists (
            select from ops.draft d
            where d.person_id = l.person_id and d.sequence = l.sequence and d.step = %(step)s
                and d.state <> 'expired'
        )
        and {news_since}
    order by due_at, l.lead_score desc, l.id
"""

FIRST = LEADS.format(due_at="l.eligible_at", previous="", news_since=NEWS_SINCE)

# The message before it arrived, as far as anybody knows, and nobody answered.
FOLLOW_UP = LEADS.format(
    due_at="coalesce(m.delivered_at, m.accepted_at) + make_interval(days => %(after_days)s)",
    previous="""
    join ops.message m
        on coalesce(m.delivered_at, m.accepted_at)
            > %(as_of)s - make_interval(days => %(after_days)s + %(days_late)s)
        and m.person_id = l.person_id and m.sequence = l.sequence and m.step = %(step)s - 1
        and m.state in ('accepted', 'delivered')
        and not exists (
            select from ops.reply p
            where p.contact_id = l.contact_id and not p.is_automatic
        )
    """,
    news_since=NEWS_SINCE,
)


def find(conn: psycopg.Connection[Any], sequences: Sequences, as_of: datetime) -> list[Due]:
    """Return the touches that are due at `as_of`, first touches before follow-ups, best leads first.

    Left out is whoever must not be contacted (`contactability`), with the exceptions that a sequence
    makes for itself.
    """
    found: list[Due] = []
    for sequence in sequences.by_name.values():
        for step in sequence.steps:
            query = FIRST if step.step == 1 else FOLLOW_UP
            candidates = rows(
                conn,
                query,
                {
                    "sequence": sequence.name,
                    "step": step.step,
                    "after_days": step.after_days,
                    "days_late": sequence.follow_up_days_late,
                    "as_of": as_of,
                },
            )
            refused = _refused(conn, sequence, [row["contact_id"] for row in candidates])
            found += [
                Due(row["lead_id"], step.step, row["due_at"])
                for row in candidates
                if row["contact_id"] not in refused
            ]
    return sorted(found, key=lambda due: due.step)


def unknown_sequences(conn: psycopg.Connection[Any], sequences: Sequences) -> list[str]:
    """Return the names of sequences that leads are in and the playbook does not have."""
    known = list(sequences.by_name)
    found = rows(
        conn,
        "select distinct sequence from ops.lead where sequence <> all(%s) order by 1",
        (known,),
    )
    return [row["sequence"] for row in found]


def _refused(
    conn: psycopg.Connection[Any], sequence: Sequence, contacts: list[str]
) -> dict[str, str]:
    if not contacts:
        return {}
    return enrolment.refused(conn, contacts, tuple(sequence.not_stopped_by))
