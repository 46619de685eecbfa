"""Events in reps' own calendars: what ops.meeting and ops.brief say, written once per change.

Putting an event is idempotent by its uid and content hash, so a kill between the request and our row
costs one look at the calendar, never a second event.
"""

from datetime import datetime
from typing import Any, Protocol

import psycopg

from baton.clients.caldav import CalDavCalendar, EventChanged, StoredEvent
from baton.clients.calendar_folder import FolderCalendar
from baton.core.errors import VendorAmbiguous, VendorError, VendorUnavailable
from baton.core.outside import one_line, unlinked
from baton.core.settings import Settings
from baton.ledger import brief_text
from baton.ledger.vevent import MeetingEvent, hash_of, render
from baton.warehouse.connect import Row, one, rows, scalar
from baton.warehouse.run import Run

GIVE_UP_AFTER = 3
LONGEST_NAME = 120


class Calendar(Protocol):
    """Where reps' events are kept: a CalDAV server, or a folder."""

    def get(self, rep_email: str, uid: str) -> StoredEvent | None:
        """Return the event, or None."""

    def put(self, rep_email: str, uid: str, ics: str, etag: str | None) -> str:
        """Write the event where `etag` is still what is held; return the new etag."""

    def delete(self, rep_email: str, uid: str) -> None:
        """Take the event out."""

    def close(self) -> None:
        """Close what was kept open."""


def open_calendar(settings: Settings) -> Calendar:
    """Return the calendars behind the connection baton_calendar, or the local folder."""
    connection = settings.connection("baton_calendar")
    if connection is None:
        return FolderCalendar(settings.home / "calendars")
    return CalDavCalendar(connection)


# Meetings that are not over, of released runs, with an owner who has an address. One that was
# cancelled before it had an event needs none; what lies in the past is the rep's history.
MEETINGS = """
    select m.id, m.starts_at, m.ends_at, m.location, m.state, o.id as rep_id, o.email as rep_email,
        coalesce(c.full_name, k.guest_name, k.guest_email) as guest, a.name as account_name,
        e.uid, e.content_hash, e.etag, e.brief_id, e.state as event_state,
        e.rep_id as held_rep_id, h.email as held_rep_email
    from ops.meeting m
    join ops.released_run r on r.id = m.run_id
    join ops.booking k on k.id = m.booking_id
    join ops.rep o on o.id = m.owner_rep_id and o.email is not null
    left join ops.contact c on c.id = m.contact_id
    left join ops.account a on a.id = m.account_id
    left join ops.calendar_event e on e.meeting_id = m.id
    left join ops.rep h on h.id = e.rep_id
    where (m.state = 'planned' or e.meeting_id is not null)
        and m.ends_at > ops.now()
        and (e.state is distinct from 'cancelled' or m.state = 'planned')
    order by m.starts_at, m.id
"""


def write_events(run: Run, calendar: Calendar | None = None) -> dict[str, int | str]:
    """Bring every rep's calendar up to date with meetings and their newest released briefs.

    Returns how many events were written, cancelled, failed or right already. Only one process does
    this at a time; another returns at once.
    """
    own = calendar or open_calendar(run.settings)
    counts: dict[str, int | str] = {"written": 0, "cancelled": 0, "unchanged": 0, "failed": 0}
    try:
        with run.connect() as conn:
            if not scalar(conn, "select pg_try_advisory_lock(hashtext('baton ledger calendar'))"):
                return {**counts, "detail": "another process is writing"}
            meetings = rows(conn, MEETINGS)
            conn.commit()
            unanswered = 0
            for meeting in meetings:
                state, answered = _write_one(conn, run, own, meeting)
                counts[state] = int(counts[state]) + 1
                unanswered = 0 if answered else unanswered + 1
                if unanswered >= GIVE_UP_AFTER:
                    counts["detail"] = "the calendar does not answer; the next run goes on"
                    break
    finally:
        if calendar is None:
            own.close()
    return counts


