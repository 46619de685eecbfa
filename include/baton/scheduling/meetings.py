"""From bookings to meetings: one per chain of reschedules, with its guest and its owner."""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.errors import ForeignKeyViolation

from baton.contactability import holds
from baton.routing.tasks import add_task, finish_task
from baton.scheduling.bookings import chains_of
from baton.warehouse.connect import Row, one, rows
from baton.warehouse.run import Run

Chain = list[dict[str, Any]]


def settle(
    conn: psycopg.Connection[Any], run: Run, touched: set[tuple[str, str]]
) -> dict[str, int | str]:
    """Bring ops.meeting in line with the chains of the touched bookings, and stop the sequences.

    Returns how many meetings were made, changed and cancelled.
    """
    counts: dict[str, int | str] = {"meetings_made": 0, "meetings_changed": 0, "cancelled": 0}
    chains = chains_of(conn, touched | _known_by_now(conn))
    _lock_guests(conn, chains)
    for chain in chains:
        made, before, after = _settle_chain(conn, run, chain)
        counts["meetings_made"] = int(counts["meetings_made"]) + made
        changed = not made and before != after
        counts["meetings_changed"] = int(counts["meetings_changed"]) + changed
        newly_off = after["state"] == "cancelled" and (before or {}).get("state") != "cancelled"
        counts["cancelled"] = int(counts["cancelled"]) + newly_off
    return counts


