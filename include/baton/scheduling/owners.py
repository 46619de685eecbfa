"""A person gives a meeting the owner that no rule could find."""

from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.routing.tasks import finish_task
from baton.warehouse.connect import one


def give(
    conn: psycopg.Connection[Any], meeting_id: str, rep_email: str, by: str, reason: str
) -> str:
    """Give a planned meeting without owner to an active rep; return the rep's name.

    `by` is the person and `reason` their sentence; both are kept as the meeting's `owner_reason`. The
    batch that the gate stopped is let go with its next run. Works in the caller's transaction. Raises
    InputError that says why it cannot be done.
    """
    if not reason.strip():
        raise InputError("Say why it is theirs; the reason is kept with the meeting.")
    meeting = one(
        conn,
        "select m.state, m.owner_rep_id, r.name as owner from ops.meeting m "
        "left join ops.rep r on r.id = m.owner_rep_id where m.id = %s for update of m",
        (meeting_id,),
    )
    if meeting is None:
        raise InputError(f"There is no meeting {meeting_id}.")
    if meeting["state"] != "planned":
        raise InputError(f"The meeting is {meeting['state']}; it needs no owner any more.")
    if meeting["owner_rep_id"] is not None:
        raise InputError(f"{meeting['owner']} has the meeting already.")
    rep = one(
        conn, "select id, name, active from ops.rep where email = %s", (rep_email.strip().lower(),)
    )
    if rep is None or not rep["active"]:
        raise InputError(f"{rep_email} is no active rep, so the meeting cannot be theirs.")
    conn.execute(
        "update ops.meeting set owner_rep_id = %s, owner_reason = %s where id = %s",
        (rep["id"], f"{by} decided: {reason}", meeting_id),
    )
    finish_task(
        conn, "meeting_without_owner", "meeting", meeting_id, by, f"{rep['name']}: {reason}"
    )
    return str(rep["name"])
