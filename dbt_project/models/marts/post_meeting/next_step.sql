-- What was agreed in meetings, with owner and date, and whether it was done in time.
with steps as (
    select * from {{ ref('stg_ops__next_steps') }}
),

meetings as (
    select * from {{ ref('meeting') }}
)

select
    -- ids
    steps.next_step_id,
    steps.meeting_id,

    -- text
    meetings.rep,
    meetings.sequence,
    meetings.segment,

    -- numbers
    meetings.icp_quartile,

    -- booleans
    coalesce(steps.owner_rep_id, steps.owner) is not null and steps.due_on is not null
        as has_owner_and_date,
    coalesce((steps.done_at at time zone 'UTC')::date <= steps.due_on, false) as is_done_on_time,
    steps.done_at is not null as is_done,

    -- times
    meetings.starts_at,
    steps.due_on,
    steps.done_at
from steps
inner join meetings on meetings.meeting_id = steps.meeting_id
