"""The CRM behind the HubSpot stand-in: objects, associations, history, and how it is seeded."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sandbox.clock import Clock
from sandbox.market import Market

TYPES = {
    "companies": "0-2",
    "contacts": "0-1",
    "deals": "0-3",
    "notes": "0-46",
    "meetings": "0-47",
    "tasks": "0-27",
}
MODIFIED = dict.fromkeys(TYPES, "hs_lastmodifieddate") | {"contacts": "lastmodifieddate"}
SINGULAR = {
    "companies": "company", "contacts": "contact", "deals": "deal",
    "notes": "note", "meetings": "meeting", "tasks": "task",
}  # fmt: skip
WON, LOST = "closedwon", "closedlost"
# A portal has properties of its own; those of Baton begin with this, and are unique.
CUSTOM_PREFIX = "baton_"


def canonical(name: str) -> str | None:
    """Return the plural name of an object type given as plural, singular or numeric id."""
    for plural, number in TYPES.items():
        if name in (plural, number, SINGULAR[plural]):
            return plural
    return None


def stamp(moment: datetime) -> str:
    """Return a time as the vendor writes it: ISO 8601 with milliseconds and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@dataclass
class Record:
    """One CRM object. `history` keeps each value a property had, newest first."""

    id: str
    type: str
    properties: dict[str, str]
    created_at: str
    updated_at: str
    archived: bool = False
    history: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)


class CrmStore:
    """All records by type and id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 1000
        self.records: dict[str, dict[str, Record]] = {name: {} for name in TYPES}
        self.owners: list[dict[str, Any]] = []
        self._contact_by_email: dict[str, str] = {}

    def create(self, kind: str, properties: dict[str, Any], at: datetime | None = None) -> Record:
        """Make a new record; `at` backdates its creation."""
        moment = stamp(at or self._clock.now)
        self._next += 1
        record = Record(str(self._next), kind, {}, moment, moment)
        self.records[kind][record.id] = record
        given = properties.get("createdate") or moment
        self.change(record, {**properties, "createdate": given, "hs_object_id": record.id}, at)
        return record

    def change(
        self, record: Record, properties: dict[str, Any], at: datetime | None = None
    ) -> Record:
        """Set properties, keep the history, move the time of last change."""
        moment = stamp(at or self._clock.now)
        for name, value in properties.items():
            text = "" if value is None else str(value)
            if record.properties.get(name) != text:
                record.properties[name] = text
                row = {"value": text, "timestamp": moment, "sourceType": "INTEGRATION"}
                record.history.setdefault(name, []).insert(0, row)
        if record.type == "deals":
            stage = record.properties.get("dealstage", "")
            record.properties["hs_is_closed"] = str(stage in (WON, LOST)).lower()
            record.properties["hs_is_closed_won"] = str(stage == WON).lower()
        if record.type == "contacts" and record.properties.get("email"):
            self._contact_by_email[record.properties["email"].lower()] = record.id
        record.updated_at = moment
        record.properties[MODIFIED[record.type]] = moment
        return record

    def contact(self, email: str) -> Record | None:
        """Return the contact with this address, if it is not archived."""
        found = self.records["contacts"].get(self._contact_by_email.get(email.lower(), ""))
        return found if found and not found.archived else None

    def company(self, domain: str) -> Record | None:
        """Return the first company with this domain."""
        return next(
            (
                r
                for r in self.records["companies"].values()
                if r.properties.get("domain") == domain and not r.archived
            ),
            None,
        )

    def link(self, one: Record, other: Record, name: str | None = None) -> None:
        """Associate two records, both ways."""
        there = name or f"{SINGULAR[one.type]}_to_{SINGULAR[other.type]}"
        back = f"{SINGULAR[other.type]}_to_{SINGULAR[one.type]}"
        one.links.setdefault(other.type, {})[other.id] = there
        other.links.setdefault(one.type, {})[one.id] = back

    def owner_id(self, email: str) -> str:
        """Return the owner id of a rep's address, or an empty string."""
        return next((o["id"] for o in self.owners if o["email"].lower() == email.lower()), "")

    def stamp_now(self) -> str:
        """Return the simulated present, as the vendor writes times."""
        return stamp(self._clock.now)

    def lookup(self, kind: str, key: str, id_property: str | None) -> Record | None:
        """Return a live record by id or by a unique property.

        Raises:
            ValueError: the property is not unique for this type.

        """
        found: Record | None
        if id_property in (None, "", "hs_object_id"):
            found = self.records[kind].get(key)
        elif kind == "contacts" and id_property == "email":
            found = self.contact(key)
        elif str(id_property).startswith(CUSTOM_PREFIX):
            rows = self.records[kind].values()
            found = next((r for r in rows if r.properties.get(str(id_property)) == key), None)
        else:
            raise ValueError(f"The property {id_property} is not a unique property of {kind}.")
        return None if found is None or found.archived else found

    def dump(self) -> dict[str, Any]:
        """Everything as JSON."""
        records = {n: [asdict(r) for r in rows.values()] for n, rows in self.records.items()}
        return {"next": self._next, "owners": self.owners, "records": records}

    def restore(self, kept: dict[str, Any]) -> None:
        """Take over what was dumped."""
        self._next, self.owners = kept["next"], kept["owners"]
        self._contact_by_email = {}
        for name, rows in kept["records"].items():
            self.records[name] = {row["id"]: Record(**row) for row in rows}
        for record in self.records["contacts"].values():
            if record.properties.get("email"):
                self._contact_by_email[record.properties["email"].lower()] = record.id


