"""Caps: how many messages a mailbox and a domain may send in a day (UTC).

The day's grant is worked out once, from the warm-up so far, and kept apart from the policy. `used`
counts claims; a claim that the vendor definitely did not take is given back.

Whoever changes counters first takes their locks, always in the same order (domain before mailbox,
then by name), so that claims wait for each other but never in a circle.
"""

from datetime import date
from typing import Any

import psycopg

from baton.contactability.policy import Policy
from baton.warehouse.connect import rows, scalar, sql

TODAY = "(ops.now() at time zone 'UTC')::date"

# Days with mail since the last long idle time: a pause of `idle_days` starts the warm-up again.
WARM_DAYS = """
    select w.scope, w.name, (
        select count(*) from ops.budget b
        where b.scope = w.scope and b.name = w.name and b.used > 0 and b.day < w.today
          and w.today - (select max(day) from ops.budget l where l.scope = b.scope
                         and l.name = b.name and l.used > 0 and l.day < w.today) < %(idle)s
          and not exists (
            select from (
                select day, lead(day) over (order by day) as next_day from ops.budget g
                where g.scope = b.scope and g.name = b.name and g.used > 0 and g.day < w.today
            ) gap where gap.day >= b.day and gap.next_day - gap.day >= %(idle)s)
    ) as warm_days
    from wanted w
"""


def grant(conn: psycopg.Connection[Any], policy: Policy) -> int:
    """Grant today's budget to every mailbox and domain with waiting messages, once a day.

    Returns how many grants are new. A changed policy shows from the next day on.
    """
    figures = policy.figures
    found = rows(
        conn,
        f"""
        with wanted as (
            select distinct s.scope, s.name, {TODAY} as today
            from ops.message m
            cross join lateral (values ('domain', m.sending_domain), ('mailbox', m.mailbox))
                as s (scope, name)
            where m.state in ('queued', 'held')
        )
        select scope, name, warm_days from ({WARM_DAYS}) w
        where not exists (select from ops.budget b where b.scope = w.scope and b.name = w.name
                          and b.day = {TODAY})
        order by scope, name
        """,
        {"idle": figures.idle_days},
    )
    new = 0
    for row in found:
        granted = _daily(policy, row["scope"], row["warm_days"])
        new += conn.execute(
            sql(
                f"""
                insert into ops.budget (scope, name, day, granted) values (%s, %s, {TODAY}, %s)
                on conflict (scope, name, day) do nothing
                """
            ),
            (row["scope"], row["name"], granted),
        ).rowcount
    return new


def lock(conn: psycopg.Connection[Any], domains: list[str], mailboxes: list[str]) -> date:
    """Lock today's counters of these domains and mailboxes, in the fixed order; return the day."""
    conn.execute(
        sql(
            f"""
            select from ops.budget
            where day = {TODAY} and (scope = 'domain' and name = any(%s)
                                     or scope = 'mailbox' and name = any(%s))
            order by scope, name for update
            """
        ),
        (domains, mailboxes),
    )
    day: date = scalar(conn, f"select {TODAY}")
    return day


def take(conn: psycopg.Connection[Any], domain: str, mailbox: str, day: date, n: int = 1) -> None:
    """Count `n` claims (negative: give them back). The caller holds the locks of that day."""
    conn.execute(
        """
        update ops.budget set used = greatest(used + %(n)s, 0)
        where day = %(day)s and (scope = 'domain' and name = %(domain)s
                                 or scope = 'mailbox' and name = %(mailbox)s)
        """,
        {"n": n, "day": day, "domain": domain, "mailbox": mailbox},
    )


def give_back(conn: psycopg.Connection[Any], domain: str, mailbox: str, day: date) -> None:
    """Give back one claim of `day` that the vendor definitely did not take."""
    conn.execute(
        """
        select from ops.budget
        where day = %s and (scope = 'domain' and name = %s or scope = 'mailbox' and name = %s)
        order by scope, name for update
        """,
        (day, domain, mailbox),
    )
    take(conn, domain, mailbox, day, -1)


def _daily(policy: Policy, scope: str, warm_days: int) -> int:
    figures = policy.figures
    if scope == "mailbox":
        is_warm = warm_days >= figures.mailbox_warm_after_days
        return figures.mailbox_warm_per_day if is_warm else figures.mailbox_new_per_day
    curve = figures.domain_warm_up
    step = curve[warm_days] if warm_days < len(curve) else figures.domain_max_per_day
    return min(step, figures.domain_max_per_day)
