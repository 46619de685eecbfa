with meetings as (
    select * from {{ source('ops', 'meeting') }}
),

renamed as (
    select
        -- ids
        id as meeting_id,
        booking_id,
        contact_id,
        account_id,
        lead_id,
        owner_rep_id,
        run_id,

        -- text
        state,
        owner_reason,

        -- numbers
        reschedules,

        -- times
        starts_at,
        ends_at,
        created_at
    from meetings
    where {{ is_released('meetings.run_id') }}
)

select * from renamed
