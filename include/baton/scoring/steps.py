"""The steps of lead_scoring that are not SQL: who becomes a lead, and who gets it."""

from baton.core import clock
from baton.playbook import icp, routing, sequences
from baton.routing import leads as routed
from baton.scoring import leads
from baton.warehouse.run import Run


def route(run: Run) -> dict[str, int | str]:
    """Make leads of the eligible candidates of `marts.lead_candidate` and give each to a rep.

    Whether somebody may be contacted is asked in live rows; accounts of the holdout are left alone.
    Running it again changes nothing: a person is a lead once per sequence, and keeps their rep.
    """
    policy = icp.load(run.settings.playbook)
    rules = routing.load(run.settings.playbook)
    sequence = sequences.load(run.settings.playbook).get(policy.leads.sequence)
    with run.connect() as conn:
        taken = leads.take(conn, policy, tuple(sequence.not_stopped_by), run.interval_end, run.id)
        given = routed.route(conn, rules, clock.now(conn), run.id)
    return {**taken, **given}
