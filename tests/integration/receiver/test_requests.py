"""What is verified is landed once; what is not changes nothing; nothing is answered with 500."""

import base64
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from baton.core.errors import SettingsError
from baton.core.ids import new_id
from baton.core.settings import Settings
from baton.receiver import webhooks
from baton.receiver.app import create_app
from baton.receiver.door import Door
from baton.receiver.store import Row, store
from tests.integration.receiver.conftest import PREFIX, Senders

Ask = Callable[..., list[tuple[Any, ...]]]
CLOSED = "postgresql://nobody:x@127.0.0.1:1/none"


def event(**changes: Any) -> dict[str, Any]:
    known = {
        "event": "delivered",
        "timestamp": int(time.time()),
        "email": "Lee@Acme.example",
        "baton_send_key": new_id("snd"),
        "sg_message_id": "abc.1",
    }
    return known | changes


def mail(message_id: str, text: str = "Yes") -> bytes:
    headers = f"From: lee@acme.example\r\nMessage-ID: {message_id}\r\nSubject: Re: hello"
    parts = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"headers": headers, "from": "lee@acme.example", "text": text}.items()
    )
    return f"{parts}--edge--\r\n".encode()


def test_events_are_landed_once(senders: Senders, ask: Ask) -> None:
    first, second = event(), event(event="bounce", baton_send_key=None)
    answer = senders.events([first, second])
    assert answer.json() == {"received": 2, "accepted": 2, "duplicates": 0, "quarantined": 0}
    again = senders.events([{**first, "sg_event_id": "changed"}, second, first])
    assert again.json() == {"received": 3, "accepted": 0, "duplicates": 3, "quarantined": 0}
    (row,) = ask(
        "select event_type, email, source, xact is not null from landing.email_event "
        "where send_key = %s",
        (first["baton_send_key"],),
    )
    assert row == ("delivered", "lee@acme.example", "sendgrid", True)


def test_a_bad_event_goes_to_quarantine_and_holds_up_nobody(senders: Senders, ask: Ask) -> None:
    mark = new_id("bad")
    answer = senders.events([event(), {"event": "open", "mark": mark}, event()])
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    (row,) = ask(
        "select q.reason, q.source, i.received, i.accepted, i.quarantined "
        "from landing.quarantine q join landing.intake i on i.id = q.intake_id "
        "where q.payload like %s",
        (f"%{mark}%",),
    )
    assert row == ("The event's timestamp is no time.", "sendgrid", 3, 2, 1)


def test_a_verified_body_that_is_no_json_is_kept(senders: Senders, ask: Ask) -> None:
    assert senders.events(b'[{"event": "cut off').json()["quarantined"] == 1
    assert ask("select 1 from landing.quarantine where payload like '%%cut off'")


def test_a_nul_is_no_reason_to_fail(senders: Senders) -> None:
    body = json.dumps([event(reason="a\x00b", email="x\ud800@y.example")]).encode()
    assert senders.events(body).json()["accepted"] == 1


def test_what_the_database_cannot_hold_goes_alone(settings: Settings, ask: Ask) -> None:
    good = Row(new_id("evt"), datetime(2026, 3, 2, tzinfo=UTC), {"a": "b"})
    bad = Row(new_id("evt"), datetime(2026, 3, 2, tzinfo=UTC), {"a": "\x00"})
    counts = store(Door(settings.database_url), "signal_event", "site", lambda _: [bad, good])
    assert (counts.received, counts.accepted, counts.quarantined) == (2, 1, 1)
    (row,) = ask("select reason from landing.quarantine where reason like 'The database cannot%%'")
    assert "Unicode" in row[0]


def test_a_number_without_end_is_kept_as_text(senders: Senders, ask: Ask) -> None:
    found = event(much="here")
    raw = json.dumps([found]).encode().replace(b'"here"', b"1e200000")
    assert senders.events(raw).json()["accepted"] == 1
    assert ask(
        "select payload ->> 'much' from landing.email_event where send_key = %s",
        (found["baton_send_key"],),
    ) == [("inf",)]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no headers"),
        pytest.param({"Timestamp": str(int(time.time())), "Signature": "!"}, id="bad base64"),
        pytest.param(
            {"Timestamp": str(int(time.time())), "Signature": base64.b64encode(b"x").decode()},
            id="no signature",
        ),
        pytest.param({"Timestamp": "x", "Signature": "eA=="}, id="no time"),
    ],
)
def test_an_unsigned_post_is_refused(senders: Senders, ask: Ask, headers: dict[str, str]) -> None:
    before = ask("select count(*) from landing.intake")
    answer = senders.http.post(
        "/webhooks/sendgrid/events",
        content=b"[]",
        headers={f"{PREFIX}{name}": value for name, value in headers.items()},
    )
    assert answer.status_code == 400
    assert ask("select count(*) from landing.intake") == before


def test_the_same_post_twice_at_once_lands_once(senders: Senders, ask: Ask) -> None:
    batch = [event() for _ in range(50)]
    answers: list[dict[str, int]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(senders.events(batch).json()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer["accepted"] for answer in answers) == 50
    assert sum(answer["duplicates"] for answer in answers) == 150


def test_inbound_mail_is_landed_once(senders: Senders, ask: Ask) -> None:
    message_id = f"<{new_id('in')}@acme.example>"
    assert senders.mail(mail(message_id)).json()["accepted"] == 1
    assert senders.mail(mail(message_id)).json()["duplicates"] == 1
    (row,) = ask(
        "select sender, subject, body from landing.inbound_message where natural_key = %s",
        (message_id,),
    )
    assert row == ("lee@acme.example", "Re: hello", "Yes")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"--edge\r\nnonsense", id="nonsense"),
        pytest.param(b"\x00\xff" * 500, id="binary"),
    ],
)
def test_inbound_mail_is_never_answered_with_4xx(senders: Senders, body: bytes) -> None:
    answer = senders.mail(body)
    assert answer.status_code == 200
    counts = answer.json()
    assert counts["quarantined"] + counts["duplicates"] == 1


