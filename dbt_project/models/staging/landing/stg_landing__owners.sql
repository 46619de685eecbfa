with latest as (
    {{ latest_version(source('landing', 'owner')) }}
),

renamed as (
    select
        -- ids
        {{ record_key('source', 'natural_key') }} as owner_key,
        source,
        natural_key,
        run_id,

        -- text
        name,
        lower(email) as email,
        manager,
        region,

        -- booleans
        active as is_active,

        -- times
        received_at,
        source_updated_at
    from latest
)

select * from renamed
