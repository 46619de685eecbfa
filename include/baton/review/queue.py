"""What a reviewer sees: the queue by cursor, one draft with everything beside it, what was decided.

Only drafts whose gate let them through, and for a rep only those of their own leads.
"""

import base64
import json
from datetime import datetime
from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.playbook.roles import Person
from baton.warehouse.connect import Row, one, rows, scalar
from baton.writing import drafts
from baton.writing.render import read

PAGE = 50

# The owner is the lead's owner of this moment, not the one whose name stands in the text.
VISIBLE = """
    from ops.draft d
    join ops.released_run released on released.id = d.run_id
    join ops.lead l on l.id = d.lead_id
    join ops.contact c on c.id = d.contact_id
    join ops.account a on a.id = l.account_id
    join ops.revision v on v.draft_id = d.id and v.revision = d.current_revision
    left join ops.lead_owner o on o.lead_id = d.lead_id
    left join ops.rep r on r.id = o.rep_id
    where (%(rep)s::text is null or r.email = %(rep)s)
"""

COLUMNS = """
    select d.id, d.state, d.sequence, d.step, d.due_at, d.expires_at, d.created_at,
        d.current_revision as revision, v.content_hash, v.subject, v.body, v.author,
        c.full_name as contact_name, c.title as contact_title, a.name as account_name,
        a.industry, a.employees, a.country,
        r.name as owner_name, l.icp_quartile, l.lead_score, l.icp_fit,
        (
            select count(*) from ops.lint_finding f
            where f.draft_id = d.id and f.revision = d.current_revision
        ) as findings,
        (
            select count(*) from ops.claim k
            where k.draft_id = d.id and k.revision = d.current_revision
        ) as claims
"""

WAITING = f"""
    {COLUMNS} {VISIBLE} and d.state = 'pending'
        and (%(after)s::jsonb is null
             or (l.icp_quartile, d.due_at, d.id)
                > ((%(after)s::jsonb ->> 0)::smallint, (%(after)s::jsonb ->> 1)::timestamptz,
                   %(after)s::jsonb ->> 2))
    order by l.icp_quartile, d.due_at, d.id
    limit %(limit)s
"""

DECIDED = f"""
    {COLUMNS}, s.verdict, s.reason, s.decided_by, s.decided_at, s.bulk_id,
        m.state as message_state, m.state_reason, m.accepted_at, m.delivered_at
    {
    VISIBLE.replace(
        "where (",
        '''
    join ops.decision s on s.draft_id = d.id and s.revision = d.current_revision
    left join ops.message m on m.draft_id = d.id
    where (''',
    )
}
        and (%(after)s::jsonb is null
             or (s.decided_at, d.id)
                < ((%(after)s::jsonb ->> 0)::timestamptz, %(after)s::jsonb ->> 1))
    order by s.decided_at desc, d.id desc
    limit %(limit)s
"""

ONE = f"""
    {COLUMNS}, v.rendered, d.lead_id, d.contact_id, l.account_id, l.reasons, l.first_signal_at,
        c.email, g.model, g.cost, g.currency
    {
    VISIBLE.replace(
        "where (",
        '''
    left join ops.generation g on g.id = d.generation_id
    where (''',
    )
}
        and d.id = %(id)s
"""


class NotThere(InputError):
    """There is no such draft, or it is not this person's to see."""


def waiting(
    conn: psycopg.Connection[Any], person: Person, after: str | None = None, limit: int = PAGE
) -> tuple[list[Row], str | None]:
    """Return the drafts that wait for this person, best fit first, and the cursor of the next page.

    The cursor is None at the end. Raises InputError for a cursor that was not made here.
    """
    return _page(conn, WAITING, person, after, limit, ("icp_quartile", "due_at", "id"))


def decided(
    conn: psycopg.Connection[Any], person: Person, after: str | None = None, limit: int = PAGE
) -> tuple[list[Row], str | None]:
    """Return what was decided, newest first, with what became of the message, and the next cursor."""
    return _page(conn, DECIDED, person, after, limit, ("decided_at", "id"))


def count(conn: psycopg.Connection[Any], person: Person) -> dict[str, Any]:
    """Return what waits for this person: how many drafts, of which kinds, the oldest's age in hours.

    Beside the counts stands `now`, by which a page tells how long ago things were.
    """
    found = one(
        conn,
        f"""
        select ops.now() as now, count(*) as waiting, count(*) filter (where d.step = 1) as first_touches,
            count(*) filter (where l.icp_quartile = 1) as best_fit,
            count(*) filter (where d.expires_at < ops.now() + interval '1 day') as expiring,
            coalesce(round(extract(epoch from ops.now() - min(d.created_at)) / 3600), 0)::int
                as oldest_hours
        {VISIBLE} and d.state = 'pending'
        """,
        {"rep": person.rep_email if person.only_own_leads else None},
    )
    assert found is not None
    return found


