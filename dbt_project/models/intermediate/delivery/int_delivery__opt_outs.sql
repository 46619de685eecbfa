-- One row per person who asked not to be written to after a message had reached them, with that message:
-- the one whose link they clicked or that they answered, else the last one delivered before. However the
-- wish came (link, provider, reply, CRM), it counts once.
with messages as (
    select * from {{ ref('stg_ops__messages') }}
),

events as (
    select * from {{ ref('stg_ops__message_events') }}
),

replies as (
    select * from {{ ref('stg_ops__replies') }}
),

contacts as (
    select * from {{ ref('stg_ops__contacts') }}
),

suppressions as (
    select * from {{ ref('stg_ops__suppressions') }}
),

wishes as (
    select messages.person_id, events.message_id, events.occurred_at as wished_at
    from events
    inner join messages on messages.message_id = events.message_id
    where events.event_type = 'unsubscribed'
    union all
    select contacts.person_id, replies.message_id, replies.received_at
    from replies
    inner join contacts on contacts.contact_id = replies.contact_id
    where replies.intent = 'opt_out' and not replies.is_automatic
    union all
    select contacts.person_id, null, suppressions.suppressed_at
    from suppressions
    inner join contacts on contacts.address_key = suppressions.address_key
    where suppressions.kind = 'opt_out'
),

people as (
    select
        person_id,
        min(wished_at) as opted_out_at,
        (array_agg(message_id order by wished_at) filter (where message_id is not null))[1]
            as named_message_id
    from wishes
    group by person_id
),

joined as (
    select distinct on (people.person_id)
        people.person_id,
        messages.message_id,
        people.opted_out_at
    from people
    inner join messages on messages.person_id = people.person_id
    where
        messages.is_delivered
        and (
            messages.delivered_at <= people.opted_out_at
            or messages.message_id = people.named_message_id
        )
    order by
        people.person_id asc,
        (messages.message_id is not distinct from people.named_message_id) desc,
        messages.delivered_at desc,
        messages.message_id asc
)

select * from joined
