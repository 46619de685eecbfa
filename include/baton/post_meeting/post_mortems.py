"""A lost deal asks its owner why: a person enters the reason, with the lineage in front of them."""

from typing import Any

import psycopg

from baton.routing.tasks import add_task
from baton.warehouse.connect import rows
from baton.warehouse.run import Run

# The newest version of each opportunity, lost within the last days, that has no post-mortem yet.
LOST = """
    with latest as (
        select distinct on (o.source, o.natural_key) o.*
        from landing.opportunity o
        order by o.source, o.natural_key, coalesce(o.source_updated_at, o.received_at) desc,
            o.received_at desc
    )
    select l.source || ':' || l.natural_key as subject, coalesce(l.name, l.natural_key) as name,
        l.amount, l.currency, l.closed_at, ra.rep_id,
        (select count(*) from ops.message m join ops.contact c on c.id = m.contact_id
         where c.account_id = aa.account_id and m.accepted_at is not null) as messages,
        (select count(*) from ops.meeting m join ops.meeting_outcome x on x.meeting_id = m.id
         where m.account_id = aa.account_id and x.outcome = 'attended') as meetings
    from latest l
    left join ops.account_alias aa on aa.source = l.source and aa.natural_key = l.account_key
    left join ops.rep_alias ra on ra.source = l.source and ra.natural_key = l.owner_key
    where l.outcome = 'lost' and l.closed_at > ops.now() - make_interval(days => %(days)s)
        and l.closed_at <= ops.now()
        and not exists (
            select from ops.task t
            where t.kind = 'post_mortem' and t.subject_kind = 'opportunity'
                and t.subject_id = l.source || ':' || l.natural_key
        )
    order by l.closed_at, subject
"""


def open_tasks(conn: psycopg.Connection[Any], run: Run, days: int) -> int:
    """Make a task for every deal that was lost within `days` and has none; return how many."""
    lost = rows(conn, LOST, {"days": days})
    for deal in lost:
        sum_ = f", {deal['amount']} {deal['currency']}" if deal["amount"] is not None else ""
        add_task(
            conn,
            "post_mortem",
            "opportunity",
            deal["subject"],
            f"Why was {deal['name']} lost?",
            body=f"Lost on {deal['closed_at']:%d %b %Y}{sum_}, after {deal['messages']} messages of "
            f"the motion and {deal['meetings']} meetings held. Enter the reason in your own words.",
            owner_rep_id=deal["rep_id"],
            is_exception=deal["rep_id"] is None,
            run_id=run.id,
        )
    return len(lost)
