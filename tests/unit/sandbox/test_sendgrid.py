"""What the SendGrid stand-in refuses, and what comes of what it accepts."""

from datetime import timedelta

import pytest

from tests.unit.sandbox.support import MONDAY, mail_payload, make_sandbox

TO = "someone@unknown.example"
BLOCK = {"to": [{"email": TO}]}


@pytest.fixture
def sandbox():
    return make_sandbox()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param(
            {"personalizations": [BLOCK] * 1001}, "personalizations", id="1001 personalizations"
        ),
        pytest.param(
            {"personalizations": [{"to": [{"email": TO}, {"email": TO.upper()}]}]},
            "personalizations.0",
            id="the same recipient twice",
        ),
        pytest.param(
            {"personalizations": [{**BLOCK, "custom_args": {"k": "x" * 10_001}}]},
            "personalizations.0.custom_args",
            id="custom arguments over 10,000 bytes",
        ),
        pytest.param(
            {"personalizations": [{**BLOCK, "custom_args": {"k": 1}}]},
            "personalizations.0.custom_args.k",
            id="a custom argument that is no string",
        ),
        pytest.param({"categories": [str(n) for n in range(11)]}, "categories", id="11 categories"),
        pytest.param({"categories": ["a", "a"]}, "categories", id="a category twice"),
        pytest.param({"headers": {"Subject": "x"}}, "headers.Subject", id="reserved header"),
        pytest.param(
            {"headers": {"X-A": "b\r\nBcc: x@y.example"}}, "headers.X-A", id="header injection"
        ),
        pytest.param(
            {
                "content": [
                    {"type": "text/html", "value": "a"},
                    {"type": "text/plain", "value": "b"},
                ]
            },
            "content",
            id="html before text",
        ),
        pytest.param(
            {"send_at": int((MONDAY + timedelta(hours=73)).timestamp())},
            "send_at",
            id="73 hours ahead",
        ),
        pytest.param({"batch_id": "unknown"}, "batch_id", id="unknown batch"),
        pytest.param(
            {"attachments": [{"content": "%", "filename": "a"}]},
            "attachments.0.content",
            id="attachment that is not base64",
        ),
        pytest.param(
            {"reply_to": {"email": "nobody"}}, "reply_to.email", id="reply address that is none"
        ),
    ],
)
def test_what_the_vendor_refuses_is_refused(sandbox, change, field):
    answer = sandbox.send(TO, **change)
    assert answer.status_code == 400
    assert field in {e["field"] for e in answer.json()["errors"]}
    assert sandbox.http.get("/_control/sent").json()["count"] == 0


def test_at_the_limits_it_is_accepted(sandbox):
    change = {
        "personalizations": [{**BLOCK, "custom_args": {"k": "x" * 9_989}}],
        "categories": [str(n) for n in range(10)],
        "send_at": int((MONDAY + timedelta(hours=72)).timestamp()),
    }
    assert sandbox.send(TO, **change).status_code == 202


def test_sandbox_mode_is_200_and_nothing_is_sent(sandbox):
    answer = sandbox.send(TO, mail_settings={"sandbox_mode": {"enable": True}})
    assert answer.status_code == 200
    assert sandbox.http.get("/_control/sent").json()["count"] == 0


def test_events_carry_the_custom_arguments_and_the_message_id(sandbox):
    message_id = sandbox.send(TO).headers["X-Message-Id"]
    sandbox.control("advance", by_seconds=3600)
    events = sandbox.receiver.events
    assert [e["event"] for e in events] == ["processed", "delivered"]
    assert {e["send_key"] for e in events} == {f"snd_{TO}"}
    assert all(e["sg_message_id"].startswith(message_id) for e in events)
    assert all(e["timestamp"] >= MONDAY.timestamp() for e in events)


def test_a_late_bounce_comes_without_custom_arguments(sandbox):
    sandbox.send(TO)
    sandbox.control("advance", by_seconds=3600)
    sandbox.control("happen", kind="mail_event", email=TO, event="bounce", late=True)
    bounce = sandbox.receiver.events[-1]
    assert bounce["event"] == "bounce"
    assert bounce["email"] == TO
    assert "send_key" not in bounce
    assert "sg_message_id" not in bounce


