with latest as (
    {{ latest_version(source('landing', 'contact')) }}
),

renamed as (
    select
        -- ids
        {{ record_key('source', 'natural_key') }} as contact_key,
        source,
        natural_key,
        account_key as account_natural_key,
        run_id,

        -- text
        lower(email) as email,
        full_name,
        title,
        seniority,
        phone,
        country,
        timezone,
        attributes,
        outcome_attributes,

        -- times
        received_at,
        source_updated_at
    from latest
)

select * from renamed