def open_draft(conn: psycopg.Connection[Any], person: Person, draft_id: str) -> Row:
    """Return one draft with claims, findings, evidence, thread, revisions, decision and message.

    Raises NotThere.
    """
    scope = {"rep": person.rep_email if person.only_own_leads else None, "id": draft_id}
    found = one(conn, ONE, scope)
    if found is None:
        raise NotThere("There is no such draft, or it belongs to another rep's lead.")
    found["message"] = read(bytes(found.pop("rendered")))
    current = (draft_id, found["revision"])
    found["claims"] = rows(
        conn,
        "select c.position, c.text, c.evidence_id, c.evidence_text, c.evidence_url, c.grounded, "
        "c.reason, s.occurred_at as evidence_at from ops.claim c "
        "left join ops.signals_of(%s) s on s.id = c.evidence_id "
        "where c.draft_id = %s and c.revision = %s order by c.position",
        (found["lead_id"], *current),
    )
    found["findings"] = rows(
        conn,
        "select rule, severity, detail from ops.lint_finding "
        "where draft_id = %s and revision = %s order by severity, rule, detail",
        current,
    )
    found["thread"] = _thread(conn, found)
    found["revisions"] = drafts.revisions(conn, draft_id)
    found["decision"] = one(
        conn,
        "select verdict, reason, decided_by, decided_role, decided_at from ops.decision "
        "where draft_id = %s and revision = %s",
        current,
    )
    decided = found["decision"]
    found["signals"] = _signals(conn, found["lead_id"], decided and decided["decided_at"])
    found["sending"] = one(
        conn,
        "select id, state, state_reason, accepted_at, delivered_at from ops.message "
        "where draft_id = %s",
        (draft_id,),
    )
    return found


def _signals(conn: psycopg.Connection[Any], lead_id: str, until: datetime | None) -> list[Row]:
    """Return what was known about the lead when it was decided, or is known now."""
    return rows(
        conn,
        """
        select id, kind, title, url, source, occurred_at as at
        from ops.signals_of(%s) where occurred_at <= coalesce(%s, ops.now())
        order by occurred_at desc, id limit 8
        """,
        (lead_id, until),
    )


def _thread(conn: psycopg.Connection[Any], draft: Row) -> list[Row]:
    return rows(
        conn,
        """
        select 'us' as by, v.subject, v.body as text, m.state,
            coalesce(m.delivered_at, m.accepted_at, m.queued_at) as at
        from ops.message m
        join ops.revision v on v.draft_id = m.draft_id and v.revision = m.revision
        where m.contact_id = %(contact)s and m.draft_id <> %(draft)s
        union all
        select 'them', coalesce(p.subject, ''), p.body, p.intent, p.received_at
        from ops.reply p where p.contact_id = %(contact)s
        order by at
        """,
        {"contact": draft["contact_id"], "draft": draft["id"]},
    )


def _page(
    conn: psycopg.Connection[Any],
    query: str,
    person: Person,
    after: str | None,
    limit: int,
    key: tuple[str, ...],
) -> tuple[list[Row], str | None]:
    found = rows(
        conn,
        query,
        {
            "rep": person.rep_email if person.only_own_leads else None,
            "after": None if after is None else _read_cursor(after, len(key)),
            "limit": limit + 1,
        },
    )
    more = len(found) > limit
    found = found[:limit]
    return found, _cursor([found[-1][name] for name in key]) if more else None


def _cursor(key: list[Any]) -> str:
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _read_cursor(text: str, parts: int) -> str:
    """Return the cursor's JSON. It comes from outside: every part is checked before SQL sees it."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = json.loads(plain)
        assert isinstance(key, list)
        assert len(key) == parts
        assert isinstance(key[-1], str)
        assert "\0" not in key[-1]
        datetime.fromisoformat(key[-2])
        if parts == 3:
            assert key[0] in (1, 2, 3, 4)
    except (ValueError, TypeError, AssertionError):
        raise InputError("This page marker is not one of ours; open the first page.") from None
    return json.dumps(key)


def owner_of(conn: psycopg.Connection[Any], draft_id: str) -> str | None:
    """Return the address of the rep who owns the draft's lead now."""
    found: str | None = scalar(
        conn,
        "select r.email from ops.draft d join ops.lead_owner o on o.lead_id = d.lead_id "
        "join ops.rep r on r.id = o.rep_id where d.id = %s",
        (draft_id,),
    )
    return found
