-- Everyone at an account with intent, scored: who may become a lead, why, and how likely it is to pay.
-- Whether they may be contacted is asked when they are taken, in live rows.
with scores as (
    select * from {{ ref('int_scoring__contact_scores') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

joined as (
    select
        scores.*,
        settings.sequence,
        settings.model_version,
        row_number() over (
            partition by scores.account_id
            order by scores.has_address desc, scores.lead_score desc, scores.contact_id asc
        ) as account_rank,
        scores.has_address
        and scores.icp_fit >= settings.minimum_fit
        and scores.intent_score >= settings.minimum_intent
        and scores.lead_score >= settings.minimum_score as is_over_thresholds,
        settings.contacts_per_account
    from scores
    cross join settings
)

select
    -- ids
    contact_id,
    person_id,
    account_id,
    array(
        select signal.value ->> 'signal_id'
        from jsonb_array_elements(joined.signals) as signal (value)
    ) as signal_ids,

    -- text
    sequence,
    segment,
    cut_version,
    model_version,
    jsonb_build_object(
        'account', account_parts, 'person', person_parts, 'signals', signals,
        'missing', account_missing || person_missing,
        'model', jsonb_build_object('version', model_version, 'basis', 'prior, not measured')
    ) as reasons,

    -- numbers
    icp_fit,
    person_fit,
    intent_score,
    lead_score,
    icp_quartile,
    account_rank,

    -- booleans
    is_over_thresholds and account_rank <= contacts_per_account as is_eligible,

    -- times
    first_signal_at,
    {{ as_of() }} as as_of
from joined
