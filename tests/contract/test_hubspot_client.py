"""What the HubSpot client asks is what HubSpot's own documents describe, and the stand-in takes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from baton.clients.hubspot import HubSpot, Kind
from baton.core.connections import Connection
from baton.core.errors import VendorError, VendorUnavailable
from baton.core.settings import PROJECT
from baton.ledger.crm_target import HubSpotCrm, Place
from baton.playbook import signals
from baton.signals import hubspot_records
from tests.contract.openapi import load, validate_request
from tests.unit.sandbox.support import MONDAY, Sandbox, make_sandbox

KINDS: tuple[Kind, ...] = ("companies", "contacts", "deals")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Recorder(httpx.BaseTransport):
    """Hands requests to the stand-in and keeps them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self._sandbox.http.request(
            request.method, request.url.raw_path.decode(), content=request.content,
            headers=dict(request.headers),
        )  # fmt: skip
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return make_sandbox()


@pytest.fixture
def recorder(sandbox: Sandbox) -> Recorder:
    return Recorder(sandbox)


def client_for(token: str, recorder: Recorder) -> HubSpot:
    connection = Connection(
        id="baton_crm",
        conn_type="hubspot",
        password=token,
        extra={"base_url": "http://sandbox.test/hubspot"},
    )
    return HubSpot(connection, transport=recorder)


@pytest.fixture
def client(sandbox: Sandbox, recorder: Recorder) -> Iterator[HubSpot]:
    with client_for(sandbox.keys.hubspot_token, recorder) as made:
        yield made


def described(specs: Path, request: httpx.Request) -> None:
    """Hold one request against the document of its object type."""
    path = request.url.path.removeprefix("/hubspot")
    if "/associations/" in path:
        name = "associations"
    else:
        name = path.split("/")[4]
        # The documents know deals by their number; the API takes both.
        path = path.replace("/objects/deals", "/objects/0-3")
    spec = load(specs / "hubspot" / f"{name}.json")
    body = json.loads(request.content) if request.content else None
    query: dict[str, Any] = {}
    for key, value in request.url.params.multi_items():
        query.setdefault(key, []).append(value)
    known = {p["name"]: p["schema"].get("type") for p in _parameters(spec.document, path, request)}
    assert set(query) <= set(known), f"{path} has no parameter {set(query) - set(known)}"
    assert all(len(v) == 1 or known[k] == "array" for k, v in query.items())
    if body is not None:
        validate_request(spec, request.method, path, json=body)


def _parameters(
    document: dict[str, Any], path: str, request: httpx.Request
) -> list[dict[str, Any]]:
    for pattern, methods in document["paths"].items():
        parts, given = pattern.split("/"), path.split("/")
        if len(parts) == len(given) and all(
            p == g or p.startswith("{") for p, g in zip(parts, given, strict=True)
        ):
            found: list[dict[str, Any]] = methods[request.method.lower()].get("parameters", [])
            return found
    raise AssertionError(f"{path} is not described")


@pytest.mark.parametrize("kind", KINDS)
def test_reading_everything(
    specs: Path, sandbox: Sandbox, client: HubSpot, recorder: Recorder, kind: Kind
) -> None:
    found = list(client.all(kind, ["createdate"]))
    assert len({record.id for record in found}) == len(sandbox.world.crm.records[kind]) > 100
    assert len(recorder.requests) > 1
    for request in recorder.requests:
        described(specs, request)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_what_changed(
    specs: Path, sandbox: Sandbox, client: HubSpot, recorder: Recorder, kind: Kind
) -> None:
    everything = list(client.changed(kind, LONG_AGO, ["createdate"]))
    assert len(everything) == len(sandbox.world.crm.records[kind])
    assert list(client.changed(kind, datetime(2027, 1, 1, tzinfo=UTC), ["createdate"])) == []
    for request in recorder.requests:
        described(specs, request)


def test_reading_the_associations(
    specs: Path, sandbox: Sandbox, client: HubSpot, recorder: Recorder
) -> None:
    ids = list(sandbox.world.crm.records["deals"])
    found = client.associated("deals", "companies", ids)
    assert set(found) == set(ids)
    for request in recorder.requests:
        described(specs, request)


