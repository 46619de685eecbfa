-- Scores against what happened, by band of a tenth: leads that are 90 days old.
with leads as (
    select * from {{ ref('lead') }}
),

banded as (
    select
        model_version,
        score_band,
        count(*) as leads,
        avg(lead_score) as mean_score,
        avg(has_opportunity::int) as opportunity_rate
    from leads
    where is_mature
    group by model_version, score_band
)

select
    -- ids
    model_version || ':' || score_band as band_id,

    -- text
    model_version,

    -- numbers
    score_band,
    leads,
    round(mean_score, 4) as mean_score,
    round(opportunity_rate, 4) as opportunity_rate,
    round(leads * abs(mean_score - opportunity_rate), 4) as weighted_gap,
    -- The Brier score of somebody who only knows the rate over all mature leads.
    round(leads * (opportunity_rate * power(1 - overall.rate, 2)
        + (1 - opportunity_rate) * power(overall.rate, 2)), 4) as base_brier_sum,

    -- times
    {{ as_of() }} as observed_at
from banded
cross join (
    select coalesce(avg(has_opportunity::int), 0) as rate from leads where is_mature
) as overall
