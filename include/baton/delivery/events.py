"""Settles landed e-mail events: into `ops.message_event`, the messages' states and suppressions.

Events come late, twice and in any order. An event is kept once by its own key; a message's state is
worked out from all its events, the gravest wins, so no order changes the outcome.
"""

from typing import Any

import psycopg

from baton.contactability import suppressions
from baton.warehouse import watermark
from baton.warehouse.connect import rows, scalar, sql
from baton.warehouse.run import Run

READER = "email_events"

# SendGrid's words and ours. Opens and clicks are not read: scanners make them, not people.
VOCABULARY = {
    "processed": "accepted",
    "deferred": "deferred",
    "delivered": "delivered",
    "bounce": "bounced",
    "blocked": "blocked",
    "dropped": "dropped",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}

# Which state an event speaks for, and which of two wins.
STATES = {
    "accepted": ("accepted", 1),
    "deferred": ("accepted", 1),
    "dropped": ("dropped", 2),
    "delivered": ("delivered", 3),
    "blocked": ("bounced", 4),
    "bounced": ("bounced", 4),
    "complained": ("complained", 5),
}

# An asynchronous bounce brings no custom arguments: it belongs to the last message that went to this
# address within the week before it. Vendors cut times to whole seconds, hence the minute.
MATCH = """
    create temporary table settling on commit drop as
    with landed as (
        select e.natural_key, e.occurred_at, lower(e.email) as email, e.payload,
               coalesce(e.send_key, e.payload ->> 'baton_send_key') as send_key,
               case when v.ours = 'bounced' and e.payload ->> 'type' = 'blocked' then 'blocked'
                    else v.ours end as event_type,
               left(e.payload ->> 'reason', 500) as detail
        from landing.email_event e
        left join unnest(%(theirs)s::text[], %(ours)s::text[]) as v (theirs, ours)
          on v.theirs = coalesce(e.payload ->> 'event', e.event_type)
        where e.xact >= %(low)s::xid8 and e.xact < %(high)s::xid8
    )
    select l.*, coalesce(k.id, p.id, a.id) as message_id,
           coalesce(k.contact_id, p.contact_id, a.contact_id, c.id) as contact_id
    from landed l
    left join ops.contact c on c.email = l.email
    left join ops.message k on k.send_key = l.send_key
    left join lateral (
        select m.id, m.contact_id from ops.message m
        where k.id is null
          and m.provider_message_id = split_part(l.payload ->> 'sg_message_id', '.', 1)
        limit 1) p on true
    left join lateral (
        select m.id, m.contact_id from ops.message m
        where k.id is null and p.id is null and l.send_key is null and m.contact_id = c.id
          and m.state not in ('queued', 'held', 'cancelled', 'failed')
          and coalesce(m.accepted_at, m.queued_at)
              between l.occurred_at - interval '7 days' and l.occurred_at + interval '1 minute'
        order by coalesce(m.accepted_at, m.queued_at) desc limit 1) a on true
"""

KEEP = """
    insert into ops.message_event (message_id, event_key, event_type, occurred_at, detail, run_id)
    select message_id, natural_key, event_type, occurred_at, detail, %s from settling
    where message_id is not null and event_type is not null
    on conflict (message_id, event_key) do nothing
"""

MOVE = """
    with rank (event_type, state, rank) as (
        select * from unnest(%(types)s::text[], %(states)s::text[], %(ranks)s::integer[])
    ), now_at (state, rank) as (
        select distinct state, rank from rank
        union all values ('dispatching', 0), ('unknown', 0)
    ), told as (
        select e.message_id, max(r.rank) as rank,
               (array_agg(r.state order by r.rank desc))[1] as state,
               (array_agg(e.detail order by r.rank desc, e.occurred_at))[1] as detail,
               min(e.occurred_at) as first_at,
               min(e.occurred_at) filter (where e.event_type = 'delivered') as delivered_at
        from ops.message_event e join rank r using (event_type)
        where e.message_id in (select message_id from settling)
        group by e.message_id
    )
    update ops.message m
    set state = t.state, state_reason = t.detail,
        accepted_at = coalesce(m.accepted_at, t.first_at),
        delivered_at = coalesce(m.delivered_at, t.delivered_at),
        settled_by = case when m.state in ('unknown', 'dispatching') then 'event'
                          else m.settled_by end
    from told t, now_at
    where m.id = t.message_id and now_at.state = m.state and t.rank > now_at.rank
"""