def _known_by_now(conn: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    """Return the bookings to come of guests who were strangers and are contacts by now."""
    found = rows(
        conn,
        "select b.source, b.uid from ops.meeting m join ops.booking b on b.id = m.booking_id "
        "join ops.contact c on c.email = b.guest_email "
        "where m.contact_id is null and m.state = 'planned'",
    )
    return {(row["source"], row["uid"]) for row in found}


def _lock_guests(conn: psycopg.Connection[Any], chains: list[Chain]) -> None:
    """Lock all guests before anything else, in the order of whoever else locks several contacts."""
    emails = {booking["guest_email"] for chain in chains for booking in chain}
    conn.execute(
        "select from ops.contact where email = any(%s) order by id for no key update",
        (list(emails),),
    )


def find_owners(conn: psycopg.Connection[Any], run: Run) -> int:
    """Try again for every planned meeting without an owner; return how many found one."""
    waiting = rows(
        conn,
        "select m.id, m.contact_id, m.account_id, b.host_email, m.starts_at from ops.meeting m "
        "join ops.booking b on b.id = m.booking_id "
        "where m.owner_rep_id is null and m.state = 'planned' for update of m",
    )
    found = 0
    for meeting in waiting:
        rep, lead, reason = _owner(
            conn, meeting["contact_id"], meeting["account_id"], meeting["host_email"]
        )
        if rep is None:
            _ask_for_owner(conn, run, meeting["id"], meeting["starts_at"], reason)
            continue
        conn.execute(
            "update ops.meeting set owner_rep_id = %s, owner_reason = %s, "
            "lead_id = coalesce(lead_id, %s), run_id = %s where id = %s",
            (rep, reason, lead, run.id, meeting["id"]),
        )
        finish_task(conn, "meeting_without_owner", "meeting", meeting["id"], "baton")
        found += 1
    return found


def _settle_chain(
    conn: psycopg.Connection[Any], run: Run, chain: Chain
) -> tuple[bool, Row | None, Row]:
    """Return whether the meeting is new, what it was before, and what it is now."""
    root, ids = chain[0], [booking["id"] for booking in chain]
    _mark_superseded(conn, chain)
    contact_id, account_id = _guest(conn, run, chain)
    conn.execute(
        "update ops.booking set contact_id = coalesce(contact_id, %s), "
        "account_id = coalesce(account_id, %s) where id = any(%s)",
        (contact_id, account_id, ids),
    )
    held = rows(
        conn,
        "select * from ops.meeting where booking_id = any(%s) "
        "order by booking_id = %s desc, created_at, id for update",
        (ids, root["id"]),
    )
    leaf = _live_end(chain)
    state = "cancelled" if leaf["state"] == "cancelled" else "planned"
    moves = len(chain) - 1 + sum(booking["moves"] for booking in chain)
    rep, lead, reason = _owner(conn, contact_id, account_id, leaf["host_email"])
    if held:
        meeting = held[0]
        for double in held[1:]:
            _merge(conn, double["id"], meeting["id"])
        if meeting["owner_rep_id"]:  # whom the guest already knows stays
            rep, lead = meeting["owner_rep_id"], meeting["lead_id"]
            reason = meeting["owner_reason"]
        now = {
            "booking_id": root["id"],
            "contact_id": meeting["contact_id"] or contact_id,
            "account_id": meeting["account_id"] or account_id,
            "lead_id": lead,
            "owner_rep_id": rep,
            "owner_reason": reason,
            "starts_at": leaf["starts_at"],
            "ends_at": leaf["ends_at"],
            "location": leaf["location"],
            "state": state,
            "reschedules": moves,
        }
        before = {name: meeting[name] for name in now}
        if before != now:
            conn.execute(UPDATE, {**now, "id": meeting["id"], "run": run.id})
        meeting_id = meeting["id"]
    else:
        before = None
        now = {"starts_at": leaf["starts_at"], "state": state}
        meeting_id = conn.execute(
            INSERT,
            {"booking": root["id"], "contact": contact_id, "account": account_id, "lead": lead,
             "rep": rep, "reason": reason, "starts": leaf["starts_at"], "ends": leaf["ends_at"],
             "location": leaf["location"], "state": state, "moves": moves, "run": run.id},
        ).fetchone()[0]  # type: ignore[index]  # fmt: skip
    if rep is None and state == "planned":
        _ask_for_owner(conn, run, meeting_id, leaf["starts_at"], reason)
    elif rep is not None:
        finish_task(conn, "meeting_without_owner", "meeting", meeting_id, "baton")
    if contact_id is not None:
        # Also for a meeting that was cancelled: a person has spoken, the owner goes on by hand.
        said = f"{chain[0]['guest_email']} booked a meeting."
        holds.stop_contact(conn, contact_id, "booking", meeting_id, said)
    elif account_id is not None:
        said = f"{chain[0]['guest_email']}, who is no contact, booked a meeting."
        holds.pause_account(conn, account_id, "booking", meeting_id, said)
    return not held, before, now


INSERT = """
    insert into ops.meeting (booking_id, contact_id, account_id, lead_id, owner_rep_id, owner_reason,
                             starts_at, ends_at, location, state, reschedules, run_id)
    values (%(booking)s, %(contact)s, %(account)s, %(lead)s, %(rep)s, %(reason)s, %(starts)s,
            %(ends)s, %(location)s, %(state)s, %(moves)s, %(run)s)
    returning id
"""
UPDATE = """
    update ops.meeting set booking_id = %(booking_id)s, contact_id = %(contact_id)s,
        account_id = %(account_id)s, lead_id = %(lead_id)s, owner_rep_id = %(owner_rep_id)s,
        owner_reason = %(owner_reason)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s,
        location = %(location)s, state = %(state)s, reschedules = %(reschedules)s, run_id = %(run)s
    where id = %(id)s
"""


def _mark_superseded(conn: psycopg.Connection[Any], chain: Chain) -> None:
    for booking in chain:
        if booking["has_successor"] and booking["state"] == "booked":
            conn.execute(
                "update ops.booking set state = 'rescheduled' where id = %s", (booking["id"],)
            )
            booking["state"] = "rescheduled"


def _live_end(chain: Chain) -> dict[str, Any]:
    """The booking that counts: the newest that nothing follows.

    Some tools cancel the old booking when it is moved; that says nothing of the new one.
    """
    ends = [booking for booking in chain if not booking["has_successor"]] or chain
    return max(ends, key=lambda b: (b["booked_at"], b["id"]))


def _merge(conn: psycopg.Connection[Any], double: str, into: str) -> None:
    """Two ends of one chain came before the link between them: one meeting stays."""
    try:
        with conn.transaction():
            conn.execute("delete from ops.meeting where id = %s", (double,))
    except ForeignKeyViolation:
        conn.execute(
            "update ops.meeting set state = 'cancelled', owner_reason = %s where id = %s",
            (f"The same meeting as {into}.", double),
        )


def _guest(conn: psycopg.Connection[Any], run: Run, chain: Chain) -> tuple[str | None, str | None]:
    """Return the contact with the guest's address, else the account with its domain."""
    root = chain[0]
    for booking in reversed(chain):
        contact = one(
            conn,
            "select id, account_id from ops.contact where email = %s",
            (booking["guest_email"],),
        )
        if contact:
            finish_task(conn, "unknown_guest", "booking", root["id"], "baton")
            return contact["id"], contact["account_id"]
    domain = root["guest_email"].rpartition("@")[2]
    account = one(conn, "select id from ops.account where domain = %s", (domain,))
    add_task(
        conn,
        "unknown_guest",
        "booking",
        root["id"],
        f"Who is {root['guest_name'] or root['guest_email']}?",
        body=f"{root['guest_email']} booked {root['title'] or 'a meeting'} and is no contact of ours"
        + (", though of a known account." if account else ", nor is their company an account."),
        is_exception=account is None,
        due_at=root["starts_at"],
        run_id=run.id,
    )
    return None, account["id"] if account else None


def _owner(
    conn: psycopg.Connection[Any],
    contact_id: str | None,
    account_id: str | None,
    host_email: str | None,
) -> tuple[str | None, str | None, str]:
    """Return (rep, lead, reason): the lead's rep, else the host, else the account's owner."""
    lead = one(conn, LEAD, (contact_id,)) if contact_id else None
    lead_id = lead["id"] if lead else None
    if lead and lead["rep_id"]:
        return lead["rep_id"], lead_id, f"The lead is {lead['name']}'s: {lead['reason']}"
    rep = one(conn, "select id, name from ops.rep where email = %s and active", (host_email,))
    if rep:
        return rep["id"], lead_id, f"The guest booked with {rep['name']}."
    rep = one(
        conn,
        "select r.id, r.name from ops.account a join ops.rep r on r.id = a.owner_rep_id "
        "where a.id = %s and r.active",
        (account_id,),
    )
    if rep:
        return rep["id"], lead_id, f"{rep['name']} owns the account."
    host = f"the host {host_email} is no active rep" if host_email else "the booking names no host"
    return None, lead_id, f"Nobody: no lead with a rep, {host}, and no active rep owns the account."


# The newest lead of the contact, and the rep to whom a released run gave it last.
LEAD = """
    select l.id, d.rep_id, d.name, d.reason
    from ops.lead l
    join ops.released_run r on r.id = l.run_id
    left join lateral (
        select o.id as rep_id, o.name, q.reason
        from ops.routing_decision q
        join ops.released_run p on p.id = q.run_id
        left join ops.rep o on o.id = q.rep_id and o.active
        where q.lead_id = l.id
        order by q.decided_at desc, q.id desc limit 1
    ) d on true
    where l.contact_id = %s
    order by (d.rep_id is not null) desc, l.eligible_at desc, l.id desc limit 1
"""


def _ask_for_owner(
    conn: psycopg.Connection[Any], run: Run, meeting_id: str, starts_at: datetime, reason: str
) -> None:
    add_task(
        conn,
        "meeting_without_owner",
        "meeting",
        meeting_id,
        f"Who takes the meeting on {starts_at:%d %b %Y, %H:%M} UTC?",
        body=reason,
        is_exception=True,
        due_at=starts_at,
        run_id=run.id,
    )
