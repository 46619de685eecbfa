with budgets as (
    select * from {{ source('ops', 'budget') }}
),

renamed as (
    select
        -- ids
        scope,
        name,

        -- numbers
        granted,
        used,

        -- times
        day
    from budgets
)

select * from renamed
