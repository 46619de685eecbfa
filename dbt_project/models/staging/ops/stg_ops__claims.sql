with claims as (
    select * from {{ source('ops', 'claim') }}
),

renamed as (
    select
        -- ids
        draft_id,
        evidence_id,

        -- text
        text,

        -- numbers
        revision,
        position,

        -- booleans
        grounded as is_grounded
    from claims
)

select * from renamed
