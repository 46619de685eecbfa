"""Breakers: a domain whose mail bounces, is blocked or complained about stops sending by itself.

Rates come from `ops.domain_health`, which counts each message once, over a window that begins at
the last resume at the latest. Opening is automatic, resuming is a person's decision.
"""

from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.playbook.thresholds import Delivery, Rate
from baton.warehouse.connect import Row, rows


def over(count: int, base: int, limit: Rate) -> bool:
    """Tell whether `count` of `base` is over the limit (see `thresholds.yml` for the figures)."""
    return count >= limit.min_events and count > limit.max_rate * base


def open_where_over(conn: psycopg.Connection[Any], limits: Delivery) -> list[str]:
    """Open the breaker of every domain over a limit; return those that were closed before.

    An open breaker keeps its first reason.
    """
    opened = []
    for health in rows(
        conn,
        "select * from ops.domain_health(make_interval(days => %s)) order by domain",
        (limits.window_days,),
    ):
        if reason := _reason(health, limits):
            inserted = conn.execute(
                """
                insert into ops.breaker as b (domain, is_open, reason, opened_at)
                values (%s, true, %s, ops.now())
                on conflict (domain) do update
                set is_open = true, reason = excluded.reason, opened_at = excluded.opened_at,
                    gate_result_id = null
                where not b.is_open
                """,
                (health["domain"], reason),
            )
            if inserted.rowcount:
                opened.append(health["domain"])
    return opened


def note_gate_results(conn: psycopg.Connection[Any], suite: str) -> int:
    """Link open breakers to the gate result that reported them; return how many were linked.

    From then on the domain's own breaker stops its mail and the gate lets other domains go on.
    """
    return conn.execute(
        """
        update ops.breaker b set gate_result_id = g.id
        from (select id, checked_at from ops.gate_result where suite = %s and not passed
              order by checked_at desc limit 1) g
        where b.is_open and b.gate_result_id is null and g.checked_at >= b.opened_at
        """,
        (suite,),
    ).rowcount


def stopped(conn: psycopg.Connection[Any]) -> list[Row]:
    """Return the domains that are stopped, with `reason` and `opened_at`, the longest first."""
    return rows(
        conn,
        "select domain, reason, opened_at from ops.breaker where is_open order by opened_at, domain",
    )


def resume(conn: psycopg.Connection[Any], domain: str, by: str, reason: str) -> None:
    """Let a domain send again; its rates start afresh. `reason` says what was done about the cause.

    Raises InputError if it is not stopped or no reason is given.
    """
    if not reason.strip():
        raise InputError("Say what was done about the cause; the reason is kept with the domain.")
    closed = conn.execute(
        "update ops.breaker set is_open = false, resumed_at = ops.now(), resumed_by = %s, "
        "resume_reason = %s where domain = %s and is_open",
        (by, reason, domain.strip().lower()),
    )
    if not closed.rowcount:
        raise InputError(f"The domain {domain} is not stopped.")


def _reason(health: dict[str, Any], limits: Delivery) -> str | None:
    for word, count, base, of, limit in (
        ("complaints", health["complained"], health["delivered"], "delivered", limits.complaints),
        ("hard bounces", health["bounced"], health["sent"], "sent", limits.bounces),
        ("blocks", health["blocked"], health["sent"], "sent", limits.blocks),
    ):
        if over(count, base, limit):
            return f"{count} {word} of {base} {of}; the limit is {limit.max_rate:.1%}."
    return None
