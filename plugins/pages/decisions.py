"""What people decide on the Exceptions page. Thin: the module that owns the rows decides what is allowed.

Every write is JSON, says why, and is signed with the user who is signed in to Airflow.
"""

from typing import Annotated, Any, Literal

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from baton.contactability import breakers, holds, protection
from baton.core.settings import Settings
from baton.delivery.settle import settle
from baton.playbook.roles import Person
from baton.routing.tasks import decide_task
from baton.scheduling import owners
from baton.warehouse.connect import one
from baton_airflow.hooks import settings
from pages.access import require
from pages.warehouse import warehouse

router = APIRouter()

Rep = Annotated[Person, Depends(require("rep"))]
RevOps = Annotated[Person, Depends(require("revops"))]
Baton = Annotated[Settings, Depends(settings)]
Id = Annotated[str, Path(max_length=80, pattern=r"^[\w-]+$")]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000, pattern=r"^[^\x00]*$"),
]


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: Words


class Sent(Reason):
    """Whether a message was sent, and how one knows."""

    was_sent: bool


class Owner(Reason):
    """Who takes a meeting."""

    rep: str = Field(min_length=3, max_length=320)


class Lift(Reason):
    """A hold, or the protection of one account or contact."""

    hold_id: str | None = Field(default=None, max_length=80)
    scope: Literal["contact", "account"] = "contact"
    subject_id: str = Field(default="", max_length=80)


# The owner of a task about a message is the owner of its lead.
TASK_OWNER = """
    select coalesce(r.email, q.email) as email
    from ops.task t
    left join ops.rep r on r.id = t.owner_rep_id
    left join ops.message m on t.subject_kind = 'message' and m.id = t.subject_id
    left join ops.draft d on d.id = m.draft_id
    left join ops.lead_owner o on o.lead_id = d.lead_id
    left join ops.rep q on q.id = o.rep_id
    where t.id = %s
"""
MESSAGE_OWNER = """
    select r.email
    from ops.message m
    join ops.draft d on d.id = m.draft_id
    left join ops.lead_owner o on o.lead_id = d.lead_id
    left join ops.rep r on r.id = o.rep_id
    where m.id = %s
"""


@router.post("/messages/{message_id}/settle")
def settle_message(message_id: Id, body: Sent, user: Rep, baton: Baton) -> JSONResponse:
    """Say whether an unknown message was sent."""
    with warehouse(baton) as conn:
        _own(conn, user, MESSAGE_OWNER, message_id, "message")
        settle(conn, message_id, was_sent=body.was_sent, by=user.name, reason=body.reason)
    return _said(
        "Settled: it was sent."
        if body.was_sent
        else "Settled: it was not sent. It is not sent again."
    )


@router.post("/tasks/{task_id}/done")
def finish(task_id: Id, body: Reason, user: Rep, baton: Baton) -> JSONResponse:
    """Mark a task done, with what was decided."""
    with warehouse(baton) as conn:
        _own(conn, user, TASK_OWNER, task_id, "task")
        decide_task(conn, task_id, user.name, body.reason)
    return _said("Done.")


@router.post("/meetings/{meeting_id}/owner")
def give_owner(meeting_id: Id, body: Owner, user: RevOps, baton: Baton) -> JSONResponse:
    """Give a meeting an owner."""
    with warehouse(baton) as conn:
        name = owners.give(conn, meeting_id, body.rep, user.name, body.reason)
    return _said(f"{name} has the meeting; the next run lets it go on.")


@router.post("/domains/{domain}/resume")
def resume(
    domain: Annotated[str, Path(max_length=253, pattern=r"^[\w.-]+$")],
    body: Reason,
    user: RevOps,
    baton: Baton,
) -> JSONResponse:
    """Let a stopped domain send again."""
    with warehouse(baton) as conn:
        breakers.resume(conn, domain, user.name, body.reason)
    return _said(f"{domain} sends again; its rates start afresh.")


@router.post("/holds/lift")
def lift(body: Lift, user: RevOps, baton: Baton) -> JSONResponse:
    """Lift one hold, or the protection of one account or contact for the reason it has now."""
    with warehouse(baton) as conn:
        if body.hold_id is not None:
            holds.lift(conn, body.hold_id, user.name, body.reason)
        else:
            protection.lift_protection(conn, body.scope, body.subject_id, user.name, body.reason)
    return _said("Lifted, for this case; the next run looks at the messages again.")


def may_decide(user: Person, owner_email: str | None) -> bool:
    """Tell whether this person may decide what has this owner: RevOps may, and the owner."""
    return user.may("revops") or (user.rep_email is not None and user.rep_email == owner_email)


def _own(
    conn: psycopg.Connection[Any], user: Person, query: str, subject_id: str, what: str
) -> None:
    found = one(conn, query, (subject_id,))
    foreign = user.only_own_leads and found and found["email"] not in (None, user.rep_email)
    if found is None or foreign:
        raise HTTPException(404, f"There is no such {what}, or it is another rep's.")
    if not may_decide(user, found["email"]):
        raise HTTPException(
            403, f"This {what} is for its owner or the role revops; you are {user.role}."
        )


def _said(sentence: str) -> JSONResponse:
    return JSONResponse({"said": sentence})
