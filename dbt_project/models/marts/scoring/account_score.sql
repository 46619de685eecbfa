-- Every account with its fit, quartile, segment and intent.
with accounts as (
    select * from {{ ref('int_scoring__accounts') }}
),

quartiles as (
    select * from {{ ref('int_scoring__account_quartiles') }}
),

signals as (
    select * from {{ ref('int_scoring__intent_signals') }}
),

strongest as (
    select account_id, signal_type, max(points) as points
    from signals
    group by account_id, signal_type
),

intent as (
    select account_id, round(sum(points), 2) as intent_score, count(*) as signal_types
    from strongest
    group by account_id
)

select
    -- ids
    accounts.account_key,
    accounts.account_id,
    accounts.owner_rep_id,

    -- text
    accounts.name,
    accounts.segment,
    quartiles.cut_version,
    quartiles.parts as fit_parts,
    quartiles.missing,

    -- numbers
    quartiles.icp_fit,
    quartiles.known_weight,
    quartiles.icp_quartile,
    coalesce(intent.intent_score, 0) as intent_score,
    coalesce(intent.signal_types, 0) as signal_types,

    -- booleans
    accounts.is_on_watchlist,

    -- times
    {{ as_of() }} as as_of
from accounts
inner join quartiles on quartiles.account_key = accounts.account_key
left join intent on intent.account_id = accounts.account_id
