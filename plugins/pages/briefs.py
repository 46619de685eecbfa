"""The briefs of the meetings to come. Thin: `baton.handoff` writes, finds and lays out.

A rep sees their own meetings, everybody else all. That the rep opened a brief is recorded once: it is
what the metric "Brief opened before the start" counts.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from baton.core.errors import PlaybookError
from baton.core.settings import Settings
from baton.handoff import coming, render
from baton.playbook import signals
from baton.playbook.roles import Person
from baton_airflow.hooks import settings
from pages.access import require
from pages.rendering import page
from pages.warehouse import warehouse

router = APIRouter(prefix="/briefs")

Reader = Annotated[Person, Depends(require("viewer"))]
Baton = Annotated[Settings, Depends(settings)]
MeetingId = Annotated[str, Path(max_length=80, pattern=r"^[\w-]+$")]
MOST = 100


@router.get("", response_class=HTMLResponse)
def show(request: Request, user: Reader, baton: Baton) -> HTMLResponse:
    """List the meetings to come, the soonest first."""
    with warehouse(baton) as conn:
        found = coming.coming(conn, _scope(user), MOST + 1)
    return page(
        request,
        "briefs.html",
        "Briefs",
        user,
        meetings=found[:MOST],
        more=len(found) > MOST,
        incomplete=sum(meeting["brief"] != "complete" for meeting in found[:MOST]),
        own=user.only_own_leads,
    )


@router.get("/{meeting_id}", response_class=HTMLResponse)
def one(request: Request, meeting_id: MeetingId, user: Reader, baton: Baton) -> HTMLResponse:
    """Show one brief; if the meeting's rep looks at it, record that."""
    with warehouse(baton) as conn:
        meeting = coming.meeting(conn, meeting_id, _scope(user))
        if meeting is None:
            raise HTTPException(404, "There is no such meeting, or it is another rep's.")
        brief = render.load(conn, meeting_id)
        is_theirs = user.rep_email is not None and meeting["owner_email"] == user.rep_email
        if brief is not None and is_theirs and _is_looked_at(request):
            coming.mark_opened(conn, brief.id, user.name)
    body = Markup(render.html(brief, _link_hosts(baton))) if brief else None  # noqa: S704
    return page(request, "brief.html", f"Brief: {meeting['who']}", user, meeting=meeting, body=body)


def _scope(user: Person) -> str | None:
    return user.rep_email if user.only_own_leads else None


def _is_looked_at(request: Request) -> bool:
    """Tell a person who opens the page from a browser that fetches it in advance, or for another page."""
    said = request.headers
    in_advance = any(
        "prefetch" in said.get(name, "").lower() or "prerender" in said.get(name, "").lower()
        for name in ("sec-purpose", "purpose", "x-moz", "x-purpose")
    )
    as_page = said.get("sec-fetch-dest", "document") in ("document", "iframe", "frame")
    return as_page and not in_advance and said.get("sec-fetch-site") != "cross-site"


def _link_hosts(baton: Settings) -> frozenset[str]:
    """Return the hosts to which a brief may link; while the playbook is broken, none."""
    try:
        return signals.load(baton.playbook).link_hosts
    except PlaybookError:
        return frozenset()
