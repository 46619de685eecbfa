-- Every lead with the dimensions by which all later stages are cut. The ICP quartile is the one it had
-- when it became eligible; the rep is its owner now.
with leads as (
    select * from {{ ref('stg_ops__leads') }}
),

owners as (
    select * from {{ ref('stg_ops__lead_owners') }}
),

reps as (
    select * from {{ ref('stg_ops__reps') }}
),

accounts as (
    select * from {{ ref('int_scoring__accounts') }}
),

joined as (
    select
        leads.lead_id,
        leads.contact_id,
        leads.person_id,
        leads.account_id,
        owners.rep_id,
        leads.sequence,
        leads.model_version,
        leads.cut_version,
        leads.icp_fit,
        leads.intent_score,
        leads.lead_score,
        leads.icp_quartile,
        leads.first_signal_at,
        leads.eligible_at,
        owners.decided_at as routed_at,
        coalesce(reps.name, 'nobody') as rep,
        coalesce(accounts.segment, 'not segmented') as segment
    from leads
    left join owners on owners.lead_id = leads.lead_id
    left join reps on reps.rep_id = owners.rep_id
    left join accounts on accounts.account_key = leads.account_id
)

select * from joined
