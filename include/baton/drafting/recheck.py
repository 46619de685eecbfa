"""Before a run writes anything: take back what an earlier run left behind a closed gate.

Drafts of a run that was not released were seen by nobody. Where they break today's rules (a phrase
was banned since, the evidence is gone, a row was tampered with) they are withdrawn and written anew,
so clearing the run is all that a person has to do after mending the cause.
"""

from typing import Any

import psycopg

from baton.core.settings import Settings
from baton.playbook.sequences import Sequences
from baton.playbook.voices import Voices
from baton.warehouse.connect import Row, rows, scalar
from baton.writing import drafts, occasions
from baton.writing.checks import check
from baton.writing.records import ClaimText, Occasion
from baton.writing.render import RenderError

UNSEEN = """
    select d.id, d.lead_id, d.step, d.due_at, v.subject, v.body, v.rendered,
        coalesce(c.claims, '[]') as claims
    from ops.draft d
    join ops.run r on r.id = d.run_id and r.released_at is null
    join ops.revision v on v.draft_id = d.id and v.revision = d.current_revision
    left join lateral (
        select jsonb_agg(jsonb_build_object('text', text, 'id', coalesce(evidence_id, ''))) as claims
        from ops.claim where draft_id = d.id and revision = d.current_revision
    ) c on true
    where d.state = 'pending'
"""


def withdraw_what_fails(
    conn: psycopg.Connection[Any], sequences: Sequences, voices: Voices, settings: Settings
) -> int:
    """Withdraw the unseen drafts that break a rule; return how many."""
    unseen = rows(conn, UNSEEN)
    if not unseen:
        return 0
    due = [occasions.Due(row["lead_id"], row["step"], row["due_at"]) for row in unseen]
    moment = scalar(conn, "select ops.now()")
    found = {(o.lead_id, o.step): o for o in occasions.load(conn, due, sequences, moment)}
    bad = [
        row["id"]
        for row in unseen
        if not _holds(row, found.get((row["lead_id"], row["step"])), sequences, voices, settings)
    ]
    return drafts.withdraw(conn, bad)


def _holds(
    row: Row,
    occasion: Occasion | None,
    sequences: Sequences,
    voices: Voices,
    settings: Settings,
) -> bool:
    """Return whether the draft would be written and rendered like this today."""
    if occasion is None:
        return False
    sequence = sequences.get(occasion.sequence)
    try:
        checked = check(
            occasion,
            row["subject"],
            row["body"],
            [ClaimText(text=c["text"], evidence_id=c["id"]) for c in row["claims"]],
            sequence=sequence,
            step=sequence.touch(occasion.step),
            voice=voices.of(occasion.sender.email),
            house=voices.house,
            settings=settings,
        )
    except RenderError:
        return False
    return not checked.errors and checked.rendered == bytes(row["rendered"])
