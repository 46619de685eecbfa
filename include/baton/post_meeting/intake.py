"""From landed transcripts and no-show events to ops.meeting_outcome."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg

from baton.core.ids import new_id
from baton.playbook.thresholds import PostMeeting
from baton.post_meeting.transcript import Transcript, Unreadable, read
from baton.routing.tasks import add_task, finish_task
from baton.warehouse import watermark
from baton.warehouse.connect import Row, one, rows
from baton.warehouse.run import Run

READER = "post_meeting.transcript"
UNMATCHED = "unmatched_transcript"
LONGEST_KEPT = 10_000

# New ones, and those that found no meeting so far (the booking may have come later).
LANDED = """
    select t.source, t.natural_key, t.occurred_at, t.meeting_uid, t.payload,
        t.xact >= %(low)s::xid8 as is_new
    from landing.transcript t
    where (t.xact >= %(low)s::xid8 and t.xact < %(high)s::xid8)
        or (t.source || ':' || t.natural_key) in (
            select k.subject_id from ops.task k
            where k.kind = %(kind)s and k.subject_kind = 'transcript' and k.done_at is null
        ) and t.xact < %(low)s::xid8
    order by t.occurred_at, t.source, t.natural_key
"""

BY_UID = """
    with recursive linked as (
        select source, uid, previous_uid from ops.booking where uid = any(%(uids)s)
        union
        select b.source, b.uid, b.previous_uid
        from linked l
        join ops.booking b
            on b.source = l.source and (b.uid = l.previous_uid or b.previous_uid = l.uid)
    )
    select m.id, o.name as rep_name, o.email as rep_email
    from ops.meeting m
    join ops.released_run r on r.id = m.run_id
    join ops.booking b on b.id = m.booking_id
    left join ops.rep o on o.id = m.owner_rep_id
    where (b.source, b.uid) in (select source, uid from linked) or m.id = any(%(uids)s)
    order by (m.state = 'planned') desc, m.starts_at desc, m.id limit 1
"""

BY_TIME = """
    select m.id, o.name as rep_name, o.email as rep_email
    from ops.meeting m
    join ops.released_run r on r.id = m.run_id
    join ops.booking b on b.id = m.booking_id
    left join ops.rep o on o.id = m.owner_rep_id
    where m.state = 'planned' and b.guest_email = any(%(guests)s)
        and m.starts_at between %(at)s - make_interval(mins => %(minutes)s)
                            and %(at)s + make_interval(mins => %(minutes)s)
    order by abs(extract(epoch from m.starts_at - %(at)s)), m.id limit 1
"""


def take(conn: psycopg.Connection[Any], run: Run, limits: PostMeeting) -> dict[str, int]:
    """Tie every new transcript to its meeting and decide the outcome, in the caller's transaction.

    Returns counts: received, accepted, quarantined, unmatched, and meetings held.
    """
    seen = watermark.window(conn, READER)
    landed = rows(conn, LANDED, {"low": seen.low, "high": seen.high, "kind": UNMATCHED})
    counts = {"received": 0, "accepted": 0, "quarantined": 0, "unmatched": 0, "matched": 0}
    intake_id = new_id("int")
    staff = _staff(conn)
    for row in landed:
        counts["received"] += row["is_new"]
        try:
            said = read(row["payload"], row["meeting_uid"])
        except Unreadable as reason:
            counts["quarantined"] += 1
            _quarantine(conn, intake_id, row, str(reason))
            continue
        counts["accepted"] += row["is_new"]
        if said.audio_url:
            continue  # it is landed again, in words, once it is transcribed
        meeting = _meeting(conn, said, limits)
        if meeting is None:
            counts["unmatched"] += 1
            _ask_which_meeting(conn, run, row, said)
            continue
        finish_task(conn, UNMATCHED, "transcript", _key(row), "baton")
        counts["matched"] += _keep(conn, run, row, meeting, said, staff)
    if counts["received"]:
        conn.execute(
            "insert into landing.intake (id, run_id, source, entity, received, accepted, duplicates,"
            " quarantined) values (%s, %s, 'transcript', 'transcript', %s, %s, 0, %s)",
            (intake_id, run.id, counts["received"], counts["accepted"], counts["quarantined"]),
        )
    watermark.advance(conn, seen, run.id)
    return counts


def outcome_of(said: Transcript, rep: Mapping[str, Any], staff: frozenset[str]) -> str:
    """Return who came, by who spoke: attended, guest_no_show, host_no_show, or unknown.

    `staff` are names and addresses of our reps, lower case. Without any speaker nobody can tell.
    """
    ours = staff | {str(rep[k]).lower() for k in ("rep_name", "rep_email") if rep[k]}
    speakers = {(s.email or "", s.speaker.lower()) for s in said.segments if s.email or s.speaker}
    if not speakers:
        return "unknown"
    hosts = {s for s in speakers if s[0] in ours or s[1] in ours}
    if hosts == speakers:
        return "guest_no_show"
    if hosts or len(speakers) > 1:
        return "attended"
    return "host_no_show"


def no_shows(conn: psycopg.Connection[Any], run: Run) -> int:
    """Take over what the booking tool says of people who did not come; return how many are new.

    A transcript knows better, whichever comes first.
    """
    return conn.execute(NO_SHOWS, {"run": run.id}).rowcount


NO_SHOWS = """
    with recursive said as (
        select e.source, coalesce(p ->> 'bookingUid', p ->> 'uid') as uid, e.occurred_at,
            case when e.event_type = 'AFTER_HOSTS_CAL_VIDEO_NO_SHOW' then 'host_no_show'
                 else 'guest_no_show' end as outcome
        from landing.booking_event e
        cross join lateral (select case jsonb_typeof(e.payload -> 'payload')
                                   when 'object' then e.payload -> 'payload'
                                   else e.payload end as p) body
        where e.event_type in ('AFTER_HOSTS_CAL_VIDEO_NO_SHOW', 'AFTER_GUESTS_CAL_VIDEO_NO_SHOW')
            or (e.event_type = 'BOOKING_NO_SHOW_UPDATED'
                and jsonb_path_exists(p, '$.attendees[*] ? (@.noShow == true)'))
    ), linked as (
        select s.source, s.uid, s.uid as said_uid, s.outcome, s.occurred_at from said s
        union
        select b.source, b.previous_uid, l.said_uid, l.outcome, l.occurred_at
        from linked l
        join ops.booking b on b.source = l.source and b.uid = l.uid and b.previous_uid is not null
    ), decided as (
        select distinct on (m.id) m.id, l.outcome
        from linked l
        join ops.booking b on b.source = l.source and b.uid = l.uid
        join ops.meeting m on m.booking_id = b.id
        join ops.released_run r on r.id = m.run_id
        order by m.id, l.occurred_at desc, l.outcome
    )
    insert into ops.meeting_outcome as o (meeting_id, outcome, source, run_id)
    select id, outcome, 'booking tool', %(run)s from decided
    on conflict (meeting_id) do update
    set outcome = excluded.outcome, source = excluded.source, decided_at = excluded.decided_at,
        run_id = excluded.run_id
    where o.transcript_key is null and o.outcome = 'unknown'
