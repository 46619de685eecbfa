{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false,
          on_schema_change='fail', indexes=[{'columns': ['opportunity_id'], 'unique': true}]) }}

-- The ICP quartile and segment that an opportunity's account had when the opportunity was first seen;
-- written once and kept, so that reports do not rewrite history.
with opportunities as (
    select * from {{ ref('int_attribution__opportunities') }}
),

accounts as (
    select * from {{ ref('int_scoring__account_quartiles') }}
),

joined as (
    select
        opportunities.opportunity_id,
        accounts.icp_quartile,
        accounts.icp_fit,
        accounts.cut_version,
        accounts.segment,
        {{ as_of() }} as fixed_at
    from opportunities
    inner join accounts on accounts.account_key = opportunities.account_key
)

select * from joined
{% if is_incremental() %}
    where not exists (
        select from {{ this }} as kept
        where kept.opportunity_id = joined.opportunity_id
    )
{% endif %}
