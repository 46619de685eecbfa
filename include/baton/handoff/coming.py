"""The meetings to come with the state of their briefs, and who opened which brief when.

A rep sees their own meetings, everybody else all of them.
"""

from datetime import timedelta
from typing import Any

import psycopg

from baton.core.outside import one_line
from baton.ledger.brief_text import LONGEST_NAME, span
from baton.warehouse.connect import Row, one, rows

MOST = 200

# The newest released version counts; a meeting that is under way is still to be looked up.
MEETINGS = """
    select m.id, m.starts_at, m.ends_at, m.state, coalesce(c.full_name, k.guest_name, k.guest_email) as guest,
        coalesce(c.title, '') as guest_title, coalesce(a.name, '') as account_name,
        o.name as owner_name, lower(o.email) as owner_email, coalesce(o.timezone, 'UTC') as timezone,
        b.id as brief_id, coalesce(b.missing, '{}') as missing, b.opened_at, b.version,
        exists (select from ops.brief e where e.meeting_id = m.id and e.opened_at is not null)
            as was_opened,
        m.starts_at - ops.now() as left, m.starts_at <= ops.now() as is_under_way
    from ops.meeting m
    join ops.released_run r on r.id = m.run_id
    join ops.booking k on k.id = m.booking_id
    left join ops.contact c on c.id = m.contact_id
    left join ops.account a on a.id = m.account_id
    left join ops.rep o on o.id = m.owner_rep_id
    left join lateral (
        select f.id, f.missing, f.opened_at, f.version
        from ops.brief f join ops.released_run p on p.id = f.run_id
        where f.meeting_id = m.id order by f.version desc limit 1
    ) b on true
    where (%(rep)s::text is null or lower(o.email) = %(rep)s)
"""
COMING = f"""
    {MEETINGS} and m.state = 'planned' and m.ends_at > ops.now()
    order by m.starts_at, m.id limit %(limit)s
"""
REPS = "select email from ops.rep where email is not null order by email"
ONE = f"{MEETINGS} and m.id = %(meeting)s"


def coming(conn: psycopg.Connection[Any], rep_email: str | None, limit: int = MOST) -> list[Row]:
    """Return the planned meetings that are not over, the soonest first, of one rep or of everybody.

    Each has `when`, `away` (such as "in 23 hours"), `who`, `owner_name`, `brief` ("complete", "not
    complete" or "none yet"), `missing`, and `opened` ("yes", "no" or "an earlier version").
    """
    query = {"rep": rep_email and rep_email.lower(), "limit": limit}
    return [_told(row) for row in rows(conn, COMING, query)]


def rep_emails(conn: psycopg.Connection[Any]) -> list[str]:
    """Return the addresses of all reps in small letters, also of those who are no longer active."""
    return [row["email"] for row in rows(conn, REPS)]


def meeting(conn: psycopg.Connection[Any], meeting_id: str, rep_email: str | None) -> Row | None:
    """Return one meeting as `coming` does, past and cancelled ones too; None if it is not theirs."""
    row = one(conn, ONE, {"rep": rep_email and rep_email.lower(), "meeting": meeting_id})
    return None if row is None else _told(row)


def mark_opened(conn: psycopg.Connection[Any], brief_id: str, by: str) -> bool:
    """Record that the meeting's rep opened this version; return whether it was the first time.

    The first time of each version stays: what counts is whether one was opened before the start.
    """
    opened = conn.execute(
        "update ops.brief set opened_at = ops.now(), opened_by = %s "
        "where id = %s and opened_at is null",
        (by, brief_id),
    )
    return opened.rowcount == 1


def _told(row: Row) -> Row:
    words = (row["guest"], row["guest_title"], row["account_name"])
    brief = "not complete" if row["missing"] else "complete"
    if row["brief_id"] is None:
        brief = "none yet"
    opened = "no"
    if row["was_opened"]:
        opened = "yes" if row["opened_at"] else "an earlier version"
    return {
        **row,
        "who": ", ".join(one_line(word, LONGEST_NAME) for word in words if word),
        "when": span(row["starts_at"], row["ends_at"], row["timezone"]),
        "away": away(row["left"]),
        "brief": brief,
        "opened": opened,
    }


def away(left: timedelta) -> str:
    """Return how far away something is, such as "in 23 hours"; "now" if it begins or has begun.

    In whole days, hours or minutes: the longest of which there are two.
    """
    minutes = int(left.total_seconds() // 60)
    if minutes < 1:
        return "now"
    number, unit = minutes, "minute"
    if minutes >= 48 * 60:
        number, unit = minutes // (24 * 60), "day"
    elif minutes >= 2 * 60:
        number, unit = minutes // 60, "hour"
    return f"in {number} {unit}{'' if number == 1 else 's'}"
