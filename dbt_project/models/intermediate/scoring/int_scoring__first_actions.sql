-- When a person first acted on a lead: approved a touch, or finished a task about it. What Baton does
-- by itself is no action.
with drafts as (
    select * from {{ ref('stg_ops__drafts') }}
),

decisions as (
    select * from {{ ref('stg_ops__decisions') }}
),

tasks as (
    select * from {{ ref('stg_ops__tasks') }}
),

actions as (
    select drafts.lead_id, decisions.decided_at as acted_at
    from decisions
    inner join drafts on drafts.draft_id = decisions.draft_id
    where decisions.verdict = 'approved'
    union all
    select subject_id, done_at
    from tasks
    where subject_kind = 'lead' and done_at is not null and done_by is distinct from 'baton'
)

select lead_id, min(acted_at) as first_action_at
from actions
group by lead_id
