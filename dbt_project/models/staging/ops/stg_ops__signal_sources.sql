with signal_sources as (
    select * from {{ source('ops', 'playbook_signal_source') }}
),

renamed as (
    select
        -- ids
        source,

        -- booleans
        trusted as is_trusted
    from signal_sources
)

select * from renamed
