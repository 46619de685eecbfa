with lead_owners as (
    select * from {{ source('ops', 'lead_owner') }}
),

renamed as (
    select
        -- ids
        lead_id,
        rep_id,

        -- text
        rule,
        reason,

        -- times
        decided_at
    from lead_owners
)

select * from renamed
