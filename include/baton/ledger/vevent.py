"""The meeting as an iCalendar event (RFC 5545) in the rep's own calendar.

It is the rep's private copy: CLASS:PRIVATE, and neither ORGANIZER nor ATTENDEE, so that no server ever
sends it to anybody. The guest's invitation is the booking tool's and knows nothing of the brief.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar, Event

from baton.core.errors import VendorError

# What the rep writes below this line is the rep's, and survives every new version of the brief.
NOTES_LINE = "----- your own notes below this line are kept -----"
HASH = "X-BATON-HASH"
PLACE = "X-BATON-LOCATION"  # what we wrote as LOCATION: anything else in it is the rep's
OURS = ("UID", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "CLASS",
        "STATUS", "CATEGORIES", "ATTENDEE", "ORGANIZER", HASH, PLACE)  # fmt: skip


@dataclass(frozen=True)
class MeetingEvent:
    """What the event says. `brief` is plain text, empty while there is none."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    brief: str
    cancelled: bool
    location: str = ""

    @property
    def content_hash(self) -> str:
        """The hash by which an event is known to say exactly this (SHA-256, hex)."""
        parts = [self.uid, self.starts_at.astimezone(UTC).isoformat(),
                 self.ends_at.astimezone(UTC).isoformat(), self.summary, self.brief,
                 self.cancelled, self.location]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def render(event: MeetingEvent, now: datetime, held: str | None = None) -> str:
    """Return the event as iCalendar text.

    `held` is what the calendar has now: what the rep added to it (alarms, a place of their own, notes
    below our line) stays. Raises VendorError if that cannot be read.
    """
    calendar, component = _parsed(held) if held else (_new_calendar(), Event())
    notes = _notes(str(component.get("DESCRIPTION", "")))
    if component.get("LOCATION") == component.get(PLACE):
        component.pop("LOCATION", None)
    for name in OURS:
        component.pop(name, None)
    component.add("UID", event.uid)
    component.add("DTSTAMP", now.astimezone(UTC))
    component.add("LAST-MODIFIED", now.astimezone(UTC))
    component.add("DTSTART", event.starts_at.astimezone(UTC))
    component.add("DTEND", event.ends_at.astimezone(UTC))
    component.add("SUMMARY", event.summary)
    component.add("DESCRIPTION", f"{event.brief}\n{NOTES_LINE}\n{notes}".strip("\n"))
    if event.location and not component.get("LOCATION"):
        component.pop("LOCATION", None)
        component.add("LOCATION", event.location)
        component.add(PLACE, event.location)
    component.add("CLASS", "PRIVATE")
    component.add("STATUS", "CANCELLED" if event.cancelled else "CONFIRMED")
    component.add(HASH, event.content_hash)
    if not held:
        calendar.add_component(component)
    return bytes(calendar.to_ical()).decode()


def hash_of(ics: str) -> str | None:
    """Return the content hash that an event carries, or None if it is not one of ours."""
    value = _parsed(ics)[1].get(HASH)
    return None if value is None else str(value)


def _parsed(ics: str) -> tuple[Calendar, Event]:
    try:
        calendar = Calendar.from_ical(ics)
        events = calendar.walk("VEVENT")
    except ValueError as error:
        raise VendorError(f"The calendar holds an event that cannot be read: {error}.") from error
    if not isinstance(calendar, Calendar) or len(events) != 1 or not isinstance(events[0], Event):
        raise VendorError("The calendar holds something else than one event under our name.")
    return calendar, events[0]


def _new_calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", "-//Baton//meetings//EN")
    calendar.add("VERSION", "2.0")
    return calendar


def _notes(description: str) -> str:
    _, found, notes = description.partition(NOTES_LINE)
    return notes.strip("\n") if found else ""
