"""How webhooks reach the receiver when it, or the network, misbehaves."""

import pytest

from tests.unit.sandbox.support import make_sandbox

TO = "someone@unknown.example"


@pytest.fixture
def sandbox():
    made = make_sandbox()
    made.control("settle")
    return made


def test_what_the_receiver_does_not_take_is_tried_again_in_order(sandbox):
    sandbox.receiver.status = 503
    sandbox.send(TO)
    first = sandbox.control("advance", by_seconds=3600)
    assert {p["kind"] for p in first["undelivered"]} == {"event", "signal"}
    assert {p["status"] for p in first["undelivered"]} == {503}
    assert sandbox.receiver.events == []
    sandbox.receiver.status = 204
    second = sandbox.control("settle")
    assert second["undelivered"] == []
    assert [e["event"] for e in sandbox.receiver.events] == ["processed", "delivered"]


@pytest.mark.parametrize(
    ("status", "dropped"),
    [pytest.param(503, 0, id="5xx is retried"), pytest.param(403, 1, id="4xx is dropped")],
)
def test_inbound_mail_is_retried_or_dropped_as_the_vendor_does(sandbox, status, dropped):
    person = sandbox.world.market.people[0]
    sandbox.send(person.email)
    sandbox.receiver.status = status
    told = sandbox.control("happen", kind="reply", email=person.email, answer="question")
    assert told["dropped"] == dropped
    assert len(told["undelivered"]) == 1 - dropped
    sandbox.receiver.status = 204
    sandbox.control("settle")
    assert len(sandbox.receiver.inbound) == 1 - dropped


def test_a_secret_token_is_never_shown(sandbox):
    person = sandbox.world.market.people[0]
    sandbox.send(person.email)
    sandbox.receiver.status = 503
    told = sandbox.control("happen", kind="reply", email=person.email, answer="question")
    shown = sandbox.http.get("/_control/webhooks", params={"kind": "inbound"}).text
    assert sandbox.keys.inbound_token not in shown + str(told)


def test_duplicated_events_have_another_vendor_id_and_the_same_content(sandbox):
    sandbox.control("faults", vendor="webhooks", kind="duplicate", count=1)
    sandbox.send(TO)
    sandbox.control("advance", by_seconds=3600)
    one, again = sandbox.receiver.batches
    assert [e.pop("sg_event_id") for e in one] != [e.pop("sg_event_id") for e in again]
    assert one == again


def test_shuffled_events_are_the_same_in_another_order(sandbox):
    sandbox.control("faults", vendor="webhooks", kind="shuffle", seed=3)
    for number in range(10):
        sandbox.send(f"s{number}@unknown.example")
    sandbox.control("advance", by_seconds=7200)
    (batch,) = sandbox.receiver.batches
    times = [e["timestamp"] for e in batch]
    assert times != sorted(times)
    assert len(batch) == 20 + sum(e["event"] == "deferred" for e in batch)


def test_silence_is_an_accepted_mail_of_which_nothing_is_ever_heard(sandbox):
    address = sandbox.targets(1)[0]
    sandbox.control("faults", vendor="sendgrid", kind="silence", count=1)
    assert sandbox.send(address).status_code == 202
    sandbox.control("advance", by_seconds=10 * 86_400)
    assert [e for e in sandbox.receiver.events if e["email"] == address] == []
    assert sandbox.http.get("/_control/sent").json()["count"] == 1


def test_signals_name_company_type_and_time(sandbox):
    signal = sandbox.receiver.signals[0]
    assert {"id", "type", "occurred_at", "domain", "company", "url", "title"} <= signal.keys()
    types = {s["type"] for s in sandbox.receiver.signals}
    assert types == {"site_visit_pricing", "site_visit_docs", "product_trial"}
