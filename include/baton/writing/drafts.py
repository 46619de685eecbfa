"""The rows of drafts and revisions. Each function works in the caller's transaction."""

from datetime import timedelta
from typing import Any

import psycopg

from baton.core.errors import BatonError
from baton.warehouse.connect import Row, one, rows, scalar
from baton.writing.records import Checked, Occasion


class StaleRevision(BatonError):
    """The draft changed since it was read; read it again and decide anew."""


def keep(
    conn: psycopg.Connection[Any],
    occasion: Occasion,
    checked: Checked,
    *,
    generation_id: str,
    expires_after: timedelta,
    author: str,
    run_id: str,
) -> str | None:
    """Keep a text as a pending draft and return its id; None if this step has a live draft already."""
    draft_id = _insert(conn, occasion, "pending", generation_id, expires_after, run_id)
    if draft_id is not None:
        _add_revision(conn, draft_id, 1, occasion.contact.id, checked, author)
    return draft_id


def keep_nothing(
    conn: psycopg.Connection[Any],
    occasion: Occasion,
    *,
    generation_id: str,
    expires_after: timedelta,
    run_id: str,
) -> str | None:
    """Keep that there was nothing worth saying, so that nobody asks again before something happens."""
    return _insert(conn, occasion, "nothing", generation_id, expires_after, run_id)


def revise(
    conn: psycopg.Connection[Any], draft_id: str, base: int, checked: Checked, author: str
) -> int:
    """Add a revision after revision `base` and return its number.

    Raises StaleRevision if the draft was edited or decided meanwhile.
    """
    row = one(
        conn,
        "select contact_id, state, current_revision from ops.draft where id = %s for update",
        (draft_id,),
    )
    if row is None:
        raise StaleRevision(f"There is no draft {draft_id}.")
    if row["state"] != "pending":
        raise StaleRevision(f"This draft is {row['state']} already; it takes no more edits.")
    if row["current_revision"] != base:
        raise StaleRevision("Somebody edited this draft meanwhile; read the new text first.")
    _add_revision(conn, draft_id, base + 1, row["contact_id"], checked, author)
    return base + 1


def retire_nothing(conn: psycopg.Connection[Any]) -> int:
    """Let go of "nothing worth saying" whose time is over, so that the step may be looked at again."""
    return conn.execute(
        "update ops.draft set state = 'expired' where state = 'nothing' and expires_at <= ops.now()"
    ).rowcount


def withdraw(conn: psycopg.Connection[Any], draft_ids: list[str]) -> int:
    """Take back drafts that no reviewer has seen (their run is not released); return how many."""
    return conn.execute(
        """
        update ops.draft d set state = 'expired'
        where d.id = any(%s) and d.state = 'pending'
            and not exists (select from ops.released_run r where r.id = d.run_id)
        """,
        (draft_ids,),
    ).rowcount


def revisions(conn: psycopg.Connection[Any], draft_id: str) -> list[Row]:
    """Return every revision of a draft, oldest first: revision, subject, body, author, created_at."""
    return rows(
        conn,
        "select revision, subject, body, author, created_at, content_hash from ops.revision "
        "where draft_id = %s order by revision",
        (draft_id,),
    )


def _insert(
    conn: psycopg.Connection[Any],
    occasion: Occasion,
    state: str,
    generation_id: str,
    expires_after: timedelta,
    run_id: str,
) -> str | None:
    made: str | None = scalar(
        conn,
        """
        insert into ops.draft (lead_id, contact_id, person_id, sequence, step, generation_id, state,
                               due_at, expires_at, run_id)
        values (%s, %s, %s, %s, %s, %s, %s, %s, ops.now() + %s, %s)
        on conflict (person_id, sequence, step) where state <> 'expired' do nothing
        returning id
        """,
        (
            occasion.lead_id,
            occasion.contact.id,
            occasion.person_id,
            occasion.sequence,
            occasion.step,
            generation_id,
            state,
            occasion.due_at,
            expires_after,
            run_id,
        ),
    )
    return made


def _add_revision(
    conn: psycopg.Connection[Any],
    draft_id: str,
    number: int,
    contact_id: str,
    checked: Checked,
    author: str,
) -> None:
    conn.execute(
        """
        insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, author)
        values (%s, %s, %s, %s, %s, %s, %s)
        """,
        (draft_id, number, contact_id, checked.subject, checked.body, checked.rendered, author),
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.claim (draft_id, revision, position, text, evidence_id, evidence_text,
                                   evidence_url, grounded, reason)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (draft_id, number, place, claim.text, claim.evidence_id, claim.evidence_text,
                 claim.evidence_url, claim.grounded, claim.reason)
                for place, claim in enumerate(checked.claims, start=1)
            ],
        )  # fmt: skip
        cursor.executemany(
            "insert into ops.lint_finding (draft_id, revision, rule, severity, detail) "
            "values (%s, %s, %s, %s, %s)",
            [(draft_id, number, f.rule, f.severity, f.detail) for f in checked.findings],
        )
