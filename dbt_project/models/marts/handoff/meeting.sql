-- Meetings whose start has come, one row per chain of reschedules. `rep` is the meeting's owner. A brief
-- counts as complete only if it was so before the start.
with meetings as (
    select * from {{ ref('stg_ops__meetings') }}
),

outcomes as (
    select * from {{ ref('stg_ops__meeting_outcomes') }}
),

briefs as (
    select * from {{ ref('stg_ops__briefs') }}
),

leads as (
    select * from {{ ref('int_scoring__leads') }}
),

reps as (
    select * from {{ ref('stg_ops__reps') }}
),

briefed as (
    select
        meetings.meeting_id,
        min(briefs.created_at) filter (where briefs.is_complete) as complete_at,
        min(briefs.opened_at) as opened_at
    from meetings
    inner join briefs on briefs.meeting_id = meetings.meeting_id
    group by meetings.meeting_id
)

select
    -- ids
    meetings.meeting_id, meetings.lead_id, meetings.account_id, meetings.contact_id,

    -- text
    coalesce(reps.name, 'nobody') as rep,
    coalesce(leads.sequence, 'no lead') as sequence,
    coalesce(leads.segment, 'no lead') as segment,
    coalesce(outcomes.outcome, 'unknown') as outcome,

    -- numbers
    leads.icp_quartile,
    meetings.reschedules,
    {{ hours_between('briefed.complete_at', 'meetings.starts_at') }} * 60 as minutes_ready,

    -- booleans
    coalesce(outcomes.outcome = 'attended', false) as is_attended,
    coalesce(outcomes.outcome in ('attended', 'guest_no_show', 'host_no_show'), false) as is_known,
    coalesce(briefed.complete_at <= meetings.starts_at, false) as has_complete_brief,
    coalesce(briefed.opened_at <= meetings.starts_at, false) as is_brief_opened,

    -- times
    meetings.starts_at, meetings.created_at, briefed.complete_at, briefed.opened_at
from meetings
left join outcomes on outcomes.meeting_id = meetings.meeting_id
left join briefed on briefed.meeting_id = meetings.meeting_id
left join leads on leads.lead_id = meetings.lead_id
left join reps on reps.rep_id = meetings.owner_rep_id
where meetings.state = 'planned' and meetings.starts_at <= {{ as_of() }}
