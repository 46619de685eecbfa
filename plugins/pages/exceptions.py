"""What the machine could not decide: one list with item, owner and age, and what a person may do.

A rep sees what is theirs and what has no owner; everybody else sees everything. The decisions
themselves are in `pages.decisions`.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from baton.contactability import breakers, holds
from baton.core.settings import Settings
from baton.ledger import crm
from baton.playbook.roles import Person
from baton.warehouse.connect import rows
from baton_airflow.hooks import settings
from pages import decisions
from pages.access import require
from pages.rendering import page
from pages.warehouse import warehouse

router = APIRouter(prefix="/exceptions")
router.include_router(decisions.router)
MOST = 200

# Unknown sends are exceptions by what they are: nothing but an event, a look-up or a person settles
# them. Their owner is the owner of the lead.
OPEN = """
    with found as (
        select t.id as task_id, t.kind, t.title, t.body, t.due_at, t.created_at, t.subject_kind,
            t.subject_id, t.owner_rep_id, t.due_at < ops.now() as is_overdue
        from ops.task t where t.is_exception and t.done_at is null
        union all
        select null, 'unknown_send', 'Was this message sent?', coalesce(m.state_reason, ''), null,
            m.queued_at, 'message', m.id, null, false
        from ops.message m
        where m.state = 'unknown' and not exists (
            select from ops.task t
            where t.kind = 'unknown_send' and t.subject_id = m.id and t.done_at is null
        )
    )
    select f.*, r.name as owner, r.email as owner_email, m.state as message_state,
        c.full_name as contact_name, a.name as account_name, v.subject,
        coalesce(g.state = 'planned' and g.owner_rep_id is null, false) as needs_owner
    from found f
    left join ops.meeting g on f.subject_kind = 'meeting' and g.id = f.subject_id
    left join ops.message m on f.subject_kind = 'message' and m.id = f.subject_id
    left join ops.draft d on d.id = m.draft_id
    left join ops.revision v on v.draft_id = m.draft_id and v.revision = m.revision
    left join ops.contact c on c.id = m.contact_id
    left join ops.account a on a.id = c.account_id
    left join ops.lead_owner o on o.lead_id = d.lead_id
    left join ops.rep r on r.id = coalesce(f.owner_rep_id, o.rep_id)
    where %(rep)s::text is null or r.email = %(rep)s or r.id is null
    order by f.created_at, f.subject_id
    limit %(limit)s
"""
REPS = "select email, name from ops.rep where active and email is not null order by name, email"


@router.get("", response_class=HTMLResponse)
def show(
    request: Request,
    user: Annotated[Person, Depends(require("viewer"))],
    baton: Annotated[Settings, Depends(settings)],
) -> HTMLResponse:
    """List the open exceptions, the oldest first, and to RevOps also what they may let go on."""
    scope = {"rep": user.rep_email if user.only_own_leads else None, "limit": MOST + 1}
    is_revops = user.may("revops")
    with warehouse(baton) as conn:
        found = rows(conn, OPEN, scope)
        stopped = breakers.stopped(conn)
        held = holds.waited_for(conn) if is_revops else []
        unwritten = crm.waiting(conn) if is_revops else []
        reps = rows(conn, REPS) if is_revops else []
        moment: datetime = rows(conn, "select ops.now() as now")[0]["now"]
    for item in found:
        item["act"] = _act(user, item)
    for item in (*found, *stopped, *held, *unwritten):
        at = item["created_at"] if "created_at" in item else item["opened_at"]
        item["age"] = "" if at is None else _age((moment - at).total_seconds())
    return page(
        request,
        "exceptions.html",
        "Exceptions",
        user,
        items=found[:MOST],
        more=len(found) > MOST,
        stopped=stopped,
        held=held,
        unwritten=unwritten,
        reps=reps,
        is_revops=is_revops,
    )


def _act(user: Person, item: dict[str, Any]) -> str | None:
    """Return what this person may do about an exception: "settle", "owner", "done" or nothing."""
    kind = item["kind"]
    if kind == "meeting_without_owner" and item["needs_owner"]:
        return "owner" if user.may("revops") else None
    if not decisions.may_decide(user, item["owner_email"]) or kind == "unrouted_lead":
        return None
    return "settle" if kind == "unknown_send" and item["message_state"] == "unknown" else "done"


def _age(seconds: float) -> str:
    """Return an age as a person says it: "40 min", "7 h", "3 days"."""
    minutes = max(0, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
