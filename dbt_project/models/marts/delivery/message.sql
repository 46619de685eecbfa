-- One row per message. `rep` is the owner of the lead, `mailbox` the sender. Complaints are counted only
-- where the receiving provider reports them.
with messages as (
    select * from {{ ref('int_delivery__messages') }}
),

leads as (
    select * from {{ ref('int_scoring__leads') }}
),

contacts as (
    select * from {{ ref('stg_ops__contacts') }}
)

select
    -- ids
    messages.message_id,
    messages.draft_id,
    messages.lead_id,
    messages.contact_id,

    -- text
    messages.sequence,
    messages.channel,
    messages.sending_domain,
    messages.mailbox,
    messages.state,
    leads.rep,
    leads.segment,

    -- numbers
    messages.step,
    leads.icp_quartile,

    -- booleans
    messages.is_sent,
    messages.is_delivered,
    messages.is_sent and messages.is_bounced as is_bounced,
    messages.is_sent and messages.is_blocked as is_blocked,
    messages.is_unsubscribed,
    messages.is_delivered and messages.is_complained as is_complained,
    coalesce(split_part(contacts.email, '@', 2) ~ {{ complaint_reporting_domains() }}, false)
        as is_at_reporting_provider,
    messages.state = 'unknown' as is_unknown,

    -- times
    messages.queued_at,
    messages.sent_at,
    messages.delivered_at
from messages
inner join leads on leads.lead_id = messages.lead_id
left join contacts on contacts.contact_id = messages.contact_id
