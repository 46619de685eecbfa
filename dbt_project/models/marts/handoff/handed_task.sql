-- Tasks handed to a person (replies, calls, reassignments): each should carry its brief. Exceptions, in
-- which the machine could not decide, are not handoffs.
with tasks as (
    select * from {{ ref('stg_ops__tasks') }}
),

reps as (
    select * from {{ ref('stg_ops__reps') }}
)

select
    -- ids
    tasks.task_id,
    tasks.subject_id,

    -- text
    tasks.kind,
    tasks.subject_kind,
    coalesce(reps.name, 'nobody') as rep,

    -- booleans
    tasks.has_brief,
    tasks.done_at is not null as is_done,
    coalesce(tasks.due_at < {{ as_of() }} and coalesce(tasks.done_at > tasks.due_at, true), false)
        as is_overdue,

    -- times
    tasks.created_at,
    tasks.due_at,
    tasks.done_at
from tasks
left join reps on reps.rep_id = tasks.owner_rep_id
where not tasks.is_exception
