with crm_writes as (
    select * from {{ source('ops', 'crm_write') }}
),

renamed as (
    select
        -- ids
        id as crm_write_id,
        object_key,
        run_id,

        -- text
        layer,
        kind,
        object_type,
        field,
        state,
        evidence,

        -- times
        created_at,
        written_at
    from crm_writes
)

select * from renamed