def test_one_object_by_id_or_by_address(
    specs: Path, sandbox: Sandbox, client: HubSpot, recorder: Recorder
) -> None:
    held = next(iter(sandbox.world.crm.records["contacts"].values()))
    by_id = client.get("contacts", held.id, ["email"])
    assert by_id is not None
    email = str(by_id.properties["email"])
    assert client.get("contacts", email, ["email"], "email") == by_id
    assert client.get("contacts", "nobody@x.example/../1", ["email"], "email") is None
    assert [record.id for record in client.find("contacts", "email", email, ["email"])] == [held.id]
    for request in (recorder.requests[0], recorder.requests[1], recorder.requests[3]):
        described(specs, request)


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        pytest.param("notes", {"hs_note_body": "Words"}, id="a note"),
        pytest.param("meetings", {"hs_meeting_title": "A talk"}, id="a meeting"),
        pytest.param("tasks", {"hs_task_subject": "Call back"}, id="a task"),
    ],
)
def test_writing_something_beside_a_contact(
    specs: Path, sandbox: Sandbox, client: HubSpot, recorder: Recorder, kind: Kind,
    properties: dict[str, str],
) -> None:  # fmt: skip
    contact = next(iter(sandbox.world.crm.records["contacts"]))
    made = client.create(
        kind, {**properties, "hs_timestamp": MONDAY.isoformat()}, [("contacts", contact)]
    )
    changed = client.update(kind, made.id, properties)
    assert made.id == changed.id
    assert contact in sandbox.world.crm.records[kind][made.id].links["contacts"]
    for request in recorder.requests:
        described(specs, request)


@pytest.mark.parametrize(
    ("target", "write"),
    [
        pytest.param("contact", {"kind": "note", "after": {"body": "They said <b>yes</b>"}},
                     id="a note of a meeting"),
        pytest.param("deal", {"kind": "note", "after": {"body": "Brief"}}, id="a note at a deal"),
        pytest.param("company", {"kind": "task", "after": {
            "subject": "Send the paper", "body": "As agreed", "due_on": "2026-03-05"}},
            id="a task with a day"),
        pytest.param("contact", {"kind": "task", "after": {"subject": "Call", "body": ""}},
                     id="a task without a day"),
        pytest.param("deal", {"kind": "field", "field": "hs_next_step",
                              "after": {"value": "Speak again on 6 March 2026"}},
                     id="a field that the vendor has"),
        pytest.param("deal", {"kind": "field", "field": "baton_go_live",
                              "after": {"value": "2026-06-01"}}, id="a field of our own"),
    ],
)  # fmt: skip
def test_what_the_ledger_writes_and_how_it_is_looked_up(
    specs: Path, sandbox: Sandbox, client: HubSpot, recorder: Recorder, target: str,
    write: dict[str, Any],
) -> None:  # fmt: skip
    kind = {"contact": "contacts", "company": "companies", "deal": "deals"}[target]
    place = Place(target, next(iter(sandbox.world.crm.records[kind])))
    row = {**write, "id": f"crm_{write['kind']}_{target}", "now": MONDAY}
    ledger = HubSpotCrm(client)
    assert ledger.look_up(row, place) is None
    before = ledger.before(row, place)
    assert before is None or write["kind"] == "field"
    made = ledger.write(row, place)
    assert ledger.look_up(row, place) == made
    if write["kind"] == "field":
        assert ledger.before(row, place) == write["after"]["value"]
    for request in recorder.requests:
        described(specs, request)


def test_every_owner_can_be_read(sandbox: Sandbox, client: HubSpot) -> None:
    mapping = signals.load(PROJECT / "include" / "playbook").crm
    assert mapping is not None
    found = [hubspot_records.owner(row, mapping) for row in client.owners()]
    assert len(found) == len(sandbox.world.market.reps)
    assert all(isinstance(owner, dict) and owner["email"] for owner in found)


def test_a_wrong_token_is_said(recorder: Recorder) -> None:
    with (
        client_for("guessed", recorder) as client,
        pytest.raises(VendorError, match="refused our credentials") as caught,
    ):
        client.check()
    assert "guessed" not in str(caught.value)


def test_a_throttled_portal_asks_to_wait(sandbox: Sandbox, client: HubSpot) -> None:
    sandbox.world.faults.switch_on(vendor="hubspot", kind="rate_limit", count=1, retry_after=9)
    with pytest.raises(VendorUnavailable) as caught:
        client.check()
    assert caught.value.retry_after == 9
