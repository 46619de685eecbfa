"""The steps of meeting_handoff."""

from baton.clients.openai import OpenAIClient
from baton.handoff import briefs, notes, sources, task_briefs
from baton.ledger import calendar, crm
from baton.playbook import sequences as sequences_file
from baton.playbook import signals as signals_folder
from baton.playbook import thresholds, voices
from baton.routing.tasks import add_task
from baton.warehouse.connect import rows
from baton.warehouse.run import Run
from baton.writing.generation import Ledger
from baton.writing.prices import price_list


def brief(run: Run) -> dict[str, int | str]:
    """Write a brief for every planned meeting, a new version only where something changed.

    Each brief is a transaction of its own. Returns counts: complete, plain, incomplete, unchanged.
    """
    playbook = run.settings.playbook
    said = voices.load(playbook)
    named = sequences_file.load(playbook)
    known = signals_folder.load(playbook)
    limits = thresholds.load(playbook).handoff
    connection = run.settings.connection("baton_llm")
    llm = OpenAIClient(connection) if connection else None
    counts: dict[str, int | str] = {"complete": 0, "plain": 0, "incomplete": 0, "unchanged": 0}
    try:
        ledger = Ledger(run, llm, price_list(said.house))
        house = briefs.House(ledger, said, named, limits.opener_words)
        with run.connect() as conn:
            for meeting in sources.due(conn):
                sequence = named.by_name.get(meeting["sequence"] or "")
                silent = sequence.silent_signals if sequence else ()
                found = sources.collect(conn, meeting, silent, known.untrusted, known.types)
                conn.commit()  # nothing stays open while a model thinks
                made = briefs.make(run, house, found)
                counts[made] = int(counts[made]) + 1
        counts["task_briefs"] = task_briefs.make(run, named, known)
    finally:
        if llm is not None:
            llm.close()
    return counts


def hand_over(run: Run) -> dict[str, int | str]:
    """Put the released briefs into the reps' calendars and a note of each into the CRM.

    Returns how many events and notes were written, and how many wait or failed.
    """
    events = calendar.write_events(run)
    with run.connect() as conn:
        proposed = notes.propose(conn, run)
    done = crm.carry_out(run)
    with run.connect() as conn:
        for row in rows(conn, FAILED, {"layer": run.layer}):
            add_task(
                conn,
                "crm_write_failed",
                "crm_write",
                row["id"],
                "A note could not be written to the CRM",
                body=row["detail"] or "",
                is_exception=True,
                run_id=run.id,
            )
    counts: dict[str, int | str] = {f"events_{name}": number for name, number in events.items()}
    counts |= {f"notes_{name}": number for name, number in done.items()}
    return {**counts, "notes_proposed": proposed}


FAILED = "select id, detail from ops.crm_write where layer = %(layer)s and state = 'failed'"
