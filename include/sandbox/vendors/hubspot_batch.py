"""HubSpot's batch calls: read, create, update, upsert and archive, 100 inputs at a time."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse, Response

from sandbox.vendors import hubspot_rules as rules
from sandbox.vendors.hubspot_rules import Refusal, invalid
from sandbox.vendors.hubspot_store import CrmStore

BATCH_LIMIT = 100


ACTIONS = ("read", "create", "update", "upsert", "archive")


def batch_answer(crm: CrmStore, kind: str, action: str, body: dict[str, Any]) -> Response:
    """Answer one batch call; 207 when some inputs failed.

    Raises:
        Refusal: the whole batch is refused.

    """
    inputs = _checked(kind, action, body)
    results: list[dict[str, Any]] = []
    missing: list[str] = []
    for row in inputs:
        if action == "create":
            results.append(_create(crm, kind, row))
        elif action == "upsert":
            results.append(_upsert(crm, kind, row, row.get("idProperty") or body.get("idProperty")))
        elif (shown := _existing(crm, kind, action, row, body)) is None:
            missing.append(str(row.get("id", "")))
        else:
            results.append(shown)
    if action == "archive":
        return Response(status_code=204)
    return _answer(crm, kind, action, results, missing)


def _checked(kind: str, action: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(i, dict) for i in inputs):
        raise invalid("Invalid input JSON: inputs must be a list of objects.")
    if len(inputs) > BATCH_LIMIT:
        raise invalid(f"The batch holds {len(inputs)} inputs; the limit is {BATCH_LIMIT}.")
    if action not in ACTIONS:
        raise Refusal(404, "OBJECT_NOT_FOUND", "resource not found")
    # The vendor checks everything before it changes anything.
    if action in ("create", "update", "upsert"):
        for row in inputs:
            rules.check_properties(kind, row.get("properties"), creating=action == "create")
    return inputs


def _create(crm: CrmStore, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    properties = row["properties"]
    email = str(properties.get("email") or "")
    if kind == "contacts" and email and (held := crm.contact(email)):
        raise Refusal(409, "CONFLICT", f"Contact already exists. Existing ID: {held.id}")
    return rules.shown(crm.create(kind, properties), list(properties))


def _upsert(
    crm: CrmStore, kind: str, row: dict[str, Any], id_property: str | None
) -> dict[str, Any]:
    properties, key = row["properties"], str(row.get("id", ""))
    record = rules.find(crm, kind, key, id_property)
    new = record is None
    if record is None:
        unique = {id_property: key} if id_property else {}
        record = crm.create(kind, {**unique, **properties})
    else:
        crm.change(record, properties)
    return {**rules.shown(record, list(properties)), "new": new}


def _existing(
    crm: CrmStore, kind: str, action: str, row: dict[str, Any], body: dict[str, Any]
) -> dict[str, Any] | None:
    """Read, update or archive one record; None if there is none."""
    id_property = row.get("idProperty") or body.get("idProperty")
    record = rules.find(crm, kind, str(row.get("id", "")), id_property)
    if record is None:
        return None
    if action == "update":
        return rules.shown(crm.change(record, row["properties"]), list(row["properties"]))
    if action == "archive":
        record.archived = True
    return rules.shown(record, body.get("properties"), body.get("propertiesWithHistory"))


def _answer(
    crm: CrmStore, kind: str, action: str, results: list[dict[str, Any]], missing: list[str]
) -> Response:
    now = crm.stamp_now()
    answer: dict[str, Any] = {
        "status": "COMPLETE", "startedAt": now, "completedAt": now, "results": results,
    }  # fmt: skip
    if missing:
        answer["numErrors"] = 1
        answer["errors"] = [
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": f"Could not get some {kind.upper()} objects, they may be deleted or "
                "not exist. Check that ids are valid.",
                "context": {"ids": missing},
                "errors": [],
                "links": {},
            }
        ]
    status = 207 if missing else 201 if action == "create" else 200
    return JSONResponse(answer, status_code=status)
