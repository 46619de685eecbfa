"""Recordings that came without words: transcribed, and landed again as a transcript of its own."""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.clients.speech import SpeechClient
from baton.core.errors import VendorError, VendorUnavailable
from baton.post_meeting.transcript import Unreadable, read
from baton.routing.tasks import add_task
from baton.warehouse.connect import Row, rows
from baton.warehouse.run import Run

SOURCE = "speech"
TASK = "untranscribed_recording"

# Without words, not yet transcribed, and not handed to a person.
WAITING = """
    select t.source, t.natural_key, t.occurred_at, t.meeting_uid, t.payload
    from landing.transcript t
    where coalesce(t.payload ->> 'audio_url', t.payload ->> 'recording_url', '') <> ''
        and coalesce(jsonb_typeof(t.payload -> 'segments'), '') <> 'array'
        and coalesce(t.payload ->> 'text', '') = ''
        and not exists (
            select from landing.transcript d
            where d.source = %(speech)s and d.natural_key = t.source || ':' || t.natural_key
                and d.occurred_at = t.occurred_at
        )
        and not exists (
            select from ops.task k
            where k.kind = %(task)s and k.subject_kind = 'transcript'
                and k.subject_id = t.source || ':' || t.natural_key
        )
    order by t.occurred_at, t.source, t.natural_key
"""


def listen(run: Run) -> dict[str, int]:
    """Transcribe what waits; each recording is a transaction of its own. Returns counts.

    What cannot be transcribed becomes a task; a service that is away is asked again next time.
    """
    with run.connect() as conn:
        waiting = rows(conn, WAITING, {"speech": SOURCE, "task": TASK})
    if not waiting:
        return {}
    connection = run.settings.connection("baton_speech")
    client = SpeechClient(connection) if connection else None
    counts = {"transcribed": 0, "not_transcribed": 0}
    try:
        for row in waiting:
            if client is None:
                why = "There is no connection baton_speech; docs/post_meeting.md says how to make one."
                _ask_person(run, row, why)
                counts["not_transcribed"] += 1
                continue
            try:
                url = read(row["payload"], row["meeting_uid"]).audio_url
                text = client.transcribe_url(url or "")
            except VendorUnavailable:
                counts["not_transcribed"] += 1
                continue
            except (VendorError, Unreadable) as error:
                _ask_person(run, row, str(error))
                counts["not_transcribed"] += 1
                continue
            with run.connect() as conn:
                _land(conn, row, text)
            counts["transcribed"] += 1
    finally:
        if client is not None:
            client.close()
    return counts


def _land(conn: psycopg.Connection[Any], row: Row, text: str) -> None:
    # Who spoke is not known, so the lines carry no names that somebody could take for speakers.
    segments = [{"speaker": "", "text": line} for line in text.splitlines() if line.strip()]
    payload = {k: v for k, v in row["payload"].items() if k not in ("audio_url", "recording_url")}
    conn.execute(
        "insert into landing.transcript (source, natural_key, occurred_at, meeting_uid, payload) "
        "values (%s, %s, %s, %s, %s) on conflict do nothing",
        (SOURCE, f"{row['source']}:{row['natural_key']}", row["occurred_at"], row["meeting_uid"],
         Jsonb({**payload, "segments": segments})),
    )  # fmt: skip


def _ask_person(run: Run, row: Row, why: str) -> None:
    with run.connect() as conn:
        add_task(
            conn,
            TASK,
            "transcript",
            f"{row['source']}:{row['natural_key']}",
            "A recording could not be transcribed",
            body=why,
            is_exception=True,
            run_id=run.id,
        )
