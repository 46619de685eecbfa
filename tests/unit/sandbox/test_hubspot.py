"""The CRM behind the HubSpot stand-in: paging, search, history, and what the market does in it."""

import pytest

from tests.unit.sandbox.support import make_sandbox


@pytest.fixture(scope="module")
def sandbox():
    return make_sandbox()


@pytest.fixture(scope="module")
def crm(sandbox):
    def call(method, path, **kwargs):
        headers = {"Authorization": f"Bearer {sandbox.keys.hubspot_token}"}
        answer = sandbox.http.request(method, f"/hubspot/crm/v3{path}", headers=headers, **kwargs)
        assert answer.is_success, answer.text
        return answer.json()

    return call


def every(crm, path, **params):
    rows, after = [], None
    while True:
        page = crm(
            "GET", path, params={**params, "limit": 100, **({"after": after} if after else {})}
        )
        rows += page["results"]
        if "paging" not in page:
            return rows
        after = page["paging"]["next"]["after"]


def search(crm, kind, *filters, **body):
    request = {"filterGroups": [{"filters": list(filters)}], "limit": 200, **body}
    return crm("POST", f"/objects/{kind}/search", json=request)


def test_the_market_is_in_the_crm(sandbox, crm):
    market = sandbox.world.market
    domains = {r["properties"]["domain"] for r in every(crm, "/objects/companies")}
    emails = {r["properties"]["email"] for r in every(crm, "/objects/contacts")}
    assert domains == {a.domain for a in market.accounts}
    assert emails == {p.email for p in market.people}
    assert len(every(crm, "/objects/deals")) == len(market.deals)
    owners = crm("GET", "/owners")["results"]
    assert {o["email"] for o in owners} == {r.email for r in market.reps}


def test_paging_shows_each_record_once(crm):
    ids = [r["id"] for r in every(crm, "/objects/contacts")]
    assert len(set(ids)) == len(ids) > 200


def test_associations_lead_from_deal_to_company(sandbox, crm):
    deal = every(crm, "/objects/deals", associations="companies,contacts")[0]
    company = deal["associations"]["companies"]["results"][0]
    assert company["type"] == "deal_to_company"
    found = crm("GET", f"/objects/companies/{company['id']}")
    assert found["properties"]["name"] in {a.legal_name for a in sandbox.world.market.accounts}


def test_a_deal_keeps_the_history_of_its_stages(crm):
    closed = {"propertyName": "dealstage", "operator": "EQ", "value": "closedwon"}
    deal = search(crm, "deals", closed)["results"][0]
    full = crm("GET", f"/objects/deals/{deal['id']}", params={"propertiesWithHistory": "dealstage"})
    stages = full["propertiesWithHistory"]["dealstage"]
    assert [s["value"] for s in stages][::-1][0] == "qualifiedtobuy"
    times = [s["timestamp"] for s in stages]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        pytest.param({"operator": "EQ", "value": "lost@x.example"}, False, id="EQ, no match"),
        pytest.param({"operator": "HAS_PROPERTY"}, True, id="HAS_PROPERTY"),
        pytest.param({"operator": "NOT_HAS_PROPERTY"}, False, id="NOT_HAS_PROPERTY"),
        pytest.param({"operator": "CONTAINS_TOKEN", "value": "*example"}, True, id="token"),
        pytest.param({"operator": "IN", "values": ["a", "b"]}, False, id="IN"),
        pytest.param({"operator": "NOT_IN", "values": ["a", "b"]}, True, id="NOT_IN"),
    ],
)
def test_filters(crm, rule, fits):
    found = search(crm, "contacts", {"propertyName": "email", **rule})
    assert (found["total"] > 0) is fits


def test_search_by_time_of_change_finds_only_what_changed(sandbox, crm):
    sandbox.control("advance", by_seconds=60)
    now = sandbox.world.clock.now
    record = every(crm, "/objects/companies")[0]
    crm("PATCH", f"/objects/companies/{record['id']}", json={"properties": {"city": "Hamburg"}})
    changed = {
        "propertyName": "hs_lastmodifieddate",
        "operator": "GTE",
        "value": str(int(now.timestamp() * 1000)),
    }
    found = search(crm, "companies", changed)
    assert [r["id"] for r in found["results"]] == [record["id"]]


def test_search_pages_through_all_results_in_order(crm):
    rows, after = [], "0"
    while after:
        page = crm(
            "POST",
            "/objects/deals/search",
            json={"filterGroups": [], "sorts": ["amount"], "limit": 50, "after": after},
        )
        rows += page["results"]
        after = page.get("paging", {}).get("next", {}).get("after")
    amounts = [float(r["properties"]["amount"]) for r in rows]
    assert amounts == sorted(amounts)
    assert len(rows) == page["total"]


def test_the_motions_deals_appear_and_close():
    sandbox = make_sandbox()
    before = len(sandbox.world.crm.records["deals"])
    for address in sandbox.targets(25):
        sandbox.send(address)
    sandbox.control("advance", by_seconds=70 * 86_400)
    made = list(sandbox.world.crm.records["deals"].values())[before:]
    assert len(made) >= 2
    stages = [d.properties["dealstage"] for d in made]
    assert "closedwon" in stages
    for deal in made:
        assert set(deal.links) == {"companies", "contacts"}
        assert (deal.properties["hs_is_closed"] == "true") == ("closedate" in deal.properties)
    outcomes = {
        m.properties["hs_meeting_outcome"] for m in sandbox.world.crm.records["meetings"].values()
    }
    assert outcomes == {"COMPLETED", "NO_SHOW"}
