with contact_aliases as (
    select * from {{ source('ops', 'contact_alias') }}
),

renamed as (
    select
        -- ids
        source,
        natural_key,
        contact_id
    from contact_aliases
)

select * from renamed
