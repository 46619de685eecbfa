"""The watchlist becomes accounts: what the file says is landed like any other record."""

from collections.abc import Sequence
from typing import Any

import psycopg

from baton.playbook.watchlist import WatchedAccount
from baton.signals import versions
from baton.signals.landing import Counts

SOURCE = "watchlist"


def land(conn: psycopg.Connection[Any], run_id: str, watched: Sequence[WatchedAccount]) -> Counts:
    """Land the lines of the watchlist, in the caller's transaction."""
    records = [
        {
            "natural_key": account.domain,
            "name": account.name,
            "domain": account.domain,
            "industry": account.industry,
            "employees": account.employees,
            "country": account.country,
            "region": account.region,
            "timezone": account.timezone,
            "owner_key": account.owner,
            "attributes": (
                {"protected_reason": account.protected_reason} if account.protected_reason else {}
            ),
        }
        for account in watched
    ]
    return versions.land(conn, run_id, SOURCE, "account", records)


def mark(conn: psycopg.Connection[Any], run_id: str, watched: Sequence[WatchedAccount]) -> int:
    """Flag exactly the accounts that the file names; return how many flags changed."""
    return conn.execute(
        """
        with wanted as (
            select account_id from ops.account_alias
            where source = %(source)s and natural_key = any(%(domains)s)
        )
        update ops.account a set
            on_watchlist = not a.on_watchlist, updated_at = ops.now(), run_id = %(run_id)s
        where a.on_watchlist <> (a.id in (select account_id from wanted))
        """,
        {"source": SOURCE, "domains": [w.domain for w in watched], "run_id": run_id},
    ).rowcount
