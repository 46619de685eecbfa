"""Tasks for people, of every layer, in one table: `ops.task`.

An exception is a task that exists because the machine could not decide; it may have no owner yet.
"""

from datetime import datetime
from typing import Any

import psycopg

from baton.warehouse.connect import scalar


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
    conn: psycopg.Connection[Any], kind: str, subject_kind: str, subject_id: str, done_by: str
) -> bool:
    """Mark a task done, if there is such an open one; `done_by` is a person or "baton".

    Returns whether anything changed.
    """
    return (
        conn.execute(
            """
            update ops.task set done_at = ops.now(), done_by = %s
            where kind = %s and subject_kind = %s and subject_id = %s and done_at is null
            """,
            (done_by, kind, subject_kind, subject_id),
        ).rowcount
        > 0
    )


def give_brief(conn: psycopg.Connection[Any], task_id: str, brief_id: str) -> None:
    """Attach the brief that goes with a task handed to a person."""
    conn.execute("update ops.task set brief_id = %s where id = %s", (brief_id, task_id))
