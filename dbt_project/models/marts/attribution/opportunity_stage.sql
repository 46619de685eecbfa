-- One row per opportunity and visit to a stage, from the versions of its record. Where a system leaves
-- the stage as it was when a deal is won or lost, that begins a visit too. When the first known stage was
-- entered is not known of imported history.
with versions as (
    select * from {{ ref('stg_landing__opportunity_versions') }}
),

opportunities as (
    select * from {{ ref('opportunity') }}
),

changes as (
    select
        *,
        lag(stage) over (
            partition by opportunity_id order by said_at, received_at
        ) as earlier_stage,
        lag(outcome) over (
            partition by opportunity_id order by said_at, received_at
        ) as earlier_outcome
    from versions
),

visits as (
    select
        opportunity_id,
        stage,
        outcome,
        said_at,
        row_number() over (partition by opportunity_id order by said_at, received_at) as visit,
        lead(said_at) over (partition by opportunity_id order by said_at, received_at) as left_at,
        lead(outcome) over (
            partition by opportunity_id order by said_at, received_at
        ) as next_outcome
    from changes
    where earlier_stage is null or earlier_stage <> stage or earlier_outcome <> outcome
),

dated as (
    select
        visits.*,
        case
            when visits.visit > 1 then visits.said_at
            when not opportunities.is_backfilled then opportunities.opened_at
        end as entered_at
    from visits
    inner join opportunities on opportunities.opportunity_id = visits.opportunity_id
)

select
    -- ids
    dated.opportunity_id || ':' || dated.visit as stage_visit_id,
    dated.opportunity_id,

    -- text
    dated.stage,
    opportunities.agent as rep,
    opportunities.segment,

    -- numbers
    dated.visit,
    opportunities.icp_quartile,
    {{ hours_between('dated.entered_at', 'coalesce(dated.left_at, ' ~ as_of() ~ ')') }} / 24
        as days_in_stage,

    -- booleans
    dated.outcome = 'open' as is_open_stage,
    dated.entered_at is not null as is_entry_known,
    coalesce(
        dated.next_outcome in ('open', 'won')
        and dated.left_at <= dated.entered_at + interval '30 days', false
    ) as is_advanced_in_30_days,
    coalesce(dated.entered_at <= {{ as_of() }} - interval '30 days', false) as is_mature,

    -- times
    dated.entered_at,
    dated.left_at
from dated
inner join opportunities on opportunities.opportunity_id = dated.opportunity_id
