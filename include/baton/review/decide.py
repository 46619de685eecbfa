"""Decisions: approve, kill, edit, undo. Each is signed, and each names exactly what was read.

Every function works in the caller's transaction; an error means that nothing was changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors

from baton.core import ids
from baton.core.errors import BatonError
from baton.core.settings import Settings
from baton.playbook import sequences, thresholds, voices
from baton.playbook.roles import Person
from baton.review.queue import NotThere, owner_of
from baton.warehouse.connect import Row, one, rows
from baton.writing import drafts, occasions
from baton.writing.checks import check
from baton.writing.drafts import StaleRevision
from baton.writing.grounding import plain
from baton.writing.records import ClaimText, Finding
from baton.writing.render import RenderError

KILL_REASONS: Mapping[str, str] = {
    "wrong_person": "Wrong person",
    "wrong_time": "Wrong time",
    "wrong_facts": "Facts are wrong or too thin",
    "wrong_tone": "Wrong tone",
    "known_account": "We are in touch already",
    "other": "Another reason",
}


class NotAllowed(BatonError):
    """This person may not decide this draft."""


class BreaksRules(BatonError):
    """An edit (or what is to be approved) breaks rules that no message may break."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{f.detail} ({f.rule})" for f in self.findings))


@dataclass(frozen=True)
class Choice:
    """What somebody read and now decides on: the draft, its revision and its content's hash."""

    draft_id: str
    revision: int
    content_hash: str
    seconds_spent: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one choice of several. `error` is a sentence, or None where it was done."""

    draft_id: str
    error: str | None


def approve(
    conn: psycopg.Connection[Any], person: Person, choice: Choice, bulk_id: str | None = None
) -> None:
    """Approve exactly this content. Raises StaleRevision, NotAllowed, NotThere or BreaksRules."""
    draft = _take(conn, person, choice)
    found = rows(
        conn,
        "select rule, severity, detail from ops.lint_finding "
        "where draft_id = %s and revision = %s and severity = 'error'",
        (choice.draft_id, choice.revision),
    )
    if found:
        raise BreaksRules(Finding(**finding) for finding in found)
    if draft["is_over"]:
        raise StaleRevision("This draft is too old to be sent; it expires.")
    _decide(conn, person, choice, draft, "approved", None, bulk_id)


def kill(
    conn: psycopg.Connection[Any],
    person: Person,
    choice: Choice,
    reason: str,
    bulk_id: str | None = None,
) -> None:
    """Kill a draft for good; `reason` is a word of `KILL_REASONS` or a sentence of one's own."""
    if not reason.strip():
        raise NotAllowed("Say why: the reason is what the next drafts learn from.")
    draft = _take(conn, person, choice)
    _decide(conn, person, choice, draft, "killed", reason.strip()[:500], bulk_id)


def bulk_approve(
    conn: psycopg.Connection[Any], person: Person, choices: list[Choice]
) -> tuple[str, list[Outcome]]:
    """Approve each of these on its own and return the bulk's id and what became of each.

    One that changed meanwhile does not stop the others, and is not approved.
    """
    bulk_id = ids.new_id("blk")
    outcomes = []
    # In one order for everybody, so that two bulks never wait for each other.
    for choice in sorted(choices, key=lambda c: c.draft_id):
        try:
            with conn.transaction():
                approve(conn, person, choice, bulk_id)
            outcomes.append(Outcome(choice.draft_id, None))
        except BatonError as error:
            outcomes.append(Outcome(choice.draft_id, str(error)))
    return bulk_id, outcomes


def edit(
    conn: psycopg.Connection[Any],
    person: Person,
    choice: Choice,
    subject: str,
    body: str,
    settings: Settings,
) -> int:
    """Keep a person's words as a new revision, which needs an approval of its own; return its number.

    Claims that still stand in the body keep their evidence. Raises BreaksRules naming what no message
    may contain, StaleRevision, NotAllowed or NotThere.
    """
    _take(conn, person, choice)
    before = one(
        conn,
        "select d.lead_id, d.step, d.due_at, d.sequence, v.subject, v.body from ops.draft d "
        "join ops.revision v on v.draft_id = d.id and v.revision = d.current_revision "
        "where d.id = %s",
        (choice.draft_id,),
    )
    assert before is not None
    known = sequences.load(settings.playbook)
    voice = voices.load(settings.playbook)
    due = occasions.Due(before["lead_id"], before["step"], before["due_at"])
    moment = one(conn, "select ops.now() as now")
    assert moment is not None
    found = occasions.load(conn, [due], known, moment["now"])
    if not found:
        raise NotAllowed("The contact or the lead's owner has no address; nothing can be sent.")
    sequence = known.get(before["sequence"])
    try:
        checked = check(
            found[0],
            subject,
            body,
            _standing_claims(conn, choice, body),
            sequence=sequence,
            step=sequence.touch(before["step"]),
            voice=voice.of(found[0].sender.email),
            house=voice.house,
            settings=settings,
            by_person=True,
        )
    except RenderError as error:
        raise BreaksRules([Finding("incomplete", "error", str(error))]) from None
    if checked.errors:
        raise BreaksRules(checked.errors)
    if (checked.subject, checked.body) == (before["subject"], before["body"]):
        raise NotAllowed("Nothing was changed.")
    return drafts.revise(conn, choice.draft_id, choice.revision, checked, f"person:{person.name}")


