with decisions as (
    select * from {{ source('ops', 'decision') }}
),

renamed as (
    select
        -- ids
        draft_id,
        bulk_id,

        -- text
        verdict,
        reason,
        decided_by,
        decided_role,

        -- numbers
        revision,
        seconds_spent,

        -- booleans
        bulk_id is not null as is_bulk,

        -- times
        decided_at
    from decisions
)

select * from renamed
