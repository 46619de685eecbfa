"""Where a write goes in the CRM, and how: our rows in the vendor's words.

Notes and tasks carry a marker (the write's own id) in their text, by which they are found again when
an answer was lost. A property needs none: it is read back.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from baton.clients.hubspot import HubSpot as Client
from baton.clients.hubspot import Kind
from baton.core.errors import VendorError
from baton.core.settings import Settings
from baton.warehouse.connect import scalar

SOURCE = "hubspot"
PLURAL: dict[str, Kind] = {"contact": "contacts", "company": "companies", "deal": "deals"}
MADE: dict[str, Kind] = {"note": "notes", "task": "tasks"}
TEXT_OF = {"notes": "hs_note_body", "tasks": "hs_task_body"}
LOOKED_AT = 50  # a write whose answer was lost is among the newest of its record


class Missing(VendorError):
    """The CRM has no record to write to. `may_come`: it may be made later, so the write waits."""

    def __init__(self, message: str, *, may_come: bool) -> None:
        super().__init__(message)
        self.may_come = may_come


@dataclass(frozen=True)
class Place:
    """A record of the CRM; `kind` is contact, company or deal."""

    kind: str
    id: str


class Crm(Protocol):
    """What the ledger asks of a CRM. `row` is a row of ops.crm_write with `email` and `domain`."""

    def check(self) -> None:
        """Ask for something harmless, to see whether address and credentials are right."""

    def find(self, conn: psycopg.Connection[Any], row: Mapping[str, Any]) -> Place:
        """Return the record to write to. Raises Missing."""

    def before(self, row: Mapping[str, Any], place: Place) -> str | None:
        """Return what the property holds now; None for an empty one, a note or a task."""

    def look_up(self, row: Mapping[str, Any], place: Place) -> str | None:
        """Return the CRM's id of what this write made, if it is there."""

    def write(self, row: Mapping[str, Any], place: Place) -> str:
        """Make the write with one request and return the CRM's id of what was written."""

    def close(self) -> None:
        """Close the connections that were kept open."""


def open_crm(settings: Settings) -> "Crm | None":
    """Return the CRM behind the connection baton_crm, or None where there is none."""
    connection = settings.connection("baton_crm")
    if connection is None:
        return None
    if connection.conn_type not in ("hubspot", "http", "https"):
        raise VendorError(
            f"The connection baton_crm has the type {connection.conn_type!r}; HubSpot is supported."
        )
    return HubSpotCrm(Client(connection))


class HubSpotCrm:
    """The ledger's writes as HubSpot CRM v3 requests."""

    def __init__(self, client: Client) -> None:
        self._api = client

    def close(self) -> None:
        """Close the connections that were kept open."""
        self._api.__exit__()

    def check(self) -> None:
        """Ask for one owner: a wrong token must fail the step, not each write."""
        self._api.check()

    def find(self, conn: psycopg.Connection[Any], row: Mapping[str, Any]) -> Place:
        """Find the contact by alias or address, the company by alias or domain, the open deal."""
        kind, key = row["object_type"], row["object_key"]
        if kind == "contact":
            known = scalar(conn, ALIAS.format("contact"), (SOURCE, key))
            return Place("contact", self._known(known, "contacts", "email", row["email"] or key))
        known = scalar(conn, ALIAS.format("account"), (SOURCE, key))
        company = self._known(known, "companies", "domain", row["domain"] or key)
        return Place("company", company) if kind == "company" else self._open_deal(company)

    def before(self, row: Mapping[str, Any], place: Place) -> str | None:
        """Read the property that is to be changed."""
        if row["kind"] != "field":
            return None
        record = self._api.get(PLURAL[place.kind], place.id, [row["field"]])
        if record is None:
            raise Missing(f"The {place.kind} {place.id} is gone from the CRM.", may_come=False)
        return record.properties.get(row["field"]) or None

    def look_up(self, row: Mapping[str, Any], place: Place) -> str | None:
        """Find a note or task by its marker among the record's newest; read a property back.

        It goes by association and id, because a search index lags behind.
        """
        if row["kind"] == "field":
            return place.id if self.before(row, place) == row["after"]["value"] else None
        kind = MADE[row["kind"]]
        linked = self._api.associated(PLURAL[place.kind], kind, [place.id]).get(place.id, ())
        for key in sorted(linked, key=lambda i: (len(i), i), reverse=True)[:LOOKED_AT]:
            record = self._api.get(kind, key, [TEXT_OF[kind]])
            if record is not None and row["id"] in (record.properties.get(TEXT_OF[kind]) or ""):
                return record.id
        return None

    def write(self, row: Mapping[str, Any], place: Place) -> str:
        """Create the note or task beside the record, or set the property."""
        after = row["after"]
        if row["kind"] == "field":
            change = {row["field"]: str(after["value"])}
            return self._api.update(PLURAL[place.kind], place.id, change).id
        kind = MADE[row["kind"]]
        properties = {
            TEXT_OF[kind]: f"{as_html(after['body'])}<br><small>{row['id']}</small>",
            "hs_timestamp": str(after.get("due_on") or row["now"].isoformat()),
        }
        if kind == "tasks":
            properties |= {"hs_task_subject": after["subject"], "hs_task_status": "NOT_STARTED"}
        return self._api.create(kind, properties, [(PLURAL[place.kind], place.id)]).id

    def _known(self, alias: str | None, kind: Kind, name: str, value: str) -> str:
        """Return the id of a record that we know by alias, or that has this value."""
        if alias:
            return alias
        found = self._api.find(kind, name, value, [name])
        if not found:
            raise Missing(
                f"The CRM has no {kind} with {name} {value}; make it there and this is written.",
                may_come=True,
            )
        return found[0].id

    def _open_deal(self, company_id: str) -> Place:
        linked = self._api.associated("companies", "deals", [company_id]).get(company_id, ())
        wanted = ["hs_is_closed", "createdate"]
        found = [self._api.get("deals", deal, wanted) for deal in linked]
        still_open = [d for d in found if d and d.properties.get("hs_is_closed") != "true"]
        if not still_open:
            raise Missing(
                "The company has no open deal in the CRM; this waits until there is one.",
                may_come=True,
            )
        newest = max(still_open, key=lambda d: (d.properties.get("createdate") or "", d.id))
        return Place("deal", newest.id)


ALIAS = (
    "select natural_key from ops.{0}_alias where source = %s and {0}_id = %s "
    "order by natural_key limit 1"
)


def as_html(text: str) -> str:
    """Return plain text as the HTML that a CRM shows; nothing in it is taken as markup."""
    return html.escape(text).replace("\n", "<br>")
