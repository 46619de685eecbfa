"""What a brief is made of: the signals that lifted the lead, and everything that was exchanged."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from baton.core.outside import one_line, visible
from baton.playbook.signals import SignalType
from baton.warehouse.connect import Row, rows
from baton.writing.evidence import clean, is_for_machines, safe_url, together

FURTHER_SIGNALS = 5
# Why a signal stands below the others, as the rep reads it.
UNTRUSTED = "its source is not trusted"
FOR_MACHINES = "it gives orders or carries an address: do not follow it"
# Why a signal that stands in its place is left unspoken.
OWN_TITLE = "it names the guest's own title: somebody may have followed them"
LEADERSHIP = "leadership_change"  # the type of `signal_types.yml` that says who has which post now
LONGEST_SUBJECT = 200
FOOTER = "\n-- \n"  # the standard line before a signature; below it stands only what code added

# Planned meetings of released runs that are still to come, or that never got a brief.
MEETINGS = """
    select m.id, m.starts_at, m.contact_id, m.account_id, m.lead_id, m.owner_rep_id, m.booking_id,
        coalesce(c.full_name, b.guest_name, '') as guest_name,
        coalesce(c.email, b.guest_email) as guest_email, c.title as guest_title,
        a.name as account_name, a.domain, a.industry, o.name as owner_name, o.email as owner_email,
        l.sequence, l.reasons,
        (select f.content_hash from ops.brief f where f.meeting_id = m.id
         order by f.version desc limit 1) as held_hash
    from ops.meeting m
    join ops.released_run r on r.id = m.run_id
    join ops.booking b on b.id = m.booking_id
    left join ops.contact c on c.id = m.contact_id
    left join ops.account a on a.id = m.account_id
    left join ops.rep o on o.id = m.owner_rep_id
    left join ops.lead l on l.id = m.lead_id
    where m.state = 'planned' and (
        m.starts_at > ops.now()
        or not exists (select from ops.brief f where f.meeting_id = m.id)
    )
    order by m.starts_at, m.id
"""

# The signals that the score counted, with the points that each had when the lead became eligible;
# and what was seen since, by domain or address.
SIGNALS = """
    select s.source, ops.signal_id(s.source, s.natural_key) as id, s.signal_type as type,
        coalesce(s.title, '') as title,
        coalesce(s.payload ->> 'summary', s.payload ->> 'description', '') as summary, s.url,
        s.occurred_at as at,
        (select x ->> 'points' from jsonb_array_elements(%(lifted)s) x
         where x ->> 'signal_id' = ops.signal_id(s.source, s.natural_key) limit 1) as weight
    from landing.signal s
    join ops.released_run r on r.id = s.run_id
    where s.domain = %(domain)s or s.email = %(email)s
        or ops.signal_id(s.source, s.natural_key) = any(%(ids)s)
    order by s.occurred_at desc, id
"""

THREAD = """
    with chain as (
        select b.* from ops.booking b where b.contact_id = %(contact)s or b.id = %(booking)s
    )
    select d.booked_at as at, 'them' as by, 'they booked' as kind, d.title as subject, '' as text,
        d.id as sort
    from chain d
    union all
    select coalesce(m.accepted_at, m.queued_at), 'us',
        case when m.state = 'unknown' then 'we may have written (no answer from the provider)'
             else 'we wrote' end,
        v.subject, convert_from(v.rendered, 'UTF8')::jsonb ->> 'text', m.id
    from ops.message m
    join ops.revision v on v.draft_id = m.draft_id and v.revision = m.revision
    where m.contact_id = %(contact)s
        and m.state in ('accepted', 'delivered', 'bounced', 'complained', 'unknown')
    union all
    select e.occurred_at, 'system', 'our message ' || case e.event_type
        when 'delivered' then 'was delivered' when 'bounced' then 'bounced'
        when 'complained' then 'was marked as spam' when 'unsubscribed' then 'led to an opt-out'
        else 'was ' || e.event_type end, v.subject, '', e.message_id || e.event_key
    from ops.message_event e
    join ops.message m on m.id = e.message_id
    join ops.revision v on v.draft_id = m.draft_id and v.revision = m.revision
    where m.contact_id = %(contact)s and e.event_type not in ('accepted', 'deferred')
    union all
    select p.received_at, case when p.is_automatic then 'system' else 'them' end,
        case when p.is_automatic then 'an automatic reply came' else 'they replied' end,
        p.subject, p.body, p.id
    from ops.reply p
    join ops.released_run r on r.id = p.run_id
    where p.contact_id = %(contact)s
    order by at, sort
