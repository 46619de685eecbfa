with suppressions as (
    select * from {{ source('ops', 'suppression') }}
),

renamed as (
    select
        -- ids
        address_key,

        -- text
        kind,
        source,

        -- times
        created_at as suppressed_at
    from suppressions
)

select * from renamed
