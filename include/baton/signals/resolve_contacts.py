"""The statements that make contacts and people of landed records.

A contact belongs to the account that its record names, else to the one whose domain its address
has. A company address of an unknown domain makes an account of that domain. An address that mail
cannot reach is left out: the contact stays, without one.
"""

from typing import Any

import psycopg

from baton.signals.resolve_accounts import HOST, PUBLIC_MAIL
from baton.warehouse.connect import scalar, sql

ADDRESS = (
    r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$"
)

_LATEST = r"""
create temp table resolve_contact on commit drop as
with latest as (
    select distinct on (source, natural_key)
        source, natural_key, account_key, lower(trim(email)) as said, full_name, title, seniority,
        phone, country, timezone,
        nullif(trim(attributes ->> 'protected_reason'), '') as protected_reason,
        coalesce(source_updated_at, received_at) as at
    from landing.contact
    order by source, natural_key, coalesce(source_updated_at, received_at) desc, received_at desc
),
addressed as materialized (
    select l.*, case when said ~ %(address)s and length(said) <= 254
                          and position('@' in said) <= 65 and position('..' in said) = 0
                     then said end as email
    from latest l
),
placed as materialized (
    select a.*, split_part(a.email, '@', 2) as host, b.account_id as named_account_id
    from addressed a
    left join ops.account_alias b on b.source = a.source and b.natural_key = a.account_key
)
select p.*, coalesce(p.named_account_id, d.id) as account_id,
       coalesce(c.contact_id, e.id) as contact_id
from placed p
left join ops.account d on d.domain = p.host and p.host <> all(%(public)s)
left join ops.contact_alias c using (source, natural_key)
left join ops.contact e on e.email = p.email
"""

# Who was erased does not come back with the next export.
_FORGET_ERASED = """
delete from resolve_contact r using ops.suppression s
where r.contact_id is null and r.email is not null and s.kind = 'erased'
  and s.address_key = ops.address_key(r.email, %(secret)s)
"""

_ACCOUNTS_OF_ADDRESSES = """
insert into ops.account (domain, name, run_id)
select distinct host, host, %(run_id)s from resolve_contact
where account_id is null and contact_id is null and host ~ %(host)s and host <> all(%(public)s)
on conflict (domain) do nothing
"""

_PLACE = """
update resolve_contact r set account_id = a.id from ops.account a
where r.account_id is null and a.domain = r.host and r.host <> all(%(public)s)
"""

_NAME_BY_ADDRESS = """
with fresh as (
    select email, ops.new_id('con') as id
    from (select distinct email from resolve_contact
          where contact_id is null and email is not null) e
)
update resolve_contact r set contact_id = f.id from fresh f
where r.contact_id is null and r.email = f.email
"""

_NAME_THE_REST = (
    "update resolve_contact set contact_id = ops.new_id('con') where contact_id is null"
)

_MERGE = """
create temp table resolve_merged_contact on commit drop as
select
    contact_id,
    (array_agg(email order by at desc) filter (where email is not null))[1] as email,
    (array_agg(named_account_id order by at desc)
        filter (where named_account_id is not null))[1] as named_account_id,
    (array_agg(account_id order by at desc)
        filter (where account_id is not null))[1] as account_id,
    (array_agg(full_name order by at desc) filter (where full_name is not null))[1] as full_name,
    (array_agg(title order by at desc) filter (where title is not null))[1] as title,
    (array_agg(seniority order by at desc) filter (where seniority is not null))[1] as seniority,
    (array_agg(phone order by at desc) filter (where phone is not null))[1] as phone,
    (array_agg(country order by at desc) filter (where country is not null))[1] as country,
    (array_agg(timezone order by at desc) filter (where timezone is not null))[1] as timezone,
    (array_agg(protected_reason order by at desc)
        filter (where protected_reason is not null))[1] as protected_reason
from resolve_contact
group by contact_id
"""

