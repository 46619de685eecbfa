"""Makes leads of candidates: what they were worth when they became eligible is kept for good."""

from datetime import datetime
from typing import Any

import psycopg

from baton.contactability import enrolment
from baton.playbook.icp import Icp
from baton.scoring import holdout
from baton.warehouse.connect import rows

# Not yet a lead of this sequence, and within the room that the account's leads leave. One contact
# record per person: the best one.
CANDIDATES = """
    with candidates as (
        select distinct on (c.person_id) c.contact_id, c.account_id, c.lead_score
        from marts.lead_candidate c
        where c.is_eligible and c.sequence = %(sequence)s
          and not exists (
              select from ops.lead l where l.person_id = c.person_id and l.sequence = c.sequence)
        order by c.person_id, c.lead_score desc, c.contact_id
    ), taken as (
        select account_id, count(*) as leads from ops.lead
        where sequence = %(sequence)s group by account_id
    ), ranked as (
        select c.*, row_number() over (
            partition by c.account_id order by c.lead_score desc, c.contact_id) as place
        from candidates c
    )
    select r.contact_id, r.account_id
    from ranked r left join taken t using (account_id)
    where r.place + coalesce(t.leads, 0) <= %(per_account)s
    order by r.contact_id
"""

INSERT = """
    insert into ops.lead (contact_id, person_id, account_id, sequence, icp_fit, intent_score,
        lead_score, icp_quartile, cut_version, model_version, reasons, first_signal_at, eligible_at,
        run_id)
    select c.contact_id, c.person_id, c.account_id, c.sequence, c.icp_fit, c.intent_score,
        c.lead_score, c.icp_quartile, c.cut_version, c.model_version, c.reasons, c.first_signal_at,
        %(eligible_at)s, %(run_id)s
    from marts.lead_candidate c
    where c.contact_id = any(%(contacts)s)
    order by c.icp_quartile, c.lead_score desc, c.contact_id
    on conflict (person_id, sequence) do nothing
"""


def take(
    conn: psycopg.Connection[Any],
    policy: Icp,
    exempt: tuple[str, ...],
    eligible_at: datetime,
    run_id: str,
) -> dict[str, int | str]:
    """Make leads in the caller's transaction; return counts of what became of the candidates.

    "candidates" are those over the thresholds who are no lead yet; of them some must not be contacted
    (counted by reason), some are held out, the others are "leads". `exempt` names the reasons that do
    not count for this sequence ("protected", "open_opportunity").
    """
    conn.execute("select pg_advisory_xact_lock(hashtext('baton.scoring.leads'))")
    wanted = {"sequence": policy.leads.sequence, "per_account": policy.leads.contacts_per_account}
    accounts = {row["contact_id"]: row["account_id"] for row in rows(conn, CANDIDATES, wanted)}
    refused = enrolment.refused(conn, list(accounts), exempt)
    may = {contact: account for contact, account in accounts.items() if contact not in refused}
    held_out = holdout.assign(conn, policy.holdout, sorted(set(may.values())))
    chosen = [contact for contact, account in may.items() if account not in held_out]
    made = conn.execute(
        INSERT, {"contacts": chosen, "eligible_at": eligible_at, "run_id": run_id}
    ).rowcount
    counts: dict[str, int | str] = {
        "candidates": len(accounts),
        "leads": made,
        "held_out": len(may) - len(chosen),
    }
    for reason in refused.values():
        counts[reason] = int(counts.get(reason, 0)) + 1
    return counts
