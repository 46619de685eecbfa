"""Tasks for people, of every layer, in one table: `ops.task`.

An exception is a task that exists because the machine could not decide; it may have no owner yet.
"""

from datetime import datetime
from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.warehouse.connect import one, scalar


def add_task(
    conn: psycopg.Connection[Any],
    kind: str,
    subject_kind: str,
    subject_id: str,
    title: str,
    *,
    body: str = "",
    owner_rep_id: str | None = None,
    is_exception: bool = False,
    due_at: datetime | None = None,
    brief_id: str | None = None,
    run_id: str | None = None,
) -> str:
    """Make sure that there is this task and return its id.

    A task is known by (kind, subject_kind, subject_id): asking again changes nothing, whether it is
    open or done. `kind` is a word such as "unrouted_lead" or "reply_objection"; `subject_kind` names
    the ops table of the subject ("lead", "reply", "message", ...).
    """
    made = scalar(
        conn,
        """
        insert into ops.task (kind, subject_kind, subject_id, title, body, owner_rep_id,
                              is_exception, due_at, brief_id, run_id)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (kind, subject_kind, subject_id) do nothing
        returning id
        """,
        (kind, subject_kind, subject_id, title, body, owner_rep_id, is_exception, due_at,
         brief_id, run_id),
    )  # fmt: skip
    if made is not None:
        return str(made)
    return str(
        scalar(
            conn,
            "select id from ops.task where kind = %s and subject_kind = %s and subject_id = %s",
            (kind, subject_kind, subject_id),
        )
    )


def finish_task(
    conn: psycopg.Connection[Any],
    kind: str,
    subject_kind: str,
    subject_id: str,
    done_by: str,
    outcome: str | None = None,
) -> bool:
    """Mark a task done, if there is such an open one; `done_by` is a person or "baton".

    `outcome` is what the person decided. Returns whether anything changed.
    """
    return (
        conn.execute(
            """
            update ops.task set done_at = ops.now(), done_by = %s, outcome = %s
            where kind = %s and subject_kind = %s and subject_id = %s and done_at is null
            """,
            (done_by, outcome, kind, subject_kind, subject_id),
        ).rowcount
        > 0
    )


# Exceptions that are about a state and not about an opinion: while it lasts, they stay open, because
# a gate or the next run would ask again. The question is whether it lasts.
LASTING = {
    "unknown_send": (
        "select 1 from ops.message where id = %s and state = 'unknown'",
        "Say whether the message was sent; that closes the question.",
    ),
    "meeting_without_owner": (
        "select 1 from ops.meeting where id = %s and state = 'planned' and owner_rep_id is null",
        "Give the meeting an owner; that closes the question.",
    ),
    "unrouted_lead": (
        (
            "select 1 from ops.lead l left join ops.lead_owner o on o.lead_id = l.id "
            "where l.id = %s and o.rep_id is null"
        ),
        (
            "Nobody has the lead yet: add a rule to routing.yml or give its account an owner, "
            "and the next routing closes the question."
        ),
    ),
}


def decide_task(conn: psycopg.Connection[Any], task_id: str, by: str, outcome: str) -> None:
    """Mark a task done by a person, with what they decided.

    Works in the caller's transaction. Raises InputError if there is no such open task, if nothing is
    said, or if what it asks about is not settled by words.
    """
    if not outcome.strip():
        raise InputError("Say what was decided; it is kept with the task.")
    task = one(
        conn,
        "select kind, subject_id, done_by from ops.task where id = %s for update",
        (task_id,),
    )
    if task is None:
        raise InputError(f"There is no task {task_id}.")
    if task["done_by"] is not None:
        raise InputError(f"The task was done already, by {task['done_by']}.")
    lasts, instead = LASTING.get(task["kind"], ("", ""))
    if lasts and scalar(conn, lasts, (task["subject_id"],)):
        raise InputError(instead)
    conn.execute(
        "update ops.task set done_at = ops.now(), done_by = %s, outcome = %s where id = %s",
        (by, outcome, task_id),
    )


def give_brief(conn: psycopg.Connection[Any], task_id: str, brief_id: str) -> None:
    """Attach the brief that goes with a task handed to a person."""
    conn.execute("update ops.task set brief_id = %s where id = %s", (brief_id, task_id))
