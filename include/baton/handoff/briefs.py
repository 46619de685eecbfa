"""Versions of a brief: a new one only when there is something new to say."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.handoff import opener as openers
from baton.handoff.sources import Sources
from baton.playbook.sequences import Sequence, Sequences
from baton.playbook.voices import Voices
from baton.warehouse.run import Run
from baton.writing.generation import Ledger


@dataclass(frozen=True)
class House:
    """What briefs are written with."""

    ledger: Ledger
    voices: Voices
    sequences: Sequences
    opener_words: int

    def sequence_of(self, sources: Sources) -> Sequence | None:
        """The lead's sequence, if the playbook has it."""
        return self.sequences.by_name.get(sources.meeting["sequence"] or "")


def make(run: Run, house: House, sources: Sources) -> str:
    """Write a new version of one meeting's brief if anything changed.

    Returns "unchanged", "complete", "incomplete" or "plain" (complete, with the plain paragraph
    because the model's did not hold).
    """
    meeting = sources.meeting
    voice = house.voices.of(meeting["owner_email"])
    content_hash = hash_of(sources, voice.model_dump(mode="json"))
    if meeting["held_hash"] == content_hash:
        return "unchanged"
    text: str | None = None
    generation_id: str | None = None
    fell_back = False
    if meeting["owner_rep_id"] is not None:
        text, generation_id, fell_back = openers.write(
            house.ledger,
            sources,
            voice,
            house.voices.house,
            house.sequence_of(sources),
            house.opener_words,
        )
    missing = missing_parts(sources, text)
    with run.connect() as conn:
        kept = _keep(conn, run, sources, text, generation_id, missing, content_hash)
    if not kept:
        return "unchanged"
    if missing:
        return "incomplete"
    return "plain" if fell_back else "complete"


def hash_of(sources: Sources, voice: Any) -> str:
    """Return the hash of everything that a brief is written from (SHA-256, hex)."""
    meeting = sources.meeting
    about = [str(meeting[k] or "") for k in ("id", "guest_name", "guest_title", "account_name",
                                             "owner_rep_id", "owner_name")]  # fmt: skip
    whole = [about, sources.signals, sources.thread, voice, openers.PROMPT.version]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def missing_parts(sources: Sources, opener: str | None) -> list[str]:
    """Return what a rep would walk in without: "owner", "signals", "thread" or "opener".

    A guest who came by themselves has no lead and may have no signals, and the brief says so; a lead
    without a single signal means that they were lost on the way.
    """
    missing = []
    if sources.meeting["owner_rep_id"] is None:
        missing.append("owner")
    if sources.meeting["lead_id"] is not None and not sources.signals:
        missing.append("signals")
    if not sources.thread:
        missing.append("thread")
    if not opener:
        missing.append("opener")
    return missing


def _keep(
    conn: psycopg.Connection[Any],
    run: Run,
    sources: Sources,
    opener: str | None,
    generation_id: str | None,
    missing: list[str],
    content_hash: str,
) -> bool:
    """Insert the next version, unless another process has just written the same."""
    conn.execute("select 1 from ops.meeting where id = %s for update", (sources.meeting["id"],))
    inserted = conn.execute(
        """
        insert into ops.brief (meeting_id, contact_id, version, signals, thread, opener,
            opener_generation_id, is_complete, missing, content_hash, run_id)
        select %(meeting)s, %(contact)s, coalesce(max(version), 0) + 1, %(signals)s, %(thread)s,
            %(opener)s, %(generation)s, %(complete)s, %(missing)s, %(hash)s, %(run)s
        from ops.brief where meeting_id = %(meeting)s
        having not coalesce((array_agg(content_hash order by version desc))[1] = %(hash)s, false)
        """,
        {
            "meeting": sources.meeting["id"],
            "contact": sources.meeting["contact_id"],
            "signals": Jsonb(sources.signals),
            "thread": Jsonb(sources.thread),
            "opener": opener,
            "generation": generation_id,
            "complete": not missing,
            "missing": missing,
            "hash": content_hash,
            "run": run.id,
        },
    )
    return inserted.rowcount == 1
