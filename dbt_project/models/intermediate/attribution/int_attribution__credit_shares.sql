-- The share of an opportunity that each touch earns by each model; per opportunity and model the shares
-- sum to 1. Touches at the same moment are ordered by their id.
with touchpoints as (
    select * from {{ ref('touchpoint') }}
),

ranked as (
    select
        opportunity_id,
        touch_id,
        occurred_at,
        count(*) over (partition by opportunity_id) as touches,
        row_number()
            over (partition by opportunity_id order by occurred_at, touch_id)
            as rank_first,
        row_number() over (
            partition by opportunity_id order by occurred_at desc, touch_id desc
        ) as rank_last
    from touchpoints
),

shared as (
    select
        ranked.opportunity_id,
        ranked.touch_id,
        ranked.occurred_at,
        models.credit_model,
        models.share
    from ranked
    cross join
        lateral (
            values
            ('first_touch', case when ranked.rank_first = 1 then 1.0 end),
            ('last_touch', case when ranked.rank_last = 1 then 1.0 end),
            ('linear', 1.0 / ranked.touches)
        ) as models (credit_model, share)
    where models.share is not null
)

select * from shared
