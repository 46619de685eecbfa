"""What stands still right now: failed gates, tripped domains, the pause switch. Always live."""

from typing import Any

import psycopg

from baton.reports.model import Alarm
from baton.warehouse.connect import rows

# The last word of each suite, if it was no.
GATES = """
    select * from (
        select distinct on (g.dag_id, g.suite)
            g.dag_id, g.suite, g.passed, g.failures, g.checked_at, r.released_at is not null as went_on
        from ops.gate_result g join ops.run r on r.id = g.run_id
        order by g.dag_id, g.suite, g.checked_at desc, g.id desc
    ) last
    where not passed order by went_on, checked_at desc
"""
BREAKERS = "select domain, reason, opened_at from ops.breaker where is_open order by opened_at desc"
PAUSE = "select reason, changed_by, changed_at from ops.pause_switch where is_on"


def standing(conn: psycopg.Connection[Any]) -> tuple[Alarm, ...]:
    """Return what stops the motion or a part of it at this moment, the widest first."""
    found = [
        Alarm(
            "pause",
            "All sending is paused",
            (f"{row['reason'] or 'No reason given'} ({row['changed_by'] or 'unknown'})",),
            row["changed_at"],
        )
        for row in rows(conn, PAUSE)
    ]
    found += [
        Alarm("breaker", f"{row['domain']} does not send", (row["reason"] or "",), row["opened_at"])
        for row in rows(conn, BREAKERS)
    ]
    for row in rows(conn, GATES):
        said = tuple(str(failure.get("sentence", "")) for failure in row["failures"])
        # The suite that a run failed and went on all the same is one that stops nothing.
        what = "went on, but failed:" if row["went_on"] else "stopped at"
        found.append(
            Alarm("gate", f"{row['dag_id']} {what} {row['suite']}", said, row["checked_at"])
        )
    return tuple(found)
