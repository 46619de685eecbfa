with revisions as (
    select * from {{ source('ops', 'revision') }}
),

renamed as (
    select
        -- ids
        draft_id,

        -- text
        author,
        subject,
        body,

        -- numbers
        revision,

        -- times
        created_at
    from revisions
)

select * from renamed
