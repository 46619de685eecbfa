-- Touches and meetings that other systems recorded, tied to accounts, people and opportunities. A meeting
-- that somebody missed is no touch. An account that has no record of its own is known by its key.
with touches as (
    select * from {{ ref('stg_landing__touches') }}
),

meetings as (
    select * from {{ ref('stg_landing__meetings') }}
),

account_keys as (
    select * from {{ ref('int_scoring__account_keys') }}
),

contact_aliases as (
    select * from {{ ref('stg_ops__contact_aliases') }}
),

contacts as (
    select * from {{ ref('stg_landing__contacts') }}
),

owners as (
    select * from {{ ref('int_attribution__owners') }}
),

unioned as (
    select
        touch_key as touch_id, source, account_natural_key, contact_natural_key,
        opportunity_natural_key, owner_natural_key, channel, touch_type, sequence, occurred_at
    from touches
    union all
    select
        'meeting:' || meeting_key, source, account_natural_key, contact_natural_key,
        opportunity_natural_key, owner_natural_key, 'meeting', outcome, null, starts_at
    from meetings
    where outcome is null or outcome not in ('guest_no_show', 'host_no_show')
),

joined as (
    select
        unioned.touch_id,
        unioned.source,
        unioned.channel,
        unioned.touch_type,
        unioned.sequence,
        unioned.occurred_at,
        owners.name as rep,
        coalesce(
            account_keys.account_key,
            {{ record_key(
                'unioned.source',
                'coalesce(unioned.account_natural_key, contacts.account_natural_key)'
            ) }}
        ) as account_key,
        contact_aliases.contact_id,
        unioned.source || ':' || unioned.opportunity_natural_key as opportunity_id
    from unioned
    left join contacts
        on
            contacts.source = unioned.source
            and contacts.natural_key = unioned.contact_natural_key
    left join account_keys
        on
            account_keys.source = unioned.source
            and account_keys.natural_key
            = coalesce(unioned.account_natural_key, contacts.account_natural_key)
    left join contact_aliases
        on
            contact_aliases.source = unioned.source
            and contact_aliases.natural_key = unioned.contact_natural_key
    left join owners
        on owners.source = unioned.source and owners.natural_key = unioned.owner_natural_key
)

select * from joined
