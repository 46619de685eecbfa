"""Reads the JSON webhooks: e-mail events, site and product events, bookings, transcripts.

Each function takes the raw body of a verified request and the time now, and gives one row or one
reject per item. Nothing here raises.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from baton.receiver.store import Row
from baton.signals import text
from baton.signals.records import AHEAD, Reject, key

# The custom argument under which our own key travels with every message.
SEND_KEY = "baton_send_key"
MOST_ITEMS = 50_000


def email_events(body: bytes, now: datetime) -> Iterator[Row | Reject]:
    """Read SendGrid's events.

    The vendor's own event id changes when it delivers an event again; so an event is known by send
    key, type, time and link, or by message id and address where an asynchronous bounce brings no
    custom arguments.
    """
    for item in _items(body):
        yield item if isinstance(item, Reject) else _email_event(item, now)


def _email_event(item: Any, now: datetime) -> Row | Reject:
    if not isinstance(item, dict):
        return Reject("The event is no JSON object.", text.excerpt(item))
    event_type = item.get("event")
    if not isinstance(event_type, str) or not event_type:
        return Reject("The event has no type.", text.excerpt(item))
    occurred_at = _unix(item.get("timestamp"))
    if occurred_at is None:
        return Reject("The event's timestamp is no time.", text.excerpt(item))
    if occurred_at > now + AHEAD:
        return Reject("The event's timestamp lies in the future.", text.excerpt(item))
    send_key = _text(item.get(SEND_KEY))
    email = _text(item.get("email"))
    message = _text(item.get("sg_message_id"))
    if not (send_key or email or message):
        return Reject("The event names neither a message nor an address.", text.excerpt(item))
    # The part after the first full stop says which of the vendor's machines handled it.
    known_by = send_key or f"{(message or '').split('.')[0]}|{(email or '').lower()}"
    parts = (known_by, event_type, int(occurred_at.timestamp()), _text(item.get("url")) or "")
    return Row(
        natural_key=_hash(parts),
        occurred_at=occurred_at,
        payload=item,
        columns={
            "event_type": event_type[:100],
            "send_key": send_key,
            "email": email.lower() if email else None,
        },
    )


def signal_events(body: bytes, now: datetime) -> Iterator[Row | Reject]:
    """Read site and product events: one object, a list, or an object with a list `events`.

    An event is known by its `id`, or by its content where it has none.
    """
    for item in _items(body, within="events"):
        if isinstance(item, Reject):
            yield item
        elif not isinstance(item, dict):
            yield Reject("The event is no JSON object.", text.excerpt(item))
        elif not isinstance(item.get("type"), str):
            yield Reject("The event has no type.", text.excerpt(item))
        elif (occurred_at := text.moment(item.get("occurred_at"))) is None:
            yield Reject("The event's occurred_at is no time.", text.excerpt(item))
        elif occurred_at > now + AHEAD:
            yield Reject("The event's occurred_at lies in the future.", text.excerpt(item))
        else:
            yield Row(_own_id(item) or _hash(item), occurred_at, item)


def bookings(body: bytes, now: datetime) -> Iterator[Row | Reject]:
    """Read a booking webhook of Cal.com. It is known by trigger, booking and time of making."""
    for item in _items(body, single=True):
        if isinstance(item, Reject):
            yield item
            continue
        trigger = item.get("triggerEvent") if isinstance(item, dict) else None
        if not isinstance(trigger, str) or not trigger:
            yield Reject("The booking has no triggerEvent.", text.excerpt(item))
            continue
        payload = item.get("payload")
        held = payload if isinstance(payload, dict) else {}
        uid = _text(held.get("uid")) or _text(held.get("bookingUid"))
        made = text.moment(item.get("createdAt"))
        yield Row(
            natural_key=_hash((trigger, uid, made.isoformat())) if uid and made else _hash(item),
            occurred_at=min(made, now) if made else now,
            payload=item,
            columns={"event_type": trigger[:100]},
        )


def transcripts(body: bytes, now: datetime) -> Iterator[Row | Reject]:
    """Read one transcript. `booking_uid` (or `meeting_uid`) ties it to its meeting.

    Where there is a recording but no words yet, post_meeting_sync has it written down.
    """
    for item in _items(body, single=True):
        if isinstance(item, Reject):
            yield item
            continue
        if not isinstance(item, dict):
            yield Reject("The transcript is no JSON object.", text.excerpt(item))
            continue
        uid = _text(item.get("booking_uid")) or _text(item.get("meeting_uid"))
        if not any(item.get(name) for name in ("segments", "text", "audio_url", "recording_url")):
            yield Reject("The transcript holds neither words nor a recording.", text.excerpt(item))
            continue
        ended = text.moment(item.get("ended_at")) or text.moment(item.get("started_at"))
        yield Row(
            natural_key=_own_id(item) or _hash(item),
            occurred_at=min(ended, now) if ended else now,
            payload=item,
            columns={"meeting_uid": uid},
        )


def _items(body: bytes, within: str = "", single: bool = False) -> Iterator[Any]:
    try:
        document = text.read_json(body)
    except text.NotJson as error:
        yield Reject(str(error), text.excerpt(body))
        return
    if single:
        yield document
        return
    if within and isinstance(document, dict):
        document = document.get(within, [document])
    if not isinstance(document, list):
        yield Reject("The body is no list of events.", text.excerpt(document))
        return
    yield from document[:MOST_ITEMS]
    for item in document[MOST_ITEMS:]:
        yield Reject(f"One request may hold {MOST_ITEMS} events.", text.excerpt(item))


def _unix(value: object) -> datetime | None:
    """Return the time of Unix seconds, given as a number or as digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    return None if isinstance(value, str) else text.moment(value)


def _own_id(item: dict[str, Any]) -> str | None:
    given = item.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
        return None
    return key(given)


def _text(value: object) -> str | None:
    return value.strip()[:500] or None if isinstance(value, str) else None


def _hash(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
