with intakes as (
    select * from {{ source('landing', 'intake') }}
),

renamed as (
    select
        -- ids
        id as intake_id,
        run_id,
        source,

        -- text
        entity,
        file,

        -- numbers
        received,
        accepted,
        duplicates,
        quarantined,

        -- times
        at as received_at
    from intakes
)

select * from renamed
