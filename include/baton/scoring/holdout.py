"""Which accounts are left alone, so that the effect of the motion can be measured."""

from typing import Any

import psycopg

from baton.playbook.icp import Holdout

# The account's domain decides, so that the draw is the same wherever it is made. A uniform number
# from the first 52 bits of a hash: as many as a double holds exactly.
ASSIGN = """
    insert into ops.holdout (experiment, account_id, arm)
    select %(experiment)s, a.id,
        case when ('x' || left(encode(sha256(convert_to(
                %(experiment)s || '|' || coalesce(a.domain, a.id), 'UTF8')), 'hex'), 13))::bit(52)::bigint
            < %(share)s * 2 ^ 52 then 'holdout' else 'treated' end
    from ops.account a
    where a.id = any(%(accounts)s)
    on conflict (experiment, account_id) do nothing
"""


def assign(conn: psycopg.Connection[Any], policy: Holdout, account_ids: list[str]) -> set[str]:
    """Assign accounts that have no arm yet, and return those of them all that are held out.

    An account keeps its arm even if the share is changed, and one that any experiment holds out is
    left alone.
    """
    conn.execute(
        ASSIGN,
        {"experiment": policy.experiment, "share": policy.share, "accounts": account_ids},
    )
    found = conn.execute(
        "select distinct account_id from ops.holdout where arm = 'holdout' and account_id = any(%s)",
        (account_ids,),
    )
    return {row[0] for row in found}
