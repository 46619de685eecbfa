with notes as (
    select * from {{ source('ops', 'note') }}
),

renamed as (
    select
        -- ids
        id as note_id,
        meeting_id,
        run_id,

        -- text
        text,
        quote,

        -- numbers
        position,

        -- booleans
        quote_found as is_quote_found
    from notes
    where {{ is_released('notes.run_id') }}
)

select * from renamed
