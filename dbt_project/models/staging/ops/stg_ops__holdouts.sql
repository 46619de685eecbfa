with holdouts as (
    select * from {{ source('ops', 'holdout') }}
),

renamed as (
    select
        -- ids
        account_id,

        -- text
        experiment,
        arm,

        -- booleans
        arm = 'holdout' as is_holdout,

        -- times
        assigned_at
    from holdouts
)

select * from renamed