def test_inbound_mail_that_is_too_large_is_kept_in_part(
    senders: Senders, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MAX_INBOUND_BYTES", 1_000)
    answer = senders.mail(mail("<large@acme.example>", "x" * 2_000))
    assert (answer.status_code, answer.json()["quarantined"]) == (200, 1)
    assert ask("select 1 from landing.quarantine where payload like '%%<large@acme.example>%%'")


def test_a_wrong_inbound_token_opens_nothing(senders: Senders, ask: Ask) -> None:
    before = ask("select count(*) from landing.intake")
    assert senders.mail(mail("<x@y>"), token="guessed").status_code == 404
    assert ask("select count(*) from landing.intake") == before


def test_what_sendgrid_itself_posts_is_read(senders: Senders) -> None:
    folder = Path(os.environ.get("BATON_SHARED", "/work/shared")) / "data" / "sendgrid_inbound"
    samples = sorted(folder.glob("*.txt"))
    if not samples:
        pytest.skip("left out: the vendor's sample posts are not on this machine (BATON_SHARED)")
    for sample in samples:
        answer = senders.mail(sample.read_bytes(), boundary="xYzZY")
        assert answer.json()["accepted"] == 1, sample.name


def test_signals_are_landed_under_their_source(senders: Senders, ask: Ask) -> None:
    key = new_id("evt")
    document = {"id": key, "type": "product_trial", "occurred_at": "2026-03-02T08:00:00Z"}
    assert senders.signed("/webhooks/signals/product", document).json()["accepted"] == 1
    assert senders.signed("/webhooks/signals/product", [document]).json()["duplicates"] == 1
    assert ask("select source from landing.signal_event where natural_key = %s", (key,)) == [
        ("product",)
    ]


def test_a_source_that_the_playbook_does_not_name_is_not_there(senders: Senders) -> None:
    assert senders.signed("/webhooks/signals/nobody", []).status_code == 404


@pytest.mark.parametrize("path", ["/webhooks/signals/site", "/webhooks/transcripts"])
def test_our_own_webhooks_want_a_signature(senders: Senders, path: str) -> None:
    assert senders.http.post(path, content=b"[]").status_code == 400
    forged = {"X-Baton-Signature": f"t={int(time.time())},v1={'0' * 64}"}
    assert senders.http.post(path, content=b"[]", headers=forged).status_code == 400


def test_bookings_are_landed_once(senders: Senders, ask: Ask) -> None:
    uid = new_id("bk")
    booking = {
        "triggerEvent": "BOOKING_CREATED",
        "createdAt": "2026-03-02T08:00:00Z",
        "payload": {"uid": uid},
    }
    assert senders.booking(booking).json()["accepted"] == 1
    assert senders.booking(booking).json()["duplicates"] == 1
    assert ask(
        "select source, event_type from landing.booking_event where payload #>> '{payload,uid}' = %s",
        (uid,),
    ) == [("cal", "BOOKING_CREATED")]


def test_a_booking_wants_its_signature(senders: Senders) -> None:
    assert senders.http.post("/webhooks/bookings/cal", content=b"{}").status_code == 400


def test_transcripts_are_landed(senders: Senders, ask: Ask) -> None:
    key = new_id("tr")
    document = {"id": key, "booking_uid": "bk1", "text": "Hello", "segments": []}
    assert senders.signed("/webhooks/transcripts", document).json()["accepted"] == 1
    assert ask("select meeting_uid from landing.transcript where natural_key = %s", (key,)) == [
        ("bk1",)
    ]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/webhooks/sendgrid/events", id="events"),
        pytest.param("/webhooks/sendgrid/inbound/x", id="inbound"),
        pytest.param("/webhooks/signals/site", id="signals"),
        pytest.param("/webhooks/transcripts", id="transcripts"),
        pytest.param("/webhooks/bookings/cal", id="bookings"),
    ],
)
def test_without_a_secret_nothing_is_taken(settings: Settings, path: str) -> None:
    bare = replace(settings, environ={})
    answer = TestClient(create_app(bare)).post(path, content=b"[]")
    assert answer.status_code == 503
    assert "not configured" in answer.json()["error"]


def test_a_body_that_is_too_large_is_refused(
    senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MAX_EVENTS_BYTES", 100)
    assert senders.events([event()] * 10).status_code == 413


def test_a_database_that_is_away_asks_the_sender_to_come_again(
    settings: Settings, senders: Senders
) -> None:
    away = TestClient(create_app(replace(settings, database_url=CLOSED)))
    elsewhere = Senders(away, senders.keys)
    for answer in (
        elsewhere.events([event()]),
        elsewhere.mail(mail("<x@y>")),
        elsewhere.booking({"triggerEvent": "PING"}),
        away.get("/healthz"),
    ):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "30"


def test_a_wrong_key_stops_the_receiver_at_its_start(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="BATON_SENDGRID_WEBHOOK_KEY"):
        create_app(replace(settings, environ={"BATON_SENDGRID_WEBHOOK_KEY": "nonsense"}))


def test_it_is_well(senders: Senders) -> None:
    assert senders.http.get("/healthz").json() == {"status": "ok"}
    assert senders.http.get("/docs").status_code == 404
    assert senders.http.get("/openapi.json").status_code == 404
