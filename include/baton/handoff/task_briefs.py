"""The same brief with every open task about a reply: no meeting, but the signals and the thread."""

import hashlib
import json
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.handoff import sources
from baton.playbook.sequences import Sequences
from baton.playbook.signals import Signals
from baton.routing.tasks import give_brief
from baton.warehouse.connect import Row, rows, scalar
from baton.warehouse.run import Run

# Open tasks about a reply or a lead that have no brief, with the contact they are about.
TASKS = """
    select t.id as task_id, x.contact_id, null as id, null as booking_id, c.email as guest_email,
        c.full_name as guest_name, c.title as guest_title,
        a.domain, l.reasons, l.sequence, l.id as lead_id, t.owner_rep_id
    from ops.task t
    join lateral (
        select p.contact_id from ops.reply p where t.subject_kind = 'reply' and p.id = t.subject_id
        union all
        select d.contact_id from ops.lead d where t.subject_kind = 'lead' and d.id = t.subject_id
    ) x on x.contact_id is not null
    join ops.contact c on c.id = x.contact_id
    left join ops.account a on a.id = c.account_id
    left join lateral (
        select q.* from ops.lead q join ops.released_run r on r.id = q.run_id
        where q.contact_id = x.contact_id order by q.eligible_at desc, q.id limit 1
    ) l on true
    where t.done_at is null and t.brief_id is null
    order by t.created_at, t.id
"""


def make(run: Run, named: Sequences, known: Signals) -> int:
    """Write a brief for every open task about a person that has none; return how many."""
    with run.connect() as conn:
        tasks = rows(conn, TASKS)
        for task in tasks:
            sequence = named.by_name.get(task["sequence"] or "")
            silent = sequence.silent_signals if sequence else ()
            found = sources.collect(conn, task, silent, known.untrusted, known.types)
            _keep(conn, run, task, found)
    return len(tasks)


def _keep(conn: psycopg.Connection[Any], run: Run, task: Row, found: sources.Sources) -> None:
    missing = [] if found.thread else ["thread"]
    whole = json.dumps([task["contact_id"], found.signals, found.thread], sort_keys=True)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    brief_id = scalar(
        conn,
        "select id from ops.brief where meeting_id is null and contact_id = %s "
        "and content_hash = %s order by id limit 1",
        (task["contact_id"], digest),
    ) or scalar(
        conn,
        """
        insert into ops.brief (contact_id, version, signals, thread, is_complete, missing,
                               content_hash, run_id)
        select %(contact)s, coalesce(max(version), 0) + 1, %(signals)s, %(thread)s, %(complete)s,
            %(missing)s, %(hash)s, %(run)s
        from ops.brief where meeting_id is null and contact_id = %(contact)s
        returning id
        """,
        {"contact": task["contact_id"], "signals": Jsonb(found.signals),
         "thread": Jsonb(found.thread), "complete": not missing, "missing": missing,
         "hash": digest, "run": run.id},
    )  # fmt: skip
    give_brief(conn, task["task_id"], str(brief_id))
