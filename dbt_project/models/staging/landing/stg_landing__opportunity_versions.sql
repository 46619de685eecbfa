with versions as (
    select * from {{ source('landing', 'opportunity') }}
),

renamed as (
    select
        -- ids
        {{ record_key('source', 'natural_key') }} as opportunity_id,
        source,
        natural_key,
        account_key as account_natural_key,
        contact_key as contact_natural_key,
        owner_key as owner_natural_key,
        product_key as product_natural_key,
        run_id,
        intake_id,

        -- text
        name,
        stage,
        outcome,
        kind,
        currency,
        attributes,
        outcome_attributes,

        -- numbers
        amount,

        -- times
        opened_at,
        closed_at,
        received_at,
        source_updated_at,
        coalesce(source_updated_at, received_at) as said_at
    from versions
)

select * from renamed
