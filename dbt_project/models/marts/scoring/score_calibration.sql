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
),

overall as (
    select coalesce(avg(has_opportunity::int), 0) as rate
    from leads
    where is_mature
)

select
    -- ids
    banded.model_version || ':' || banded.score_band as band_id,

    -- text
    banded.model_version,

    -- numbers
    banded.score_band,
    banded.leads,
    round(banded.mean_score, 4) as mean_score,
    round(banded.opportunity_rate, 4) as opportunity_rate,
    round(banded.leads * abs(banded.mean_score - banded.opportunity_rate), 4) as weighted_gap,
    -- The Brier score of somebody who only knows the rate over all mature leads.
    round(banded.leads * (
        banded.opportunity_rate * power(1 - overall.rate, 2)
        + (1 - banded.opportunity_rate) * power(overall.rate, 2)
    ), 4) as base_brier_sum,

    -- times
    {{ as_of() }} as observed_at
from banded
cross join overall
