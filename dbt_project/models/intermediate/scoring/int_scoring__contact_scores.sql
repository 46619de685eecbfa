-- The lead score of everyone at an account with intent: the logistic prior of icp.yml, in which fit and
-- person count as distances from 50 and intent up to its limit.
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
)

select * from scored
