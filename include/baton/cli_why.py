"""`baton why MESSAGE`: everything that led to one message and everything that came of it."""

from datetime import datetime
from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.warehouse.connect import Row, one, rows

MESSAGE = """
    select m.id, m.send_key, m.state, m.state_reason, m.draft_id, m.revision, m.contact_id,
           m.person_id, m.sequence, m.step, m.queued_at, m.accepted_at, m.delivered_at,
           m.provider_message_id, m.run_id, r.subject, r.body, r.author, d.lead_id, d.generation_id
    from ops.message m
    join ops.revision r using (draft_id, revision)
    join ops.draft d on d.id = m.draft_id
    where %(message)s in (m.id, m.send_key)
"""
PARTS = {
    "contact": """
        select c.id, c.full_name, c.email, a.id as account_id, a.name as account
        from ops.contact c left join ops.account a on a.id = c.account_id
        where c.id = %(contact_id)s""",
    "lead": """
        select l.id, l.icp_fit, l.intent_score, l.lead_score, l.icp_quartile, l.model_version,
               l.reasons, l.eligible_at, l.run_id, o.rule, o.reason as routed_because,
               rep.name as owner
        from ops.lead l
        left join ops.lead_owner o on o.lead_id = l.id
        left join ops.rep rep on rep.id = o.rep_id
        where l.id = %(lead_id)s""",
    "generation": """
        select id, model, prompt_version, prompt_hash, input_tokens, output_tokens, cost, currency
        from ops.generation where id = %(generation_id)s""",
    "decision": """
        select verdict, decided_by, decided_role, decided_at, bulk_id, content_hash
        from ops.decision where draft_id = %(draft_id)s and revision = %(revision)s""",
}
LISTS = {
    "claims": """
        select text, grounded, evidence_id, evidence_text, evidence_url
        from ops.claim where draft_id = %(draft_id)s and revision = %(revision)s
        order by position""",
    "attempts": """
        select number, started_at, outcome, status_code, detail
        from ops.attempt where message_id = %(id)s order by number""",
    "events": """
        select event_type, occurred_at, detail
        from ops.message_event where message_id = %(id)s order by occurred_at""",
    "replies": """
        select received_at, intent, confidence, quote
        from ops.reply where message_id = %(id)s order by received_at""",
    "meetings": """
        select m.id, m.starts_at, m.state, o.outcome, rep.name as owner
        from ops.meeting m
        left join ops.meeting_outcome o on o.meeting_id = m.id
        left join ops.rep rep on rep.id = m.owner_rep_id
        where m.lead_id = %(lead_id)s order by m.starts_at""",
}


def story_of(conn: psycopg.Connection[Any], message: str) -> dict[str, Any]:
    """Return the lineage of a message, given by its id or send key, as nested plain data.

    Raises InputError if there is no such message.
    """
    found = one(conn, MESSAGE, {"message": message})
    if found is None:
        raise InputError(f"There is no message {message!r}; give its id (msg_...) or send key.")
    story: dict[str, Any] = {"message": found}
    story |= {part: one(conn, query, found) for part, query in PARTS.items()}
    story |= {part: rows(conn, query, found) for part, query in LISTS.items()}
    return story


def told(story: dict[str, Any]) -> str:
    """Return a story as text, in the order in which it happened."""
    lead, contact, decision = story["lead"], story["contact"], story["decision"]
    message, generation = story["message"], story["generation"]
    lines = [
        f"{message['id']} to {contact['full_name']} <{contact['email']}>, {contact['account']}",
        f"  subject   {message['subject']}",
        _lead_line(lead),
        f"  owner     {lead['owner'] or 'nobody'}: {lead['routed_because'] or 'not routed'}",
    ]
    lines += [_claim_line(claim) for claim in story["claims"]]
    if generation is not None:
        lines.append(f"  written   by {generation['model']}, prompt {generation['prompt_version']}")
    lines.append(
        f"  decided   {decision['verdict']} by {decision['decided_by']} "
        f"({decision['decided_role']}) at {_minute(decision['decided_at'])}, "
        f"revision {message['revision']} by {message['author']}"
    )
    for attempt in story["attempts"]:
        status = f" ({attempt['status_code']})" if attempt["status_code"] else ""
        lines.append(
            f"  attempt   {attempt['number']} at {_minute(attempt['started_at'])}: "
            f"{attempt['outcome']}{status}"
        )
    for event in story["events"]:
        lines.append(f"  event     {event['event_type']} at {_minute(event['occurred_at'])}")
    for reply in story["replies"]:
        quote = f': "{reply["quote"]}"' if reply["quote"] else ""
        lines.append(f"  reply     {reply['intent']} at {_minute(reply['received_at'])}{quote}")
    for meeting in story["meetings"]:
        lines.append(
            f"  meeting   {_minute(meeting['starts_at'])} with {meeting['owner'] or 'nobody'}: "
            f"{meeting['outcome'] or meeting['state']}"
        )
    reason = f": {message['state_reason']}" if message["state_reason"] else ""
    return "\n".join([*lines, f"  now       {message['state']}{reason}"])


def _lead_line(lead: Row) -> str:
    return (
        f"  lead      score {lead['lead_score']:.2f}, fit {lead['icp_fit']:.0f}, "
        f"intent {lead['intent_score']:.1f}, quartile {lead['icp_quartile']} "
        f"({lead['model_version']})"
    )


def _claim_line(claim: Row) -> str:
    grounded = "grounded" if claim["grounded"] else "NOT GROUNDED"
    evidence = " ".join(filter(None, (claim["evidence_text"], claim["evidence_url"])))
    return f"  claim     {grounded}: {claim['text']} <- {evidence or 'no evidence'}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
