{{ config(materialized='ephemeral') }}

-- The amount that each opportunity was first qualified with, in today's currency: in another one it would
-- be another number. Where a mapping reads amounts in another way now, what was read in the old one counts
-- only if nothing else does.
with opportunities as (
    select * from {{ ref('stg_landing__opportunities') }}
),

versions as (
    select * from {{ ref('stg_landing__opportunity_versions') }}
),

intakes as (
    select * from {{ ref('stg_landing__intakes') }}
)

select distinct on (versions.opportunity_id)
    versions.opportunity_id,
    versions.amount as qualified_amount
from versions
inner join opportunities
    on
        opportunities.opportunity_id = versions.opportunity_id
        and opportunities.currency = versions.currency
left join intakes on intakes.intake_id = versions.intake_id
where versions.amount is not null
order by
    versions.opportunity_id,
    coalesce(intakes.is_misread, false),
    versions.said_at,
    versions.received_at
