with generations as (
    select * from {{ source('ops', 'generation') }}
),

renamed as (
    select
        -- ids
        id as generation_id,
        subject_kind,
        subject_id,

        -- text
        kind,
        model,
        prompt_version,
        currency,
        error,

        -- numbers
        input_tokens,
        output_tokens,
        cost,
        seconds,

        -- times
        created_at
    from generations
)

select * from renamed
