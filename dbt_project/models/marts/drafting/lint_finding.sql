-- Rules that revisions broke, one row per finding.
with findings as (
    select * from {{ ref('stg_ops__lint_findings') }}
),

drafts as (
    select * from {{ ref('draft') }}
)

select
    -- ids
    findings.draft_id,

    -- text
    findings.rule,
    findings.severity,
    drafts.sequence,
    drafts.rep,
    drafts.segment,

    -- numbers
    findings.revision,
    drafts.icp_quartile,

    -- times
    drafts.created_at
from findings
inner join drafts on drafts.draft_id = findings.draft_id
