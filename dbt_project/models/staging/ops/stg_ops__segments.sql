with segments as (
    select * from {{ source('ops', 'playbook_segment') }}
),

renamed as (
    select
        -- ids
        position,

        -- text
        name as segment,
        industries,
        regions,
        countries,

        -- numbers
        employees_from,
        employees_below
    from segments
)

select * from renamed
