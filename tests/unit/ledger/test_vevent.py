"""The event that lies in the rep's own calendar."""

from datetime import UTC, datetime

import pytest
from icalendar import Alarm, Calendar

from baton.core.errors import VendorError
from baton.ledger.vevent import NOTES_LINE, MeetingEvent, hash_of, render

START, END = datetime(2031, 3, 6, 14, tzinfo=UTC), datetime(2031, 3, 6, 14, 30, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def event(**changes):
    given = {"uid": "m@baton", "starts_at": START, "ends_at": END, "summary": "Meeting: Ada",
             "brief": "SAY FIRST\nHello, Ada; welcome.", "cancelled": False}  # fmt: skip
    return MeetingEvent(**{**given, **changes})


def parsed(ics):
    (component,) = Calendar.from_ical(ics).walk("VEVENT")
    return component


def test_it_is_private_and_invites_nobody():
    component = parsed(render(event(), NOW))
    assert component["CLASS"] == "PRIVATE"
    assert "ATTENDEE" not in component
    assert "ORGANIZER" not in component
    assert "METHOD" not in Calendar.from_ical(render(event(), NOW))


def test_the_brief_stands_in_it_word_for_word():
    assert "SAY FIRST\nHello, Ada; welcome." in str(parsed(render(event(), NOW))["DESCRIPTION"])


def test_what_the_rep_added_survives_a_new_brief():
    held = Calendar.from_ical(render(event(), NOW))
    (component,) = held.walk("VEVENT")
    component["DESCRIPTION"] = f"{component['DESCRIPTION']}\nBring the printed plan."
    component.add("LOCATION", "Room 4")
    alarm = Alarm()
    alarm.add("ACTION", "DISPLAY")
    component.add_component(alarm)

    again = parsed(render(event(brief="NEW BRIEF"), NOW, held.to_ical().decode()))

    text = str(again["DESCRIPTION"])
    assert text.startswith("NEW BRIEF")
    assert text.split(NOTES_LINE)[1].strip() == "Bring the printed plan."
    assert "Hello, Ada" not in text
    assert again["LOCATION"] == "Room 4"
    assert [c.name for c in again.subcomponents] == ["VALARM"]


@pytest.mark.parametrize(
    ("before", "by_hand", "after", "stands"),
    [
        pytest.param("https://a.example/1", None, "https://b.example/2", "https://b.example/2", id="moved"),
        pytest.param("Room 4, Bonn; left", None, "Room 5", "Room 5", id="moved to another room"),
        pytest.param("https://a.example/1", None, "", None, id="nowhere any more"),
        pytest.param("https://a.example/1", "Room 4", "https://b.example/2", "Room 4", id="the rep's own"),
        pytest.param("", "Room 4", "https://b.example/2", "Room 4", id="the rep's own first"),
        pytest.param("", None, "https://b.example/2", "https://b.example/2", id="known later"),
    ],
)  # fmt: skip
def test_the_place_is_the_bookings_unless_the_rep_set_one(before, by_hand, after, stands):
    held = Calendar.from_ical(render(event(location=before), NOW))
    (component,) = held.walk("VEVENT")
    assert component.get("LOCATION", "") == before
    if by_hand:
        component.pop("LOCATION", None)
        component.add("LOCATION", by_hand)
    again = render(event(location=after), NOW, held.to_ical().decode())
    assert parsed(again).get("LOCATION") == stands
    assert parsed(render(event(location=after, brief="x"), NOW, again)).get("LOCATION") == stands


def test_an_attendee_that_somebody_added_does_not_stay():
    held = Calendar.from_ical(render(event(), NOW))
    (component,) = held.walk("VEVENT")
    component.add("ATTENDEE", "mailto:ada@acme.example")
    assert "ATTENDEE" not in parsed(render(event(), NOW, held.to_ical().decode()))


def test_a_cancelled_meeting_says_so():
    assert parsed(render(event(cancelled=True), NOW))["STATUS"] == "CANCELLED"


def test_the_hash_changes_with_the_content_and_with_nothing_else():
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert hash_of(render(event(), NOW)) == hash_of(render(event(), later)) == event().content_hash
    for change in ({"brief": "x"}, {"starts_at": NOW}, {"summary": "x"}, {"cancelled": True},
                   {"location": "x"}):  # fmt: skip
        assert event(**change).content_hash != event().content_hash


@pytest.mark.parametrize("held", ["", "BEGIN:VCALENDAR", "nonsense"], ids=["empty", "cut", "text"])
def test_what_cannot_be_read_is_said(held):
    with pytest.raises(VendorError):
        hash_of(held)
