with meeting_outcomes as (
    select * from {{ source('ops', 'meeting_outcome') }}
),

renamed as (
    select
        -- ids
        meeting_id,

        -- text
        outcome,
        source,

        -- times
        decided_at
    from meeting_outcomes
)

select * from renamed