def seed(crm: CrmStore, market: Market) -> None:
    """Fill the CRM with what the seller already knows: owners, companies, contacts, old deals."""
    long_ago = min((d.created_at for d in market.deals), default=market.start)
    for number, rep in enumerate(market.reps, start=1):
        first, _, last = rep.name.partition(" ")
        crm.owners.append(
            {
                "id": str(70_000 + number),
                "email": rep.email,
                "type": "PERSON",
                "firstName": first,
                "lastName": last,
                "userId": 50_000 + number,
                "createdAt": stamp(long_ago),
                "updatedAt": stamp(long_ago),
                "archived": False,
                "teams": [{"id": str(900 + number), "name": rep.region, "primary": True}],
            }
        )
    customers = {c.account_id for c in market.customers if c.churned_on is None}
    companies = {}
    for account in market.accounts:
        companies[account.id] = crm.create(
            "companies",
            {
                "name": account.legal_name,
                "domain": account.domain,
                "industry": account.industry.upper().replace(" ", "_").replace("-", "_"),
                "numberofemployees": account.employees,
                "country": account.country,
                "timezone": account.timezone,
                "hubspot_owner_id": crm.owner_id(market.rep_for(account).email),
                "lifecyclestage": "customer" if account.id in customers else "lead",
            },
            long_ago,
        )
    contacts = {}
    for person in market.people:
        record = crm.create(
            "contacts",
            {
                "email": person.email,
                "firstname": person.first_name,
                "lastname": person.last_name,
                "jobtitle": person.title,
                "hs_seniority": person.seniority,
                "hs_timezone": person.timezone,
                "country": market.account_by_id[person.account_id].country,
                "company": market.account_by_id[person.account_id].name,
                "hubspot_owner_id": companies[person.account_id].properties["hubspot_owner_id"],
                "lifecyclestage": companies[person.account_id].properties["lifecyclestage"],
            },
            long_ago,
        )
        contacts[person.id] = record
        crm.link(record, companies[person.account_id])
        record.properties["associatedcompanyid"] = companies[person.account_id].id
    reps = {r.id: r for r in market.reps}
    for deal in market.deals:
        record = crm.create(
            "deals",
            {
                "dealname": deal.name,
                "amount": deal.amount,
                "deal_currency_code": "EUR",
                "pipeline": "default",
                "dealtype": "newbusiness",
                "dealstage": deal.stages[0][1],
                "createdate": stamp(deal.created_at),
                "hubspot_owner_id": crm.owner_id(reps[deal.rep_id].email),
            },
            deal.created_at,
        )
        for at, stage in deal.stages[1:]:
            change = {"dealstage": stage}
            if deal.closed_at == at:
                change["closedate"] = stamp(at)
                if deal.lost_reason:
                    change["closed_lost_reason"] = deal.lost_reason
            crm.change(record, change, min(at, market.start))
        crm.link(record, companies[deal.account_id])
        crm.link(record, contacts[deal.person_id])
