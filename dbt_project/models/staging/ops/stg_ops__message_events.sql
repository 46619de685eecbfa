with message_events as (
    select * from {{ source('ops', 'message_event') }}
),

renamed as (
    select
        -- ids
        message_id,
        event_key,

        -- text
        event_type,
        detail,

        -- times
        occurred_at
    from message_events
)

select * from renamed
