"""A message that was sent and the answer to it, as the delivery layer leaves them."""

import json

from baton.core.ids import new_id

BODY = "Hello Ada,\n\nyou have an opening for planners.\n\nShall we talk?\n\nKind regards,\nClara"
FOOTER = "\n\n-- \nSpeicherweg 4\nhttps://receiver.example/u/token"
REPLY = "Yes, that is a topic for us. Next week works."


def message(conn, make_run, lead_id):
    """Return the id of an approved, delivered first touch."""
    run = make_run("drafting", "draft_generation")
    rendered = {
        "from": "c@x.example", "to": "a@y.example", "reply_to": "c@x.example",
        "subject": "Planners", "text": BODY + FOOTER, "html": "<p>x</p>",
        "list_unsubscribe": "https://u.example",
    }  # fmt: skip
    lead = conn.execute(
        "select contact_id, person_id, sequence from ops.lead where id = %s", (lead_id,)
    ).fetchone()
    draft = conn.execute(
        "insert into ops.draft (lead_id, contact_id, person_id, sequence, step, due_at, expires_at, "
        "run_id) values (%s, %s, %s, %s, 1, ops.now(), ops.now() + interval '5 days', %s) returning id",
        (lead_id, *lead, run.id),
    ).fetchone()[0]
    content = json.dumps(rendered, sort_keys=True, separators=(",", ":")).encode()
    digest = conn.execute(
        "insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, author) "
        "values (%s, 1, %s, 'Planners', %s, %s, 'offline') returning content_hash",
        (draft, lead[0], BODY, content),
    ).fetchone()[0]
    conn.execute(
        "insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, decided_by,"
        " decided_role) values (%s, 1, %s, %s, 'approved', 'clara', 'rep')",
        (draft, lead[0], digest),
    )
    found = conn.execute(
        "insert into ops.message (draft_id, revision, contact_id, person_id, sequence, step, "
        "content_hash, sending_domain, mailbox, state, accepted_at, delivered_at, run_id) "
        "values (%s, 1, %s, %s, %s, 1, %s, 'x.example', 'c@x.example', 'delivered', "
        "ops.now() - interval '2 days', ops.now() - interval '2 days', %s) returning id",
        (draft, *lead, digest, run.id),
    ).fetchone()[0]
    conn.commit()
    return found


def reply(conn, make_run, message_id, contact_id):
    """Return the id of a positive answer, of a released run."""
    run = make_run("delivery", "reply_triage")
    found = conn.execute(
        "insert into ops.reply (source, natural_key, message_id, contact_id, received_at, subject, "
        "body, is_automatic, intent, confidence, run_id) values ('sendgrid', %s, %s, %s, "
        "ops.now() - interval '1 day', 'Re: Planners', %s, false, 'positive', 0.9, %s) returning id",
        (new_id("key"), message_id, contact_id, REPLY, run.id),
    ).fetchone()[0]
    conn.execute("update ops.run set released_at = ops.now() where id = %s", (run.id,))
    conn.commit()
    return found
