with bookings as (
    select * from {{ source('ops', 'booking') }}
),

renamed as (
    select
        -- ids
        id as booking_id,
        contact_id,
        account_id,
        run_id,

        -- text
        source,
        state,

        -- times
        starts_at,
        booked_at
    from bookings
    where {{ is_released('bookings.run_id') }}
)

select * from renamed
