with latest as (
    {{ latest_version(source('landing', 'account')) }}
),

renamed as (
    select
        -- ids
        {{ record_key('source', 'natural_key') }} as account_key,
        source,
        natural_key,
        owner_key as owner_natural_key,
        parent_key as parent_natural_key,
        run_id,

        -- text
        name,
        lower(domain) as domain,
        industry,
        country,
        region,
        timezone,
        currency,
        attributes,
        outcome_attributes,

        -- numbers
        employees,
        annual_revenue,

        -- times
        received_at,
        source_updated_at
    from latest
)

select * from renamed
