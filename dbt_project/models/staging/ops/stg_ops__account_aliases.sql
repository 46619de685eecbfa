with account_aliases as (
    select * from {{ source('ops', 'account_alias') }}
),

renamed as (
    select
        -- ids
        source,
        natural_key,
        account_id
    from account_aliases
)

select * from renamed
