"""Gives leads to reps and keeps each decision with its reason; what nobody gets goes to a person."""

import hashlib
from datetime import datetime
from typing import Any

import psycopg

from baton.playbook.routing import Routing
from baton.routing.choose import Board, Choice, Lead, Rep
from baton.routing.tasks import add_task, finish_task
from baton.warehouse.connect import rows

UNROUTED_TASK = "unrouted_lead"

REPS = """
    select r.id, lower(r.email) as email, r.name, r.region, r.active, count(l.id) as load
    from ops.rep r
    left join ops.lead_owner o
        on o.rep_id = r.id and o.decided_at > %(now)s - make_interval(days => %(days)s)
    left join ops.lead l on l.id = o.lead_id
    group by r.id
    order by r.id
"""

# Without a decision, or decided so far that nobody could be found. The best leads choose first.
WAITING = """
    select l.id, a.name as account, a.owner_rep_id, a.region, a.country, l.icp_quartile,
        coalesce(s.segment, '') as segment, o.lead_id is not null as is_known, o.reason
    from ops.lead l
    join ops.account a on a.id = l.account_id
    left join marts.account_score s on s.account_key = a.id
    left join ops.lead_owner o on o.lead_id = l.id
    where o.rep_id is null
    order by l.icp_quartile, l.lead_score desc, l.eligible_at, a.name, l.id
"""


def route(
    conn: psycopg.Connection[Any], policy: Routing, now: datetime, run_id: str
) -> dict[str, int]:
    """Give every lead without owner to a rep, in the caller's transaction.

    `now` is the moment that decides about leave and capacity. Returns how many were "routed" and how
    many are "unrouted"; each of the latter is an exception task. A lead that has an owner keeps it.
    """
    # Two routers at once would both count the same load.
    conn.execute("select pg_advisory_xact_lock(hashtext('baton.routing'))")
    found = rows(conn, REPS, {"now": now, "days": policy.capacity.counts_for_days})
    board = Board(policy, now.date(), [Rep(**row) for row in found])
    decisions = []
    counts = {"routed": 0, "unrouted": 0}
    for row in rows(conn, WAITING):
        known, said = row.pop("is_known"), row.pop("reason")
        lead = Lead(**row)
        choice = board.choose(lead)
        counts["unrouted" if choice.rep_id is None else "routed"] += 1
        if choice.rep_id is not None or not known or choice.reason != said:
            decisions.append((lead, choice))
    _keep(conn, decisions, policy_hash(policy), now, run_id)
    return counts


def policy_hash(policy: Routing) -> str:
    """Return 16 hex digits that tell one state of routing.yml from another."""
    return hashlib.sha256(policy.model_dump_json().encode()).hexdigest()[:16]


def _keep(
    conn: psycopg.Connection[Any],
    decisions: list[tuple[Lead, Choice]],
    policy: str,
    now: datetime,
    run_id: str,
) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.routing_decision
                (lead_id, rep_id, rule, reason, policy_hash, decided_at, run_id)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (lead.id, choice.rep_id, choice.rule, choice.reason, policy, now, run_id)
                for lead, choice in decisions
            ],
        )
    for lead, choice in decisions:
        if choice.rep_id is None:
            add_task(
                conn, UNROUTED_TASK, "lead", lead.id, f"Nobody gets the lead at {lead.account}",
                body=choice.reason, is_exception=True, run_id=run_id,
            )  # fmt: skip
        else:
            finish_task(conn, UNROUTED_TASK, "lead", lead.id, "baton")
