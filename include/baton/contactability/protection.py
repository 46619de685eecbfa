"""Protected accounts and contacts, and accounts with an open new-business opportunity.

Both keep people out of every sequence that is not meant for them. A person may lift the protection
for one case: for the reason that stands there now, or for one opportunity.
"""

from typing import Any

import psycopg

from baton.contactability import holds
from baton.core.errors import InputError
from baton.warehouse.connect import one

BY_ITSELF = "baton"

# The newest version of each opportunity of these accounts (by default, of those with leads).
LATEST = """
    with latest as (
        select distinct on (o.source, o.natural_key)
               aa.account_id, o.source || ':' || o.natural_key as cause_id,
               coalesce(o.name, o.natural_key) as name,
               o.outcome = 'open' and o.kind = 'new_business' as is_open
        from landing.opportunity o
        join ops.account_alias aa on aa.source = o.source and aa.natural_key = o.account_key
        where aa.account_id = any(coalesce(%(accounts)s::text[],
                                           array(select distinct account_id from ops.lead)))
        order by o.source, o.natural_key, coalesce(o.source_updated_at, o.received_at) desc,
                 o.received_at desc
    )
"""


def refresh_opportunity_holds(
    conn: psycopg.Connection[Any], account_ids: list[str] | None = None
) -> dict[str, int]:
    """Hold every account with an open new-business opportunity; let go those whose closed.

    Looks at `account_ids`, or at all accounts with leads. What a person lifted stays lifted. Returns
    how many were placed and let go.
    """
    params = {"accounts": account_ids, "by": BY_ITSELF}
    placed = conn.execute(
        LATEST
        + """
        insert into ops.hold as h (scope, subject_id, kind, cause_id, reason)
        select 'account', account_id, 'open_opportunity', cause_id,
               'The opportunity "' || name || '" is open; its owner speaks to them.'
        from latest where is_open
        on conflict (scope, subject_id, kind, cause_id) do update
        set lifted_at = null, lifted_by = null, lift_reason = null
        where h.lifted_by = %(by)s
        """,
        params,
    ).rowcount
    lifted = conn.execute(
        LATEST
        + """
        update ops.hold h
        set lifted_at = ops.now(), lifted_by = %(by)s, lift_reason = 'The opportunity is closed.'
        from latest l
        where h.scope = 'account' and h.kind = 'open_opportunity' and h.subject_id = l.account_id
          and h.cause_id = l.cause_id and not l.is_open and h.lifted_at is null
        """,
        params,
    ).rowcount
    return {"opportunity_holds_placed": placed, "opportunity_holds_lifted": lifted}


def lift_protection(
    conn: psycopg.Connection[Any], scope: holds.Scope, subject_id: str, by: str, reason: str
) -> None:
    """Let one protected account or contact be contacted, for the reason of protection it has now.

    Raises InputError if it is not protected.
    """
    table = "ops.account" if scope == "account" else "ops.contact"
    row = one(conn, f"select protected_reason from {table} where id = %s", (subject_id,))
    if row is None or row["protected_reason"] is None:
        raise InputError(f"The {scope} {subject_id} is not protected.")
    cause = row["protected_reason"]
    holds.place(conn, scope, subject_id, "protected", cause, f"Protected: {cause}")
    hold = one(
        conn,
        "select id, lifted_at from ops.hold where scope = %s and subject_id = %s "
        "and kind = 'protected' and cause_id = %s",
        (scope, subject_id, cause),
    )
    if hold is not None and hold["lifted_at"] is None:
        holds.lift(conn, hold["id"], by, reason)
