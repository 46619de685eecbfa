with rep_aliases as (
    select * from {{ source('ops', 'rep_alias') }}
),

renamed as (
    select
        -- ids
        source,
        natural_key,
        rep_id
    from rep_aliases
)

select * from renamed
