-- Accounts of the holdout experiment and the new-business pipeline that each opened within 90 days of
-- its assignment, treated or left alone. Amounts of several currencies cannot be added: an experiment
-- that saw more than one has no pipeline.
with holdouts as (
    select * from {{ ref('stg_ops__holdouts') }}
),

accounts as (
    select * from {{ ref('account_score') }}
),

opportunities as (
    select * from {{ ref('opportunity') }}
),

opened as (
    select
        holdouts.experiment,
        holdouts.account_id,
        opportunities.qualified_amount,
        case
            when opportunities.qualified_amount is not null then opportunities.currency
        end as currency
    from holdouts
    inner join opportunities on opportunities.account_id = holdouts.account_id
    where
        opportunities.kind = 'new_business'
        and opportunities.opened_at >= holdouts.assigned_at
        and opportunities.opened_at < holdouts.assigned_at + interval '90 days'
),

currencies as (
    select
        experiment,
        count(distinct currency) as currencies
    from opened
    group by experiment
),

pipeline as (
    select
        experiment,
        account_id,
        count(*) as opportunities,
        coalesce(sum(qualified_amount), 0) as pipeline
    from opened
    group by experiment, account_id
)

select
    -- ids
    holdouts.experiment || ':' || holdouts.account_id as assignment_id,
    holdouts.account_id,

    -- text
    holdouts.experiment,
    holdouts.arm,
    coalesce(accounts.segment, 'not segmented') as segment,

    -- numbers
    accounts.icp_quartile,
    coalesce(pipeline.opportunities, 0) as opportunities,
    case
        when coalesce(currencies.currencies, 0) <= 1 then coalesce(pipeline.pipeline, 0)
    end as pipeline,

    -- booleans
    holdouts.is_holdout,
    holdouts.assigned_at <= {{ as_of() }} - interval '90 days' as is_mature,

    -- times
    holdouts.assigned_at
from holdouts
left join accounts on accounts.account_id = holdouts.account_id
left join currencies on currencies.experiment = holdouts.experiment
left join pipeline
    on
        pipeline.experiment = holdouts.experiment
        and pipeline.account_id = holdouts.account_id
