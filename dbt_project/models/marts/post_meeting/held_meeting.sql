-- Meetings that took place, and what followed: notes, the CRM within 24 hours, an opportunity within 30
-- days. A first meeting is the first held one of its account.
with meetings as (
    select * from {{ ref('meeting') }}
),

notes as (
    select meeting_id, count(*) as notes, count(*) filter (where is_quote_found) as proven_notes
    from {{ ref('stg_ops__notes') }}
    group by meeting_id
),

writes as (
    select evidence ->> 'meeting_id' as meeting_id, min(written_at) as crm_updated_at
    from {{ ref('stg_ops__crm_writes') }}
    where layer = 'post_meeting' and state = 'written'
    group by evidence ->> 'meeting_id'
),

opportunities as (
    select * from {{ ref('opportunity') }}
),

followed as (
    select meetings.meeting_id, min(opportunities.opened_at) as opportunity_at
    from meetings
    inner join opportunities on opportunities.account_id = meetings.account_id
    where
        opportunities.opened_at >= meetings.starts_at
        and opportunities.opened_at <= meetings.starts_at + interval '30 days'
    group by meetings.meeting_id
)

select
    -- ids
    meetings.meeting_id, meetings.lead_id, meetings.account_id,

    -- text
    meetings.rep, meetings.sequence, meetings.segment,

    -- numbers
    meetings.icp_quartile,
    coalesce(notes.notes, 0) as notes,
    coalesce(notes.proven_notes, 0) as proven_notes,

    -- booleans
    coalesce(notes.notes, 0) > 0 as has_notes,
    coalesce(writes.crm_updated_at <= meetings.starts_at + interval '24 hours', false)
        as is_crm_updated_in_24_hours,
    row_number() over (
        partition by coalesce(meetings.account_id, meetings.meeting_id)
        order by meetings.starts_at, meetings.meeting_id
    ) = 1 as is_first_meeting,
    followed.opportunity_at is not null as has_opportunity_in_30_days,
    meetings.starts_at <= {{ as_of() }} - interval '30 days' as is_mature,

    -- times
    meetings.starts_at, writes.crm_updated_at, followed.opportunity_at
from meetings
left join notes on notes.meeting_id = meetings.meeting_id
left join writes on writes.meeting_id = meetings.meeting_id
left join followed on followed.meeting_id = meetings.meeting_id
where meetings.is_attended
