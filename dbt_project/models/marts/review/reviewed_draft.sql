-- One row per written draft and what became of it at the review desk; those that wait stay in. Edit
-- distance is the share of distinct words that differ between the first revision and the newest one.
with drafts as (
    select * from {{ ref('stg_ops__drafts') }}
),

leads as (
    select * from {{ ref('int_scoring__leads') }}
),

decisions as (
    select * from {{ ref('stg_ops__decisions') }}
),

words as (
    select * from {{ ref('int_review__edits') }}
),

joined as (
    select
        drafts.draft_id, drafts.lead_id, drafts.sequence, drafts.state, leads.rep, leads.segment,
        leads.icp_quartile, drafts.step, drafts.created_at, drafts.current_revision,
        coalesce(decisions.verdict, case when drafts.state = 'expired' then 'expired' end)
            as verdict,
        decisions.reason, decisions.seconds_spent, coalesce(decisions.is_bulk, false) as is_bulk,
        decisions.decided_by,
        coalesce(
            decisions.decided_at, case when drafts.state = 'expired' then drafts.expires_at end
        )
            as decided_at,
        words.words_changed
    from drafts
    inner join leads on leads.lead_id = drafts.lead_id
    left join decisions
        on
            decisions.draft_id = drafts.draft_id
            and decisions.revision = drafts.current_revision
    left join words on words.draft_id = drafts.draft_id
    where drafts.state <> 'nothing'
)

select
    -- ids
    draft_id, lead_id,

    -- text
    sequence, state, rep, segment,
    coalesce(verdict, 'waiting') as verdict,
    case when verdict = 'killed' then reason end as kill_reason,
    decided_by,

    -- numbers
    step, icp_quartile, seconds_spent, words_changed,
    {{ hours_until('created_at', 'decided_at') }} as hours_in_queue,

    -- booleans
    verdict is not null as is_decided,
    coalesce(verdict = 'approved' and current_revision = 1, false) as is_approved_as_is,
    coalesce(verdict = 'approved' and current_revision > 1, false) as is_edited,
    coalesce(verdict = 'killed', false) as is_killed,
    coalesce(verdict = 'expired', false) as is_expired,
    is_bulk,

    -- times
    created_at, decided_at
from joined
