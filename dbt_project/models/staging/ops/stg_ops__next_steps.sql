with next_steps as (
    select * from {{ source('ops', 'next_step') }}
),

renamed as (
    select
        -- ids
        id as next_step_id,
        meeting_id,
        owner_rep_id,
        run_id,

        -- text
        text,
        owner,
        quote,

        -- numbers
        position,

        -- booleans
        quote_found as is_quote_found,

        -- times
        due_on,
        done_at
    from next_steps
    where {{ is_released('next_steps.run_id') }}
)

select * from renamed
