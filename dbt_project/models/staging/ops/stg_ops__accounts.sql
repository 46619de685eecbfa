with accounts as (
    select * from {{ source('ops', 'account') }}
),

renamed as (
    select
        -- ids
        id as account_id,
        owner_rep_id,
        run_id,

        -- text
        domain,
        name,
        industry,
        currency,
        country,
        region,
        timezone,
        protected_reason,

        -- numbers
        employees,
        annual_revenue,

        -- booleans
        on_watchlist as is_on_watchlist,
        protected_reason is not null as is_protected,

        -- times
        created_at,
        updated_at
    from accounts
    where {{ is_released('accounts.run_id') }}
)

select * from renamed
