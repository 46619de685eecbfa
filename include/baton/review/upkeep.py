"""What became stale: drafts nobody decided in time, approvals that no longer hold, the daily digest.

A draft that nobody decided is never sent: time is a no.
"""

from collections.abc import Iterable
from typing import Any

import psycopg

from baton.contactability import enrolment
from baton.playbook.sequences import Sequences
from baton.routing.tasks import add_task, finish_task
from baton.warehouse.connect import Row, rows, scalar

BY_ITSELF = "baton"
ROLE = "system"
DIGEST = "review_digest"
DIGEST_OF = "rep_day"

# Every draft that waits for a decision or, approved, for its message, with the first reason in it
# why it should not go out any more. Who may be contacted is asked of `contactability`.
LIVE = """
    with aged as (
        select s.name, s.days from jsonb_to_recordset(%(ages)s::jsonb) as s (name text, days integer)
    )
    select d.id, d.current_revision as revision, d.contact_id, d.sequence, d.state, v.content_hash,
        case
            when d.expires_at <= ops.now() then 'nobody sent it in time'
            when s.verdict = 'approved'
                and s.decided_at <= ops.now() - make_interval(hours => %(approval_hours)s)
                then 'the approval is too old'
            when r.email is null
                or position(r.email in convert_from(v.rendered, 'UTF8')::jsonb ->> 'from') = 0
                then 'the lead has another owner now'
            when c.email is null or right(
                    lower(convert_from(v.rendered, 'UTF8')::jsonb ->> 'to'), length(c.email) + 1)
                    not in (c.email || '>', c.email)
                then 'the contact has another address now'
            when exists (
                    select from ops.reply p
                    where p.contact_id = d.contact_id and not p.is_automatic
                        and p.received_at > d.created_at
                ) then 'a reply arrived'
            when evidence.newest is not null
                and evidence.newest <= ops.now() - make_interval(days => aged.days)
                then 'the evidence is stale'
        end as reason
    from ops.draft d
    join ops.revision v on v.draft_id = d.id and v.revision = d.current_revision
    join ops.contact c on c.id = d.contact_id
    left join aged on aged.name = d.sequence
    left join ops.lead_owner o on o.lead_id = d.lead_id
    left join ops.rep r on r.id = o.rep_id
    left join ops.decision s on s.draft_id = d.id and s.revision = d.current_revision
    left join lateral (
        select max(g.occurred_at) as newest
        from ops.claim k
        join landing.signal g on ops.signal_id(g.source, g.natural_key) = k.evidence_id
        where k.draft_id = d.id and k.revision = d.current_revision
    ) evidence on true
    where d.state in ('pending', 'approved')
        and not exists (select from ops.message m where m.draft_id = d.id)
    order by d.id
    for update of d skip locked
"""

REFUSED = {
    "erased": "the contact was erased",
    "suppressed": "the contact must not be written to",
    "protected": "the contact or account is protected",
    "open_opportunity": "the account has an open opportunity",
    "held": "the contact or account is held",
}


def expire(
    conn: psycopg.Connection[Any], sequences: Sequences, ages: str, approval_hours: int
) -> dict[str, int]:
    """Expire drafts and approvals that no longer hold; return how many of each.

    `ages` is JSON: [{"name": sequence, "days": greatest age of its evidence}, ...].
    """
    live = rows(conn, LIVE, {"ages": ages, "approval_hours": approval_hours})
    refused = _refused(conn, sequences, [row for row in live if row["reason"] is None])
    counts = {"drafts_expired": 0, "approvals_expired": 0}
    for row in live:
        reason = row["reason"] or refused.get((row["contact_id"], row["sequence"]))
        if reason is None:
            continue
        if row["state"] == "pending":
            _expire_draft(conn, row, reason)
            counts["drafts_expired"] += 1
        else:
            _expire_approval(conn, row, reason)
            counts["approvals_expired"] += 1
    return counts


def _refused(
    conn: psycopg.Connection[Any], sequences: Sequences, live: Iterable[Row]
) -> dict[tuple[str, str], str]:
    contacts: dict[str, set[str]] = {}
    for row in live:
        contacts.setdefault(row["sequence"], set()).add(row["contact_id"])
    found = {}
    for name, ids in contacts.items():
        known = sequences.by_name.get(name)
        exempt = tuple(known.not_stopped_by) if known else ()
        for contact, reason in enrolment.refused(conn, sorted(ids), exempt).items():
            found[contact, name] = REFUSED.get(reason, reason)
    return found


def _expire_draft(conn: psycopg.Connection[Any], row: Row, reason: str) -> None:
    conn.execute(
        """
        insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, reason,
                                  decided_by, decided_role)
        values (%s, %s, %s, %s, 'expired', %s, %s, %s)
        """,
        (row["id"], row["revision"], row["contact_id"], row["content_hash"], reason,
         BY_ITSELF, ROLE),
    )  # fmt: skip


def _expire_approval(conn: psycopg.Connection[Any], row: Row, reason: str) -> None:
    conn.execute(
        "update ops.decision set verdict = 'expired', reason = %s, decided_by = %s, "
        "decided_role = %s, decided_at = ops.now() where draft_id = %s and revision = %s",
        (reason, BY_ITSELF, ROLE, row["id"], row["revision"]),
    )


def digest(conn: psycopg.Connection[Any], run_id: str, day: str) -> int:
    """Leave each rep with waiting drafts one task for `day` (ISO date); return how many are new.

    Digests of earlier days are done with: the new one says what still waits.
    """
    earlier = rows(
        conn,
        "select subject_id from ops.task where kind = %s and done_at is null "
        "and right(subject_id, 10) < %s",
        (DIGEST, day),
    )
    for task in earlier:
        finish_task(conn, DIGEST, DIGEST_OF, task["subject_id"], BY_ITSELF)
    waiting = rows(
        conn,
        """
        select r.id as rep_id, count(*) as drafts,
            count(*) filter (where d.expires_at < ops.now() + interval '1 day') as expiring,
            string_agg(distinct a.name, ', ' order by a.name) as accounts
        from ops.draft d
        join ops.released_run released on released.id = d.run_id
        join ops.lead l on l.id = d.lead_id
        join ops.account a on a.id = l.account_id
        join ops.lead_owner o on o.lead_id = d.lead_id
        join ops.rep r on r.id = o.rep_id
        where d.state = 'pending'
        group by r.id order by r.id
        """,
    )
    new = 0
    for row in waiting:
        key = f"{row['rep_id']}:{day}"
        there = scalar(
            conn,
            "select 1 from ops.task where kind = %s and subject_kind = %s and subject_id = %s",
            (DIGEST, DIGEST_OF, key),
        )
        late = f" (expiring within a day: {row['expiring']})" if row["expiring"] else ""
        add_task(
            conn,
            DIGEST,
            DIGEST_OF,
            key,
            f"{_many(row['drafts'])} for a decision{late}",
            body=f"Accounts: {row['accounts']}",
            owner_rep_id=row["rep_id"],
            run_id=run_id,
        )
        new += there is None
    return new


def _many(drafts: int) -> str:
    return "1 draft waits" if drafts == 1 else f"{drafts} drafts wait"
