-- What the motion cost, by month: the playbook's monthly costs, spread over days and counted from the
-- motion's first run to now, and the text that was generated, as measured.
with costs as (
    select * from {{ ref('stg_ops__costs') }}
),

generations as (
    select * from {{ ref('stg_ops__generations') }}
),

runs as (
    select * from {{ source('ops', 'run') }}
),

running as (
    select min(interval_start)::date as first_day, {{ as_of() }}::date as last_day
    from runs
),

months as (
    select
        costs.name,
        costs.layer,
        costs.signal_source,
        costs.currency,
        month.month::date as month,
        costs.monthly * (
            least(running.last_day, (month.month + interval '1 month - 1 day')::date)
            - greatest(running.first_day, month.month::date) + 1
        ) / extract(day from month.month + interval '1 month - 1 day') as amount
    from costs
    cross join running
    cross join lateral generate_series(
        greatest(costs.first_month, date_trunc('month', running.first_day)::date)::timestamp,
        least(coalesce(costs.last_month, running.last_day), running.last_day)::timestamp,
        interval '1 month'
    ) as month (month)
),

unioned as (
    select name, layer, signal_source, currency, month as cost_month, amount from months
    union all
    select
        'Generated text: ' || kind, 'drafting', null, currency,
        date_trunc('month', created_at, 'UTC')::date, sum(cost)
    from generations
    group by 1, 4, 5
)

select
    -- ids
    name || ':' || cost_month || ':' || currency as cost_id,

    -- text
    name,
    layer,
    signal_source,
    currency,

    -- numbers
    round(amount, 6) as amount,

    -- times
    cost_month
from unioned
