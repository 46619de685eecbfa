-- Signals received in the last 90 days, with how long each took until the motion could use it.
with signals as (
    select * from {{ ref('int_signals__matched') }}
),

accounts as (
    select * from {{ ref('account_score') }}
)

select
    -- ids
    signals.signal_id,
    signals.account_id,
    signals.contact_id,

    -- text
    signals.source,
    signals.signal_type,
    signals.match_rule,
    coalesce(accounts.segment, 'not matched') as segment,

    -- numbers
    accounts.icp_quartile,
    {{ hours_until('signals.received_at', 'signals.released_at') }} as hours_to_usable,

    -- booleans
    signals.account_id is not null as is_matched,
    signals.is_released,

    -- times
    signals.occurred_at,
    signals.received_at
from signals
left join accounts on accounts.account_id = signals.account_id
where signals.received_at > {{ as_of() }} - interval '90 days'
