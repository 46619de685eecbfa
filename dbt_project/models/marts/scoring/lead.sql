-- One row per lead: how it was scored, how soon a person acted on it, and whether it became an
-- opportunity within 90 days. Leads without an action or an outcome stay in.
with leads as (
    select * from {{ ref('int_scoring__leads') }}
),

actions as (
    select * from {{ ref('int_scoring__first_actions') }}
),

opportunities as (
    select * from {{ ref('opportunity') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

outcomes as (
    select leads.lead_id, min(opportunities.opened_at) as opportunity_at
    from leads
    inner join opportunities on opportunities.account_id = leads.account_id
    where
        opportunities.kind = 'new_business'
        and opportunities.opened_at >= leads.eligible_at
        and opportunities.opened_at < leads.eligible_at + interval '90 days'
    group by leads.lead_id
),

joined as (
    select
        leads.*,
        actions.first_action_at,
        outcomes.opportunity_at,
        coalesce(leads.first_signal_at, leads.eligible_at) as received_at,
        coalesce(leads.first_signal_at, leads.eligible_at) + make_interval(
            mins => (60 * case leads.icp_quartile
                when 1 then settings.due_hours_1
                when 2 then settings.due_hours_2
                when 3 then settings.due_hours_3
                else settings.due_hours_4
            end)::int
        ) as due_at,
        leads.eligible_at <= {{ as_of() }} - interval '90 days' as is_mature
    from leads
    left join actions on actions.lead_id = leads.lead_id
    left join outcomes on outcomes.lead_id = leads.lead_id
    cross join settings
)

select
    -- ids
    lead_id, contact_id, person_id, account_id, rep_id,

    -- text
    sequence, rep, segment, model_version, cut_version,

    -- numbers
    icp_fit,
    intent_score,
    lead_score,
    icp_quartile,
    width_bucket(lead_score, 0, 1, 10) as score_band,
    {{ hours_until('received_at', 'first_action_at') }} as hours_to_action,
    case when is_mature then power(lead_score - (opportunity_at is not null)::int, 2) end as brier,

    -- booleans
    first_action_at is not null as has_action,
    due_at <= {{ as_of() }} as is_due,
    due_at <= {{ as_of() }} and coalesce(first_action_at > due_at, true) as is_overdue,
    opportunity_at is not null as has_opportunity,
    is_mature,

    -- times
    received_at, eligible_at, routed_at, due_at, first_action_at, opportunity_at
from joined
