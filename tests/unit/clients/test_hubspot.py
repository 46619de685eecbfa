"""Paging and odd answers of the CRM; its requests are held to the vendor's documents elsewhere."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from baton.clients import hubspot
from baton.clients.hubspot import HubSpot
from baton.core.connections import Connection
from baton.core.errors import VendorAmbiguous, VendorError

START = datetime(2026, 3, 2, tzinfo=UTC)
CONNECTION = Connection("baton_crm", "hubspot", password="token", extra={"base_url": "http://crm"})


class Portal:
    """Contacts that were modified at the given seconds; a search gives `depth` rows at most."""

    def __init__(self, seconds: list[int], depth: int) -> None:
        self.depth, self.searches, self.lists = depth, 0, 0
        self.rows = [
            {
                "id": str(number),
                "properties": {"lastmodifieddate": (START + timedelta(seconds=s)).isoformat()},
                "updatedAt": (START + timedelta(seconds=s)).isoformat(),
            }
            for number, s in enumerate(sorted(seconds))
        ]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.lists += 1
            return httpx.Response(200, json={"results": self.rows})
        self.searches += 1
        body = json.loads(request.content)
        low = int(body["filterGroups"][0]["filters"][0]["value"]) / 1000
        found = [
            row
            for row in self.rows
            if datetime.fromisoformat(row["properties"]["lastmodifieddate"]).timestamp() >= low
        ]
        first, limit = int(body["after"]), body["limit"]
        assert first + limit <= self.depth, "HubSpot refuses to look deeper"
        answer: dict[str, Any] = {"results": found[first : first + limit]}
        if first + limit < len(found):
            answer["paging"] = {"next": {"after": str(first + limit)}}
        return httpx.Response(200, json=answer)


@pytest.fixture
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubspot, "SEARCH_PAGE", 2)
    monkeypatch.setattr(hubspot, "SEARCH_DEPTH", 10)


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(list(range(3)), id="one page and a half"),
        pytest.param(list(range(10)), id="exactly as deep as a search looks"),
        pytest.param(list(range(57)), id="deeper than a search looks"),
        pytest.param([1] * 5 + [2] * 7 + [3] * 9, id="many of one moment"),
        pytest.param([5] * 30, id="more of one moment than a search gives"),
        pytest.param([], id="nothing"),
    ],
)
def test_every_change_is_read_once(seconds: list[int]) -> None:
    portal = Portal(seconds, depth=10)
    with HubSpot(CONNECTION, httpx.MockTransport(portal)) as client:
        found = [record.id for record in client.changed("contacts", START, ["email"])]
    assert sorted(set(found)) == sorted(row["id"] for row in portal.rows)
    assert portal.lists == (1 if len(seconds) > 10 and len(set(seconds)) == 1 else 0)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"results": 5}', id="a number for results"),
        pytest.param(b'{"results": [{"properties": {}}]}', id="an object without id"),
        pytest.param(b'{"results": [{"id": "1", "properties": 5}]}', id="no properties"),
        pytest.param(b'{"results": [], "paging": 5}', id="another paging"),
    ],
)
def test_an_answer_of_another_form_is_said(body: bytes) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    with (
        HubSpot(CONNECTION, transport) as client,
        pytest.raises(VendorError, match="HubSpot answered"),
    ):
        list(client.all("contacts", []))


def test_a_write_whose_answer_is_lost_is_not_sent_again() -> None:
    asked = []

    def vendor(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ReadTimeout("slow")

    with HubSpot(CONNECTION, httpx.MockTransport(vendor)) as client, pytest.raises(VendorAmbiguous):
        client.create("notes", {"hs_note_body": "x"})
    assert len(asked) == 1


def test_without_a_token_nothing_is_asked() -> None:
    with pytest.raises(VendorError, match="has no password"):
        HubSpot(Connection("baton_crm", "hubspot"))
