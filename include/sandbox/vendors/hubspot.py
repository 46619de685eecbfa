"""HubSpot CRM v3: objects, search, batches, associations and owners."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.vendors import hubspot_rules as rules
from sandbox.vendors.hubspot_batch import batch_answer
from sandbox.vendors.hubspot_rules import Refusal, invalid
from sandbox.vendors.hubspot_store import CrmStore, Record, canonical
from sandbox.vendors.refused import has_bearer
from sandbox.world import World

PAGE_LIMIT = 100
SEARCH_LIMIT = 200
SEARCH_DEPTH = 10_000


def router(world: World) -> APIRouter:
    """Return the routes below /hubspot."""
    routes = APIRouter(prefix="/hubspot")

    @routes.api_route("/crm/v3/{rest:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def crm(request: Request, rest: str) -> Response:
        if not has_bearer(request, world.config.keys.hubspot_token):
            message = "Authentication credentials not found."
            raise Refusal(401, "INVALID_AUTHENTICATION", message)
        return _route(world.crm, request, rest.split("/"), await _body(request))

    return routes


async def _body(request: Request) -> Any:
    raw = await request.body()
    if not raw:
        return None
    try:
        body = json.loads(raw)
    except ValueError:
        raise invalid("Invalid input JSON.") from None
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON: an object is expected.")
    return body


def _route(crm: CrmStore, request: Request, parts: list[str], body: Any) -> Response:
    method = request.method
    if parts[0] == "owners" and method == "GET":
        return _owners(crm, request, parts[1:])
    kind = canonical(parts[1]) if len(parts) > 1 else None
    if parts[0] == "associations" and method == "POST" and len(parts) == 5 and kind:
        to = canonical(parts[2])
        if to and parts[3] == "batch":
            return _associations(crm, kind, to, parts[4], body or {})
    if parts[0] == "objects" and kind:
        rest = parts[2:]
        if not rest and method == "GET":
            return _page(crm, kind, request)
        if not rest and method == "POST":
            return JSONResponse(_create(crm, kind, body or {}), status_code=201)
        if rest == ["search"] and method == "POST":
            return JSONResponse(_search(crm, kind, body or {}))
        if len(rest) == 2 and rest[0] == "batch" and method == "POST":
            return batch_answer(crm, kind, rest[1], body or {})
        if len(rest) == 1:
            return _one(crm, kind, rest[0], request, body)
    raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")


def _names(request: Request, field: str) -> list[str]:
    values = request.query_params.getlist(field)
    return [name for value in values for name in value.split(",") if name]


def _with_links(record: Record, wanted: list[str]) -> dict[str, Any]:
    links = {}
    for name in wanted:
        kind = canonical(name)
        if kind is None:
            raise invalid(f"Unable to infer object type from: {name}")
        if record.links.get(kind):
            rows = [{"id": i, "type": t} for i, t in record.links[kind].items()]
            links[kind] = {"results": rows}
    return {"associations": links} if links else {}


def _page(crm: CrmStore, kind: str, request: Request) -> Response:
    query = request.query_params
    limit, after = query.get("limit", "10"), query.get("after", "0")
    if not limit.isdigit() or not 1 <= int(limit) <= PAGE_LIMIT:
        raise invalid(f"limit must be between 1 and {PAGE_LIMIT}")
    if not after.isdigit():
        raise invalid("after must be the cursor of the page before")
    archived = query.get("archived", "false") == "true"
    # The cursor is the last id that was shown, so that a record made meanwhile moves no page.
    found = [
        r for r in crm.records[kind].values() if r.archived == archived and int(r.id) > int(after)
    ]
    found.sort(key=lambda r: int(r.id))
    page, more = found[: int(limit)], len(found) > int(limit)
    wanted, history = _names(request, "properties"), _names(request, "propertiesWithHistory")
    links = _names(request, "associations")
    answer: dict[str, Any] = {
        "results": [{**rules.shown(r, wanted, history), **_with_links(r, links)} for r in page]
    }
    if more:
        answer["paging"] = {"next": {"after": page[-1].id, "link": f"?after={page[-1].id}"}}
    return JSONResponse(answer)


def _create(crm: CrmStore, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    properties = rules.check_properties(kind, body.get("properties"), creating=True)
    email = str(properties.get("email") or "")
    if kind == "contacts" and email and (held := crm.contact(email)):
        raise Refusal(409, "CONFLICT", f"Contact already exists. Existing ID: {held.id}")
    others = []
    for link in body.get("associations") or []:
        target = str((link.get("to") or {}).get("id", ""))
        found = next((r[target] for r in crm.records.values() if target in r), None)
        if found is None:
            raise invalid(f"The object to associate with, {target}, does not exist.")
        others.append(found)
    record = crm.create(kind, properties)
    for other in others:
        crm.link(record, other)
    return rules.shown(record, list(properties))


def find(crm: CrmStore, kind: str, key: str, id_property: str | None) -> Record:
    """Return a record by id or by another unique property.

    Raises:
        Refusal: 404 when there is none, 400 when the property is not unique.

    """
    found = rules.find(crm, kind, key, id_property)
    if found is None:
        raise Refusal(404, "OBJECT_NOT_FOUND", f"Object not found. objectId: {key}", ids=[key])
    return found


def _one(crm: CrmStore, kind: str, key: str, request: Request, body: Any) -> Response:
    record = find(crm, kind, key, request.query_params.get("idProperty"))
    if request.method == "GET":
        wanted, history = _names(request, "properties"), _names(request, "propertiesWithHistory")
        links = _with_links(record, _names(request, "associations"))
        return JSONResponse({**rules.shown(record, wanted, history), **links})
    if request.method == "PATCH":
        properties = rules.check_properties(kind, (body or {}).get("properties"), creating=False)
        email = str(properties.get("email") or "")
        held = crm.contact(email) if kind == "contacts" and email else None
        if held and held.id != record.id:
            raise Refusal(409, "CONFLICT", f"Contact already exists. Existing ID: {held.id}")
        crm.change(record, properties)
        return JSONResponse(rules.shown(record, list(properties)))
    if request.method == "DELETE":
        record.archived = True
        return Response(status_code=204)
    raise Refusal(405, "METHOD_NOT_ALLOWED", "Method not allowed.")


def _search(crm: CrmStore, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    groups = body.get("filterGroups") or []
    if len(groups) > 5 or any(len(g.get("filters", [])) > 6 for g in groups):
        raise invalid("A search takes at most 5 filterGroups with 6 filters each.")
    limit, after = body.get("limit") or 10, str(body.get("after") or "0")
    if not isinstance(limit, int) or not 1 <= limit <= SEARCH_LIMIT or not after.isdigit():
        raise invalid(f"limit is 1 to {SEARCH_LIMIT} and after is the cursor of the page before.")
    offset = int(after)
    if offset + limit > SEARCH_DEPTH:
        raise invalid("The maximum number of results supported is 10000.")
    found = [
        r
        for r in crm.records[kind].values()
        if not r.archived
        and (
            not groups
            or any(all(rules.matches(r, f) for f in g.get("filters", [])) for g in groups)
        )
    ]
    if words := str(body.get("query") or "").lower():
        found = [r for r in found if any(words in v.lower() for v in r.properties.values())]
    for order in reversed(body.get("sorts") or ["hs_object_id"]):
        if isinstance(order, dict):
            name, down = order.get("propertyName", ""), order.get("direction") == "DESCENDING"
        else:
            name, down = str(order).lstrip("-"), str(order).startswith("-")
        found.sort(key=lambda r: rules.sort_key(r, name), reverse=down)
    page = found[offset : offset + limit]
    answer: dict[str, Any] = {
        "total": len(found),
        "results": [rules.shown(r, body.get("properties")) for r in page],
    }
    if offset + limit < len(found):
        answer["paging"] = {"next": {"after": str(offset + limit)}}
    return answer


def _owners(crm: CrmStore, request: Request, rest: list[str]) -> Response:
    if rest:
        held = next((o for o in crm.owners if o["id"] == rest[0]), None)
        if held is None:
            raise Refusal(404, "OBJECT_NOT_FOUND", f"Owner {rest[0]} was not found.")
        return JSONResponse(held)
    email = request.query_params.get("email", "").lower()
    return JSONResponse({"results": [o for o in crm.owners if email in ("", o["email"].lower())]})


def _associations(crm: CrmStore, kind: str, to: str, action: str, body: dict[str, Any]) -> Response:
    now = crm.stamp_now()
    done = {"status": "COMPLETE", "startedAt": now, "completedAt": now}
    results: list[dict[str, Any]] = []
    for row in body.get("inputs") or []:
        if action == "read":
            record = find(crm, kind, str(row.get("id")), None)
            links = [{"id": i, "type": t} for i, t in record.links.get(to, {}).items()]
            if links:
                results.append({"from": {"id": record.id}, "to": links})
            continue
        one = find(crm, kind, str((row.get("from") or {}).get("id")), None)
        other = find(crm, to, str((row.get("to") or {}).get("id")), None)
        if action == "create":
            crm.link(one, other, row.get("type"))
            results.append({k: row[k] for k in ("from", "to", "type") if k in row})
        elif action == "archive":
            one.links.get(to, {}).pop(other.id, None)
            other.links.get(kind, {}).pop(one.id, None)
        else:
            raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")
    if action == "archive":
        return Response(status_code=204)
    status = 201 if action == "create" else 200
    return JSONResponse({**done, "results": results}, status_code=status)
