"""The steps of post_meeting_sync."""

from baton.clients.openai import OpenAIClient
from baton.core.errors import VendorUnavailable
from baton.ledger import crm
from baton.playbook import crm_fields, thresholds, voices
from baton.post_meeting import digest as digests
from baton.post_meeting import intake, post_mortems, recordings
from baton.routing.tasks import add_task
from baton.warehouse.connect import rows
from baton.warehouse.run import Run
from baton.writing.generation import Ledger
from baton.writing.prices import price_list


def digest(run: Run) -> dict[str, int | str]:
    """Tie transcripts to meetings, decide outcomes, and write notes, next steps and proposed writes.

    Each transcript is digested in a transaction of its own; a kill loses none. Returns counts.
    """
    playbook = run.settings.playbook
    limits = thresholds.load(playbook).post_meeting
    fields = crm_fields.load(playbook)
    said = voices.load(playbook)
    counts: dict[str, int] = dict(recordings.listen(run))
    with run.connect() as conn:
        counts |= intake.take(conn, run, limits)
        counts["no_shows"] = intake.no_shows(conn, run)
        counts["given_up"] = intake.give_up(conn, run, limits.unknown_after_hours)
        counts["post_mortems"] = post_mortems.open_tasks(conn, run, limits.lost_within_days)
    with run.connect() as conn:
        meetings = digests.due(conn)
    connection = run.settings.connection("baton_llm")
    llm = OpenAIClient(connection) if connection else None
    try:
        desk = digests.Desk(Ledger(run, llm, price_list(said.house)), fields, limits)
        for meeting in meetings:
            try:
                made = digests.make(run, desk, meeting)
            except VendorUnavailable:
                made = {"left_for_later": 1}
            for name, number in made.items():
                counts[name] = counts.get(name, 0) + number
    finally:
        if llm is not None:
            llm.close()
    return dict(counts)


def write_crm(run: Run) -> dict[str, int | str]:
    """Carry out the released CRM writes. Returns how many ended how; a refused one becomes a task."""
    done = crm.carry_out(run)
    with run.connect() as conn:
        for row in rows(conn, FAILED, {"layer": run.layer}):
            add_task(
                conn,
                "crm_write_failed",
                "crm_write",
                row["id"],
                f"{row['what']} could not be written to the CRM",
                body=row["detail"] or "",
                is_exception=True,
                run_id=run.id,
            )
    return done


FAILED = """
    select id, detail, case when kind = 'field' then 'The field ' || field else 'A ' || kind end as what
    from ops.crm_write where layer = %(layer)s and state = 'failed'
"""
