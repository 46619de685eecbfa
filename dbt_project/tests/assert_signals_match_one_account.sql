-- Matching never multiplies signals: each landed signal comes out once.
with landed as (
    select count(*) as signals from {{ ref('stg_landing__signals') }}
),

matched as (
    select count(*) as signals from {{ ref('int_signals__matched') }}
)

select landed.signals, matched.signals as matched_signals
from landed
cross join matched
where landed.signals <> matched.signals
