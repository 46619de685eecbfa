with drafts as (
    select * from {{ source('ops', 'draft') }}
),

renamed as (
    select
        -- ids
        id as draft_id,
        lead_id,
        contact_id,
        person_id,
        generation_id,
        run_id,

        -- text
        sequence,
        channel,
        state,

        -- numbers
        step,
        current_revision,

        -- times
        due_at,
        expires_at,
        created_at
    from drafts
    where {{ is_released('drafts.run_id') }}
)

select * from renamed
