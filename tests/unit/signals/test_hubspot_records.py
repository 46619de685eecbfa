"""HubSpot's words become ours; what cannot be used is quarantined with a reason."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.clients.hubspot import Record
from baton.playbook import signals as playbook
from baton.signals import hubspot_records as read
from baton.signals.records import Reject
from baton.signals.versions import COLUMNS

PLAYBOOK = Path(__file__).resolve().parents[3] / "include" / "playbook"
SOURCE = playbook.load(PLAYBOOK).crm
assert SOURCE is not None
MAPPING: playbook.CrmSource = SOURCE
DEAL = Record(
    id="7",
    properties={
        "dealname": "Kiefern - Flow",
        "amount": "1200.50",
        "deal_currency_code": "USD",
        "dealtype": "existingbusiness",
        "dealstage": "contractsent",
        "createdate": "2026-01-10T08:00:00.000Z",
        "closedate": "2026-06-30T00:00:00Z",
        "hs_is_closed": "false",
        "closed_lost_reason": "",
    },
    updated_at="2026-02-01T08:00:00.000Z",
)
LINKS = {"companies": {"7": ("11", "12")}, "contacts": {"7": ("21",)}}
SAID = st.none() | st.text() | st.sampled_from(["true", "12", "-3", "1e9", "a@b.example"])


def changed(record: Record, **properties: Any) -> Record:
    return replace(record, properties={**record.properties, **properties})


def landed(found: read.Landed) -> dict[str, Any]:
    assert not isinstance(found, Reject), found
    return found


def test_an_open_deal() -> None:
    found = landed(read.deal(DEAL, MAPPING, LINKS))
    assert (found["outcome"], found["kind"], found["closed_at"]) == ("open", "expansion", None)
    assert (found["amount"], found["currency"]) == (Decimal("1200.50"), "USD")
    assert (found["account_key"], found["contact_key"]) == ("11", "21")
    assert found["opened_at"] == datetime(2026, 1, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("properties", "outcome"),
    [
        pytest.param({"hs_is_closed": "true", "hs_is_closed_won": "true"}, "won", id="won"),
        pytest.param({"hs_is_closed": "true", "hs_is_closed_won": "false"}, "lost", id="lost"),
    ],
)
def test_the_crm_says_what_is_won(properties: dict[str, str], outcome: str) -> None:
    found = landed(read.deal(changed(DEAL, **properties), MAPPING, LINKS))
    assert found["outcome"] == outcome
    assert found["closed_at"] is not None


def test_the_playbook_may_overrule_the_crm() -> None:
    mapping = MAPPING.model_copy(update={"outcomes": {"contractsent": "won"}})
    assert landed(read.deal(DEAL, mapping, LINKS))["outcome"] == "won"


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        pytest.param({"amount": "-5"}, "negative", id="negative money"),
        pytest.param({"amount": "a lot"}, "no number", id="an amount in words"),
        pytest.param({"amount": "NaN"}, "no number", id="NaN"),
        pytest.param({"dealstage": ""}, "no stage", id="no stage"),
        pytest.param(
            {"hs_is_closed": "true", "closedate": "2025-01-01T00:00:00Z"}, "before it opened",
            id="closed before it opened",
        ),
    ],
)  # fmt: skip
def test_a_deal_that_cannot_be_used(properties: dict[str, str], words: str) -> None:
    found = read.deal(changed(DEAL, **properties), MAPPING, LINKS)
    assert isinstance(found, Reject)
    assert words in found.reason


def test_why_a_deal_was_lost_is_kept_from_the_score() -> None:
    found = landed(read.deal(changed(DEAL, closed_lost_reason="price"), MAPPING, LINKS))
    assert found["outcome_attributes"] == {"closed_lost_reason": "price"}
    assert "closed_lost_reason" not in found["attributes"]


def test_a_company() -> None:
    record = Record(
        "11",
        {
            "name": "Kiefern Works GmbH",
            "domain": "https://www.Kiefern.example/",
            "industry": "FOOD_AND_BEVERAGE",
            "numberofemployees": "120",
            "annualrevenue": "1000000",
            "timezone": "europe_slash_berlin",
            "lifecyclestage": "customer",
            "baton_protected_reason": "key account",
        },
        "",
    )
    found = landed(read.company(record, MAPPING, {}))
    assert (found["domain"], found["industry"], found["employees"]) == (
        "kiefern.example", "Food and Beverage", 120,
    )  # fmt: skip
    assert (found["timezone"], found["currency"]) == ("Europe/Berlin", "EUR")
    assert found["attributes"] == {"protected_reason": "key account"}
    assert found["outcome_attributes"] == {"lifecyclestage": "customer"}


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        pytest.param("E_COMMERCE", "E-commerce", id="named in the playbook"),
        pytest.param("COMPUTER_SOFTWARE", "Computer Software", id="capitals"),
        pytest.param("Wholesale", "Wholesale", id="words already"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_industries(said: str, ours: str | None) -> None:
    record = Record("11", {"name": "A", "industry": said}, "")
    assert landed(read.company(record, MAPPING, {}))["industry"] == ours


def test_a_contact_without_a_usable_address_stays_a_contact() -> None:
    record = Record("21", {"firstname": "Lee", "lastname": "Dahl", "email": "lee(at)x"}, "")
    found = landed(read.contact(record, MAPPING, {}))
    assert (found["email"], found["full_name"]) == (None, "Lee Dahl")
    assert found["attributes"] == {"unusable_email": "lee(at)x"}


def test_an_opt_out_travels_with_the_contact() -> None:
    record = Record("21", {"email": "lee@kiefern.example", "hs_email_optout": "true"}, "")
    assert landed(read.contact(record, MAPPING, {}))["attributes"] == {"opted_out": "true"}


def test_an_owner_and_their_region() -> None:
    row = {
        "id": 5, "firstName": "Clara", "lastName": "Voss", "email": "Clara@x.example",
        "archived": False,
        "teams": [{"name": "EMEA"}, {"name": "DACH", "primary": True}],
    }  # fmt: skip
    found = landed(read.owner(row, MAPPING))
    assert (found["natural_key"], found["name"], found["email"], found["region"]) == (
        "5", "Clara Voss", "clara@x.example", "DACH",
    )  # fmt: skip
    assert found["active"]
    assert found["attributes"] == {"timezone": "Europe/Berlin"}


def test_an_owner_who_left_is_not_active() -> None:
    row = {"id": "5", "email": "c@x.example", "archived": True}
    assert not landed(read.owner(row, MAPPING))["active"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(read.properties("account", MAPPING)), SAID), st.text())
def test_any_company_ends_landed_or_rejected(properties: dict[str, Any], at: str) -> None:
    fits("account", read.company(Record("1", properties, at), MAPPING, {}))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(read.properties("contact", MAPPING)), SAID), st.text())
def test_any_contact_ends_landed_or_rejected(properties: dict[str, Any], at: str) -> None:
    fits("contact", read.contact(Record("1", properties, at), MAPPING, {}))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(read.properties("opportunity", MAPPING)), SAID), st.text())
def test_any_deal_ends_landed_or_rejected(properties: dict[str, Any], at: str) -> None:
    fits("opportunity", read.deal(Record("1", properties, at), MAPPING, {}))


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["id", "email", "firstName", "lastName", "teams", "archived", "updatedAt"]),
        SAID | st.lists(st.dictionaries(st.just("name"), SAID) | st.integers()),
    )
)
def test_any_owner_ends_landed_or_rejected(row: dict[str, Any]) -> None:
    fits("owner", read.owner(row, MAPPING))


def fits(entity: Any, found: read.Landed) -> None:
    if isinstance(found, Reject):
        assert found.reason.endswith(".")
        return
    allowed = {*COLUMNS[entity], "natural_key", "source_updated_at", "attributes",
               "outcome_attributes"}  # fmt: skip
    assert set(found) <= allowed
    assert "\x00" not in repr(found)
