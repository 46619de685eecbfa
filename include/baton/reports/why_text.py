"""The story of a message as text, one line per thing that happened, in its order."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from baton.reports.text import number
from baton.warehouse.connect import Row


def told(story: dict[str, Any]) -> str:
    """Return a story (`why.story_of`) as text."""
    contact, message = story["contact"], story["message"]
    head = f"{message['id']} to {_name(contact)} (times in UTC)"
    lines = [f"  {word:<12}{said}" for word, said in [*_before(story), *_after(story)]]
    return "\n".join([head, *lines])


def _before(story: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lead, routing, message = story["lead"], story["routing"], story["message"]
    yield "subject", message["subject"]
    points = {s.get("signal_id"): s.get("points") for s in _parts(lead, "signals")}
    for signal in story["signals"]:
        worth = f", {number_of(points.get(signal['id']))} points" if signal["id"] in points else ""
        yield (
            "signal",
            (
                f"{_minute(signal['occurred_at'])} {_said(signal['signal_type'])}: "
                f"{signal['title'] or 'no title'} ({signal['source']}{worth})"
            ),
        )
    yield (
        "lead",
        (
            f"{_minute(lead['eligible_at'])} score {lead['lead_score']:.2f}, fit {lead['icp_fit']:.0f}, "
            f"intent {lead['intent_score']:.1f}, quartile {lead['icp_quartile']} ({lead['model_version']})"
        ),
    )
    for subject in ("account", "person"):
        for part in _parts(lead, subject):
            of = f" of {number_of(part['of'])}" if part.get("of") is not None else ""
            yield (
                "because",
                (
                    f"{_said(str(part.get('attribute')))} {part.get('value', '')}: "
                    f"{number_of(part.get('points'))}{of} points"
                ),
            )
    if routing is None:
        yield "owner", "not routed yet"
    else:
        yield (
            "owner",
            f"{routing['owner'] or 'nobody'}: {routing['reason']} (rule {routing['rule']})",
        )
    generation = story["generation"]
    if generation is not None:
        yield "written", f"by {generation['model']}, prompt {generation['prompt_version']}"
    for claim in story["claims"]:
        grounded = "grounded" if claim["grounded"] else "NOT GROUNDED"
        evidence = " ".join(filter(None, (claim["evidence_text"], claim["evidence_url"])))
        yield "claim", f"{grounded}: {claim['text']} <- {evidence or 'no evidence'}"
    decision = story["decision"]
    bulk = ", in bulk" if decision["bulk_id"] else ""
    yield (
        "decided",
        (
            f"{_minute(decision['decided_at'])} {decision['verdict']} by {decision['decided_by']} "
            f"({decision['decided_role']}{bulk}), revision {message['revision']} by {message['author']}"
        ),
    )


def _after(story: dict[str, Any]) -> Iterator[tuple[str, str]]:
    message = story["message"]
    yield "queued", f"{_minute(message['queued_at'])} for {message['mailbox']}"
    for attempt in story["attempts"]:
        status = f" ({attempt['status_code']})" if attempt["status_code"] else ""
        detail = f": {attempt['detail']}" if attempt["detail"] else ""
        yield (
            "attempt",
            (
                f"{_minute(attempt['started_at'])} number {attempt['number']}: "
                f"{attempt['outcome']}{status}{detail}"
            ),
        )
    for event in story["events"]:
        yield "event", f"{_minute(event['occurred_at'])} {event['event_type']}"
    for reply in story["replies"]:
        quote = f': "{reply["quote"]}"' if reply["quote"] else ""
        kind = "automatic, " if reply["is_automatic"] else ""
        yield "reply", f"{_minute(reply['received_at'])} {kind}{_said(reply['intent'])}{quote}"
    for booking in story["bookings"]:
        yield (
            "booking",
            f"{_minute(booking['booked_at'])} {booking['state']} for {_minute(booking['starts_at'])}",
        )
    for meeting in story["meetings"]:
        brief = {True: "complete brief", False: "incomplete brief", None: "no brief"}
        yield (
            "meeting",
            (
                f"{_minute(meeting['starts_at'])} with {meeting['owner'] or 'nobody'}: "
                f"{_said(meeting['outcome'] or meeting['state'])}, {brief[meeting['has_complete_brief']]}"
            ),
        )
    for deal in story["opportunities"]:
        money = "" if deal["amount"] is None else f", {number(deal['amount'])} {deal['currency']}"
        yield (
            "opportunity",
            f"{_minute(deal['opened_at'])} {deal['id']} {deal['stage']} ({deal['outcome']}{money})",
        )
    for credit in story["credits"]:
        yield (
            "credit",
            (
                f"{_said(credit['credit_model'])}: {number(credit['credit'])} {credit['currency'] or ''} "
                f"of {credit['opportunity_id']} ({credit['outcome']})"
            ),
        )
    reason = f": {message['state_reason']}" if message["state_reason"] else ""
    yield "now", f"{message['state']}{reason}"


def _parts(lead: Row, name: str) -> list[dict[str, Any]]:
    """Return a part of the lead's reasons; leads of older models may have them in another form."""
    reasons = lead["reasons"]
    found = reasons.get(name) if isinstance(reasons, dict) else None
    return [part for part in found or [] if isinstance(part, dict)]


def number_of(value: Any) -> str:
    """Return a number from JSON as people write it, or a question mark."""
    return f"{value:g}" if isinstance(value, int | float) else "?"


def _name(contact: Row) -> str:
    known = " ".join(
        filter(None, (contact["full_name"], f"<{contact['email']}>" if contact["email"] else ""))
    )
    return f"{known or contact['id']}, {contact['account'] or 'no account'}"


def _said(word: str) -> str:
    return word.replace("_", " ")


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