"""


def give_up(conn: psycopg.Connection[Any], run: Run, hours: int) -> int:
    """Call the outcome of meetings `unknown` that ended `hours` ago without a word; return how many."""
    return conn.execute(
        """
        insert into ops.meeting_outcome (meeting_id, outcome, source, run_id)
        select m.id, 'unknown', 'nobody said', %s
        from ops.meeting m join ops.released_run r on r.id = m.run_id
        where m.state = 'planned' and m.ends_at < ops.now() - make_interval(hours => %s)
        on conflict (meeting_id) do nothing
        """,
        (run.id, hours),
    ).rowcount


def _staff(conn: psycopg.Connection[Any]) -> frozenset[str]:
    found = rows(conn, "select lower(name) as name, email from ops.rep")
    return frozenset(word for row in found for word in (row["name"], row["email"]) if word)


def _meeting(conn: psycopg.Connection[Any], said: Transcript, limits: PostMeeting) -> Row | None:
    if said.uids and (found := one(conn, BY_UID, {"uids": list(said.uids)})):
        return found
    if said.started_at is None or not said.attendees:
        return None
    at = {"guests": list(said.attendees), "at": said.started_at, "minutes": limits.match_minutes}
    return one(conn, BY_TIME, at)


def _keep(
    conn: psycopg.Connection[Any],
    run: Run,
    row: Row,
    meeting: Row,
    said: Transcript,
    staff: frozenset[str],
) -> bool:
    kept = conn.execute(
        """
        insert into ops.meeting_outcome as o
            (meeting_id, outcome, source, transcript_source, transcript_key, run_id)
        values (%s, %s, 'transcript', %s, %s, %s)
        on conflict (meeting_id) do update
        set outcome = excluded.outcome, source = excluded.source, decided_at = excluded.decided_at,
            transcript_source = excluded.transcript_source,
            transcript_key = excluded.transcript_key, run_id = excluded.run_id
        where o.transcript_key is null
        """,
        (
            meeting["id"],
            outcome_of(said, meeting, staff),
            row["source"],
            row["natural_key"],
            run.id,
        ),
    )
    if kept.rowcount == 0 and not one(
        conn,
        "select 1 from ops.meeting_outcome where meeting_id = %s and transcript_source = %s "
        "and transcript_key = %s",
        (meeting["id"], row["source"], row["natural_key"]),
    ):
        add_task(
            conn,
            "second_transcript",
            "meeting",
            meeting["id"],
            "A second transcript came for this meeting; which one counts?",
            body=f"{_key(row)} came after the one that was digested.",
            is_exception=True,
            run_id=run.id,
        )
    return kept.rowcount == 1


def _ask_which_meeting(conn: psycopg.Connection[Any], run: Run, row: Row, said: Transcript) -> None:
    when = f"{said.started_at:%d %b %Y, %H:%M} UTC" if said.started_at else "an unknown time"
    add_task(
        conn,
        UNMATCHED,
        "transcript",
        _key(row),
        f"Which meeting is the transcript of {when}?",
        body=f"It names {', '.join((*said.uids, *said.attendees))[:500]}; no meeting of ours fits.",
        is_exception=True,
        run_id=run.id,
    )


def _key(row: Row) -> str:
    return f"{row['source']}:{row['natural_key']}"


def _quarantine(conn: psycopg.Connection[Any], intake_id: str, row: Row, reason: str) -> None:
    conn.execute(
        "insert into landing.quarantine (intake_id, source, file, reason, payload) "
        "values (%s, 'transcript', %s, %s, %s)",
        (intake_id, row["natural_key"][:300], reason,
         json.dumps(row["payload"], ensure_ascii=False)[:LONGEST_KEPT]),
    )  # fmt: skip
