-- One row per draft, with what its newest revision claims and breaks, and what writing it cost.
with drafts as (
    select * from {{ ref('stg_ops__drafts') }}
),

leads as (
    select * from {{ ref('int_scoring__leads') }}
),

claims as (
    select
        draft_id, revision, count(*) as claims,
        count(*) filter (where is_grounded) as grounded_claims
    from {{ ref('stg_ops__claims') }}
    group by draft_id, revision
),

findings as (
    select
        draft_id, count(*) filter (where severity = 'error') as lint_errors,
        count(*) as lint_findings
    from {{ ref('stg_ops__lint_findings') }}
    group by draft_id
),

generations as (
    select * from {{ ref('stg_ops__generations') }}
)

select
    -- ids
    drafts.draft_id,
    drafts.lead_id,
    drafts.contact_id,

    -- text
    drafts.sequence,
    drafts.channel,
    drafts.state,
    leads.rep,
    leads.segment,
    coalesce(generations.model, 'unknown') as writer,

    -- numbers
    drafts.step,
    leads.icp_quartile,
    coalesce(claims.claims, 0) as claims,
    coalesce(claims.grounded_claims, 0) as grounded_claims,
    coalesce(findings.lint_errors, 0) as lint_errors,
    coalesce(findings.lint_findings, 0) as lint_findings,
    coalesce(generations.input_tokens + generations.output_tokens, 0) as tokens,
    coalesce(generations.cost, 0) as cost,

    -- booleans
    drafts.state <> 'nothing' as is_written,
    drafts.state = 'nothing' as is_nothing,

    -- times
    drafts.due_at,
    drafts.created_at
from drafts
inner join leads on leads.lead_id = drafts.lead_id
left join claims
    on claims.draft_id = drafts.draft_id and claims.revision = drafts.current_revision
left join findings on findings.draft_id = drafts.draft_id
left join generations on generations.generation_id = drafts.generation_id
