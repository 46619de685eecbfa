"""The SendGrid stand-in answers as the vendor's documents say."""

import pytest

from tests.contract.openapi import load, validate_request, validate_response
from tests.unit.sandbox.support import MONDAY, mail_payload, make_sandbox

SEND = ("POST", "/v3/mail/send")
TO = "someone@unknown.example"


@pytest.fixture(scope="module")
def mail(specs):
    return load(specs / "sendgrid" / "tsg_mail_v3.json")


@pytest.fixture(scope="module")
def lists(specs):
    return load(specs / "sendgrid" / "tsg_suppressions_v3.json")


@pytest.fixture(scope="module")
def feed(specs):
    return load(specs / "sendgrid" / "tsg_email_activity_v3.json")


@pytest.fixture
def sandbox():
    return make_sandbox()


@pytest.fixture
def api(sandbox):
    """Calls the stand-in with the right key and returns (status, JSON or None)."""

    def call(method, path, **kwargs):
        headers = {"Authorization": f"Bearer {sandbox.keys.sendgrid_key}"}
        answer = sandbox.http.request(method, f"/sendgrid{path}", headers=headers, **kwargs)
        return answer.status_code, answer.json() if answer.content else None

    return call


def test_an_accepted_mail_is_202_with_a_message_id_and_no_body(mail, sandbox):
    payload = mail_payload(TO, categories=["first touch"])
    validate_request(mail, *SEND, json=payload)
    answer = sandbox.send(TO, categories=["first touch"])
    assert answer.status_code == 202
    assert answer.headers["X-Message-Id"]
    assert not answer.content
    validate_response(mail, *SEND, 202)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"personalizations": []}, id="no personalization"),
        pytest.param({"personalizations": [{"to": []}]}, id="no recipient"),
        pytest.param({"personalizations": [{"to": [{"email": "no address"}]}]}, id="bad address"),
        pytest.param({"from": None}, id="no sender"),
        pytest.param({"subject": None}, id="no subject"),
        pytest.param({"content": None}, id="no content"),
        pytest.param({"content": [{"type": "text/plain", "value": ""}]}, id="empty content"),
    ],
)
def test_a_refused_mail_is_400_in_the_vendors_shape(mail, sandbox, change):
    answer = sandbox.send(TO, **change)
    assert answer.status_code == 400
    validate_response(mail, *SEND, 400, answer.json())


def test_a_wrong_key_is_401_in_the_vendors_shape(mail, sandbox):
    answer = sandbox.http.post(
        "/sendgrid/v3/mail/send",
        json=mail_payload(TO),
        headers={"Authorization": "Bearer SG.wrong"},
    )
    validate_response(mail, *SEND, answer.status_code, answer.json())
    assert answer.status_code == 401


def test_a_payload_over_30_megabytes_is_413(mail, sandbox):
    body = {"content": [{"type": "text/plain", "value": "x" * (30 * 1024 * 1024)}]}
    answer = sandbox.send(TO, **body)
    validate_response(mail, *SEND, answer.status_code, answer.json())
    assert answer.status_code == 413


def test_a_fault_of_500_is_in_the_vendors_shape(mail, sandbox):
    sandbox.control("faults", vendor="sendgrid", kind="error_before")
    answer = sandbox.send(TO)
    validate_response(mail, *SEND, 500, answer.json())


def test_batch_ids(mail, api):
    status, made = api("POST", "/v3/mail/batch")
    validate_response(mail, "POST", "/v3/mail/batch", status, made)
    path = f"/v3/mail/batch/{made['batch_id']}"
    validate_response(mail, "GET", path, *api("GET", path))
    validate_response(mail, "GET", "/v3/mail/batch/unknown", *api("GET", "/v3/mail/batch/unknown"))


@pytest.mark.parametrize("name", ["bounces", "blocks", "spam_reports", "invalid_emails"])
def test_a_suppression_list_is_what_the_document_says(lists, sandbox, api, name):
    sandbox.world.mailbox.suppress(name, TO, MONDAY)
    path = f"/v3/suppression/{name}"
    status, rows = api("GET", path)
    assert [row["email"] for row in rows] == [TO]
    validate_response(lists, "GET", path, status, rows)
    validate_response(lists, "GET", f"{path}/{TO}", *api("GET", f"{path}/{TO}"))
    validate_response(lists, "DELETE", f"{path}/{TO}", *api("DELETE", f"{path}/{TO}"))
    assert api("GET", path)[1] == []


def test_the_list_of_unsubscribes(lists, sandbox, api):
    sandbox.world.mailbox.suppress("global", TO, MONDAY)
    path = "/v3/suppression/unsubscribes"
    validate_response(lists, "GET", path, *api("GET", path))


def test_a_bounce_list_without_a_key_is_401(lists, sandbox):
    answer = sandbox.http.get("/sendgrid/v3/suppression/bounces")
    validate_response(lists, "GET", "/v3/suppression/bounces", answer.status_code, answer.json())
    assert answer.status_code == 401


def test_global_suppressions_are_added_read_and_removed(lists, api):
    path = "/v3/asm/suppressions/global"
    body = {"recipient_emails": [TO]}
    validate_request(lists, "POST", path, json=body)
    validate_response(lists, "POST", path, *api("POST", path, json=body))
    validate_response(lists, "GET", f"{path}/{TO}", *api("GET", f"{path}/{TO}"))
    validate_response(lists, "DELETE", f"{path}/{TO}", *api("DELETE", f"{path}/{TO}"))
    assert api("GET", f"{path}/{TO}") == (200, {})


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param('unique_args["send_key"]="snd_someone@unknown.example"', 200, id="by key"),
        pytest.param('to_email="nobody@unknown.example"', 200, id="none found"),
        pytest.param("whatever you like", 400, id="not understood"),
    ],
)
def test_the_activity_feed_is_what_the_document_says(feed, sandbox, api, query, status):
    sandbox.send(TO)
    validate_request(feed, "GET", "/v3/messages", query={"query": query, "limit": 10})
    answer = api("GET", "/v3/messages", params={"query": query, "limit": 10})
    assert answer[0] == status
    validate_response(feed, "GET", "/v3/messages", *answer)