def undo(conn: psycopg.Connection[Any], person: Person, draft_id: str, settings: Settings) -> None:
    """Take back one's own decision within the undo time, unless the message is on its way.

    Raises NotAllowed with the reason, or NotThere.
    """
    seconds = thresholds.load(settings.playbook).delivery.undo_seconds
    found = one(
        conn,
        """
        select s.revision, s.decided_by, s.verdict,
            s.decided_at > ops.now() - make_interval(secs => %s) as is_fresh
        from ops.decision s join ops.draft d on d.id = s.draft_id
        where s.draft_id = %s and s.revision = d.current_revision
        """,
        (seconds, draft_id),
    )
    _own(conn, person, draft_id)
    if found is None:
        raise NotThere("There is no decision to take back.")
    if found["decided_by"] != person.name:
        raise NotAllowed(f"{found['decided_by']} decided this; only they can take it back.")
    if not found["is_fresh"]:
        raise NotAllowed(f"A decision can be taken back for {seconds} seconds; that time is over.")
    try:
        with conn.transaction():
            conn.execute(
                "delete from ops.decision where draft_id = %s and revision = %s",
                (draft_id, found["revision"]),
            )
    except errors.ForeignKeyViolation:
        raise NotAllowed("The message is on its way; it cannot be taken back.") from None


def _take(conn: psycopg.Connection[Any], person: Person, choice: Choice) -> Row:
    """Lock the draft and make sure that it is still what this person read."""
    if not person.may("rep"):
        raise NotAllowed("You may read drafts; deciding them needs the role rep or reviewer.")
    draft = one(
        conn,
        """
        select d.contact_id, d.state, d.current_revision, d.expires_at <= ops.now() as is_over,
            r.released_at is not null as is_released,
            (select content_hash from ops.revision v
             where v.draft_id = d.id and v.revision = d.current_revision) as content_hash
        from ops.draft d join ops.run r on r.id = d.run_id
        where d.id = %s for update of d
        """,
        (choice.draft_id,),
    )
    if draft is None or not draft["is_released"]:
        raise NotThere("There is no such draft, or its gate did not let it through.")
    _own(conn, person, choice.draft_id)
    if draft["state"] != "pending":
        raise StaleRevision(f"This draft is {draft['state']} already.")
    if (draft["current_revision"], draft["content_hash"]) != (choice.revision, choice.content_hash):
        raise StaleRevision("Somebody edited this draft meanwhile; read the new text first.")
    return draft


def _own(conn: psycopg.Connection[Any], person: Person, draft_id: str) -> None:
    if person.only_own_leads and owner_of(conn, draft_id) != person.rep_email:
        raise NotThere("There is no such draft, or it belongs to another rep's lead.")


def _decide(
    conn: psycopg.Connection[Any],
    person: Person,
    choice: Choice,
    draft: Row,
    verdict: str,
    reason: str | None,
    bulk_id: str | None,
) -> None:
    conn.execute(
        """
        insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, reason,
                                  decided_by, decided_role, bulk_id, seconds_spent)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            choice.draft_id,
            choice.revision,
            draft["contact_id"],
            choice.content_hash,
            verdict,
            reason,
            person.name,
            person.role,
            bulk_id,
            choice.seconds_spent,
        ),
    )


def _standing_claims(conn: psycopg.Connection[Any], choice: Choice, body: str) -> list[ClaimText]:
    """Return the claims of the revision before that the new body still makes."""
    found = rows(
        conn,
        "select text, evidence_id from ops.claim where draft_id = %s and revision = %s "
        "and evidence_id is not null order by position",
        (choice.draft_id, choice.revision),
    )
    text = plain(body)
    return [
        ClaimText(text=claim["text"], evidence_id=claim["evidence_id"])
        for claim in found
        if plain(claim["text"]) in text
    ]
