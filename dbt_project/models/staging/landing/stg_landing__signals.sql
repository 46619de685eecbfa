with signals as (
    select * from {{ source('landing', 'signal') }}
),

runs as (
    select * from {{ source('ops', 'run') }}
),

renamed as (
    select
        -- ids
        ops.signal_id(signals.source, signals.natural_key) as signal_id,
        signals.source,
        signals.natural_key,
        signals.run_id,

        -- text
        signals.signal_type,
        lower(signals.domain) as domain,
        lower(signals.email) as email,
        signals.company,
        signals.title,
        signals.url,

        -- booleans
        runs.released_at is not null as is_released,

        -- times
        signals.occurred_at,
        signals.received_at,
        runs.released_at
    from signals
    inner join runs on runs.id = signals.run_id
)

select * from renamed
