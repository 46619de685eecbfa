with leads as (
    select * from {{ source('ops', 'lead') }}
),

renamed as (
    select
        -- ids
        id as lead_id,
        contact_id,
        person_id,
        account_id,
        run_id,

        -- text
        sequence,
        cut_version,
        model_version,
        reasons,

        -- numbers
        icp_fit,
        intent_score,
        lead_score,
        icp_quartile,

        -- times
        first_signal_at,
        eligible_at
    from leads
    where {{ is_released('leads.run_id') }}
)

select * from renamed
