"""Turns landed records into accounts, contacts, people and reps: set-based, for all sources alike.

A record is known by its alias (source, natural key) and, the first time, by its domain or e-mail
address. So records of several sources become one account, and reading them again changes nothing.
Statements work on the newest version of every landed record; only rows that differ are written.
"""

from typing import Any

import psycopg

from baton.core.settings import Settings
from baton.signals import resolve_accounts, resolve_contacts
from baton.warehouse.connect import sql

# One at a time: an import and a refresh must not both make the account of a domain.
_LOCK = "select pg_advisory_xact_lock(hashtext('baton resolve'))"

_REPS = """
create temp table resolve_rep on commit drop as
with latest as (
    select distinct on (source, natural_key)
        source, natural_key, name, lower(trim(email)) as email, manager, region, active,
        attributes ->> 'timezone' as timezone, coalesce(source_updated_at, received_at) as at
    from landing.owner
    order by source, natural_key, coalesce(source_updated_at, received_at) desc, received_at desc
)
select l.*, coalesce(a.rep_id, r.id) as rep_id
from latest l
left join ops.rep_alias a using (source, natural_key)
left join ops.rep r on r.email = l.email
"""

_NEW_REPS = """
insert into ops.rep (email, name)
select distinct on (email) email, name from resolve_rep
where rep_id is null and email is not null order by email, at desc
"""

_KNOWN_REPS = """
update resolve_rep r set rep_id = o.id from ops.rep o
where r.rep_id is null and o.email = r.email
"""

_NAMELESS_REPS = """
with named as (
    update resolve_rep set rep_id = ops.new_id('rep') where rep_id is null returning rep_id, name
)
insert into ops.rep (id, name) select rep_id, name from named
"""

_REP_ALIASES = """
insert into ops.rep_alias (source, natural_key, rep_id)
select source, natural_key, rep_id from resolve_rep
on conflict (source, natural_key) do nothing
"""

_UPDATE_REPS = """
with merged as (
    select
        rep_id,
        (array_agg(r.name order by at desc))[1] as name,
        (array_agg(manager order by at desc) filter (where manager is not null))[1] as manager,
        (array_agg(region order by at desc) filter (where region is not null))[1] as region,
        (array_agg(z.name order by at desc) filter (where z.name is not null))[1] as timezone,
        (array_agg(active order by at desc))[1] as active
    from resolve_rep r
    left join pg_timezone_names z on z.name = r.timezone
    group by rep_id
)
update ops.rep r set
    name = m.name, manager = coalesce(m.manager, r.manager), region = coalesce(m.region, r.region),
    timezone = coalesce(m.timezone, r.timezone), active = m.active, updated_at = ops.now()
from merged m
where r.id = m.rep_id and (r.name, r.manager, r.region, r.timezone, r.active) is distinct from (
    m.name, coalesce(m.manager, r.manager), coalesce(m.region, r.region),
    coalesce(m.timezone, r.timezone), m.active)
"""


def resolve(
    conn: psycopg.Connection[Any], settings: Settings, run_id: str | None = None
) -> dict[str, int]:
    """Resolve every landed account, contact and owner, in the caller's transaction.

    `run_id` goes to the rows that are made or changed; the gate of that run decides on them.
    Returns counts: reps, accounts, new_accounts, updated_accounts, contacts, new_contacts,
    updated_contacts, unplaced_contacts (they name no account and have no company address) and
    conflicts (records that claim the domain or address of another one).
    """
    conn.execute(_LOCK)
    reps = _resolve_reps(conn)
    accounts = resolve_accounts.resolve(conn, run_id)
    contacts = resolve_contacts.resolve(conn, settings.secret, run_id)
    conflicts = accounts.pop("conflicts") + contacts.pop("conflicts")
    return {"reps": reps, **accounts, **contacts, "conflicts": conflicts}


def _resolve_reps(conn: psycopg.Connection[Any]) -> int:
    conn.execute("drop table if exists pg_temp.resolve_rep")
    found = conn.execute(sql(_REPS)).rowcount
    for statement in (_NEW_REPS, _KNOWN_REPS, _NAMELESS_REPS, _REP_ALIASES, _UPDATE_REPS):
        conn.execute(sql(statement))
    return found
