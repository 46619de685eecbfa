-- Every touch of an account: what the motion sent and the meetings it led to, and what other sources
-- recorded (calls, events, campaigns, meetings).
with messages as (
    select * from {{ ref('int_delivery__messages') }}
),

meetings as (
    select * from {{ ref('stg_ops__meetings') }}
),

outcomes as (
    select * from {{ ref('stg_ops__meeting_outcomes') }}
),

leads as (
    select * from {{ ref('int_scoring__leads') }}
),

recorded as (
    select * from {{ ref('int_attribution__recorded_touches') }}
),

unioned as (
    select
        messages.message_id as touch_id, 'motion' as touch_source, messages.channel,
        'step ' || messages.step as touch_type, messages.sequence, leads.rep,
        leads.account_id as account_key, null as opportunity_id, messages.contact_id,
        true as is_motion, messages.is_delivered,
        coalesce(messages.delivered_at, messages.sent_at) as occurred_at
    from messages
    inner join leads on leads.lead_id = messages.lead_id
    where messages.is_sent and not messages.is_bounced
    union all
    select
        meetings.meeting_id, 'motion', 'meeting', 'meeting',
        leads.sequence, leads.rep,
        coalesce(meetings.account_id, leads.account_id), null, meetings.contact_id,
        true, true, meetings.starts_at
    from meetings
    inner join outcomes on outcomes.meeting_id = meetings.meeting_id
    inner join leads on leads.lead_id = meetings.lead_id
    where outcomes.outcome = 'attended'
    union all
    select
        touch_id, source, channel, touch_type, sequence, rep, account_key, opportunity_id,
        contact_id, false, true, occurred_at
    from recorded
)

select * from unioned
