"""Every item of a verified body ends as a row or as a reject; nothing is lost, nothing raises."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.receiver import events
from baton.receiver.store import COLUMNS, Row
from baton.signals.records import Reject

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
AT = int(NOW.timestamp())
BOUNCE = {
    "event": "bounce",
    "timestamp": AT,
    "email": "Lee@Acme.example",
    "sg_message_id": "abc.filter01.1",
    "sg_event_id": "one",
    "baton_send_key": "snd_1",
}
SIGNAL = {"id": "evt-1", "type": "site_visit_docs", "occurred_at": "2026-03-02T08:00:00Z"}
BOOKING = {
    "triggerEvent": "BOOKING_CREATED",
    "createdAt": "2026-03-02T08:00:00Z",
    "payload": {"uid": "bk1"},
}
TRANSCRIPT = {"id": "tr_1", "booking_uid": "bk1", "ended_at": "2026-03-02T08:30:00Z", "text": "Hi"}
Read = Callable[[bytes, datetime], Iterable[Row | Reject]]
READERS: dict[str, Read] = {
    "email_event": events.email_events,
    "signal_event": events.signal_events,
    "booking_event": events.bookings,
    "transcript": events.transcripts,
}
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def row(read: Read, document: Any) -> Row:
    (found,) = read(json.dumps(document).encode(), NOW)
    assert isinstance(found, Row), found
    return found


def email_key(**changes: Any) -> str:
    return row(events.email_events, [{**BOUNCE, **changes}]).natural_key


def test_an_event_delivered_again_is_the_same_though_its_id_changed() -> None:
    assert email_key() == email_key(sg_event_id="two", reason="again")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"event": "delivered"}, id="another type"),
        pytest.param({"timestamp": AT - 1}, id="another second"),
        pytest.param({"url": "https://a.example"}, id="another link"),
        pytest.param({"baton_send_key": "snd_2"}, id="another message"),
    ],
)
def test_another_event_is_another(changes: dict[str, Any]) -> None:
    assert email_key(**changes) != email_key()


def test_a_late_bounce_without_custom_arguments_is_known_by_message_and_address() -> None:
    late = {"baton_send_key": None}
    assert email_key(**late) == email_key(
        **late, sg_message_id="abc.filter99.2", email="lee@acme.example"
    )
    assert email_key(**late) != email_key(**late, email="kim@acme.example")
    found = row(events.email_events, [{**BOUNCE, **late}])
    assert found.columns == {"event_type": "bounce", "send_key": None, "email": "lee@acme.example"}


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param(5, "no JSON object", id="a number"),
        pytest.param({**BOUNCE, "event": None}, "no type", id="no type"),
        pytest.param({**BOUNCE, "timestamp": "yesterday"}, "no time", id="a time in words"),
        pytest.param({**BOUNCE, "timestamp": True}, "no time", id="a boolean for a time"),
        pytest.param({**BOUNCE, "timestamp": 10**40}, "no time", id="a time beyond all"),
        pytest.param({**BOUNCE, "timestamp": AT + 90_000}, "in the future", id="tomorrow"),
        pytest.param({"event": "bounce", "timestamp": AT}, "neither a message", id="of nobody"),
    ],
)
def test_a_bad_event_is_rejected_beside_the_good_ones(item: Any, words: str) -> None:
    found = list(events.email_events(json.dumps([BOUNCE, item, BOUNCE]).encode(), NOW))
    assert [type(f) for f in found] == [Row, Reject, Row]
    assert words in found[1].reason  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(SIGNAL, id="one event"),
        pytest.param([SIGNAL], id="a list"),
        pytest.param({"events": [SIGNAL]}, id="an object with a list"),
    ],
)
def test_the_forms_of_a_signal_post(document: Any) -> None:
    assert row(events.signal_events, document).natural_key == "evt-1"


def test_a_signal_without_an_id_is_known_by_its_content() -> None:
    one = {**SIGNAL, "id": None}
    other = {**one, "email": "lee@acme.example"}
    keys = {row(events.signal_events, document).natural_key for document in (one, one, other)}
    assert len(keys) == 2


def test_a_booking_that_is_posted_again_is_the_same() -> None:
    one = row(events.bookings, BOOKING)
    again = row(events.bookings, {**BOOKING, "payload": {"uid": "bk1", "more": 1}})
    moved = row(events.bookings, {**BOOKING, "triggerEvent": "BOOKING_RESCHEDULED"})
    assert one.natural_key == again.natural_key != moved.natural_key
    assert one.columns == {"event_type": "BOOKING_CREATED"}


def test_a_ping_is_landed_too() -> None:
    assert row(events.bookings, {"triggerEvent": "PING"}).occurred_at == NOW


def test_a_transcript_is_tied_to_its_booking() -> None:
    found = row(events.transcripts, TRANSCRIPT)
    assert (found.natural_key, found.columns) == ("tr_1", {"meeting_uid": "bk1"})


@pytest.mark.parametrize("name", ["audio_url", "recording_url"])
def test_a_recording_without_words_is_taken(name: str) -> None:
    document = {**TRANSCRIPT, "text": "", name: "https://rec.example/1.wav"}
    assert row(events.transcripts, document).payload[name] == document[name]


def test_a_transcript_with_neither_words_nor_a_recording_is_rejected() -> None:
    (found,) = events.transcripts(json.dumps({**TRANSCRIPT, "text": ""}).encode(), NOW)
    assert isinstance(found, Reject)
    assert "neither words nor a recording" in found.reason


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b'"text"', id="a text"),
        pytest.param(b"[" * 5_000, id="too deep"),
    ],
)
def test_a_body_that_cannot_be_read_is_one_reject(name: str, body: bytes) -> None:
    (found,) = READERS[name](body, NOW)
    assert isinstance(found, Reject)
    assert found.reason


@pytest.mark.parametrize("name", READERS)
@settings(deadline=None)
@given(body=st.binary())
def test_any_bytes_end_landed_or_rejected(name: str, body: bytes) -> None:
    fits(name, READERS[name](body, NOW))


@pytest.mark.parametrize("name", READERS)
@settings(deadline=None)
@given(
    items=st.lists(
        ANYTHING
        | st.fixed_dictionaries(
            {}, optional=dict.fromkeys([*BOUNCE, *SIGNAL, *BOOKING, *TRANSCRIPT], ANYTHING)
        ),
        max_size=4,
    )
)
def test_any_list_ends_with_as_many_rows_and_rejects(name: str, items: list[Any]) -> None:
    found = fits(name, READERS[name](json.dumps(items).encode(), NOW))
    assert len(found) == (len(items) if name in ("email_event", "signal_event") else 1)


def fits(name: str, found: Iterable[Row | Reject]) -> list[Row | Reject]:
    listed = list(found)
    for item in listed:
        if isinstance(item, Reject):
            assert item.reason.endswith(".")
        else:
            assert 0 < len(item.natural_key) <= 300
            assert tuple(item.columns) == COLUMNS[name]  # type: ignore[index]
            written = json.dumps([item.payload, item.columns], allow_nan=False)
            assert "\\u0000" not in written
            written.encode()
    return listed
