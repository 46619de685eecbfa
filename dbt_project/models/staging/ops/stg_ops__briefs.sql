with briefs as (
    select * from {{ source('ops', 'brief') }}
),

renamed as (
    select
        -- ids
        id as brief_id,
        meeting_id,
        contact_id,
        run_id,

        -- text
        missing,

        -- numbers
        version,

        -- booleans
        is_complete,

        -- times
        created_at,
        opened_at
    from briefs
    where {{ is_released('briefs.run_id') }}
)

select * from renamed
