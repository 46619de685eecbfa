-- The strongest signal of each type at each account, by person where one is known. Only the strongest
-- of a type counts, so that a chatty source does not add up to intent.
with signals as (
    select * from {{ ref('int_signals__matched') }}
),

types as (
    select * from {{ ref('stg_ops__signal_types') }}
),

sources as (
    select * from {{ ref('stg_ops__signal_sources') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

weighted as (
    select
        signals.account_id,
        signals.contact_id,
        signals.signal_type,
        signals.signal_id,
        signals.title,
        signals.url,
        signals.occurred_at,
        types.weight,
        round(
            {{ decayed('types.weight', 'signals.occurred_at', 'types.half_life_days', as_of()) }}, 4
        ) as points,
        min(signals.received_at) over (partition by signals.account_id) as first_signal_at
    from signals
    inner join types on types.signal_type = signals.signal_type
    left join sources on sources.source = signals.source
    cross join settings
    where
        signals.is_released
        and signals.account_id is not null
        and coalesce(sources.is_trusted, true)
        and signals.occurred_at <= {{ as_of() }}
        and signals.occurred_at > {{ as_of() }} - make_interval(days => settings.lookback_days::int)
),

strongest as (
    select distinct on (account_id, contact_id, signal_type) *
    from weighted
    order by account_id asc, contact_id asc, signal_type asc, points desc, signal_id asc
)

select * from strongest
