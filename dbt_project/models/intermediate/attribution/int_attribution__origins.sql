-- Where an opportunity came from. Sourced: opened within 90 days after a delivered touch of the motion,
-- and no other source touched the account before that. Influenced: another one with a touch between 90
-- days before it was opened and its close. Untouched: the rest. The three add up to all.
with opportunities as (
    select * from {{ ref('int_attribution__opportunities') }}
),

touches as (
    select * from {{ ref('int_attribution__touches') }}
),

touchpoints as (
    select * from {{ ref('touchpoint') }}
),

motion as (
    select
        opportunities.opportunity_id,
        min(touches.occurred_at) as first_motion_at
    from opportunities
    inner join touches on touches.account_key = opportunities.account_key
    where
        touches.is_motion
        and touches.is_delivered
        and touches.occurred_at <= opportunities.opened_at
        and touches.occurred_at >= opportunities.opened_at - interval '90 days'
    group by opportunities.opportunity_id
),

-- Only where the motion came before the opportunity does it matter who came before the motion.
others as (
    select
        motion.opportunity_id,
        min(touches.occurred_at) as first_other_at
    from motion
    inner join opportunities on opportunities.opportunity_id = motion.opportunity_id
    inner join touches on touches.account_key = opportunities.account_key
    where not touches.is_motion and touches.occurred_at < motion.first_motion_at
    group by motion.opportunity_id
),

touched as (
    select opportunity_id, count(*) as touches
    from touchpoints
    group by opportunity_id
),

joined as (
    select
        opportunities.opportunity_id,
        motion.first_motion_at,
        coalesce(touched.touches, 0) as touches,
        case
            when motion.first_motion_at is not null and others.opportunity_id is null then 'sourced'
            when touched.touches > 0 then 'influenced'
            else 'untouched'
        end as origin
    from opportunities
    left join motion on motion.opportunity_id = opportunities.opportunity_id
    left join others on others.opportunity_id = opportunities.opportunity_id
    left join touched on touched.opportunity_id = opportunities.opportunity_id
)

select * from joined
