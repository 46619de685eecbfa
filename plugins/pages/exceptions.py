"""What the machine could not decide: one list with item, owner and age. Thin; it changes nothing.

A rep sees what is theirs and what has no owner; everybody else sees everything.
"""

from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from baton.core.settings import Settings
from baton.playbook.roles import Person
from baton.warehouse.connect import connect, rows
from baton_airflow.hooks import settings
from pages.access import require
from pages.rendering import page

router = APIRouter(prefix="/exceptions")
MOST = 200

# Unknown sends are exceptions by what they are: nothing but an event or a person settles them.
OPEN = """
    select t.kind, t.title, t.body, r.name as owner, t.due_at, t.created_at,
        t.subject_kind || ' ' || t.subject_id as about, t.due_at < ops.now() as is_overdue
    from ops.task t left join ops.rep r on r.id = t.owner_rep_id
    where t.is_exception and t.done_at is null
        and (%(rep)s::text is null or r.email = %(rep)s or t.owner_rep_id is null)
    union all
    select 'unknown_send', 'It is not known whether this message was sent',
        coalesce(m.state_reason, ''), r.name, null, m.queued_at, 'message ' || m.id, false
    from ops.message m
    join ops.draft d on d.id = m.draft_id
    left join ops.lead_owner o on o.lead_id = d.lead_id
    left join ops.rep r on r.id = o.rep_id
    where m.state = 'unknown' and (%(rep)s::text is null or r.email = %(rep)s)
        and not exists (
            select from ops.task t
            where t.subject_kind = 'message' and t.subject_id = m.id and t.done_at is null
        )
    order by created_at
    limit %(limit)s
"""


@router.get("", response_class=HTMLResponse)
def show(
    request: Request,
    user: Annotated[Person, Depends(require("viewer"))],
    baton: Annotated[Settings, Depends(settings)],
) -> HTMLResponse:
    """List the open exceptions, the oldest first."""
    scope = {"rep": user.rep_email if user.only_own_leads else None, "limit": MOST + 1}
    try:
        with connect(baton.database_url) as conn:
            found = rows(conn, OPEN, scope)
            moment = rows(conn, "select ops.now() as now")[0]["now"]
    except psycopg.OperationalError:
        raise HTTPException(
            503, "The warehouse does not answer; `baton doctor` says more."
        ) from None
    for item in found:
        item["age"] = _age((moment - item["created_at"]).total_seconds())
    return page(
        request, "exceptions.html", "Exceptions", user, items=found[:MOST], more=len(found) > MOST
    )


def _age(seconds: float) -> str:
    """Return an age as a person says it: "40 min", "7 h", "3 days"."""
    minutes = max(0, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