# A delivery that is told after the bounce or complaint changes no state, but its time is a fact.
NOTE_DELIVERY = """
    update ops.message m set delivered_at = s.occurred_at
    from (select message_id, min(occurred_at) as occurred_at from settling
          where event_type = 'delivered' group by message_id) s
    where m.id = s.message_id and m.delivered_at is null
"""

# What SendGrid says when it drops a mail because of its own lists.
DROPPED: dict[str, suppressions.Kind] = {
    "bounced address": "bounce",
    "invalid": "invalid",
    "spam reporting address": "complaint",
    "unsubscribed address": "opt_out",
}


def settle(conn: psycopg.Connection[Any], run: Run) -> dict[str, int]:
    """Settle what landed since the last time, in the caller's transaction.

    Returns how many events were landed, kept, seen before, ignored (no word of ours) and without a
    message of ours, how many messages moved and how many addresses were suppressed.
    """
    seen = watermark.window(conn, READER)
    conn.execute(
        sql(MATCH),
        {
            "low": seen.low,
            "high": seen.high,
            "theirs": list(VOCABULARY),
            "ours": list(VOCABULARY.values()),
        },
    )
    # Messages are locked before contacts, and both in the order of their ids: see claims.
    conn.execute(
        "select from ops.message where id in (select message_id from settling) "
        "order by id for no key update"
    )
    kept = conn.execute(sql(KEEP), (run.id,)).rowcount
    moved = conn.execute(
        sql(MOVE),
        {
            "types": list(STATES),
            "states": [state for state, _ in STATES.values()],
            "ranks": [rank for _, rank in STATES.values()],
        },
    ).rowcount
    conn.execute(sql(NOTE_DELIVERY))
    suppressed = _suppress(conn, run)
    counts = rows(
        conn,
        """
        select count(*) as events_landed,
               count(*) filter (where event_type is null) as events_ignored,
               count(*) filter (where event_type is not null and message_id is null)
                   as events_unmatched
        from settling
        """,
    )[0]
    conn.execute("drop table settling")
    watermark.advance(conn, seen, run.id)
    matched = counts["events_landed"] - counts["events_ignored"] - counts["events_unmatched"]
    return {
        **counts,
        "events_kept": kept,
        "events_repeated": matched - kept,
        "messages_settled": moved,
        "addresses_suppressed": suppressed,
    }


def _suppress(conn: psycopg.Connection[Any], run: Run) -> int:
    """Draw the consequences for addresses, also for those that match no message of ours."""
    conn.execute(
        """
        select from ops.contact where person_id in (
            select c.person_id from settling s join ops.contact c on c.id = s.contact_id
            where s.event_type in ('bounced', 'complained', 'unsubscribed', 'dropped'))
        order by id for no key update
        """
    )
    secret, suppressed = run.settings.secret, 0
    for event in rows(
        conn,
        """
        select distinct on (event_type, email, contact_id)
               event_type, email, contact_id, message_id, detail
        from settling where event_type in ('bounced', 'complained', 'unsubscribed', 'dropped')
        order by event_type, email, contact_id, occurred_at
        """,
    ):
        kind = _kind(event["event_type"], event["detail"])
        email = event["email"] or _email(conn, event["contact_id"])
        if kind is None or email is None:
            continue
        if kind in ("opt_out", "complaint") and event["contact_id"] is not None:
            cause = f"{event['event_type']}:{event['message_id'] or email}"
            suppressed += suppressions.opt_out(
                conn, event["contact_id"], "sendgrid", secret, cause_id=cause,
                kind="complaint" if kind == "complaint" else "opt_out", detail=event["detail"],
            )  # fmt: skip
        suppressed += suppressions.suppress(conn, email, kind, "sendgrid", secret, event["detail"])
    return suppressed


def _kind(event_type: str, detail: str | None) -> suppressions.Kind | None:
    if event_type == "dropped":
        reason = (detail or "").lower()
        return next((kind for words, kind in DROPPED.items() if reason.startswith(words)), None)
    kinds: dict[str, suppressions.Kind] = {
        "bounced": "bounce",
        "complained": "complaint",
        "unsubscribed": "opt_out",
    }
    return kinds[event_type]


def _email(conn: psycopg.Connection[Any], contact_id: str | None) -> str | None:
    email: str | None = scalar(conn, "select email from ops.contact where id = %s", (contact_id,))
    return email
