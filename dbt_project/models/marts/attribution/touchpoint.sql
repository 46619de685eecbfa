{{ config(indexes=[{'columns': ['opportunity_id']}]) }}

-- One row per opportunity and touch: touches tied to the opportunity itself, and touches of its account
-- between 90 days before it was opened and its close.
with opportunities as (
    select * from {{ ref('int_attribution__opportunities') }}
),

touches as (
    select * from {{ ref('int_attribution__touches') }}
),

matched as (
    select
        -- ids
        opportunities.opportunity_id, touches.touch_id, touches.account_key, touches.contact_id,
        -- text
        touches.touch_source, touches.channel, touches.touch_type, touches.sequence, touches.rep,
        'opportunity' as tied_by,
        -- booleans
        touches.is_motion, touches.is_delivered,
        -- times
        touches.occurred_at
    from touches
    inner join opportunities on opportunities.opportunity_id = touches.opportunity_id
    where touches.occurred_at <= coalesce(opportunities.closed_at, {{ as_of() }})
    union all
    select
        opportunities.opportunity_id, touches.touch_id, touches.account_key, touches.contact_id,
        touches.touch_source, touches.channel, touches.touch_type, touches.sequence, touches.rep,
        'account', touches.is_motion, touches.is_delivered, touches.occurred_at
    from touches
    inner join opportunities on opportunities.account_key = touches.account_key
    where
        touches.opportunity_id is null
        and touches.occurred_at >= opportunities.opened_at - interval '90 days'
        and touches.occurred_at <= coalesce(opportunities.closed_at, {{ as_of() }})
)

select * from matched
