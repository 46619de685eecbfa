"""Turns approved drafts into messages, once, after the minute in which an approval can be undone."""

from typing import Any

import psycopg

from baton.clients.mail import Outgoing
from baton.core import clock
from baton.core.errors import InputError
from baton.routing.tasks import add_task
from baton.warehouse.connect import rows
from baton.warehouse.run import Run

# The key-share lock keeps an undo (which deletes the decision) from slipping in between; a decision
# that is being undone right now is skipped.
APPROVED = """
    select d.id as draft_id, s.revision, s.contact_id, s.content_hash,
           d.person_id, d.sequence, d.step, d.channel, d.due_at, r.rendered
    from ops.decision s
    join ops.draft d on d.id = s.draft_id
    join ops.released_run released on released.id = d.run_id
    join ops.revision r on r.draft_id = s.draft_id and r.revision = s.revision
    where s.verdict = 'approved' and d.state = 'approved' and d.channel = 'email'
      and s.decided_at <= ops.now() - make_interval(secs => %(undo)s)
      and d.expires_at > ops.now()
      and not exists (select from ops.message m where m.person_id = d.person_id
                      and m.sequence = d.sequence and m.step = d.step)
    order by d.due_at, d.id
    for key share of s, d skip locked
"""

INSERT = """
    insert into ops.message (draft_id, revision, contact_id, person_id, sequence, step, content_hash,
                             channel, sending_domain, mailbox, not_before, run_id)
    values (%(draft_id)s, %(revision)s, %(contact_id)s, %(person_id)s, %(sequence)s, %(step)s,
            %(content_hash)s, %(channel)s, %(sending_domain)s, %(mailbox)s, %(due_at)s, %(run_id)s)
    on conflict do nothing
"""


def enqueue_approved(conn: psycopg.Connection[Any], run: Run, undo_seconds: int) -> dict[str, int]:
    """Make a message of every released approval that is older than `undo_seconds`.

    What cannot be sent as it stands becomes an exception for a person instead. Returns both counts.
    """
    queued = unsendable = 0
    now = clock.now(conn)
    for approved in rows(conn, APPROVED, {"undo": undo_seconds}):
        try:
            mail = Outgoing.from_rendered(approved["rendered"], "", now)
        except InputError as error:
            add_task(
                conn,
                "draft_not_sendable",
                "draft",
                approved["draft_id"],
                "An approved draft cannot be sent as it stands",
                body=str(error),
                is_exception=True,
                run_id=run.id,
            )
            unsendable += 1
            continue
        values = {
            **approved,
            "sending_domain": mail.sender.domain,
            "mailbox": mail.sender.email.lower(),
            "run_id": run.id,
        }
        queued += conn.execute(INSERT, values).rowcount
    return {"messages_queued": queued, "drafts_unsendable": unsendable}
