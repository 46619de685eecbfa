-- Everyone at an account with intent, scored: who may become a lead, why, and how likely it is to pay.
-- Whether they may be contacted is asked when they are taken, in live rows.
with contacts as (
    select * from {{ ref('stg_ops__contacts') }}
),

accounts as (
    select * from {{ ref('int_scoring__account_quartiles') }}
),

fit as (
    select * from {{ ref('int_scoring__fit') }}
),

intent as (
    select * from {{ ref('int_scoring__contact_intent') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

scored as (
    select
        contacts.contact_id,
        contacts.person_id,
        contacts.account_id,
        contacts.email is not null as has_address,
        accounts.icp_fit,
        accounts.icp_quartile,
        accounts.cut_version,
        accounts.segment,
        accounts.parts as account_parts,
        accounts.missing as account_missing,
        fit.fit as person_fit,
        fit.parts as person_parts,
        fit.missing as person_missing,
        intent.intent_score,
        intent.first_signal_at,
        intent.signal_ids,
        intent.signals,
        round(1 / (1 + exp(-(
            ln(settings.base_rate / (1 - settings.base_rate))
            + ln(settings.odds_per_10_fit) * (accounts.icp_fit - 50) / 10
            + ln(settings.odds_per_10_person) * (fit.fit - 50) / 10
            + ln(settings.odds_per_10_intent)
            * least(intent.intent_score, settings.intent_counts_up_to) / 10
        ))), 4) as lead_score
    from contacts
    inner join accounts on accounts.account_id = contacts.account_id
    inner join fit on fit.subject = 'contact' and fit.subject_key = contacts.contact_id
    inner join intent on intent.contact_id = contacts.contact_id
    cross join settings
),

joined as (
    select
        scored.*,
        settings.sequence,
        settings.model_version,
        row_number() over (
            partition by scored.account_id
            order by scored.has_address desc, scored.lead_score desc, scored.contact_id
        ) as account_rank,
        scored.has_address
        and scored.icp_fit >= settings.minimum_fit
        and scored.intent_score >= settings.minimum_intent
        and scored.lead_score >= settings.minimum_score as is_over_thresholds,
        settings.contacts_per_account
    from scored
    cross join settings
)

select
    -- ids
    contact_id,
    person_id,
    account_id,
    signal_ids,

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
