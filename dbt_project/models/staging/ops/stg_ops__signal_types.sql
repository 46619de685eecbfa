with signal_types as (
    select * from {{ source('ops', 'playbook_signal_type') }}
),

renamed as (
    select
        -- ids
        signal_type,

        -- text
        description,

        -- numbers
        weight,
        half_life_days
    from signal_types
)

select * from renamed