_INSERT = """
with fresh as (
    select m.*, ops.new_id('per') as person_id from resolve_merged_contact m
    where account_id is not null
      and not exists (select from ops.contact c where c.id = m.contact_id)
),
people as (
    insert into ops.person (id) select person_id from fresh
)
insert into ops.contact (id, person_id, account_id, email, address_key, full_name, title, seniority,
                         phone, country, timezone, protected_reason, run_id)
select contact_id, person_id, account_id, email,
       case when email is not null then ops.address_key(email, %(secret)s) end, full_name, title,
       seniority, phone, country, timezone, protected_reason, %(run_id)s
from fresh
"""

_ALIASES = """
insert into ops.contact_alias (source, natural_key, contact_id)
select r.source, r.natural_key, r.contact_id
from resolve_contact r join ops.contact c on c.id = r.contact_id
on conflict (source, natural_key) do nothing
"""

_ADDRESSES = """
with wanted as (
    select m.contact_id, m.email, count(*) over (partition by m.email) as claims
    from resolve_merged_contact m join ops.contact c on c.id = m.contact_id
    where m.email is not null and m.email is distinct from c.email
)
update ops.contact c set
    email = w.email, address_key = ops.address_key(w.email, %(secret)s), updated_at = ops.now(),
    run_id = %(run_id)s
from wanted w
where c.id = w.contact_id and w.claims = 1
  and not exists (select from ops.contact held where held.email = w.email)
  and not exists (select from ops.suppression s where s.kind = 'erased'
                  and s.address_key in (c.address_key, ops.address_key(w.email, %(secret)s)))
"""

_CONFLICTS = """
select count(*) from resolve_merged_contact m join ops.contact c on c.id = m.contact_id
where m.email is not null and m.email is distinct from c.email
"""

_UPDATE = """
update ops.contact c set
    account_id = coalesce(m.named_account_id, c.account_id),
    full_name = coalesce(m.full_name, c.full_name),
    title = coalesce(m.title, c.title),
    seniority = coalesce(m.seniority, c.seniority),
    phone = coalesce(m.phone, c.phone),
    country = coalesce(m.country, c.country),
    timezone = coalesce(m.timezone, c.timezone),
    protected_reason = m.protected_reason,
    updated_at = ops.now(),
    run_id = %(run_id)s
from resolve_merged_contact m
where c.id = m.contact_id and (
    c.account_id, c.full_name, c.title, c.seniority, c.phone, c.country, c.timezone,
    c.protected_reason
) is distinct from (
    coalesce(m.named_account_id, c.account_id), coalesce(m.full_name, c.full_name),
    coalesce(m.title, c.title), coalesce(m.seniority, c.seniority), coalesce(m.phone, c.phone),
    coalesce(m.country, c.country), coalesce(m.timezone, c.timezone), m.protected_reason
)
"""

_UNPLACED = """
select count(*) from resolve_contact r
where not exists (select from ops.contact c where c.id = r.contact_id)
"""


def resolve(conn: psycopg.Connection[Any], secret: str, run_id: str | None) -> dict[str, int]:
    """Make and update contacts. `secret` keys the hash of each address.

    Returns contacts, new_contacts, updated_contacts, unplaced_contacts and conflicts.
    """
    params = {
        "run_id": run_id,
        "secret": secret,
        "host": HOST,
        "address": ADDRESS,
        "public": list(PUBLIC_MAIL),
    }

    def do(statement: str) -> int:
        return conn.execute(sql(statement), params).rowcount

    conn.execute("drop table if exists pg_temp.resolve_contact, pg_temp.resolve_merged_contact")
    do(_LATEST)
    if scalar(conn, "select exists (select from ops.suppression where kind = 'erased')"):
        do(_FORGET_ERASED)
    conn.execute("analyze resolve_contact")
    if do(_ACCOUNTS_OF_ADDRESSES):
        do(_PLACE)
    do(_NAME_BY_ADDRESS)
    do(_NAME_THE_REST)
    contacts = do(_MERGE)
    conn.execute("analyze resolve_merged_contact")
    new = do(_INSERT)
    do(_ALIASES)
    do(_ADDRESSES)
    unplaced = int(scalar(conn, _UNPLACED))
    return {
        "contacts": contacts - unplaced,
        "new_contacts": new,
        "updated_contacts": do(_UPDATE),
        "unplaced_contacts": unplaced,
        "conflicts": int(scalar(conn, _CONFLICTS)),
    }
