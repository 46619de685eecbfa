-- One row per opportunity. Amounts are in the opportunity's currency; won revenue is `amount` where
-- `is_won`. Rep, manager and region are those of its owner.
with opportunities as (
    select * from {{ ref('int_attribution__opportunities') }}
),

quartiles as (
    select * from {{ ref('int_attribution__opportunity_quartiles') }}
),

accounts as (
    select * from {{ ref('int_scoring__accounts') }}
),

origins as (
    select * from {{ ref('int_attribution__origins') }}
)

select
    -- ids
    opportunities.opportunity_id,
    opportunities.source,
    opportunities.natural_key,
    opportunities.account_key,
    opportunities.account_id,
    opportunities.contact_id,
    opportunities.rep_id,

    -- text
    opportunities.name,
    opportunities.stage,
    opportunities.outcome,
    opportunities.kind,
    coalesce(accounts.name, opportunities.account_natural_key, 'no account') as account,
    coalesce(accounts.industry, 'unknown') as sector,
    coalesce(quartiles.segment, 'no account') as segment,
    coalesce(opportunities.agent, 'nobody') as agent,
    coalesce(opportunities.manager, 'unknown') as manager,
    coalesce(opportunities.region, 'unknown') as region,
    coalesce(opportunities.product, 'unknown') as product,
    coalesce(opportunities.series, 'unknown') as series,
    opportunities.currency,
    origins.origin,
    quartiles.cut_version,

    -- numbers
    opportunities.amount,
    opportunities.qualified_amount,
    case when opportunities.outcome = 'won' then coalesce(opportunities.amount, 0) else 0 end
        as won_amount,
    quartiles.icp_quartile,
    quartiles.icp_fit,
    origins.touches,

    -- booleans
    opportunities.outcome = 'won' as is_won,
    opportunities.outcome = 'lost' as is_lost,
    opportunities.outcome in ('won', 'lost') as is_closed,
    opportunities.account_natural_key is not null as has_account,
    accounts.account_key is not null as is_account_known,
    opportunities.is_backfilled,

    -- times
    opportunities.opened_at,
    opportunities.closed_at,
    opportunities.first_received_at,
    origins.first_motion_at
from opportunities
inner join origins on origins.opportunity_id = opportunities.opportunity_id
left join quartiles on quartiles.opportunity_id = opportunities.opportunity_id
left join accounts on accounts.account_key = opportunities.account_key
