"""The statements that make accounts of landed records.

What a record says counts in this order: the watchlist, because RevOps keeps it by hand, then the
newest record of any source. The owner is the other way round: the CRM knows who has left.
"""

from typing import Any

import psycopg

from baton.warehouse.connect import scalar, sql

# Addresses of people, not of companies: they never make two records one account.
PUBLIC_MAIL = (
    "163.com", "aol.com", "free.fr", "gmail.com", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
    "hotmail.com", "icloud.com", "libero.it", "live.com", "mail.com", "mail.ru", "me.com",
    "msn.com", "orange.fr", "outlook.com", "proton.me", "protonmail.com", "qq.com", "t-online.de",
    "wanadoo.fr", "web.de", "yahoo.co.uk", "yahoo.com", "yandex.ru",
)  # fmt: skip
# Without bounds such as {1,64}: Postgres unrolls them, and a match takes ten times as long.
HOST = r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$"

_LATEST = r"""
create temp table resolve_account on commit drop as
with latest as (
    select distinct on (source, natural_key)
        source, natural_key, name,
        rtrim(regexp_replace(lower(trim(domain)), '^(?:https?://)?(?:www\.)?([^/:?#]*).*$', '\1'),
              '.') as host,
        industry, employees, annual_revenue, currency, country, region, timezone, owner_key,
        nullif(trim(attributes ->> 'protected_reason'), '') as protected_reason,
        coalesce(source_updated_at, received_at) as at, source = 'watchlist' as curated
    from landing.account
    order by source, natural_key, coalesce(source_updated_at, received_at) desc, received_at desc
),
located as materialized (
    select l.*, case when host ~ %(host)s and length(host) <= 253
                          and host <> all(%(public)s) then host end as domain
    from latest l
)
select l.*, coalesce(a.account_id, d.id) as account_id, coalesce(o.rep_id, r.id) as owner_rep_id
from located l
left join ops.account_alias a using (source, natural_key)
left join ops.account d on d.domain = l.domain
left join ops.rep_alias o on o.source = l.source and o.natural_key = l.owner_key
left join ops.rep r on r.email = lower(l.owner_key)
"""

_NAME_BY_DOMAIN = """
with fresh as (
    select domain, ops.new_id('acc') as id
    from (select distinct domain from resolve_account
          where account_id is null and domain is not null) d
)
update resolve_account r set account_id = f.id from fresh f
where r.account_id is null and r.domain = f.domain
"""

_NAME_THE_REST = (
    "update resolve_account set account_id = ops.new_id('acc') where account_id is null"
)

_ALIASES = """
insert into ops.account_alias (source, natural_key, account_id)
select source, natural_key, account_id from resolve_account
on conflict (source, natural_key) do nothing
"""

_MERGE = """
create temp table resolve_merged on commit drop as
select
    account_id,
    (array_agg(name order by curated desc, at desc))[1] as name,
    (array_agg(domain order by curated desc, at desc)
        filter (where domain is not null))[1] as domain,
    (array_agg(industry order by curated desc, at desc)
        filter (where industry is not null))[1] as industry,
    (array_agg(employees order by curated desc, at desc)
        filter (where employees is not null))[1] as employees,
    (array_agg(annual_revenue order by curated desc, at desc)
        filter (where annual_revenue is not null))[1] as annual_revenue,
    (array_agg(currency order by curated desc, at desc)
        filter (where annual_revenue is not null))[1] as currency,
    (array_agg(country order by curated desc, at desc)
        filter (where country is not null))[1] as country,
    (array_agg(region order by curated desc, at desc)
        filter (where region is not null))[1] as region,
    (array_agg(timezone order by curated desc, at desc)
        filter (where timezone is not null))[1] as timezone,
    (array_agg(owner_rep_id order by curated, at desc)
        filter (where owner_rep_id is not null))[1] as owner_rep_id,
    (array_agg(protected_reason order by curated desc, at desc)
        filter (where protected_reason is not null))[1] as protected_reason
from resolve_account
group by account_id
"""

_INSERT = """
insert into ops.account (id, domain, name, industry, employees, annual_revenue, currency, country,
                         region, timezone, owner_rep_id, protected_reason, run_id)
select account_id, domain, name, industry, employees, annual_revenue, currency, country,
       region, timezone, owner_rep_id, protected_reason, %(run_id)s
from resolve_merged m
where not exists (select from ops.account a where a.id = m.account_id)
"""

# A domain that another account holds, or that two accounts claim at once, is left where it is.
_DOMAINS = """
with wanted as (
    select m.account_id, m.domain, count(*) over (partition by m.domain) as claims
    from resolve_merged m join ops.account a on a.id = m.account_id
    where m.domain is not null and m.domain is distinct from a.domain
)
update ops.account a set domain = w.domain, updated_at = ops.now(), run_id = %(run_id)s
from wanted w
where a.id = w.account_id and w.claims = 1
  and not exists (select from ops.account held where held.domain = w.domain)
"""

_CONFLICTS = """
select count(*) from resolve_merged m join ops.account a on a.id = m.account_id
where m.domain is not null and m.domain is distinct from a.domain
"""

_UPDATE = """
update ops.account a set
    name = m.name,
    industry = coalesce(m.industry, a.industry),
    employees = coalesce(m.employees, a.employees),
    annual_revenue = coalesce(m.annual_revenue, a.annual_revenue),
    currency = coalesce(m.currency, a.currency),
    country = coalesce(m.country, a.country),
    region = coalesce(m.region, a.region),
    timezone = coalesce(m.timezone, a.timezone),
    owner_rep_id = coalesce(m.owner_rep_id, a.owner_rep_id),
    protected_reason = m.protected_reason,
    updated_at = ops.now(),
    run_id = %(run_id)s
from resolve_merged m
where a.id = m.account_id and (
    a.name, a.industry, a.employees, a.annual_revenue, a.currency, a.country, a.region, a.timezone,
    a.owner_rep_id, a.protected_reason
) is distinct from (
    m.name, coalesce(m.industry, a.industry), coalesce(m.employees, a.employees),
    coalesce(m.annual_revenue, a.annual_revenue), coalesce(m.currency, a.currency),
    coalesce(m.country, a.country), coalesce(m.region, a.region),
    coalesce(m.timezone, a.timezone), coalesce(m.owner_rep_id, a.owner_rep_id),
    m.protected_reason
)
"""


def resolve(conn: psycopg.Connection[Any], run_id: str | None) -> dict[str, int]:
    """Make and update accounts; return accounts, new_accounts, updated_accounts, conflicts."""
    params = {"run_id": run_id, "host": HOST, "public": list(PUBLIC_MAIL)}

    def do(statement: str) -> int:
        return conn.execute(sql(statement), params).rowcount

    conn.execute("drop table if exists pg_temp.resolve_account, pg_temp.resolve_merged")
    do(_LATEST)
    do(_NAME_BY_DOMAIN)
    do(_NAME_THE_REST)
    conn.execute("analyze resolve_account")
    accounts = do(_MERGE)
    conn.execute("analyze resolve_merged")
    new = do(_INSERT)
    do(_ALIASES)
    do(_DOMAINS)
    return {
        "accounts": accounts,
        "new_accounts": new,
        "updated_accounts": do(_UPDATE),
        "conflicts": int(scalar(conn, _CONFLICTS)),
    }
