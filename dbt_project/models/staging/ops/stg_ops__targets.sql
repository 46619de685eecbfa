with targets as (
    select * from {{ source('ops', 'playbook_target') }}
),

renamed as (
    select
        -- ids
        quarter_start,

        -- text
        region,
        currency,

        -- numbers
        target
    from targets
)

select * from renamed
