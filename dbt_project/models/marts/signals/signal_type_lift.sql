-- How many times the odds of a positive reply were, with a signal of this type against without, among
-- enrolled leads. The interval is Woolf's (log odds ratio, 1.96 standard errors) with 0.5 added to each
-- cell (Haldane and Anscombe), so that an empty cell does not break it.
with enrolments as (
    select * from {{ ref('enrolment') }}
),

leads as (
    select * from {{ ref('stg_ops__leads') }}
),

types as (
    select * from {{ ref('stg_ops__signal_types') }}
),

had as (
    select distinct leads.lead_id, signal.value ->> 'type' as signal_type
    from leads
    cross join lateral jsonb_array_elements(leads.reasons -> 'signals') as signal (value)
),

cells as (
    select
        types.signal_type,
        count(*) filter (where had.lead_id is not null) as leads_with,
        count(*) filter (where had.lead_id is not null and enrolments.is_positive) as positive_with,
        count(*) filter (where had.lead_id is null) as leads_without,
        count(*) filter (where had.lead_id is null and enrolments.is_positive) as positive_without
    from types
    cross join enrolments
    left join had on had.lead_id = enrolments.lead_id and had.signal_type = types.signal_type
    group by types.signal_type
),

odds as (
    select
        *,
        ln(
            (positive_with + 0.5) * (leads_without - positive_without + 0.5)
            / ((leads_with - positive_with + 0.5) * (positive_without + 0.5))
        ) as log_lift,
        sqrt(
            1 / (positive_with + 0.5) + 1 / (leads_with - positive_with + 0.5)
            + 1 / (positive_without + 0.5) + 1 / (leads_without - positive_without + 0.5)
        ) as standard_error
    from cells
)

select
    -- ids
    signal_type,

    -- numbers
    leads_with,
    positive_with,
    leads_without,
    positive_without,
    round(exp(log_lift), 3) as lift,
    round(exp(log_lift - 1.96 * standard_error), 3) as lift_low,
    round(exp(log_lift + 1.96 * standard_error), 3) as lift_high,
    round({{ wilson('positive_with', 'leads_with', '-') }}, 4) as rate_with_low,
    round({{ wilson('positive_with', 'leads_with', '+') }}, 4) as rate_with_high
from odds
