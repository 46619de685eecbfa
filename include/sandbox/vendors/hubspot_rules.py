"""What HubSpot refuses, the shapes of its answers, and its search filters."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from sandbox.vendors.hubspot_store import CUSTOM_PREFIX, CrmStore, Record
from sandbox.vendors.refused import Refused

COMMON = {
    "createdate", "hs_object_id", "hs_lastmodifieddate", "lastmodifieddate", "hubspot_owner_id",
    "hs_timestamp", "hs_createdate", "hs_attachment_ids",
}  # fmt: skip
KNOWN: dict[str, set[str]] = {
    "companies": {
        "name", "domain", "industry", "numberofemployees", "annualrevenue", "country", "city",
        "state", "timezone", "description", "website", "phone", "lifecyclestage",
        "hs_lead_status", "type", "notes_last_updated",
    },
    "contacts": {
        "email", "firstname", "lastname", "jobtitle", "hs_seniority", "seniority", "hs_timezone",
        "country", "company", "phone", "lifecyclestage", "hs_lead_status", "associatedcompanyid",
        "hs_email_optout", "city", "website", "hs_buying_role", "mobilephone",
    },
    "deals": {
        "dealname", "amount", "deal_currency_code", "pipeline", "dealtype", "dealstage",
        "closedate", "closed_lost_reason", "closed_won_reason", "hs_is_closed",
        "hs_is_closed_won", "description", "hs_next_step", "hs_priority", "hs_forecast_amount",
        "hs_deal_stage_probability", "hs_merged_object_ids",
    },
    "notes": {"hs_note_body"},
    "meetings": {
        "hs_meeting_title", "hs_meeting_body", "hs_meeting_start_time", "hs_meeting_end_time",
        "hs_meeting_outcome", "hs_meeting_location", "hs_internal_meeting_notes",
        "hs_meeting_external_url", "hs_activity_type",
    },
    "tasks": {
        "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_priority", "hs_task_type",
        "hs_task_completion_date",
    },
}  # fmt: skip
STAGES = {
    "appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin",
    "contractsent", "closedwon", "closedlost",
}  # fmt: skip
NEEDS_TIMESTAMP = ("notes", "meetings", "tasks")
NAMESPACE = uuid5(NAMESPACE_DNS, "sandbox.example")


class Refusal(Refused):
    """A refusal in the vendor's error shape."""

    def __init__(self, status: int, category: str, message: str, **context: list[str]) -> None:
        body: dict[str, Any] = {
            "status": "error",
            "message": message,
            "correlationId": str(uuid5(NAMESPACE, message)),
            "category": category,
        }
        if context:
            body["context"] = context
        super().__init__(status, body)


def invalid(message: str, **context: list[str]) -> Refusal:
    """Return a 400 about the request's content."""
    return Refusal(400, "VALIDATION_ERROR", message, **context)


def find(crm: CrmStore, kind: str, key: str, id_property: str | None) -> Record | None:
    """Return a live record by id or unique property, or None.

    Raises:
        Refusal: the property is not unique for this type.

    """
    try:
        return crm.lookup(kind, key, id_property)
    except ValueError as problem:
        raise invalid(str(problem)) from None


def check_properties(kind: str, properties: Any, creating: bool) -> dict[str, Any]:
    """Return the properties, if the vendor would take them.

    Raises:
        Refusal: they are no object, name an unknown property, or hold a value of the wrong kind.

    """
    if not isinstance(properties, dict):
        raise invalid("Invalid input JSON: properties must be an object of property values.")
    unknown = [
        n for n in properties
        if n not in KNOWN[kind] and n not in COMMON and not n.startswith(CUSTOM_PREFIX)
    ]  # fmt: skip
    if unknown:
        raise invalid(
            f'Property values were not valid: Property "{unknown[0]}" does not exist',
            propertyName=unknown,
        )
    for name, value in properties.items():
        if value is not None and not isinstance(value, str | int | float | bool):
            raise invalid(f"Property {name} must be a string.", propertyName=[name])
    number = properties.get("amount") or properties.get("numberofemployees")
    if number not in (None, "") and not _is_number(number):
        raise invalid(f"Property values were not valid: {number!r} was not a valid number.")
    stage = properties.get("dealstage")
    if stage is not None and stage not in STAGES:
        raise invalid(f"Property values were not valid: {stage!r} is no stage of the pipeline.")
    email = properties.get("email")
    if email and ("@" not in str(email) or " " in str(email)):
        raise invalid(f"Property values were not valid: Email address {email} is invalid.")
    if creating and kind in NEEDS_TIMESTAMP and not properties.get("hs_timestamp"):
        raise invalid("Property values were not valid: hs_timestamp is required.")
    return properties


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def shown(
    record: Record, wanted: list[str] | None, history: list[str] | None = None
) -> dict[str, Any]:
    """Return a record as the vendor shows it: the default properties, and those asked for."""
    defaults = {"hs_object_id", "createdate", "hs_lastmodifieddate", "lastmodifieddate"} | {
        "companies": {"name", "domain"},
        "contacts": {"email", "firstname", "lastname"},
        "deals": {"dealname", "amount", "dealstage", "pipeline", "closedate"},
    }.get(record.type, set())
    names = defaults | set(wanted or [])
    row: dict[str, Any] = {
        "id": record.id,
        "properties": {n: v for n, v in sorted(record.properties.items()) if n in names},
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "archived": record.archived,
    }
    if history:
        row["propertiesWithHistory"] = {n: record.history.get(n, []) for n in history}
    return row


def _comparable(value: str) -> tuple[int, float, str]:
    """Return a key that orders numbers, times (ISO or epoch milliseconds) and text."""
    try:
        return (0, float(value), "")
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
        return (0, moment.timestamp() * 1000, "")
    except ValueError:
        return (1, 0.0, value.lower())


def matches(record: Record, rule: dict[str, Any]) -> bool:
    """Whether a record fits one filter.

    Raises:
        Refusal: the operator is unknown or a value is missing.

    """
    name, operator = rule.get("propertyName"), rule.get("operator")
    if not name or not operator:
        raise invalid("A filter needs propertyName and operator.")
    held = record.properties.get(name) or None
    if operator == "HAS_PROPERTY":
        return held is not None
    if operator == "NOT_HAS_PROPERTY":
        return held is None
    if operator in ("IN", "NOT_IN"):
        values = [str(v).lower() for v in rule.get("values", [])]
        among = held is not None and held.lower() in values
        return held is not None and among is (operator == "IN")
    if "value" not in rule:
        raise invalid(f"The filter on {name} with {operator} needs a value.")
    if held is None:
        return bool(operator == "NEQ")
    left, right = _comparable(held), _comparable(str(rule["value"]))
    if operator == "BETWEEN":
        return bool(right <= left <= _comparable(str(rule.get("highValue", ""))))
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        inside = str(rule["value"]).strip("*").lower() in held.lower()
        return bool(inside == (operator == "CONTAINS_TOKEN"))
    table: dict[str, bool] = {
        "EQ": left == right, "NEQ": left != right, "LT": left < right,
        "LTE": left <= right, "GT": left > right, "GTE": left >= right,
    }  # fmt: skip
    if operator not in table:
        raise invalid(f"There is no filter operator {operator!r}.")
    return table[operator]


def sort_key(record: Record, name: str) -> tuple[int, float, str]:
    """Key to sort records by one property."""
    return _comparable(record.properties.get(name, ""))