def _write_one(
    conn: psycopg.Connection[Any], run: Run, calendar: Calendar, meeting: Row
) -> tuple[str, bool]:
    event, brief_id, now = _wanted(conn, meeting)
    same_rep = meeting["held_rep_id"] in (None, meeting["rep_id"])
    right = meeting["content_hash"] == event.content_hash and meeting["event_state"] != "failed"
    if right and same_rep:
        return "unchanged", True
    try:
        if not same_rep and meeting["held_rep_email"]:
            calendar.delete(meeting["held_rep_email"], event.uid)
        etag = _put(
            calendar, meeting["rep_email"], event, meeting["etag"] if same_rep else None, now
        )
    except VendorError as error:
        # Also an answer that never came: the next run finds out by uid and hash.
        _keep(conn, run, meeting, event.uid, brief_id, "-", None, "failed", str(error))
        return "failed", not isinstance(error, VendorUnavailable | VendorAmbiguous)
    state = "cancelled" if event.cancelled else "written"
    _keep(conn, run, meeting, event.uid, brief_id, event.content_hash, etag, state, None)
    return state, True


def _wanted(
    conn: psycopg.Connection[Any], meeting: Row
) -> tuple[MeetingEvent, str | None, datetime]:
    brief = brief_text.load(conn, meeting["id"])
    now: datetime = scalar(conn, "select ops.now()")
    conn.commit()
    names = (
        one_line(name or "", LONGEST_NAME) for name in (meeting["guest"], meeting["account_name"])
    )
    who = unlinked(", ".join(name for name in names if name))
    cancelled = meeting["state"] == "cancelled"
    event = MeetingEvent(
        uid=meeting["uid"] or f"{meeting['id']}@baton",
        starts_at=meeting["starts_at"],
        ends_at=meeting["ends_at"],
        summary=f"Cancelled: {who}" if cancelled else f"Meeting: {who}",
        brief=brief_text.text(brief) if brief else "The brief is being written.",
        cancelled=cancelled,
        location=brief_text.place(one_line(meeting["location"] or "", brief_text.LONGEST_PLACE)),
    )
    return event, brief.id if brief else None, now


def _put(
    calendar: Calendar, rep_email: str, event: MeetingEvent, etag: str | None, now: datetime
) -> str:
    """Write the event whatever the calendar holds, keeping what the rep added; return its etag."""
    held = calendar.get(rep_email, event.uid) if etag else None
    for _ in range(3):
        if held and hash_of(held.ics) == event.content_hash:
            return held.etag
        ics = render(event, now, held.ics if held else None)
        try:
            return calendar.put(rep_email, event.uid, ics, held.etag if held else None)
        except EventChanged:
            held = calendar.get(rep_email, event.uid)
    raise VendorUnavailable(
        f"The event {event.uid} of {rep_email} changes faster than it is written."
    )


def _keep(
    conn: psycopg.Connection[Any],
    run: Run,
    meeting: Row,
    uid: str,
    brief_id: str | None,
    content_hash: str,
    etag: str | None,
    state: str,
    detail: str | None,
) -> None:
    conn.execute(
        """
        insert into ops.calendar_event as e (meeting_id, rep_id, uid, brief_id, content_hash, etag,
                                             state, detail, written_at, run_id)
        values (%(meeting)s, %(rep)s, %(uid)s, %(brief)s, %(hash)s, %(etag)s, %(state)s,
                %(detail)s, case when %(state)s <> 'failed' then ops.now() end, %(run)s)
        on conflict (meeting_id) do update
        set rep_id = case when excluded.state = 'failed' then e.rep_id else excluded.rep_id end,
            brief_id = case when excluded.state = 'failed' then e.brief_id else excluded.brief_id end,
            content_hash = excluded.content_hash, etag = coalesce(excluded.etag, e.etag),
            state = excluded.state, detail = excluded.detail,
            written_at = coalesce(excluded.written_at, e.written_at), run_id = excluded.run_id
        """,
        {"meeting": meeting["id"], "rep": meeting["rep_id"], "uid": uid, "brief": brief_id,
         "hash": content_hash, "etag": etag, "state": state, "detail": detail, "run": run.id},
    )  # fmt: skip
    conn.commit()


def event_of(conn: psycopg.Connection[Any], meeting_id: str) -> Row | None:
    """Return the row of a meeting's calendar event, or None."""
    return one(conn, "select * from ops.calendar_event where meeting_id = %s", (meeting_id,))
