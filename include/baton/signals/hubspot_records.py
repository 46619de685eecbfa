"""HubSpot's objects in Baton's words. Whatever the portal holds, nothing here raises."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from baton.clients.hubspot import Record
from baton.playbook.reader import time_zones
from baton.playbook.signals import CrmEntity, CrmSource
from baton.signals import text
from baton.signals.records import Reject
from baton.signals.versions import Entity

Landed = dict[str, Any] | Reject
# kind of the other object -> id of ours -> ids of theirs
Links = Mapping[str, Mapping[str, tuple[str, ...]]]

_OWN: dict[CrmEntity, tuple[str, ...]] = {
    "account": (
        "name", "domain", "industry", "numberofemployees", "annualrevenue", "country", "timezone",
        "hubspot_owner_id",
    ),
    "contact": (
        "email", "firstname", "lastname", "jobtitle", "hs_seniority", "phone", "country",
        "hs_timezone", "associatedcompanyid", "hs_email_optout",
    ),
    "opportunity": (
        "dealname", "amount", "deal_currency_code", "dealtype", "dealstage", "createdate",
        "closedate", "hubspot_owner_id", "hs_is_closed", "hs_is_closed_won",
    ),
}  # fmt: skip
MOST_EMPLOYEES = 2**31 - 1


def properties(entity: Entity, mapping: CrmSource) -> tuple[str, ...]:
    """Return the properties to ask HubSpot for."""
    if entity == "owner":
        return ()
    further = (*mapping.attributes.get(entity, ()), *mapping.outcome_attributes.get(entity, ()))
    protected = (mapping.protected_property,) if mapping.protected_property else ()
    return tuple(dict.fromkeys((*_OWN[entity], *further, *protected)))


def owner(row: Mapping[str, Any], mapping: CrmSource) -> Landed:
    """Return the record of an owner; the primary team is the region, and names the time zone."""
    key = _plain(row.get("id"))
    email = text.address(row.get("email"))
    name = " ".join(
        part for part in (_plain(row.get("firstName")), _plain(row.get("lastName"))) if part
    )
    if not key or not (name or email):
        return Reject("The owner has neither a name nor an address.", text.excerpt(row))
    teams = row.get("teams") if isinstance(row.get("teams"), list) else []
    named = [team for team in teams or () if isinstance(team, dict)]
    primary = next((team for team in named if team.get("primary")), named[0] if named else {})
    team = _plain(primary.get("name"))
    timezone = mapping.team_timezones.get(team or "")
    return {
        "natural_key": key,
        "name": name or email,
        "email": email,
        "region": team,
        "active": row.get("archived") is not True,
        "attributes": {"timezone": timezone} if timezone else {},
        "source_updated_at": text.moment(row.get("updatedAt")),
    }


def company(record: Record, mapping: CrmSource, links: Links) -> Landed:  # noqa: ARG001
    """Return the record of a company."""
    held = record.properties
    host = text.domain(held.get("domain"))
    name = _plain(held.get("name")) or host
    if not name:
        return Reject("The company has neither a name nor a domain.", _shown(record))
    employees = _number(held.get("numberofemployees"))
    revenue = _number(held.get("annualrevenue"))
    return {
        "natural_key": record.id,
        "name": name,
        "domain": host,
        "industry": _industry(held.get("industry"), mapping),
        "employees": (
            int(employees) if employees is not None and 0 <= employees <= MOST_EMPLOYEES else None
        ),
        "annual_revenue": revenue,
        "currency": mapping.default_currency if revenue is not None else None,
        "country": _plain(held.get("country")),
        "timezone": zone(held.get("timezone")),
        "owner_key": _plain(held.get("hubspot_owner_id")),
        **_attributes("account", record, mapping),
    }


def contact(record: Record, mapping: CrmSource, links: Links) -> Landed:  # noqa: ARG001
    """Return the record of a contact. What is no address is kept as an attribute only."""
    held = record.properties
    email = text.address(held.get("email"))
    names = (_plain(held.get("firstname")), _plain(held.get("lastname")))
    found = _attributes("contact", record, mapping)
    if held.get("email") and not email:
        found["attributes"]["unusable_email"] = _plain(held.get("email"))
    if str(held.get("hs_email_optout")).lower() == "true":
        found["attributes"]["opted_out"] = "true"
    return {
        "natural_key": record.id,
        "account_key": _plain(held.get("associatedcompanyid")),
        "email": email,
        "full_name": " ".join(part for part in names if part) or None,
        "title": _plain(held.get("jobtitle")),
        "seniority": _plain(held.get("hs_seniority")),
        "phone": _plain(held.get("phone")),
        "country": _plain(held.get("country")),
        "timezone": zone(held.get("hs_timezone")),
        **found,
    }


def deal(record: Record, mapping: CrmSource, links: Links) -> Landed:
    """Return the record of a deal, tied to its first company and contact."""
    held = record.properties
    stage = _plain(held.get("dealstage"))
    if not stage:
        return Reject("The deal has no stage.", _shown(record))
    amount = _number(held.get("amount"))
    if held.get("amount") and amount is None:
        return Reject(f"The amount '{_plain(held.get('amount'))}' is no number.", _shown(record))
    if amount is not None and amount < 0:
        return Reject("The amount is negative.", _shown(record))
    outcome = mapping.outcomes.get(stage) or _outcome(record)
    opened = text.moment(held.get("createdate"))
    # Of an open deal, HubSpot's closing date is a wish: known before the outcome, and no closing.
    closing = text.moment(held.get("closedate"))
    closed = closing if outcome != "open" else None
    if opened and closed and closed < opened:
        return Reject("The deal closed before it opened.", _shown(record))
    further = _attributes("opportunity", record, mapping)
    if closing and outcome == "open":
        further["attributes"]["expected_close_at"] = closing.isoformat()
    return {
        "natural_key": record.id,
        "account_key": _first(links, "companies", record.id),
        "contact_key": _first(links, "contacts", record.id),
        "owner_key": _plain(held.get("hubspot_owner_id")),
        "name": _plain(held.get("dealname")),
        "stage": stage,
        "outcome": outcome,
        "kind": mapping.kinds.get(_plain(held.get("dealtype")) or "", "new_business"),
        "amount": amount,
        "currency": (
            (_plain(held.get("deal_currency_code")) or mapping.default_currency)
            if amount is not None
            else None
        ),
        "opened_at": opened,
        "closed_at": closed,
        **further,
    }


def _outcome(record: Record) -> str:
    if record.properties.get("hs_is_closed_won") == "true":
        return "won"
    return "lost" if record.properties.get("hs_is_closed") == "true" else "open"


def _attributes(entity: CrmEntity, record: Record, mapping: CrmSource) -> dict[str, Any]:
    def named(names: tuple[str, ...]) -> dict[str, str]:
        return {name: said for name in names if (said := _plain(record.properties.get(name)))}

    attributes = named(mapping.attributes.get(entity, ()))
    if mapping.protected_property and (
        reason := _plain(record.properties.get(mapping.protected_property))
    ):
        attributes["protected_reason"] = reason
    return {
        "attributes": attributes,
        "outcome_attributes": named(mapping.outcome_attributes.get(entity, ())),
        "source_updated_at": text.moment(record.updated_at),
    }


def _first(links: Links, kind: str, key: str) -> str | None:
    return next(iter(links.get(kind, {}).get(key, ())), None)


def _industry(value: object, mapping: CrmSource) -> str | None:
    said = _plain(value)
    if not said:
        return None
    if named := mapping.industries.get(said):
        return named
    if said != said.upper():
        return said
    return " ".join(
        word if word in ("and", "of") else word.capitalize()
        for word in said.lower().replace("_", " ").split()
    )


def zone(value: object) -> str | None:
    """Return an IANA time zone for the way in which HubSpot writes one, or None."""
    said = _plain(value)
    return _zones().get(said.lower().replace("_slash_", "/")) if said else None


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in time_zones()}


def _number(value: object) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < 10**15 else None


def _plain(value: object) -> str | None:
    return text.plain(str(value) if isinstance(value, int) else value, 500) or None


def _shown(record: Record) -> str:
    return text.excerpt({"id": record.id, **record.properties})
