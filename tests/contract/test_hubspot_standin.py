"""The HubSpot stand-in answers as the vendor's documents say."""

import pytest

from tests.contract.openapi import load, validate_request, validate_response
from tests.unit.sandbox.support import make_sandbox

FILES = ("companies", "contacts", "deals", "notes", "meetings", "tasks")
NEW = {
    "companies": {"name": "Quarrymoor Holdings", "domain": "quarrymoor.example"},
    "contacts": {"email": "lee@quarrymoor.example", "firstname": "Lee"},
    "deals": {"dealname": "A deal", "amount": "1200", "dealstage": "qualifiedtobuy"},
    "notes": {"hs_timestamp": "2026-03-02T09:00:00Z", "hs_note_body": "A note"},
    "meetings": {"hs_timestamp": "2026-03-02T09:00:00Z", "hs_meeting_title": "A talk"},
    "tasks": {"hs_timestamp": "2026-03-02T09:00:00Z", "hs_task_subject": "A task"},
}
CHANGE = {
    "companies": {"city": "Hamburg"},
    "contacts": {"jobtitle": "COO"},
    "deals": {"hs_next_step": "Call"},
    "notes": {"hs_note_body": "Another note"},
    "meetings": {"hs_meeting_outcome": "COMPLETED"},
    "tasks": {"hs_task_status": "COMPLETED"},
}


@pytest.fixture(scope="module")
def load_spec(specs):
    return lambda name: load(specs / "hubspot" / f"{name}.json")


@pytest.fixture(scope="module")
def sandbox():
    return make_sandbox()


@pytest.fixture(scope="module")
def crm(sandbox):
    """Calls the stand-in and returns (status, JSON or None)."""

    def call(method, path, **kwargs):
        headers = {"Authorization": f"Bearer {sandbox.keys.hubspot_token}"}
        answer = sandbox.http.request(method, f"/hubspot{path}", headers=headers, **kwargs)
        return answer.status_code, answer.json() if answer.content else None

    return call


def base(kind):
    """The path in the document, which knows deals by their number."""
    return f"/crm/v3/objects/{'0-3' if kind == 'deals' else kind}"


@pytest.mark.parametrize("kind", FILES)
def test_the_life_of_an_object(load_spec, crm, kind):
    spec, path = load_spec(kind), base(kind)
    request = {"properties": NEW[kind], "associations": []}
    validate_request(spec, "POST", path, json=request)
    status, made = crm("POST", path, json=request)
    assert status == 201
    validate_response(spec, "POST", path, status, made)
    one = f"{path}/{made['id']}"
    names = ",".join(NEW[kind])
    for query in ({}, {"properties": names}, {"propertiesWithHistory": names}):
        validate_response(spec, "GET", one, *crm("GET", one, params=query))
    change = {"properties": CHANGE[kind]}
    validate_request(spec, "PATCH", one, json=change)
    status, changed = crm("PATCH", one, json=change)
    validate_response(spec, "PATCH", one, status, changed)
    assert changed["properties"].items() >= CHANGE[kind].items()
    validate_response(spec, "GET", path, *crm("GET", path, params={"limit": 3}))
    validate_response(spec, "DELETE", one, *crm("DELETE", one))
    status, gone = crm("GET", one)
    assert status == 404
    validate_response(spec, "GET", one, status, gone)


@pytest.mark.parametrize("kind", ["companies", "contacts", "deals"])
def test_search(load_spec, crm, kind):
    spec, path = load_spec(kind), f"{base(kind)}/search"
    field = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    rule = {"propertyName": field, "operator": "GTE", "value": "2020-01-01T00:00:00Z"}
    request = {
        "filterGroups": [{"filters": [rule]}],
        "properties": ["hubspot_owner_id"],
        "sorts": [field],
        "limit": 5,
        "after": "0",
    }
    validate_request(spec, "POST", path, json=request)
    status, found = crm("POST", path, json=request)
    assert status == 200
    assert len(found["results"]) == 5
    validate_response(spec, "POST", path, status, found)