"""


@dataclass(frozen=True)
class Sources:
    """Everything known about one meeting. Lists are JSON, as ops.brief keeps them."""

    meeting: Row
    signals: list[dict[str, Any]]
    thread: list[dict[str, Any]]

    @property
    def first_name(self) -> str:
        """The guest's first name, or an empty string."""
        words = str(self.meeting["guest_name"]).split()
        return words[0] if words else ""

    @property
    def said(self) -> list[dict[str, Any]]:
        """What the signals say that may be spoken of to the guest."""
        return [signal for signal in self.signals if signal["speakable"]]

    @property
    def last_reply(self) -> str:
        """The last words that the guest wrote, or an empty string."""
        words = [
            i["text"] for i in self.thread if i["by"] == "them" and i["kind"] == "they replied"
        ]
        return str(words[-1]) if words else ""


def due(conn: psycopg.Connection[Any]) -> list[Row]:
    """Return the meetings that need a brief, the soonest first."""
    return rows(conn, MEETINGS)


def collect(
    conn: psycopg.Connection[Any],
    meeting: Row,
    silent: Collection[str],
    untrusted: Collection[str] = (),
    types: Mapping[str, SignalType] | None = None,
) -> Sources:
    """Read what there is about one meeting, or one task about a person.

    Signals of a `silent` type are not to be spoken of, nor is news that the guest's own title went to
    somebody else; neither are those of `untrusted` sources, which also stand below all others. By
    `types` the strongest at the time of the meeting come first.
    """
    reasons = meeting["reasons"] if isinstance(meeting["reasons"], dict) else {}
    lifted = [s for s in reasons.get("signals") or [] if isinstance(s, dict)]
    found = rows(
        conn,
        SIGNALS,
        {
            "lifted": json.dumps(lifted),
            "ids": [str(s.get("signal_id")) for s in lifted],
            "domain": meeting["domain"],
            "email": meeting["guest_email"],
        },
    )
    thread = rows(
        conn, THREAD, {"contact": meeting["contact_id"], "booking": meeting["booking_id"]}
    )
    # A task has no moment of its own: that of the newest signal serves to compare them.
    moment = meeting.get("starts_at") or (found[0]["at"] if found else None)
    strength = {row["id"]: _strength(row, moment or row["at"], types or {}) for row in found}
    signals = _ordered([_signal(row, silent, untrusted, meeting) for row in found], strength)
    return Sources(meeting, signals, [_item(row) for row in thread])


def _signal(
    row: Row, silent: Collection[str], untrusted: Collection[str], meeting: Row
) -> dict[str, Any]:
    headline, summary = clean(row["title"]), clean(row["summary"])
    text = together(headline, summary)
    doubt = None
    if row["source"] in untrusted:
        doubt = UNTRUSTED
    elif is_for_machines(text):
        doubt = FOR_MACHINES
    remark = OWN_TITLE if row["type"] == LEADERSHIP and _is_of_their_post(text, meeting) else None
    return {
        "id": row["id"],
        "type": row["type"],
        "title": headline or summary,
        "text": text,
        "source": row["source"],
        "at": _iso(row["at"]),
        "url": safe_url(row["url"]),
        "weight": None if row["weight"] is None else float(row["weight"]),
        "doubt": doubt,
        "remark": remark,
        "speakable": bool(text) and row["type"] not in silent and not (doubt or remark),
    }


def _is_of_their_post(text: str, meeting: Row) -> bool:
    """Return whether a text names the guest's title, and does not name the guest as who has it."""
    title, name = meeting["guest_title"], meeting["guest_name"]
    return _says(text, title) and not _says(text, name)


def _says(text: str, words: str | None) -> bool:
    said = r"\s+".join(map(re.escape, (words or "").split()))
    return bool(said) and bool(re.search(rf"(?<!\w){said}(?!\w)", text, re.IGNORECASE))


def _strength(row: Row, moment: datetime, types: Mapping[str, SignalType]) -> float:
    """Return the points of intent that a signal has left at a moment, as `signal_types.yml` says."""
    worth = types.get(row["type"])
    if worth is None:
        return 0.0
    days = max((moment - row["at"]).total_seconds() / 86_400, 0.0)
    return worth.weight * float(0.5 ** (days / worth.half_life_days))


def _ordered(signals: list[dict[str, Any]], strength: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return what the score counted and a few newer ones, strongest first; the doubtful below all.

    The same headline counts once, and from a trusted source rather than from another.
    """
    heavy = [s for s in signals if s["weight"] is not None]
    told = {s["title"].casefold() for s in heavy if s["title"]}
    since = []
    for signal in sorted(signals, key=lambda s: s["doubt"] is not None):  # stable: newest first
        if signal["weight"] is None and signal["title"].casefold() not in told:
            told.add(signal["title"].casefold())
            since.append(signal)
    return sorted(
        heavy + since[:FURTHER_SIGNALS],
        key=lambda s: (s["doubt"] is not None, -strength[s["id"]], -(s["weight"] or 0)),
    )


def _item(row: Row) -> dict[str, Any]:
    text = visible(str(row["text"] or ""))
    if row["by"] == "us":
        text = text.partition(FOOTER)[0]
    return {
        "at": _iso(row["at"]),
        "by": row["by"],
        "kind": row["kind"],
        "subject": one_line(row["subject"] or "", LONGEST_SUBJECT),
        "text": text.strip(),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
