"""How the market reacts to what was sent, driven by the sandbox clock alone.

Accepted mail is cast when the clock is moved or settled; from then on everything is an entry on
the agenda, handled in order of time, and each webhook is posted before the next settling ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sandbox import casting, conversation, meetings
from sandbox.clock import Happening, office_time
from sandbox.mailbox import Mail
from sandbox.market import truth
from sandbox.vendors import news
from sandbox.world import World

LINK = re.compile(r"<(https?://[^>\s]+)>")


async def advance(world: World, to: datetime | None = None) -> dict[str, Any]:
    """Move the clock to `to` (default: its present) and let all that is due happen, in order.

    Returns counts: `happened` by kind, `posted` webhooks by kind, `dropped` and `undelivered`
    webhooks, and `pending` happenings with `next_at`.
    """
    async with world.lock:
        until = max(to or world.clock.now, world.clock.now)
        before = dict(world.counts)
        cast(world, until)
        while happening := world.agenda.due(until):
            HANDLERS[happening.kind](world, happening)
        world.clock.move_to(until)
        tally = await world.postman.deliver()
        world.save()
        happened = {k: n - before.get(k, 0) for k, n in world.counts.items()}
        return {
            "now": world.clock.now.isoformat(),
            "happened": {k: n for k, n in sorted(happened.items()) if n},
            "posted": tally.posted,
            "dropped": tally.dropped,
            "undelivered": tally.undelivered,
            "pending": len(world.agenda),
            "next_at": world.agenda.next_at.isoformat() if world.agenda.next_at else None,
        }


def cast(world: World, until: datetime) -> None:
    """Enter on the agenda what each mail that left by `until` sets off."""
    fresh = [m for m in world.mailbox.uncast if m.due <= until]
    if not fresh:
        return
    world.mailbox.mark_cast(fresh)
    loud = [m for m in fresh if not m.silent]
    arriving = []
    for mail in loud:
        if reason := world.mailbox.suppression_of(mail.to):
            world.agenda.add(mail.due + timedelta(seconds=1), "mail_event", mail=mail.number,
                             event="dropped", reason=reason)  # fmt: skip
        else:
            arriving.append(mail)
    plans = casting.plan_for(world, arriving)
    for mail in arriving:
        _enter(world, mail, plans.get(mail.number, {}))


def _enter(world: World, mail: Mail, plan: dict[str, Any]) -> None:
    rng = world.rng("mail", mail.to, mail.number)

    def event(name: str, at: datetime, **fields: Any) -> None:
        world.agenda.add(at, "mail_event", mail=mail.number, event=name, **fields)

    event("processed", mail.due + timedelta(seconds=1))
    if plan.get("bounce") == "sync":
        event("bounce", mail.due + timedelta(seconds=6))
        return
    arrives = mail.due + timedelta(seconds=rng.randint(3, 40))
    if rng.random() < truth.DEFERRED:
        event("deferred", arrives)
        arrives += timedelta(minutes=20)
    event("delivered", arrives)
    if mail.open_tracking:
        event("open", arrives + timedelta(seconds=4), sg_machine_open=True)
    if plan.get("bounce") == "late":
        event("bounce", arrives + timedelta(hours=rng.randint(1, 6)), late=True)
    elif plan.get("complains"):
        event("spamreport", arrives + timedelta(hours=rng.randint(1, 30)))
    answer = plan.get("answer")
    if answer == "out_of_office":
        world.agenda.add(arrives + timedelta(minutes=2), "reply", mail=mail.number, answer=answer)
    elif answer:
        zone = world.market.person_by_email[mail.to.lower()].timezone
        # A part of the storyline is played within a day, so that one pass of time shows it all.
        patience = 600 if plan.get("part") == "drawn" else 180
        at = office_time(arrives + timedelta(minutes=rng.randint(70, patience)), zone)
        at += timedelta(minutes=rng.randint(0, 25))
        kind = "one_click" if answer == "one_click" else "reply"
        world.agenda.add(at, kind, mail=mail.number, answer=answer)


def mail_event(world: World, h: Happening) -> None:
    """One e-mail event: kept with the mail, put on the suppression lists, queued for posting."""
    mail = world.mailbox.mails[h.data["mail"] - 1]
    name, late = h.data["event"], bool(h.data.get("late"))
    number = len(mail.events) + 1
    event: dict[str, Any] = {
        "email": mail.to,
        "timestamp": int(h.at.timestamp()),
        "event": name,
        "sg_event_id": f"sandbox-{mail.number}-{number}-{world.rng(mail.number, number).random()}",
    }
    if not late:
        event["smtp-id"] = mail.smtp_id
        event["sg_message_id"] = f"{mail.message_id}.sandbox-{mail.number}"
        if mail.categories:
            event["category"] = mail.categories
        # The vendor's own fields win over custom arguments of the same name.
        event = {**mail.custom_args, **event}
    event |= _details(name, h)
    if name == "delivered":
        mail.status = "delivered"
    elif name in ("bounce", "dropped"):
        mail.status = "not_delivered"
    if name == "bounce" and event["type"] == "bounce":
        world.mailbox.suppress("bounces", mail.to, h.at, reason=event["reason"], status="5.1.1")
    elif name == "bounce":
        world.mailbox.suppress("blocks", mail.to, h.at, reason=event["reason"], status="5.7.1")
    elif name == "spamreport":
        world.mailbox.suppress("spam_reports", mail.to, h.at, ip="192.0.2.25")
    elif name == "unsubscribe":
        world.mailbox.suppress("global", mail.to, h.at)
        world.mailbox.opted_out.setdefault(mail.to.lower(), h.at.isoformat())
    mail.events.append(event)
    world.count(f"mail_{name}")
    world.postman.event(event)


def _details(name: str, h: Happening) -> dict[str, Any]:
    if name == "bounce" and h.data.get("type") == "blocked":
        return {"type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 message refused by policy",
                "bounce_classification": "Reputation"}  # fmt: skip
    fields: dict[str, dict[str, Any]] = {
        "delivered": {"response": "250 2.0.0 OK", "tls": 1, "ip": "192.0.2.1"},
        "deferred": {"response": "451 4.7.1 greylisted, try again later", "attempt": "1"},
        "bounce": {"type": "bounce", "status": "5.1.1", "bounce_classification": "Invalid Address",
                   "reason": "550 5.1.1 the mailbox does not exist"},
        "dropped": {"reason": h.data.get("reason", "Invalid"), "status": "5.0.0"},
        "open": {"useragent": "Mozilla/5.0", "ip": "192.0.2.77", "sg_machine_open": True},
    }  # fmt: skip
    return fields.get(name, {})


def reply(world: World, h: Happening) -> None:
    """Let a person, or their auto-responder, answer by mail; a willing one books soon after."""
    mail = world.mailbox.mails[h.data["mail"] - 1]
    known = meetings.people_of(world, mail.to)
    if known is None:
        return
    person, answer = known[0], h.data["answer"]
    automatic = answer == "out_of_office"
    rng = world.rng("words", person.id, mail.number)
    text = h.data.get("text") or conversation.answer_text(rng, person, answer, h.at)
    charset = h.data.get("charset", "UTF-8")
    body, content_type = conversation.inbound_form(mail, person, text, h.at, automatic, charset)
    token = world.config.keys.inbound_token
    world.postman.add("inbound", f"/webhooks/sendgrid/inbound/{token}", body, content_type)
    world.count(f"reply_{answer}")
    if answer == "opt_out":
        world.mailbox.opted_out.setdefault(mail.to.lower(), h.at.isoformat())
    if world.stories.get(person.email, {}).get("books") and answer == "positive":
        at = office_time(h.at + timedelta(minutes=rng.randint(10, 50)), person.timezone)
        world.agenda.add(at, "book", email=person.email)


def one_click(world: World, h: Happening) -> None:
    """Post the one-click unsubscribe of RFC 8058 to the link in the header, as mail programs do."""
    mail = world.mailbox.mails[h.data["mail"] - 1]
    header = next((v for k, v in mail.headers.items() if k.lower() == "list-unsubscribe"), "")
    found = LINK.search(header)
    if found is None:
        world.count("one_click_impossible")
        return
    # Whatever public name the link carries, in here it is the receiver's.
    parts = urlsplit(found[1])
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    world.postman.add(
        "form", path, b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"
    )
    world.mailbox.opted_out.setdefault(mail.to.lower(), h.at.isoformat())
    world.count("one_click")


def signal(world: World, h: Happening) -> None:
    """Something happens on the seller's site or in its product, and is posted signed."""
    signal = world.market.signal_by_id[h.data["signal_id"]]
    account = world.market.account_by_id[signal.account_id]
    person = world.market.person_by_id.get(signal.person_id or "")
    host = f"https://www.{world.market.seller.domain}"
    payload = {
        "id": signal.id,
        "type": signal.type,
        "occurred_at": signal.at.isoformat(),
        "domain": account.domain,
        "company": account.name,
        "email": person.email if person else None,
        "title": news.event_title(account.name, signal),
        "url": host + signal.facts.get("path", "/app"),
        "properties": signal.facts,
    }
    world.count(f"signal_{signal.source}")
    world.postman.json("signal", f"/webhooks/signals/{signal.source}", payload)


HANDLERS: dict[str, Callable[[World, Happening], None]] = {
    "mail_event": mail_event,
    "reply": reply,
    "one_click": one_click,
    "signal": signal,
    "book": meetings.book,
    "rescheduled": meetings.rescheduled,
    "cancelled": meetings.cancelled,
    "meet": meetings.meet,
    "transcript": meetings.transcript,
    "deal": meetings.deal,
    "deal_stage": meetings.deal_stage,
}