def test_batches(load_spec, crm):
    spec, path = load_spec("contacts"), "/crm/v3/objects/contacts/batch"
    upsert = {
        "inputs": [
            {"id": "a@quarrymoor.example", "idProperty": "email", "properties": {"firstname": "A"}}
        ]
    }
    validate_request(spec, "POST", f"{path}/upsert", json=upsert)
    status, made = crm("POST", f"{path}/upsert", json=upsert)
    validate_response(spec, "POST", f"{path}/upsert", status, made)
    key = made["results"][0]["id"]
    read = {
        "inputs": [{"id": key}, {"id": "999999"}],
        "properties": ["email"],
        "propertiesWithHistory": [],
    }
    validate_request(spec, "POST", f"{path}/read", json=read)
    status, found = crm("POST", f"{path}/read", json=read)
    assert status == 207
    validate_response(spec, "POST", f"{path}/read", status, found)
    update = {"inputs": [{"id": key, "properties": {"jobtitle": "COO"}}]}
    validate_request(spec, "POST", f"{path}/update", json=update)
    validate_response(spec, "POST", f"{path}/update", *crm("POST", f"{path}/update", json=update))
    archive = {"inputs": [{"id": key}]}
    validate_request(spec, "POST", f"{path}/archive", json=archive)
    validate_response(
        spec, "POST", f"{path}/archive", *crm("POST", f"{path}/archive", json=archive)
    )


def test_associations(load_spec, crm):
    spec = load_spec("associations")
    path = "/crm/v3/associations/contacts/companies/batch"
    company = crm("GET", "/crm/v3/objects/companies")[1]["results"][0]["id"]
    contact = crm("GET", "/crm/v3/objects/contacts")[1]["results"][-1]["id"]
    link = {
        "inputs": [{"from": {"id": contact}, "to": {"id": company}, "type": "contact_to_company"}]
    }
    validate_request(spec, "POST", f"{path}/create", json=link)
    validate_response(spec, "POST", f"{path}/create", *crm("POST", f"{path}/create", json=link))
    read = {"inputs": [{"id": contact}]}
    validate_request(spec, "POST", f"{path}/read", json=read)
    status, found = crm("POST", f"{path}/read", json=read)
    validate_response(spec, "POST", f"{path}/read", status, found)
    assert company in {row["id"] for row in found["results"][0]["to"]}
    validate_response(spec, "POST", f"{path}/archive", *crm("POST", f"{path}/archive", json=link))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("POST", "", {"properties": {"colour": "red"}}, 400, id="unknown property"),
        pytest.param("POST", "", {"properties": {"email": "no address"}}, 400, id="bad address"),
        pytest.param("POST", "", {}, 400, id="no properties"),
        pytest.param("GET", "/424242", None, 404, id="no such object"),
        pytest.param("POST", "/batch/read", {"inputs": [{}] * 101}, 400, id="batch too large"),
        pytest.param(
            "POST", "/search", {"filterGroups": [{"filters": [{}]}]}, 400, id="bad filter"
        ),
    ],
)
def test_a_refusal_has_the_vendors_error_shape(load_spec, crm, method, path, body, status):
    full = f"/crm/v3/objects/contacts{path}"
    answer = crm(method, full, json=body)
    assert answer[0] == status
    validate_response(load_spec("contacts"), method, full, *answer)


def test_a_second_contact_with_the_same_address_is_a_conflict(load_spec, crm, sandbox):
    email = sandbox.world.market.people[0].email
    body = {"properties": {"email": email}, "associations": []}
    status, answer = crm("POST", "/crm/v3/objects/contacts", json=body)
    assert status == 409
    validate_response(load_spec("contacts"), "POST", "/crm/v3/objects/contacts", status, answer)


def test_a_wrong_token_and_a_full_quota_have_the_vendors_error_shape(load_spec, sandbox):
    spec, path = load_spec("contacts"), "/crm/v3/objects/contacts"
    answer = sandbox.http.get(f"/hubspot{path}", headers={"Authorization": "Bearer pat-wrong"})
    assert answer.status_code == 401
    validate_response(spec, "GET", path, 401, answer.json())
    sandbox.control("faults", vendor="hubspot", kind="rate_limit", count=1)
    answer = sandbox.http.get(f"/hubspot{path}")
    assert answer.status_code == 429
    validate_response(spec, "GET", path, 429, answer.json())
