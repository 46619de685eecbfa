-- Contacts enrolled: one row per lead with a message sent, and whether a person replied. Automatic
-- replies do not count.
with messages as (
    select * from {{ ref('int_delivery__messages') }}
),

leads as (
    select * from {{ ref('int_scoring__leads') }}
),

replies as (
    select * from {{ ref('stg_ops__replies') }}
),

enrolled as (
    select
        lead_id,
        min(sent_at) as enrolled_at,
        count(*) as messages,
        bool_or(is_unsubscribed) as is_unsubscribed
    from messages
    where is_sent
    group by lead_id
),

answered as (
    select
        leads.lead_id,
        min(replies.received_at) as first_reply_at,
        min(replies.received_at) filter (where replies.intent = 'positive') as first_positive_at
    from leads
    inner join replies on replies.contact_id = leads.contact_id
    inner join enrolled on enrolled.lead_id = leads.lead_id
    where
        not replies.is_automatic
        and replies.intent <> 'bounce'
        and replies.received_at >= enrolled.enrolled_at
    group by leads.lead_id
)

select
    -- ids
    leads.lead_id, leads.contact_id, leads.account_id,

    -- text
    leads.sequence, leads.rep, leads.segment,

    -- numbers
    leads.icp_quartile,
    enrolled.messages,

    -- booleans
    answered.first_reply_at is not null as is_replied,
    answered.first_positive_at is not null as is_positive,
    enrolled.is_unsubscribed,

    -- times
    enrolled.enrolled_at, answered.first_reply_at, answered.first_positive_at
from enrolled
inner join leads on leads.lead_id = enrolled.lead_id
left join answered on answered.lead_id = leads.lead_id
