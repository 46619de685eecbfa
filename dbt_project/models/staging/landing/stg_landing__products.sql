with latest as (
    {{ latest_version(source('landing', 'product')) }}
),

renamed as (
    select
        -- ids
        {{ record_key('source', 'natural_key') }} as product_key,
        source,
        natural_key,
        run_id,

        -- text
        name,
        series,
        currency,

        -- numbers
        list_price,

        -- times
        received_at,
        source_updated_at
    from latest
)

select * from renamed
