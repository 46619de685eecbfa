-- For every opportunity with an amount and every model, credits sum to the amount exactly.
with opportunities as (
    select * from {{ ref('opportunity') }}
),

credits as (
    select opportunity_id, credit_model, sum(credit) as credit
    from {{ ref('attribution_credit') }}
    group by opportunity_id, credit_model
)

select opportunities.opportunity_id, models.credit_model, opportunities.amount, credits.credit
from opportunities
cross join (values ('first_touch'), ('last_touch'), ('linear')) as models (credit_model)
left join credits
    on
        credits.opportunity_id = opportunities.opportunity_id
        and credits.credit_model = models.credit_model
where opportunities.amount is not null and credits.credit is distinct from opportunities.amount
