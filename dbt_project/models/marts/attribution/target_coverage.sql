-- The quarter's target per region, what was won of it, and the open qualified amount that is expected to
-- close in it. Opportunities in another currency than the target's are left out and counted.
with targets as (
    select * from {{ ref('stg_ops__targets') }}
),

opportunities as (
    select * from {{ ref('int_attribution__opportunities') }}
),

dated as (
    select
        *,
        case
            when outcome = 'open' and attributes ->> 'expected_close_at' ~ '^\d{4}-\d\d-\d\d'
                then left(attributes ->> 'expected_close_at', 10)::date
        end as expected_close_on
    from opportunities
),

summed as (
    select
        targets.quarter_start,
        targets.region,
        targets.currency,
        targets.target,
        coalesce(sum(dated.amount) filter (
            where dated.outcome = 'won' and dated.currency = targets.currency
        ), 0) as won_amount,
        coalesce(sum(dated.qualified_amount) filter (
            where dated.outcome = 'open' and dated.currency = targets.currency
        ), 0) as open_amount,
        count(dated.opportunity_id) filter (
            where dated.currency <> targets.currency
        ) as other_currency_opportunities
    from targets
    left join dated
        on
            dated.region = targets.region
            and coalesce(dated.closed_at::date, dated.expected_close_on) >= targets.quarter_start
            and coalesce(dated.closed_at::date, dated.expected_close_on)
            < targets.quarter_start + interval '3 months'
    group by targets.quarter_start, targets.region, targets.currency, targets.target
)

select
    -- ids
    region || ':' || quarter_start as target_id,

    -- text
    region,
    currency,

    -- numbers
    target,
    won_amount,
    open_amount,
    greatest(target - won_amount, 0) as remaining,
    other_currency_opportunities,

    -- booleans
    quarter_start = date_trunc('quarter', {{ as_of() }}, 'UTC')::date as is_current,

    -- times
    quarter_start
from summed
