"""Booking payloads, as tools send them and as nobody should."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.scheduling.payload import Unreadable, address, read

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
BODY = {
    "uid": "u1", "startTime": "2031-03-06T15:00:00+01:00", "endTime": "2031-03-06T15:30:00+01:00",
    "organizer": {"email": "Host@Seller.example"},
    "attendees": [{"email": "host@seller.example"}, {"email": "Ada@Acme.example", "name": "Ada"}],
}  # fmt: skip


def test_times_become_utc_and_the_guest_is_who_is_not_the_host():
    event = read("cal", "BOOKING_CREATED", AT, {"payload": BODY})
    assert event.starts_at == datetime(2031, 3, 6, 14, tzinfo=UTC)
    assert (event.guest_email, event.host_email) == ("ada@acme.example", "host@seller.example")


@pytest.mark.parametrize(
    ("more", "location"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"location": "https://meet.example/1"}, "https://meet.example/1", id="an address"),
        pytest.param({"location": "Room\r\n4\x00"}, "Room 4", id="one line"),
        pytest.param({"location": "x" * 5_000}, "x" * 1_000, id="bounded"),
        pytest.param({"location": {"value": "phone"}}, None, id="no text"),
        pytest.param({"location": "integrations:daily",
                      "metadata": {"videoCallUrl": "https://video.example/1"}},
                     "https://video.example/1", id="an integration"),
        pytest.param({"location": "integrations:daily"}, None, id="an integration without address"),
    ],
)  # fmt: skip
def test_where_the_meeting_is(more, location):
    assert read("cal", "BOOKING_CREATED", AT, {**BODY, **more}).location == location


def test_a_colleague_who_joins_is_not_the_guest():
    body = {**BODY, "attendees": [{"email": "boss@seller.example"}, *BODY["attendees"]]}
    event = read("cal", "BOOKING_CREATED", AT, body, frozenset({"boss@seller.example"}))
    assert event.guest_email == "ada@acme.example"


@pytest.mark.parametrize(
    ("change", "previous"),
    [
        pytest.param({"rescheduleUid": "u0"}, "u0", id="a new uid"),
        pytest.param({"rescheduleUid": "u1"}, None, id="the same uid"),
        pytest.param({}, None, id="none named"),
    ],
)
def test_what_a_reschedule_follows(change, previous):
    assert read("cal", "BOOKING_RESCHEDULED", AT, {**BODY, **change}).previous_uid == previous


@pytest.mark.parametrize(
    "value", ["", "a@b", "a b@c.example", "a@b.example\nBcc: x@y.example", None, 5]
)
def test_what_is_no_address(value):
    assert address(value) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["payload", "uid", "startTime", "endTime", "attendees", "organizer", "email"]),
        inner, max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip


@given(payload=anything)
def test_nothing_from_outside_breaks_the_reader(payload):
    with pytest.raises(Unreadable):
        read("cal", "BOOKING_CREATED", AT, payload)
