"""Moves waiting messages between queued, held and cancelled, as contactability judges them."""

from collections.abc import Sequence
from typing import Any

import psycopg

from baton.contactability.rules import Verdict
from baton.warehouse.connect import sql

STATE = {"send": "queued", "wait": "queued", "hold": "held", "cancel": "cancelled"}

# Rows that a claim holds are skipped; it judges for itself.
APPLY = """
    with told as (
        select * from unnest(%(ids)s::text[], %(states)s::text[], %(reasons)s::text[])
            as t (id, state, reason)
    ), locked as (
        select m.id from ops.message m join told t using (id)
        where m.state in ('queued', 'held')
          and (m.state, m.state_reason) is distinct from (t.state, t.reason)
        order by m.id for no key update of m skip locked
    )
    update ops.message m set state = t.state, state_reason = t.reason
    from told t join locked using (id)
    where m.id = t.id and m.state in ('queued', 'held')
    returning m.state
"""


def apply(conn: psycopg.Connection[Any], verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Give each message the state and the reason of its verdict; return how many changed, by state."""
    changed = conn.execute(
        sql(APPLY),
        {
            "ids": [v.message_id for v in verdicts],
            "states": [STATE[v.action] for v in verdicts],
            "reasons": [v.reason for v in verdicts],
        },
    ).fetchall()
    states = [row[0] for row in changed]
    return {f"messages_{state}": states.count(state) for state in ("held", "cancelled")}