def test_mail_to_a_suppressed_address_is_accepted_and_dropped(sandbox):
    sandbox.send(TO)
    sandbox.control("advance", by_seconds=3600)
    sandbox.control("happen", kind="mail_event", email=TO, event="bounce")
    assert sandbox.send(TO).status_code == 202
    sandbox.control("advance", by_seconds=60)
    assert sandbox.receiver.events[-1]["event"] == "dropped"
    assert sandbox.receiver.events[-1]["reason"] == "Bounced Address"


def test_scheduled_mail_leaves_when_it_is_due(sandbox):
    sandbox.send(TO, send_at=int((MONDAY + timedelta(hours=5)).timestamp()))
    assert sandbox.control("advance", by_seconds=4 * 3600)["posted"].get("event") is None
    assert sandbox.control("advance", by_seconds=2 * 3600)["posted"]["event"] == 1


def test_the_activity_feed_finds_a_mail_by_its_send_key(sandbox):
    sandbox.send(TO)
    sandbox.send("other@unknown.example")
    sandbox.control("advance", by_seconds=3600)
    answer = sandbox.http.get(
        "/sendgrid/v3/messages",
        params={"query": f'unique_args["send_key"]="snd_{TO}" AND status="delivered"'},
        headers={"Authorization": f"Bearer {sandbox.keys.sendgrid_key}"},
    )
    assert [m["to_email"] for m in answer.json()["messages"]] == [TO]


def test_the_audit_counts_duplicates_and_mail_after_an_opt_out(sandbox):
    sandbox.send(TO)
    sandbox.send(TO)
    sandbox.control("happen", kind="one_click", email=TO)
    sandbox.send(TO, subject="Once more")
    audit = sandbox.http.get("/_control/audit").json()
    assert audit["accepted"] == 3
    assert audit["duplicates_by_content"] == 1
    assert audit["duplicates_by_custom_args"] == 2
    assert audit["after_opt_out"] == [TO]


def test_one_click_is_posted_to_the_path_in_the_header(sandbox):
    sandbox.send(TO)
    sandbox.control("happen", kind="one_click", email=TO)
    assert sandbox.receiver.one_clicks == ["someone-at-unknown.example"]


def test_one_mail_per_recipient_is_kept(sandbox):
    block = {"to": [{"email": TO}], "cc": [{"email": "other@unknown.example"}]}
    sandbox.send(TO, personalizations=[block, {"to": [{"email": "third@unknown.example"}]}])
    sent = sandbox.http.get("/_control/sent").json()
    assert [m["to"] for m in sent["sent"]] == [
        TO,
        "other@unknown.example",
        "third@unknown.example",
    ]
    assert len({m["message_id"] for m in sent["sent"]}) == 1


def test_an_answer_in_another_character_set_says_so(sandbox):
    person = sandbox.world.market.people[0]
    sandbox.send(person.email)
    sandbox.control(
        "happen", kind="reply", email=person.email, answer="question",
        text="Grüße aus Köln", charset="iso-8859-1",
    )  # fmt: skip
    raw = next(p for p in sandbox.world.postman.log if p.kind == "inbound").raw
    assert "Grüße aus Köln".encode("latin-1") in raw
    assert b'"text": "iso-8859-1"' in raw


def test_open_events_only_where_open_tracking_was_asked_for(sandbox):
    sandbox.send(TO)
    sandbox.send("b@unknown.example", tracking_settings={"open_tracking": {"enable": True}})
    sandbox.control("advance", by_seconds=7200)
    opens = [e for e in sandbox.receiver.events if e["event"] == "open"]
    assert [(e["email"], e["sg_machine_open"]) for e in opens] == [("b@unknown.example", True)]


def test_the_payload_of_the_tests_is_what_they_think(sandbox):
    assert sandbox.send(TO).status_code == 202
    assert (
        sandbox.http.get("/_control/sent").json()["sent"][0]["subject"]
        == (mail_payload(TO)["subject"])
    )
