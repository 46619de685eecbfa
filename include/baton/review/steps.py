"""The step of `review_upkeep`."""

import json

from baton.core import clock
from baton.playbook import sequences, thresholds
from baton.review import upkeep as stale
from baton.warehouse.run import Run


def upkeep(run: Run) -> dict[str, int | str]:
    """Expire what no longer holds and leave every rep the digest of the day.

    Returns how many drafts and approvals expired and how many digests are new. Run again, it finds
    nothing left to do.
    """
    known = sequences.load(run.settings.playbook)
    figures = thresholds.load(run.settings.playbook).review
    ages = json.dumps(
        [{"name": s.name, "days": s.evidence_max_age_days} for s in known.by_name.values()]
    )
    with run.connect() as conn:
        counts = stale.expire(conn, known, ages, figures.approval_hours)
    with run.connect() as conn:
        today = clock.now(conn).date().isoformat()
        digests = stale.digest(conn, run.id, today)
    return {**counts, "digests": digests}
