"""`baton why ID`: everything that led to one message and everything that came of it.

It reads the live tables, so it needs no build; only credits come from the last attribution, where
there was one.
"""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.core.errors import InputError
from baton.reports.why_opportunity import near_key
from baton.warehouse.connect import Row, one, rows, scalar

MESSAGE = """
    select m.id, m.send_key, m.state, m.state_reason, m.draft_id, m.revision, m.contact_id,
           m.person_id, m.sequence, m.step, m.sending_domain, m.mailbox, m.queued_at, m.accepted_at,
           m.delivered_at, m.provider_message_id, m.run_id, r.subject, r.body, r.author,
           d.lead_id, d.generation_id, d.created_at as drafted_at, l.account_id,
           coalesce(jsonb_path_query_array(l.reasons, '$.signals[*].signal_id'), '[]') as signal_ids
    from ops.message m
    join ops.revision r using (draft_id, revision)
    join ops.draft d on d.id = m.draft_id
    join ops.lead l on l.id = d.lead_id
    where %(message)s in (m.id, m.send_key)
"""
PARTS = {
    "contact": """
        select c.id, c.full_name, c.email, c.title, a.id as account_id, a.name as account, a.domain
        from ops.contact c left join ops.account a on a.id = c.account_id
        where c.id = %(contact_id)s""",
    "lead": """
        select id, icp_fit, intent_score, lead_score, icp_quartile, cut_version, model_version,
               reasons, first_signal_at, eligible_at, run_id
        from ops.lead where id = %(lead_id)s""",
    "routing": """
        select o.rule, o.reason, o.decided_at, rep.name as owner, rep.email
        from ops.lead_owner o left join ops.rep rep on rep.id = o.rep_id
        where o.lead_id = %(lead_id)s""",
    "generation": """
        select id, model, prompt_version, prompt_hash, input_tokens, output_tokens, cost, currency
        from ops.generation where id = %(generation_id)s""",
    "decision": """
        select verdict, reason, decided_by, decided_role, decided_at, bulk_id, seconds_spent,
               content_hash
        from ops.decision where draft_id = %(draft_id)s and revision = %(revision)s""",
}
# The signals are those that made the lead and those that the message speaks of (a later one, in a
# follow-up). What came of it is looked for from the moment on which the message left, at this contact
# and account.
LISTS = {
    "signals": """
        select ops.signal_id(source, natural_key) as id, source, signal_type, title, url,
               occurred_at, received_at
        from landing.signal
        where ops.signal_id(source, natural_key) in (
            select jsonb_array_elements_text(%(signal_ids)s::jsonb)
            union
            select evidence_id from ops.claim
            where draft_id = %(draft_id)s and revision = %(revision)s)
        order by occurred_at""",
    "claims": """
        select text, grounded, reason, evidence_id, evidence_text, evidence_url
        from ops.claim where draft_id = %(draft_id)s and revision = %(revision)s
        order by position""",
    "attempts": """
        select number, started_at, finished_at, outcome, status_code, detail
        from ops.attempt where message_id = %(id)s order by number""",
    "events": """
        select event_type, occurred_at, detail
        from ops.message_event where message_id = %(id)s order by occurred_at, event_type""",
    "replies": """
        select received_at, intent, confidence, is_automatic, quote
        from ops.reply where message_id = %(id)s order by received_at""",
    "bookings": """
        select id, booked_at, starts_at, state from ops.booking
        where contact_id = %(contact_id)s and booked_at >= %(since)s order by booked_at""",
    "meetings": """
        select m.id, m.starts_at, m.state, o.outcome, o.decided_at, rep.name as owner,
               (select b.is_complete from ops.brief b where b.meeting_id = m.id
                order by b.version desc limit 1) as has_complete_brief
        from ops.meeting m
        left join ops.meeting_outcome o on o.meeting_id = m.id
        left join ops.rep rep on rep.id = m.owner_rep_id
        where m.contact_id = %(contact_id)s and m.created_at >= %(since)s order by m.starts_at""",
    "opportunities": """
        select * from (
            select distinct on (o.source, o.natural_key)
                o.source || ':' || o.natural_key as id, o.name, o.stage, o.outcome, o.amount,
                o.currency, o.opened_at, o.closed_at
            from landing.opportunity o
            join ops.account_alias a on a.source = o.source and a.natural_key = o.account_key
            where a.account_id = %(account_id)s
            order by o.source, o.natural_key, coalesce(o.source_updated_at, o.received_at) desc,
                o.received_at desc
        ) latest
        where opened_at >= %(since)s order by opened_at""",
}
CREDITS = """
    select opportunity_id, credit_model, credit, won_credit, currency, outcome
    from marts.attribution_credit where touch_id = %(id)s order by opportunity_id, credit_model
"""


def story_of(conn: psycopg.Connection[Any], message: str) -> dict[str, Any]:
    """Return the lineage of a message, given by its id or send key, as nested plain data.

    The parts, in the order in which they happened: signals, lead, routing, generation, claims,
    decision, message, attempts, events, replies, bookings, meetings, opportunities, credits.
    Raises InputError if there is no such message; as opportunities are looked for first, it says that
    there is none of these either, and names one with a key that is nearly so.
    """
    found = one(conn, MESSAGE, {"message": message})
    if found is None:
        near = near_key(conn, message)
        hint = f" Did you mean {near!r}?" if near else ""
        raise InputError(
            f"There is no message and no opportunity {message!r}; give a message's id (msg_...) or send "
            f"key, or an opportunity's id (source:key) or key in its source.{hint}"
        )
    keys: Row = {
        **found,
        "signal_ids": Jsonb(found.pop("signal_ids")),
        "since": found["accepted_at"] or found["queued_at"],
    }
    parts: dict[str, Any] = {"message": found}
    parts |= {part: one(conn, query, keys) for part, query in PARTS.items()}
    parts |= {part: rows(conn, query, keys) for part, query in LISTS.items()}
    built = scalar(conn, "select to_regclass('marts.attribution_credit')")
    parts["credits"] = rows(conn, CREDITS, keys) if built else []
    return {part: parts[part] for part in ORDER}


ORDER = (
    "contact", "signals", "lead", "routing", "generation", "claims", "decision", "message",
    "attempts", "events", "replies", "bookings", "meetings", "opportunities", "credits",
)  # fmt: skip
