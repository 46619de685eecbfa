"""HubSpot CRM v3: reading in pages, and the few writes that Baton makes.

Every write is one request that is sent once. Where its answer got lost VendorAmbiguous is raised;
the caller looks with `find` or `get` before it decides anything.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

import httpx

from baton.clients.http import Http, NotFound
from baton.core.connections import Connection
from baton.core.errors import VendorError

VENDOR_URL = "https://api.hubapi.com"
PAGE = 100  # the most that a list takes
SEARCH_PAGE = 200
SEARCH_DEPTH = 10_000  # a search gives no more rows, whatever its cursor
ASSOCIATIONS_PAGE = 1_000
Kind = Literal["companies", "contacts", "deals", "notes", "meetings", "tasks"]
MODIFIED = {"contacts": "lastmodifieddate"}
# The types that HubSpot defines between two objects (from, to); see its associations guide.
ASSOCIATION_TYPES = {
    ("notes", "contacts"): 202, ("notes", "companies"): 190, ("notes", "deals"): 214,
    ("meetings", "contacts"): 200, ("meetings", "companies"): 188, ("meetings", "deals"): 212,
    ("tasks", "contacts"): 204, ("tasks", "companies"): 192, ("tasks", "deals"): 216,
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One object. `updated_at` is ISO 8601, as HubSpot writes it."""

    id: str
    properties: dict[str, str | None]
    updated_at: str
    archived: bool = False


