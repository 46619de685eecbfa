with tasks as (
    select * from {{ source('ops', 'task') }}
),

renamed as (
    select
        -- ids
        id as task_id,
        subject_id,
        owner_rep_id,
        brief_id,
        run_id,

        -- text
        kind,
        subject_kind,
        title,
        done_by,

        -- booleans
        is_exception,
        brief_id is not null as has_brief,

        -- times
        due_at,
        created_at,
        done_at
    from tasks
)

select * from renamed
