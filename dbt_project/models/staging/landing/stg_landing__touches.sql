with latest as (
    {{ latest_version(source('landing', 'touch')) }}
),

renamed as (
    select
        -- ids
        {{ record_key('source', 'natural_key') }} as touch_key,
        source,
        natural_key,
        account_key as account_natural_key,
        contact_key as contact_natural_key,
        opportunity_key as opportunity_natural_key,
        owner_key as owner_natural_key,
        run_id,

        -- text
        channel,
        touch_type,
        sequence,
        campaign,

        -- times
        occurred_at,
        received_at
    from latest
)

select * from renamed
