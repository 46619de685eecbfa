"""The review desk: read, edit, approve or kill drafts. Thin: `baton.review` decides what is allowed.

Every write is JSON, carries the revision and the hash of what was read, and is signed with the user
who is signed in to Airflow. `pages.app` checks login, origin and content type before any of this.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from baton.core.errors import BatonError
from baton.core.settings import Settings
from baton.playbook import thresholds
from baton.playbook.roles import Person
from baton.review import decide, queue
from baton.review.decide import BreaksRules, Choice, NotAllowed
from baton.review.queue import NotThere
from baton.warehouse.connect import connect
from baton.writing.drafts import StaleRevision
from baton_airflow.hooks import settings
from pages.access import require
from pages.rendering import page

router = APIRouter(prefix="/review")

Reader = Annotated[Person, Depends(require("viewer"))]
Decider = Annotated[Person, Depends(require("rep"))]
DraftId = Annotated[str, Path(pattern=r"^dra_[0-9a-f]{32}$")]
Baton = Annotated[Settings, Depends(settings)]


class Read(BaseModel):
    """What was read and is decided on."""

    model_config = ConfigDict(extra="forbid")
    revision: int = Field(ge=1, le=10_000)
    content_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    seconds_spent: float | None = Field(default=None, ge=0, le=86_400)

    def choice(self, draft_id: str) -> Choice:
        """Return it as the library's record."""
        return Choice(draft_id, self.revision, self.content_hash, self.seconds_spent)


class Kill(Read):
    """A kill says why."""

    reason: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")


class Edit(Read):
    """New words of a person."""

    subject: str = Field(max_length=300)
    body: str = Field(max_length=20_000)


class OneOfMany(Read):
    """One draft of a bulk."""

    draft_id: str = Field(pattern=r"^dra_[0-9a-f]{32}$")


class Bulk(BaseModel):
    """Several drafts to approve, each with what was read of it."""

    model_config = ConfigDict(extra="forbid")
    choices: list[OneOfMany] = Field(min_length=1, max_length=200)


class Undo(BaseModel):
    """Nothing beside the address."""

    model_config = ConfigDict(extra="forbid")


@router.get("", response_class=HTMLResponse)
def show(request: Request, user: Reader, baton: Baton) -> HTMLResponse:
    """Show the desk with the first page of the queue in it."""
    with _warehouse(baton) as conn:
        drafts, after = queue.waiting(conn, user)
        counts = queue.count(conn, user)
    start = {
        "drafts": drafts,
        "next": after,
        "counts": counts,
        "may_decide": user.may("rep"),
        "user": user.name,
        "undo_seconds": thresholds.load(baton.playbook).delivery.undo_seconds,
        "kill_reasons": decide.KILL_REASONS,
    }
    return page(request, "review.html", "Review desk", user, start=jsonable_encoder(start))


@router.get("/drafts")
def listed(
    user: Reader,
    baton: Baton,
    view: Literal["waiting", "decided"] = "waiting",
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> JSONResponse:
    """Return one page of the queue, or of what was decided, and the cursor of the next page."""
    with _warehouse(baton) as conn:
        find = queue.waiting if view == "waiting" else queue.decided
        drafts, more = find(conn, user, after)
        counts = queue.count(conn, user)
    return _json({"drafts": drafts, "next": more, "counts": counts})


@router.get("/drafts/{draft_id}")
def one(draft_id: DraftId, user: Reader, baton: Baton) -> JSONResponse:
    """Return one draft with the evidence of its claims, its thread and its history."""
    with _warehouse(baton) as conn:
        return _json(queue.open_draft(conn, user, draft_id))


@router.post("/drafts/{draft_id}/approve")
def approve(draft_id: DraftId, body: Read, user: Decider, baton: Baton) -> JSONResponse:
    """Approve exactly what was read."""
    with _warehouse(baton) as conn:
        decide.approve(conn, user, body.choice(draft_id))
    return _json({"state": "approved"})


@router.post("/drafts/{draft_id}/kill")
def kill(draft_id: DraftId, body: Kill, user: Decider, baton: Baton) -> JSONResponse:
    """Kill a draft for good."""
    with _warehouse(baton) as conn:
        decide.kill(conn, user, body.choice(draft_id), body.reason)
    return _json({"state": "killed"})


@router.post("/drafts/{draft_id}/edit")
def edit(draft_id: DraftId, body: Edit, user: Decider, baton: Baton) -> JSONResponse:
    """Keep a person's words as a new revision, which waits for its own approval."""
    with _warehouse(baton) as conn:
        decide.edit(conn, user, body.choice(draft_id), body.subject, body.body, baton)
        return _json(queue.open_draft(conn, user, draft_id))


@router.post("/drafts/{draft_id}/undo")
def undo(draft_id: DraftId, body: Undo, user: Decider, baton: Baton) -> JSONResponse:  # noqa: ARG001
    """Take back one's own decision while that is possible."""
    with _warehouse(baton) as conn:
        decide.undo(conn, user, draft_id, baton)
        return _json(queue.open_draft(conn, user, draft_id))


@router.post("/bulk")
def bulk(body: Bulk, user: Decider, baton: Baton) -> JSONResponse:
    """Approve several drafts, each on its own."""
    with _warehouse(baton) as conn:
        bulk_id, outcomes = decide.bulk_approve(
            conn, user, [choice.choice(choice.draft_id) for choice in body.choices]
        )
    results = [{"draft_id": o.draft_id, "error": o.error} for o in outcomes]
    return _json({"bulk_id": bulk_id, "results": results})


@contextmanager
def _warehouse(baton: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Open a transaction; turn what the library refuses into the answer that says so."""
    try:
        with connect(baton.database_url) as conn:
            yield conn
    except BreaksRules as error:
        found = [{"rule": f.rule, "detail": f.detail} for f in error.findings]
        raise HTTPException(
            422, {"message": "This cannot be sent yet.", "findings": found}
        ) from None
    except BatonError as error:
        statuses = {NotThere: 404, NotAllowed: 403, StaleRevision: 409}
        raise HTTPException(statuses.get(type(error), 400), str(error)) from None
    except psycopg.OperationalError:
        raise HTTPException(
            503, "The warehouse does not answer; `baton doctor` says more."
        ) from None


def _json(content: Any) -> JSONResponse:
    return JSONResponse(jsonable_encoder(content))
