{{ config(indexes=[{'columns': ['opportunity_id']}]) }}

-- One row per opportunity, model and touch, and one per opportunity and model without a touch. For every
-- model, credits sum to each opportunity's amount exactly, the unattributed ones included.
with opportunities as (
    select * from {{ ref('opportunity') }}
),

touchpoints as (
    select * from {{ ref('touchpoint') }}
),

credits as (
    select * from {{ ref('int_attribution__credits') }}
),

-- A touch without sequence or sender says so; revenue without a touch is unattributed.
unioned as (
    select
        credits.opportunity_id, credits.credit_model, credits.touch_id, credits.credit,
        touchpoints.touch_source, touchpoints.channel, touchpoints.occurred_at as touched_at,
        coalesce(touchpoints.sequence, 'no sequence') as sequence,
        coalesce(touchpoints.rep, 'nobody') as rep
    from credits
    inner join touchpoints
        on
            touchpoints.opportunity_id = credits.opportunity_id
            and touchpoints.touch_id = credits.touch_id
    union all
    select
        opportunities.opportunity_id, models.credit_model, null, opportunities.amount,
        'unattributed', 'unattributed', null, 'unattributed', 'unattributed'
    from opportunities
    cross join (values ('first_touch'), ('last_touch'), ('linear')) as models (credit_model)
    where opportunities.amount is not null and opportunities.touches = 0
)

select
    -- ids
    unioned.opportunity_id || ':' || unioned.credit_model || ':'
    || coalesce(unioned.touch_id, 'none') as credit_id,
    unioned.opportunity_id,
    unioned.touch_id,

    -- text
    unioned.credit_model,
    unioned.touch_source,
    unioned.channel,
    unioned.sequence,
    unioned.rep,
    opportunities.agent,
    opportunities.segment,
    opportunities.outcome,
    opportunities.currency,

    -- numbers
    opportunities.icp_quartile,
    unioned.credit,
    case when opportunities.is_won then unioned.credit else 0 end as won_credit,

    -- booleans
    opportunities.is_won,
    unioned.touch_id is not null as is_attributed,
    opportunities.is_backfilled,

    -- times
    unioned.touched_at,
    opportunities.opened_at,
    opportunities.closed_at
from unioned
inner join opportunities on opportunities.opportunity_id = unioned.opportunity_id
