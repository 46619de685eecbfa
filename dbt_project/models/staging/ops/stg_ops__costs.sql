with costs as (
    select * from {{ source('ops', 'playbook_cost') }}
),

renamed as (
    select
        -- ids
        name,

        -- text
        layer,
        signal_source,
        currency,

        -- numbers
        monthly,

        -- times
        first_month,
        last_month
    from costs
)

select * from renamed
