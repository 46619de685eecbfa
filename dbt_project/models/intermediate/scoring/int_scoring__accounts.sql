-- Every account that we know of: ours, and those of imported records that no account of ours stands for.
with accounts as (
    select * from {{ ref('stg_ops__accounts') }}
),

landed as (
    select * from {{ ref('int_scoring__account_keys') }}
),

records as (
    select * from {{ ref('stg_landing__accounts') }}
),

segments as (
    select * from {{ ref('stg_ops__segments') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

joined as (
    select
        account_id as account_key, account_id, owner_rep_id, name, industry, country, region,
        currency, employees, annual_revenue, is_on_watchlist, is_protected
    from accounts
    union all
    select
        landed.account_key, null, null, records.name, records.industry, records.country,
        records.region, records.currency, records.employees, records.annual_revenue, false, false
    from records
    inner join landed on landed.record_key = records.account_key
    where landed.account_id is null
)

select
    joined.*,
    coalesce(segment.segment, settings.segment_otherwise, 'not segmented') as segment
from joined
cross join settings
left join lateral (
    select segments.segment
    from segments
    where
        (segments.employees_from is null or joined.employees >= segments.employees_from)
        and (segments.employees_below is null or joined.employees < segments.employees_below)
        and (segments.industries = '{}' or joined.industry = any(segments.industries))
        and (segments.regions = '{}' or joined.region = any(segments.regions))
        and (segments.countries = '{}' or joined.country = any(segments.countries))
    order by segments.position
    limit 1
) as segment on true
