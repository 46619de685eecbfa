"""What a booking tool says, read with care: Cal.com's webhook payloads and whatever resembles them.

Everything in here came from outside. It is read into plain values or refused with a reason; nothing in
it decides whom we write to.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Change = Literal["booked", "rescheduled", "cancelled"]
CHANGES: dict[str, Change] = {
    "BOOKING_CREATED": "booked",
    "BOOKING_RESCHEDULED": "rescheduled",
    "BOOKING_CANCELLED": "cancelled",
}
# Known events that change no booking; who did not come is read by post_meeting.
OTHERS = frozenset((
    "BOOKING_NO_SHOW_UPDATED", "BOOKING_REQUESTED", "BOOKING_REJECTED", "BOOKING_PAID",
    "BOOKING_PAYMENT_INITIATED", "MEETING_STARTED", "MEETING_ENDED", "RECORDING_READY",
    "RECORDING_TRANSCRIPTION_GENERATED", "INSTANT_MEETING", "FORM_SUBMITTED", "OOO_CREATED", "PING",
    "AFTER_HOSTS_CAL_VIDEO_NO_SHOW", "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
))  # fmt: skip
LONGEST_MEETING = timedelta(days=1)
LONGEST_TEXT = 300
LONGEST_PLACE = 1_000  # addresses of video calls are long, and one that is cut leads nowhere
EMAIL = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]+\.[^@\s<>\"',;]{2,}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Unreadable(ValueError):
    """A payload that is no booking; the message is the reason kept in quarantine."""


@dataclass(frozen=True)
class BookingEvent:
    """One change of one booking. Addresses are lower case, times are UTC."""

    source: str
    change: Change
    uid: str
    previous_uid: str | None
    guest_email: str
    guest_name: str | None
    host_email: str | None
    title: str | None
    location: str | None
    starts_at: datetime
    ends_at: datetime
    at: datetime


def read(
    source: str, event_type: str, at: datetime, payload: Any, ours: frozenset[str] = frozenset()
) -> BookingEvent | None:
    """Read one landed event; None for a known event that changes no booking.

    `at` is when it happened, `ours` are the reps' addresses, which are never the guest's. Raises
    Unreadable with a sentence.
    """
    if event_type not in CHANGES:
        if event_type in OTHERS:
            return None
        raise Unreadable(f"The event type {event_type[:60]!r} is not known.")
    if not isinstance(payload, Mapping):
        raise Unreadable("The payload is no object.")
    inner = payload.get("payload")
    body: Mapping[str, Any] = inner if isinstance(inner, Mapping) else payload
    uid = _text(body.get("uid"))
    if not uid:
        raise Unreadable("The booking has no uid.")
    starts_at, ends_at = moment(body, "startTime"), moment(body, "endTime")
    if not starts_at < ends_at <= starts_at + LONGEST_MEETING:
        raise Unreadable(
            f"The meeting lasts from {starts_at:%Y-%m-%d %H:%M} to {ends_at:%Y-%m-%d %H:%M}: it must "
            "end after it starts, within a day."
        )
    organizer = body.get("organizer")
    host = address(organizer.get("email")) if isinstance(organizer, Mapping) else None
    guest_email, guest_name = _guest(body, ours | ({host} if host else frozenset()))
    previous = _text(body.get("rescheduleUid")) or _text(body.get("fromReschedule"))
    return BookingEvent(
        source=source,
        change=CHANGES[event_type],
        uid=uid,
        previous_uid=previous if previous != uid else None,
        guest_email=guest_email,
        guest_name=guest_name,
        host_email=host,
        title=_text(body.get("title")),
        location=_location(body),
        starts_at=starts_at,
        ends_at=ends_at,
        at=at,
    )


def address(value: Any) -> str | None:
    """Return an e-mail address in lower case, or None if it is none."""
    if not isinstance(value, str):
        return None
    value = value.strip().lower()
    return value if len(value) <= 254 and EMAIL.fullmatch(value) else None


def moment(body: Mapping[str, Any], name: str) -> datetime:
    """Return a time of the payload in UTC. Raises Unreadable if it has none or no offset."""
    value = body.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 2000 <= found.year <= 2100:
        raise Unreadable(f"{name} is {str(value)[:60]!r}, which is no time with its offset.")
    return found.astimezone(UTC)


def _guest(body: Mapping[str, Any], ours: frozenset[str]) -> tuple[str, str | None]:
    attendees = body.get("attendees")
    people = attendees if isinstance(attendees, list) else []
    for person in people:
        email = address(person.get("email")) if isinstance(person, Mapping) else None
        if email and email not in ours:
            return email, _text(person.get("name"))
    raise Unreadable("No attendee with a readable address is a guest.")


def _location(body: Mapping[str, Any]) -> str | None:
    """Where the meeting is. Cal.com names its own integrations there; the address then stands elsewhere."""
    said = _text(body.get("location"), LONGEST_PLACE)
    if said is None or not said.startswith("integrations:"):
        return said
    more = body.get("metadata")
    return _text(more.get("videoCallUrl"), LONGEST_PLACE) if isinstance(more, Mapping) else None


def _text(value: Any, longest: int = LONGEST_TEXT) -> str | None:
    if not isinstance(value, str):
        return None
    return CONTROL.sub(" ", value).strip()[:longest] or None
