"""From a booking to a deal: what follows when a person agrees to talk.

Bookings are posted as Cal.com posts them. A meeting that takes place is followed by a transcript,
a meeting record in the CRM and, if the plan says so, a deal that moves to won or lost.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import transcripts
from sandbox.clock import Happening, office_time
from sandbox.market import names
from sandbox.market.history import deal_amount
from sandbox.market.model import Account, Person, Rep
from sandbox.vendors.hubspot_store import stamp
from sandbox.world import World

LENGTH = timedelta(minutes=30)
BOOKING_REF = re.compile(r"[?&](?:amp;)?uid=([A-Za-z0-9_.~%-]+)")
PATH = "/webhooks/bookings/cal"


def people_of(world: World, email: str) -> tuple[Person, Account] | None:
    """Return the person with this address and their account, if the market knows them."""
    person = world.market.person_by_email.get(email.lower())
    return (person, world.market.account_by_id[person.account_id]) if person else None


def rep_of(world: World, email: str, account: Account) -> Rep:
    """Return the rep whose address wrote to this person, else the rep of the region."""
    for mail in reversed(world.mailbox.to(email)):
        for address in (mail.reply_to, mail.from_email):
            if rep := world.market.rep_by_email.get(address.lower()):
                return rep
    return world.market.rep_for(account)


def booking_ref(world: World, email: str) -> str:
    """Return the `uid` in the booking link of the latest mail to this person, or an empty string."""
    for mail in reversed(world.mailbox.to(email)):
        if found := BOOKING_REF.search(mail.text + "\n" + mail.html):
            return found[1]
    return ""


def free_slot(world: World, rep: Rep, after: datetime) -> datetime:
    """Return the first half hour from `after` on, 10 to 16 at the rep's, that is not booked."""
    taken = {b["start"] for b in world.bookings.values()
             if b["rep"] == rep.email and b["status"] == "ACCEPTED"}  # fmt: skip
    slot = after.replace(minute=0 if after.minute < 30 else 30, second=0, microsecond=0) + LENGTH
    while True:
        slot = office_time(slot, rep.timezone)
        local = slot.astimezone(ZoneInfo(rep.timezone))
        if 10 <= local.hour < 16 and slot.isoformat() not in taken:
            return slot
        slot += LENGTH


def book(world: World, h: Happening) -> None:
    """Let a person book a slot; `data`: email, and optionally start (ISO)."""
    email = h.data["email"]
    known = people_of(world, email)
    if known is None:
        return
    person, account = known
    rep = rep_of(world, email, account)
    number = len(world.bookings) + 1
    uid = f"bk{number:04d}{world.rng('uid', number).randrange(16**12):012x}"
    days = world.rng("slot", uid).randint(2, 3)
    start = (
        datetime.fromisoformat(h.data["start"])
        if h.data.get("start")
        else free_slot(world, rep, h.at + timedelta(days=days))
    )
    booking = {
        "uid": uid,
        "number": number,
        "email": person.email,
        "rep": rep.email,
        "title": f"{world.market.seller.product}: {account.name} and {rep.name}",
        "start": start.isoformat(),
        "end": (start + LENGTH).isoformat(),
        "status": "ACCEPTED",
        "ref": booking_ref(world, email),
    }
    world.bookings[uid] = booking
    post_booking(world, "BOOKING_CREATED", booking, h.at)
    plan = world.stories.get(person.email, {})
    if plan.get("change"):
        world.agenda.add(h.at + timedelta(minutes=40), plan["change"], uid=uid)
    world.agenda.add(start + LENGTH, "meet", uid=uid)


def post_booking(
    world: World, trigger: str, booking: dict[str, Any], at: datetime, **more: Any
) -> None:
    """Queue one booking webhook in the vendor's shape."""
    known = people_of(world, booking["email"])
    rep = world.market.rep_by_email[booking["rep"]]
    if known is None:
        return
    person = known[0]
    payload = {
        "type": "30min",
        "title": booking["title"],
        "startTime": booking["start"],
        "endTime": booking["end"],
        "length": 30,
        "uid": booking["uid"],
        "bookingId": booking["number"],
        "status": booking["status"],
        "location": f"https://meet.example/{booking['uid']}",
        "organizer": {
            "id": int(rep.id.removeprefix("rep_")),
            "name": rep.name,
            "email": rep.email,
            "timeZone": rep.timezone,
            "language": {"locale": "en"},
        },
        "attendees": [
            {
                "name": person.name,
                "email": person.email,
                "timeZone": person.timezone,
                "language": {"locale": "en"},
            }
        ],
        "responses": {
            "name": {"label": "your_name", "value": person.name},
            "email": {"label": "email_address", "value": person.email},
        },
        # Query parameters of the booking page come back here; `uid` is the link's own.
        "metadata": {"uid": booking["ref"]} if booking["ref"] else {},
        **more,
    }
    world.count(trigger.lower())
    world.postman.json(
        "booking",
        PATH,
        {"triggerEvent": trigger, "createdAt": at.isoformat(), "payload": payload},
    )


