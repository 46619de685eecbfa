"""SendGrid's suppression lists: bounces, blocks, spam reports, invalid addresses, global."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.vendors.refused import Refused
from sandbox.world import World

# What each list shows of an address beside `created` and `email`.
LISTS: dict[str, dict[str, str]] = {
    "bounces": {"reason": "550 5.1.1 user unknown", "status": "5.1.1"},
    "blocks": {"reason": "550 blocked", "status": "5.7.1"},
    "spam_reports": {"ip": "192.0.2.25"},
    "invalid_emails": {"reason": "Mail domain mentioned in email address is unknown"},
}


def _refused(status: int, message: str, field: str | None = None) -> Refused:
    return Refused(status, {"errors": [{"field": field, "message": message}]})


def _known(name: str) -> str:
    if name not in LISTS:
        raise _refused(404, "not found")
    return name


def _row(name: str, kept: dict[str, Any]) -> dict[str, Any]:
    return {"created": kept["created"], "email": kept["email"]} | {
        field: kept.get(field, default) for field, default in LISTS[name].items()
    }


def _page(request: Request, rows: list[dict[str, Any]]) -> Response:
    query = request.query_params
    try:
        after, before = int(query.get("start_time", 0)), int(query.get("end_time", 2**40))
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", 500)), 500)
    except ValueError:
        raise _refused(400, "start_time, end_time, limit and offset are integers") from None
    part = query.get("email", "").lower()
    rows = [r for r in rows if after <= r["created"] <= before and part in r["email"].lower()]
    rows.sort(key=lambda r: (r["created"], r["email"]))
    return JSONResponse(rows[offset : offset + limit])


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise _refused(400, "invalid JSON") from None
    if not isinstance(body, dict):
        raise _refused(400, "invalid JSON: an object is expected")
    return body


def _addresses(value: Any, field: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(e, str) and "@" in e for e in value):
        raise _refused(400, f"{field} must be a list of e-mail addresses", field)
    return value


def suppression_routes(world: World) -> APIRouter:
    """Return the routes that list and change suppressions; the caller checks the key."""
    routes = APIRouter()

    @routes.get("/v3/suppression/unsubscribes")
    async def unsubscribes(request: Request) -> Response:
        kept = world.mailbox.suppressed["global"].values()
        return _page(request, [{"created": r["created"], "email": r["email"]} for r in kept])

    @routes.get("/v3/suppression/{name}")
    async def listing(request: Request, name: str) -> Response:
        kept = world.mailbox.suppressed[_known(name)].values()
        return _page(request, [_row(name, r) for r in kept])

    @routes.get("/v3/suppression/{name}/{email}")
    async def one(name: str, email: str) -> Response:
        kept = world.mailbox.suppressed[_known(name)].get(email.lower())
        return JSONResponse([_row(name, kept)] if kept else [])

    @routes.delete("/v3/suppression/{name}")
    async def clear(request: Request, name: str) -> Response:
        kept = world.mailbox.suppressed[_known(name)]
        body = await _json(request)
        emails = _addresses(body.get("emails", []), "emails")
        for email in list(kept) if body.get("delete_all") is True else emails:
            kept.pop(email.lower(), None)
        return Response(status_code=204)

    @routes.delete("/v3/suppression/{name}/{email}")
    async def remove(name: str, email: str) -> Response:
        if world.mailbox.suppressed[_known(name)].pop(email.lower(), None) is None:
            raise _refused(404, "resource not found")
        return Response(status_code=204)

    @routes.post("/v3/asm/suppressions/global")
    async def suppress(request: Request) -> Response:
        field = "recipient_emails"
        emails = _addresses((await _json(request)).get(field), field)
        for email in emails:
            world.mailbox.suppress("global", email, world.clock.now)
        return JSONResponse({field: emails}, status_code=201)

    @routes.get("/v3/asm/suppressions/global/{email}")
    async def suppressed(email: str) -> Response:
        kept = world.mailbox.suppressed["global"].get(email.lower())
        return JSONResponse({"recipient_email": kept["email"]} if kept else {})

    @routes.delete("/v3/asm/suppressions/global/{email}")
    async def unsuppress(email: str) -> Response:
        world.mailbox.suppressed["global"].pop(email.lower(), None)
        return Response(status_code=204)

    return routes
