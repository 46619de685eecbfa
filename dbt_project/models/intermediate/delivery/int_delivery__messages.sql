-- Each message with what the provider said of it. A block is a refusal by the receiving side for
-- reasons of reputation; a bounce is an address that does not exist.
with messages as (
    select * from {{ ref('stg_ops__messages') }}
),

events as (
    select * from {{ ref('stg_ops__message_events') }}
),

opt_outs as (
    select * from {{ ref('int_delivery__opt_outs') }}
),

drafts as (
    select * from {{ ref('stg_ops__drafts') }}
),

said as (
    select
        message_id,
        bool_or(event_type = 'bounced') as is_bounced,
        bool_or(event_type = 'blocked') as is_blocked,
        bool_or(event_type = 'complained') as is_complained
    from events
    group by message_id
),

joined as (
    select
        messages.message_id,
        messages.draft_id,
        drafts.lead_id,
        messages.contact_id,
        messages.person_id,
        messages.sequence,
        messages.step,
        messages.channel,
        messages.sending_domain,
        messages.mailbox,
        messages.state,
        messages.is_sent,
        messages.is_delivered,
        messages.state = 'bounced' or coalesce(said.is_bounced, false) as is_bounced,
        coalesce(said.is_blocked, false) as is_blocked,
        messages.state = 'complained' or coalesce(said.is_complained, false) as is_complained,
        opt_outs.message_id is not null as is_unsubscribed,
        messages.queued_at,
        messages.sent_at,
        messages.delivered_at
    from messages
    inner join drafts on drafts.draft_id = messages.draft_id
    left join said on said.message_id = messages.message_id
    left join opt_outs on opt_outs.message_id = messages.message_id
)

select * from joined
