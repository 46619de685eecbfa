{{ config(materialized='table', indexes=[{'columns': ['opportunity_id'], 'unique': true},
                                         {'columns': ['account_key']}]) }}

-- Each opportunity once, as it stands now, with its account, owner and product, and the amount that it
-- was first qualified with.
with opportunities as (
    select * from {{ ref('stg_landing__opportunities') }}
),

versions as (
    select * from {{ ref('stg_landing__opportunity_versions') }}
),

account_keys as (
    select * from {{ ref('int_scoring__account_keys') }}
),

account_aliases as (
    select * from {{ ref('stg_ops__account_aliases') }}
),

contact_aliases as (
    select * from {{ ref('stg_ops__contact_aliases') }}
),

owners as (
    select * from {{ ref('int_attribution__owners') }}
),

products as (
    select * from {{ ref('stg_landing__products') }}
),

first_seen as (
    select opportunity_id, min(received_at) as first_received_at
    from versions
    group by opportunity_id
),

qualified as (
    select * from {{ ref('int_attribution__qualified_amounts') }}
),

-- What was opened before the motion first ran is history that was brought along.
motion as (
    select min(interval_start) as started_at from {{ source('ops', 'run') }}
),

joined as (
    select
        opportunities.*,
        coalesce(
            account_aliases.account_id, account_keys.account_key,
            {{ record_key('opportunities.source', 'opportunities.account_natural_key') }}
        ) as account_key,
        coalesce(account_aliases.account_id, account_keys.account_id) as account_id,
        contact_aliases.contact_id,
        owners.rep_id,
        coalesce(owners.name, opportunities.owner_natural_key) as agent,
        owners.manager,
        owners.region,
        coalesce(products.name, opportunities.product_natural_key) as product,
        products.series,
        qualified.qualified_amount,
        first_seen.first_received_at,
        coalesce(opportunities.opened_at, opportunities.source_updated_at, '-infinity')
        < coalesce(motion.started_at, 'infinity') as is_backfilled
    from opportunities
    cross join motion
    inner join first_seen on first_seen.opportunity_id = opportunities.opportunity_id
    left join qualified on qualified.opportunity_id = opportunities.opportunity_id
    left join account_keys
        on
            account_keys.source = opportunities.source
            and account_keys.natural_key = opportunities.account_natural_key
    left join account_aliases
        on
            account_aliases.source = opportunities.source
            and account_aliases.natural_key = opportunities.account_natural_key
    left join contact_aliases
        on
            contact_aliases.source = opportunities.source
            and contact_aliases.natural_key = opportunities.contact_natural_key
    left join owners
        on
            owners.source = opportunities.source
            and owners.natural_key = opportunities.owner_natural_key
    left join products
        on
            products.source = opportunities.source
            and products.natural_key = opportunities.product_natural_key
)

select * from joined
