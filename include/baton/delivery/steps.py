"""The steps of `message_delivery`, `deliverability_watch` and `reply_triage`."""

from contextlib import closing
from typing import Any

import psycopg

from baton.contactability import breakers, caps, protection, rules
from baton.contactability.policy import Policy
from baton.delivery import events, queue, sender, sweep, transitions
from baton.delivery.mailer import open_mailer
from baton.delivery.triage import Triage
from baton.playbook import sequences, thresholds
from baton.playbook.thresholds import Thresholds
from baton.quality.suites.domain_health import NAME as HEALTH
from baton.warehouse.run import Run

Counts = dict[str, int | str]


def enqueue(run: Run) -> Counts:
    """Settle what happened to earlier messages, then queue what was approved.

    A domain whose rates are over a threshold is stopped here, before its gate says so: the stop is
    committed whatever becomes of the run.
    """
    table = thresholds.load(run.settings.playbook)
    policy = policy_of(run, table)
    counts: Counts = {}
    with run.connect() as conn:
        counts.update(events.settle(conn, run))
        conn.commit()
        counts.update(sweep.sweep(conn, run, table.delivery.stuck_minutes))
        conn.commit()
        with closing(open_mailer(run.settings)) as mailer:
            counts.update(sweep.look_up(conn, mailer))
        counts["domains_stopped"] = _stop_domains(conn, table)
        conn.commit()
        sweep.settle_tasks(conn)
        counts.update(protection.refresh_opportunity_holds(conn))
        counts.update(queue.enqueue_approved(conn, run, table.delivery.undo_seconds))
        conn.commit()
        caps.grant(conn, policy)
        counts.update(transitions.apply(conn, rules.judge(conn, policy)))
    return counts


def send(run: Run) -> Counts:
    """Send what is queued and may go now. Raises VendorError where the vendor does not let us."""
    table = thresholds.load(run.settings.playbook)
    with closing(open_mailer(run.settings)) as mailer:
        counts = sender.send(run, policy_of(run, table), table.delivery, mailer)
    return {**counts}


def watch(run: Run) -> Counts:
    """Settle events and stop the domains whose rates are over a threshold."""
    table = thresholds.load(run.settings.playbook)
    with run.connect() as conn:
        counts: Counts = {**events.settle(conn, run)}
        conn.commit()
        counts["domains_stopped"] = _stop_domains(conn, table)
    return counts


def triage(run: Run) -> Counts:
    """Read what people and machines answered, and draw the consequences."""
    limits = thresholds.load(run.settings.playbook).delivery.replies
    with closing(Triage(run, limits)) as triage_of_run:
        return {**triage_of_run.run_once()}


def policy_of(run: Run, table: Thresholds) -> Policy:
    """Return the policy of the playbook; a sequence's `not_stopped_by` exempts it."""
    exempt: dict[str, list[str]] = {}
    for name, sequence in sequences.load(run.settings.playbook).by_name.items():
        for kind in sequence.not_stopped_by:
            exempt.setdefault(kind, []).append(name)
    return Policy.of(table, exempt)


def _stop_domains(conn: psycopg.Connection[Any], table: Thresholds) -> int:
    breakers.note_gate_results(conn, HEALTH)
    return len(breakers.open_where_over(conn, table.delivery))
