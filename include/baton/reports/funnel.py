"""The funnel: how many reached each step of the motion, from the watchlist to the won opportunity.

From `lead` on every step counts leads, so that two steps can be compared; the first two count
accounts. Each step counts what happened, whether or not the step before it did: somebody may book
without a positive reply.
"""

from typing import Any

import psycopg

from baton.reports.model import Step
from baton.warehouse.connect import rows

ACCOUNTS, LEADS = "accounts", "leads"
STEPS = (
    ("watchlist", ACCOUNTS), ("signal", ACCOUNTS), ("lead", LEADS), ("drafted", LEADS),
    ("approved", LEADS), ("sent", LEADS), ("delivered", LEADS), ("replied", LEADS),
    ("positive", LEADS), ("booked", LEADS), ("held", LEADS), ("opportunity", LEADS), ("won", LEADS),
)  # fmt: skip
CUTS = ("icp_quartile", "sequence", "rep", "segment")

WATCHED = """
    select coalesce(icp_quartile::text, 'none') as icp_quartile, segment, rep,
        grouping(icp_quartile, segment, rep) as grouped,
        count(*) as watchlist, count(*) filter (where has_signal_in_30_days) as signal
    from marts.watchlist_account
    group by grouping sets ((), (icp_quartile), (segment), (rep))
"""

# Opportunities are those of the lead's account, opened after the lead was contacted.
LED = """
    with reached as (
        select l.lead_id, l.icp_quartile::text as icp_quartile, l.sequence, l.rep, l.segment,
            d.written as drafted, d.approved, m.sent, m.delivered,
            e.is_replied as replied, e.is_positive as positive,
            exists (
                select from staging.stg_ops__bookings b
                where b.contact_id = l.contact_id and b.booked_at >= e.enrolled_at
            ) as booked,
            exists (
                select from marts.meeting h where h.lead_id = l.lead_id and h.is_attended
            ) as held,
            o.opened as opportunity, o.won
        from marts.lead l
        left join (
            select lead_id, true as written, bool_or(is_approved_as_is or is_edited) as approved
            from marts.reviewed_draft group by lead_id
        ) d on d.lead_id = l.lead_id
        left join (
            select lead_id, bool_or(is_sent) as sent, bool_or(is_delivered) as delivered
            from marts.message group by lead_id
        ) m on m.lead_id = l.lead_id
        left join marts.enrolment e on e.lead_id = l.lead_id
        left join lateral (
            select count(*) > 0 as opened, bool_or(is_won) as won from marts.opportunity o
            where o.account_id = l.account_id and o.opened_at >= e.enrolled_at
        ) o on true
    )
    select icp_quartile, sequence, rep, segment,
        grouping(icp_quartile, sequence, rep, segment) as grouped, count(*) as lead,
        count(*) filter (where drafted) as drafted, count(*) filter (where approved) as approved,
        count(*) filter (where sent) as sent, count(*) filter (where delivered) as delivered,
        count(*) filter (where replied) as replied, count(*) filter (where positive) as positive,
        count(*) filter (where booked) as booked, count(*) filter (where held) as held,
        count(*) filter (where opportunity) as opportunity, count(*) filter (where won) as won
    from reached
    group by grouping sets ((), (icp_quartile), (sequence), (rep), (segment))
"""


def funnel(conn: psycopg.Connection[Any]) -> dict[tuple[str, str], tuple[Step, ...]]:
    """Return the funnel's steps for all ("all", "") and for each group of each cut."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for query, cuts in ((WATCHED, ("icp_quartile", "segment", "rep")), (LED, CUTS)):
        for row in rows(conn, query):
            # GROUPING sets a bit for each column that a row does not group by, the last the lowest.
            by = [c for i, c in enumerate(reversed(cuts)) if not row["grouped"] >> i & 1]
            group = (by[0], row[by[0]] or "none") if by else ("all", "")
            counts.setdefault(group, {}).update(row)
    return {
        group: tuple(
            Step(name, unit, found.get(name, 0))
            for name, unit in STEPS
            # Accounts are in no sequence.
            if unit == LEADS or group[0] != "sequence"
        )
        for group, found in sorted(counts.items())
    }
