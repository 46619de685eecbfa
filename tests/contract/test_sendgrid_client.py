"""Our requests to SendGrid, held against the vendor's own documents."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from baton.clients.mail import Address, Outgoing
from baton.clients.sendgrid import SendGrid, payload
from baton.core.connections import parse
from tests.contract.openapi import Spec, load, validate_request
from tests.integration.delivery.vendor import vendor

SEND = ("POST", "/v3/mail/send")
KEY = "snd_" + "0" * 32


def mail(**changes: object) -> Outgoing:
    fields: dict[str, object] = {
        "send_key": KEY,
        "at": datetime(2027, 3, 1, tzinfo=UTC),
        "sender": Address("Rita Rep", "rita@seller.example"),
        "to": Address("Pat Doe", "pat@buyer.example"),
        "reply_to": Address("", "rita@seller.example"),
        "subject": "Grüße aus Köln",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "list_unsubscribe": "https://baton.example/u/x",
        **changes,
    }
    return Outgoing(**fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def spec(specs: Path) -> Spec:
    return load(specs / "sendgrid" / "tsg_mail_v3.json")


@pytest.mark.parametrize(
    "outgoing",
    [
        pytest.param(mail(), id="whole"),
        pytest.param(mail(html=""), id="plain text only"),
        pytest.param(mail(reply_to=None), id="no reply-to"),
        pytest.param(mail(to=Address("", "pat@buyer.example")), id="no name"),
        pytest.param(mail(subject="x" * 900, text="ü" * 50_000), id="long"),
    ],
)
def test_a_mail_send_request_is_what_the_vendor_describes(spec: Spec, outgoing: Outgoing) -> None:
    validate_request(spec, *SEND, json=payload(outgoing))


def test_only_the_opaque_key_travels_as_a_custom_argument() -> None:
    block = payload(mail())["personalizations"][0]
    assert block["custom_args"] == {"baton_send_key": KEY}
    assert "custom_args" not in payload(mail())


def test_tracking_is_off_so_that_what_was_approved_is_not_rewritten() -> None:
    settings = payload(mail())["tracking_settings"]
    assert [part["enable"] for part in settings.values()] == [False, False, False]


def test_the_look_up_is_a_query_that_the_vendor_describes(specs: Path) -> None:
    spec = load(specs / "sendgrid" / "tsg_email_activity_v3.json")
    asked: list[str] = []

    with vendor() as stand_in:
        client = SendGrid(parse("baton_mail", stand_in.connection()))
        client._http.event_hooks["request"].append(lambda request: asked.append(str(request.url)))
        assert client.was_taken(mail()) is None
        stand_in.known.add(KEY)
        assert client.was_taken(mail()) is True
        client.close()
    url = urlsplit(asked[0])
    query = {name: int(text) if name == "limit" else text for name, text in parse_qsl(url.query)}
    validate_request(spec, "GET", url.path, query=query)
    assert query["query"] == f'unique_args["baton_send_key"]="{KEY}"'
