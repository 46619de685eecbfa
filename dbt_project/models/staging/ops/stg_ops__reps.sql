with reps as (
    select * from {{ source('ops', 'rep') }}
),

renamed as (
    select
        -- ids
        id as rep_id,

        -- text
        email,
        name,
        manager,
        region,
        timezone,

        -- booleans
        active as is_active,

        -- times
        updated_at
    from reps
)

select * from renamed
