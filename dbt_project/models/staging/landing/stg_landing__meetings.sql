with latest as (
    {{ latest_version(source('landing', 'meeting')) }}
),

renamed as (
    select
        -- ids
        {{ record_key('source', 'natural_key') }} as meeting_key,
        source,
        natural_key,
        account_key as account_natural_key,
        contact_key as contact_natural_key,
        opportunity_key as opportunity_natural_key,
        owner_key as owner_natural_key,
        run_id,

        -- text
        outcome,

        -- times
        starts_at,
        ends_at,
        received_at
    from latest
)

select * from renamed
