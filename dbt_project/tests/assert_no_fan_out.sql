-- Joining never multiplies revenue: the mart has as many opportunities and as much money as was landed.
with landed as (
    select count(*) as opportunities, coalesce(sum(amount), 0) as amount
    from {{ ref('stg_landing__opportunities') }}
),

built as (
    select count(*) as opportunities, coalesce(sum(amount), 0) as amount
    from {{ ref('opportunity') }}
)

select landed.*, built.opportunities as built_opportunities, built.amount as built_amount
from landed
cross join built
where landed.opportunities <> built.opportunities or landed.amount <> built.amount
