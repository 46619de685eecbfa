-- Accounts on the watchlist, and whether a trusted signal came from each within 30 days.
with accounts as (
    select * from {{ ref('account_score') }}
),

reps as (
    select * from {{ ref('stg_ops__reps') }}
),

signals as (
    select * from {{ ref('int_signals__matched') }}
),

sources as (
    select * from {{ ref('stg_ops__signal_sources') }}
),

last_signals as (
    select signals.account_id, max(signals.occurred_at) as last_signal_at
    from signals
    left join sources on sources.source = signals.source
    where
        signals.is_released
        and coalesce(sources.is_trusted, true)
        and signals.occurred_at <= {{ as_of() }}
    group by signals.account_id
)

select
    -- ids
    accounts.account_id,

    -- text
    accounts.name,
    accounts.segment,
    coalesce(reps.name, 'nobody') as rep,

    -- numbers
    accounts.icp_quartile,

    -- booleans
    coalesce(last_signals.last_signal_at > {{ as_of() }} - interval '30 days', false)
        as has_signal_in_30_days,

    -- times
    last_signals.last_signal_at,
    accounts.as_of
from accounts
left join last_signals on last_signals.account_id = accounts.account_id
left join reps on reps.rep_id = accounts.owner_rep_id
where accounts.is_on_watchlist
