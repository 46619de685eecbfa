-- Intent per contact: the sum over signal types of the strongest signal's decayed points. A signal of a
-- known colleague counts the share that icp.yml gives it; one of the account as a whole counts fully.
with contacts as (
    select * from {{ ref('stg_ops__contacts') }}
),

signals as (
    select * from {{ ref('int_scoring__intent_signals') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

counted as (
    select
        contacts.contact_id,
        signals.signal_id,
        signals.signal_type,
        signals.title,
        signals.url,
        signals.occurred_at,
        signals.first_signal_at,
        signals.contact_id = contacts.contact_id as is_own,
        signals.points * case
            when signals.contact_id <> contacts.contact_id then settings.colleague_share
            else 1
        end as points
    from contacts
    inner join signals on signals.account_id = contacts.account_id
    cross join settings
),

strongest as (
    select distinct on (contact_id, signal_type) *
    from counted
    order by contact_id asc, signal_type asc, points desc, signal_id asc
),

summed as (
    select
        contact_id,
        round(sum(points), 2) as intent_score,
        min(first_signal_at) as first_signal_at,
        jsonb_agg(
            jsonb_build_object(
                'signal_id', signal_id, 'type', signal_type, 'points', round(points, 2),
                'at', occurred_at, 'title', title, 'url', url, 'own', coalesce(is_own, false)
            )
            order by points desc, signal_id asc
        ) as signals
    from strongest
    group by contact_id
)

select * from summed
