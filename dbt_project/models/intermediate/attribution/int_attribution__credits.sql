-- Money per touch and model. Per opportunity and model the credits sum to the amount exactly.
with opportunities as (
    select * from {{ ref('int_attribution__opportunities') }}
),

shares as (
    select * from {{ ref('int_attribution__credit_shares') }}
),

raw_credits as (
    select
        shares.opportunity_id,
        shares.credit_model,
        shares.touch_id,
        shares.occurred_at,
        opportunities.amount,
        opportunities.amount * shares.share as raw_credit,
        {{ credit_base('opportunities.amount * shares.share') }} as base_credit
    from shares
    inner join opportunities on opportunities.opportunity_id = shares.opportunity_id
    where opportunities.amount is not null
),

split as (
    select
        opportunity_id,
        credit_model,
        touch_id,
        {{ credit_split(
            'amount', 'base_credit', 'raw_credit', 'opportunity_id, credit_model',
            'occurred_at, touch_id'
        ) }} as credit
    from raw_credits
)

select * from split