class HubSpot:
    """One portal. Raises VendorError, VendorUnavailable and VendorAmbiguous; see clients.http."""

    def __init__(
        self, connection: Connection, transport: httpx.BaseTransport | None = None
    ) -> None:
        """The connection's password is a private app's access token."""
        if not connection.password:
            raise VendorError(
                f"The connection {connection.id} has no password; put the private app's token there."
            )
        named = connection.extra.get("base_url") or connection.host
        self._base = connection.base_url if named else VENDOR_URL
        self._http = Http(
            "HubSpot",
            headers={"Authorization": f"Bearer {connection.password}"},
            transport=transport,
        )

    def __enter__(self) -> "HubSpot":
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.__exit__()

    def check(self) -> None:
        """Ask for one owner, to see whether address and token are right."""
        self._read("GET", "/crm/v3/owners", params={"limit": 1})

    def owners(self) -> Iterator[dict[str, Any]]:
        """Yield all owners as HubSpot describes them."""
        params: dict[str, Any] = {"limit": PAGE}
        while True:
            answer = self._read("GET", "/crm/v3/owners", params=params)
            yield from _rows(answer)
            after = _after(answer)
            if after is None:
                return
            params["after"] = after

    def all(self, kind: Kind, properties: Sequence[str]) -> Iterator[Record]:
        """Yield every object that is not archived, with these properties."""
        params: dict[str, Any] = {"limit": PAGE, "properties": list(properties)}
        while True:
            answer = self._read("GET", f"/crm/v3/objects/{kind}", params=params)
            yield from map(_record, _rows(answer))
            after = _after(answer)
            if after is None:
                return
            params["after"] = after

    def changed(self, kind: Kind, since: datetime, properties: Sequence[str]) -> Iterator[Record]:
        """Yield the objects that were modified at `since` or later, oldest change first.

        A search gives its first 10,000 rows only; so it starts again from the last change seen.
        """
        column = MODIFIED.get(kind, "hs_lastmodifieddate")
        seen: set[str] = set()
        low = _millis(since)
        while True:
            count, last = 0, low
            for record in self._search(kind, column, low, properties):
                count, last = count + 1, _modified(record, column) or last
                if record.id not in seen:
                    seen.add(record.id)
                    yield record
            if count < SEARCH_DEPTH:
                return
            if last == low:  # more rows of one moment than a search can give
                yield from self.all(kind, properties)
                return
            low = last

    def _search(
        self, kind: Kind, column: str, low: int, properties: Sequence[str]
    ) -> Iterator[Record]:
        body: dict[str, Any] = {
            "filterGroups": [
                {"filters": [{"propertyName": column, "operator": "GTE", "value": str(low)}]}
            ],
            "sorts": [column],
            "properties": [*properties, column],
            "limit": SEARCH_PAGE,
            "after": "0",
        }
        given = 0
        while given + SEARCH_PAGE <= SEARCH_DEPTH:
            answer = self._read("POST", f"/crm/v3/objects/{kind}/search", body=body)
            rows = _rows(answer)
            yield from map(_record, rows)
            given += len(rows)
            after = _after(answer)
            if after is None:
                return
            body["after"] = after

    def associated(self, kind: Kind, to: Kind, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the ids of the `to` objects by object id, for those that have any."""
        found: dict[str, tuple[str, ...]] = {}
        for start in range(0, len(ids), ASSOCIATIONS_PAGE):
            inputs = [{"id": i} for i in ids[start : start + ASSOCIATIONS_PAGE]]
            path = f"/crm/v3/associations/{kind}/{to}/batch/read"
            for row in _rows(self._read("POST", path, body={"inputs": inputs})):
                try:
                    found[str(row["from"]["id"])] = tuple(str(link["id"]) for link in row["to"])
                except (KeyError, TypeError):
                    raise VendorError(
                        "HubSpot answered with an association it never had."
                    ) from None
        return found

    def get(
        self, kind: Kind, key: str, properties: Sequence[str], id_property: str | None = None
    ) -> Record | None:
        """Return one object by id (or by a unique property), or None if there is none."""
        params: dict[str, Any] = {"properties": list(properties)}
        if id_property:
            params["idProperty"] = id_property
        try:
            answer = self._read("GET", _path(kind, key), params=params)
        except NotFound:
            return None
        return _record(answer)

    def find(self, kind: Kind, name: str, value: str, properties: Sequence[str]) -> list[Record]:
        """Return the objects whose property has exactly this value (200 at most)."""
        body = {
            "filterGroups": [
                {"filters": [{"propertyName": name, "operator": "EQ", "value": value}]}
            ],
            "sorts": ["hs_object_id"],
            "properties": list(properties),
            "limit": SEARCH_PAGE,
            "after": "0",
        }
        answer = self._read("POST", f"/crm/v3/objects/{kind}/search", body=body)
        return [_record(row) for row in _rows(answer)]

    def create(
        self,
        kind: Kind,
        properties: Mapping[str, str],
        links: Sequence[tuple[Kind, str]] = (),
    ) -> Record:
        """Make one object, tied to others (kind, id)."""
        body = {
            "properties": dict(properties),
            "associations": [
                {
                    "to": {"id": other},
                    "types": [
                        {
                            "associationCategory": "HUBSPOT_DEFINED",
                            "associationTypeId": ASSOCIATION_TYPES[kind, to],
                        }
                    ],
                }
                for to, other in links
            ],
        }
        return _record(self._write("POST", f"/crm/v3/objects/{kind}", body))

    def update(self, kind: Kind, key: str, properties: Mapping[str, str]) -> Record:
        """Set properties of one object. Sending it twice leaves the same values."""
        return _record(self._write("PATCH", _path(kind, key), {"properties": dict(properties)}))

    def _read(self, method: str, path: str, *, params: Any = None, body: Any = None) -> Any:
        answer = self._http.request(
            method, self._base + path, params=params, json=body, idempotent=True
        )
        return _json(answer.body)

    def _write(self, method: str, path: str, body: Any) -> Any:
        answer = self._http.request(method, self._base + path, json=body, idempotent=False)
        return _json(answer.body)


def _path(kind: Kind, key: str) -> str:
    return f"/crm/v3/objects/{kind}/{quote(key, safe='')}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise VendorError("HubSpot answered with something that is no JSON.") from None


def _rows(answer: Any) -> list[dict[str, Any]]:
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise VendorError("HubSpot answered without a list of results.")
    return rows


def _after(answer: Any) -> str | None:
    try:
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
    except AttributeError:
        raise VendorError("HubSpot answered with a paging of another form.") from None
    return str(after) if after else None


def _record(row: Any) -> Record:
    try:
        return Record(
            id=str(row["id"]),
            properties=dict(row["properties"]),
            updated_at=str(row.get("updatedAt") or ""),
            archived=bool(row.get("archived")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise VendorError("HubSpot answered with an object of another form.") from None


def _modified(record: Record, column: str) -> int | None:
    try:
        moment = datetime.fromisoformat(
            (record.properties.get(column) or record.updated_at).upper()
        )
    except (ValueError, AttributeError):
        return None
    return _millis(moment.replace(tzinfo=moment.tzinfo or UTC))


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
