"""SendGrid v3: mail send, batch ids and the e-mail activity look-up."""

from __future__ import annotations

import gzip
import json
import re
import secrets
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from sandbox.mailbox import Mail
from sandbox.vendors import sendgrid_rules
from sandbox.vendors.refused import Refused, has_bearer
from sandbox.vendors.sendgrid_suppressions import suppression_routes
from sandbox.world import World

UNAUTHORIZED = "The provided authorization grant is invalid, expired, or revoked"
QUERY_PART = re.compile(
    r"\s*(?:(?P<name>[a-z_]+)(?:\[['\"](?P<key>[^'\"]+)['\"]\])?)\s*=\s*(['\"])(?P<value>.*?)\3\s*"
)


def refused(status: int, *problems: dict[str, Any]) -> Refused:
    """Return a refusal in the vendor's error shape."""
    return Refused(status, {"errors": list(problems)})


def router(world: World) -> APIRouter:
    """Return the routes below /sendgrid."""

    def check_key(request: Request) -> None:
        if not has_bearer(request, world.config.keys.sendgrid_key):
            raise refused(401, {"field": None, "message": UNAUTHORIZED})

    routes = APIRouter(prefix="/sendgrid", dependencies=[Depends(check_key)])

    @routes.post("/v3/mail/send")
    async def send(request: Request) -> Response:
        payload = _read(request, await request.body())
        if problems := sendgrid_rules.check(payload, world.clock.now, world.batches):
            raise refused(400, *problems)
        sandbox_mode = (payload.get("mail_settings") or {}).get("sandbox_mode") or {}
        if sandbox_mode.get("enable") is True:
            return Response(status_code=200)
        message_id = accept(world, payload, request.url.path)
        return Response(status_code=202, headers={"X-Message-Id": message_id})

    @routes.post("/v3/mail/batch")
    async def batch() -> Response:
        batch_id = secrets.token_urlsafe(32)
        world.batches[batch_id] = "open"
        return JSONResponse({"batch_id": batch_id}, status_code=201)

    @routes.get("/v3/mail/batch/{batch_id}")
    async def batch_known(batch_id: str) -> Response:
        if batch_id not in world.batches:
            raise refused(400, {"field": "batch_id", "message": "batch id not found"})
        return JSONResponse({"batch_id": batch_id})

    @routes.get("/v3/messages")
    async def messages(request: Request) -> Response:
        """Filter by `field="value"` parts joined by AND, as the vendor's query language does."""
        limit = request.query_params.get("limit", "10")
        if not limit.isdigit() or not 1 <= int(limit) <= 1000:
            raise refused(400, {"message": "limit must be between 1 and 1000"})
        try:
            found = search(world.mailbox.mails, request.query_params.get("query", ""))
        except ValueError as problem:
            raise refused(400, {"message": str(problem)}) from None
        return JSONResponse({"messages": [activity(m) for m in found[-int(limit) :]]})

    routes.include_router(suppression_routes(world))
    return routes


def _read(request: Request, body: bytes) -> Any:
    if len(body) > sendgrid_rules.MAX_BYTES:
        message = "The JSON payload you have included in your request is too large."
        raise refused(413, {"field": None, "message": message})
    try:
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return json.loads(body)
    except (ValueError, OSError):
        message = "Bad Request: the JSON is not valid."
        raise refused(400, {"field": None, "message": message}) from None


def accept(world: World, payload: dict[str, Any], path: str) -> str:
    """Keep one mail per recipient and give back the message id they share."""
    now = world.clock.now
    message_id = secrets.token_urlsafe(16)
    silent = world.faults.strike("sendgrid", "silence", path) is not None
    parts = {part["type"]: part["value"] for part in payload.get("content") or []}
    sender = payload["from"]["email"]
    tracking = (payload.get("tracking_settings") or {}).get("open_tracking") or {}
    for block in payload["personalizations"]:
        send_at = block.get("send_at") or payload.get("send_at")
        leaves = max(now, datetime.fromtimestamp(send_at, UTC)) if send_at else now
        for recipient in [*block["to"], *(block.get("cc") or []), *(block.get("bcc") or [])]:
            world.mailbox.accept(
                message_id=message_id,
                to=recipient["email"],
                from_email=sender,
                reply_to=(payload.get("reply_to") or {}).get("email", sender),
                subject=block.get("subject") or payload.get("subject") or "",
                text=parts.get("text/plain", ""),
                html=parts.get("text/html", ""),
                headers={**(payload.get("headers") or {}), **(block.get("headers") or {})},
                custom_args={
                    **(payload.get("custom_args") or {}),
                    **(block.get("custom_args") or {}),
                },
                categories=list(payload.get("categories") or []),
                accepted_at=now.isoformat(),
                send_at=leaves.isoformat(),
                open_tracking=tracking.get("enable") is True,
                silent=silent,
            )
    return message_id


def activity(mail: Mail) -> dict[str, Any]:
    """One row of the activity feed."""
    last = max((e["timestamp"] for e in mail.events), default=None)
    moment = datetime.fromtimestamp(last, UTC) if last else datetime.fromisoformat(mail.accepted_at)
    return {
        "from_email": mail.from_email,
        "msg_id": f"{mail.message_id}.sandbox-{mail.number}",
        "subject": mail.subject,
        "to_email": mail.to,
        "status": mail.status,
        "opens_count": sum(e["event"] == "open" for e in mail.events),
        "clicks_count": 0,
        "last_event_time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def search(mails: list[Mail], query: str) -> list[Mail]:
    """Return the mails that fit every part of the query.

    Raises:
        ValueError: a part is not understood; the sentence says which.

    """
    wanted = []
    for part in re.split(r"\s+AND\s+", query.strip().strip("()"), flags=re.IGNORECASE):
        found = QUERY_PART.fullmatch(part)
        if not found:
            raise ValueError(f'the query part {part!r} is not of the form field="value"')
        wanted.append((found["name"], found["key"], found["value"]))

    def fits(mail: Mail) -> bool:
        for name, key, value in wanted:
            if name in ("unique_args", "custom_args") and key:
                held = mail.custom_args.get(key, "")
            elif name == "msg_id":
                held = value if value.split(".")[0] == mail.message_id else ""
            elif name in ("to_email", "from_email", "subject", "status"):
                held = str(activity(mail)[name])
            else:
                raise ValueError(f"the field {name!r} cannot be queried")
            if held.lower() != value.lower():
                return False
        return True

    return [mail for mail in mails if fits(mail)]