def rescheduled(world: World, h: Happening) -> None:
    """Let the guest move the meeting: a new uid, as the vendor gives one, and the old one's end."""
    old = world.bookings[h.data["uid"]]
    if old["status"] != "ACCEPTED":
        return
    old["status"] = "CANCELLED"
    rep = world.market.rep_by_email[old["rep"]]
    start = free_slot(world, rep, datetime.fromisoformat(old["start"]) + timedelta(days=1))
    number = len(world.bookings) + 1
    uid = f"bk{number:04d}{world.rng('uid', number).randrange(16**12):012x}"
    new = {**old, "uid": uid, "number": number, "status": "ACCEPTED",
           "start": start.isoformat(), "end": (start + LENGTH).isoformat()}  # fmt: skip
    world.bookings[uid] = new
    post_booking(
        world, "BOOKING_RESCHEDULED", new, h.at,
        rescheduleUid=old["uid"],
        rescheduleStartTime=old["start"], rescheduleEndTime=old["end"],
    )  # fmt: skip
    world.agenda.add(start + LENGTH, "meet", uid=uid)


def cancelled(world: World, h: Happening) -> None:
    """Let the guest cancel."""
    booking = world.bookings[h.data["uid"]]
    if booking["status"] == "ACCEPTED":
        booking["status"] = "CANCELLED"
        post_booking(
            world, "BOOKING_CANCELLED", booking, h.at, cancellationReason="Something came up."
        )


def meet(world: World, h: Happening) -> None:
    """End the booked half hour: they met, or the guest did not come."""
    booking = world.bookings[h.data["uid"]]
    known = people_of(world, booking["email"])
    if booking["status"] != "ACCEPTED" or known is None:
        return
    person, _ = known
    plan = world.stories.get(person.email, {})
    shows = bool(plan.get("shows", True))
    world.count("meeting_held" if shows else "no_show")
    record = world.crm.create(
        "meetings",
        {
            "hs_timestamp": booking["start"],
            "hs_meeting_title": booking["title"],
            "hs_meeting_start_time": booking["start"],
            "hs_meeting_end_time": booking["end"],
            "hs_meeting_outcome": "COMPLETED" if shows else "NO_SHOW",
            "hs_meeting_external_url": f"https://meet.example/{booking['uid']}",
            "hubspot_owner_id": world.crm.owner_id(booking["rep"]),
        },
        h.at,
    )
    if contact := world.crm.contact(person.email):
        world.crm.link(record, contact)
    if not shows:
        # What the vendor posts when the host marks the guest as absent.
        attendees = [{"email": person.email, "name": person.name, "noShow": True}]
        post_booking(
            world, "BOOKING_NO_SHOW_UPDATED", booking, h.at,
            bookingUid=booking["uid"], attendees=attendees,
        )  # fmt: skip
        return
    rng = world.rng("after", booking["uid"])
    world.agenda.add(
        h.at + timedelta(minutes=rng.randint(10, 60)), "transcript", uid=booking["uid"]
    )
    if plan.get("deal"):
        world.agenda.add(h.at + timedelta(hours=20), "deal", uid=booking["uid"])


def transcript(world: World, h: Happening) -> None:
    """Post the recorder's transcript."""
    booking = world.bookings[h.data["uid"]]
    known = people_of(world, booking["email"])
    if known is None:
        return
    rep = world.market.rep_by_email[booking["rep"]]
    rng = world.rng("talk", booking["uid"])
    payload = transcripts.transcript(rng, booking, rep, *known)
    world.count("transcript")
    world.postman.json("transcript", "/webhooks/transcripts", payload)


def deal(world: World, h: Happening) -> None:
    """Open the rep's deal in the CRM; its further stages are entered on the agenda."""
    booking = world.bookings[h.data["uid"]]
    known = people_of(world, booking["email"])
    if known is None:
        return
    person, account = known
    rng = world.rng("deal", booking["uid"])
    record = world.crm.create(
        "deals",
        {
            "dealname": f"{account.name} - {world.market.seller.product}",
            "amount": deal_amount(rng, account.employees),
            "deal_currency_code": "EUR",
            "pipeline": "default",
            "dealtype": "newbusiness",
            "dealstage": "qualifiedtobuy",
            "createdate": stamp(h.at),
            "hubspot_owner_id": world.crm.owner_id(booking["rep"]),
        },
        h.at,
    )
    for other in (world.crm.contact(person.email), world.crm.company(account.domain)):
        if other:
            world.crm.link(record, other)
    world.count("deal_created")
    world.agenda.add(
        h.at + timedelta(days=7), "deal_stage", deal=record.id, stage="presentationscheduled"
    )
    outcome = world.stories.get(person.email, {}).get("deal")
    end = h.at + timedelta(days=rng.randint(24, 36))
    if outcome == "won":
        world.agenda.add(
            h.at + timedelta(days=18), "deal_stage", deal=record.id, stage="contractsent"
        )
        world.agenda.add(end, "deal_stage", deal=record.id, stage="closedwon")
    elif outcome == "lost":
        reason = rng.choice(names.LOST_REASONS)
        world.agenda.add(end, "deal_stage", deal=record.id, stage="closedlost", reason=reason)


def deal_stage(world: World, h: Happening) -> None:
    """Move a deal on in the CRM."""
    record = world.crm.records["deals"].get(h.data["deal"])
    if record is None or record.archived:
        return
    change = {"dealstage": h.data["stage"]}
    if h.data["stage"] in ("closedwon", "closedlost"):
        change["closedate"] = stamp(h.at)
        world.count("deal_won" if h.data["stage"] == "closedwon" else "deal_lost")
    if h.data.get("reason"):
        change["closed_lost_reason"] = h.data["reason"]
    world.crm.change(record, change, h.at)
