with messages as (
    select * from {{ source('ops', 'message') }}
),

renamed as (
    select
        -- ids
        id as message_id,
        draft_id,
        contact_id,
        person_id,
        run_id,

        -- text
        sequence,
        channel,
        sending_domain,
        mailbox,
        state,
        state_reason,

        -- numbers
        revision,
        step,

        -- booleans
        accepted_at is not null or delivered_at is not null as is_sent,
        delivered_at is not null as is_delivered,

        -- times
        queued_at,
        accepted_at,
        delivered_at,
        coalesce(accepted_at, delivered_at) as sent_at
    from messages
)

select * from renamed
