with replies as (
    select * from {{ source('ops', 'reply') }}
),

renamed as (
    select
        -- ids
        id as reply_id,
        message_id,
        contact_id,
        run_id,

        -- text
        intent,
        quote,

        -- numbers
        confidence,

        -- booleans
        is_automatic,

        -- times
        received_at
    from replies
    where {{ is_released('replies.run_id') }}
)

select * from renamed
