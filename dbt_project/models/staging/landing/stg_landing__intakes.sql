with intakes as (
    select * from {{ source('landing', 'intake') }}
),

renamed as (
    select
        -- ids
        id as intake_id,
        run_id,
        source,

        -- text
        entity,
        file,

        -- numbers
        received,
        accepted,
        duplicates,
        quarantined,

        -- booleans: whether the same file was read again later, under another mapping
        coalesce(
            mapping_hash <> last_value(mapping_hash) over (
                partition by source, entity, file_hash
                order by at
                rows between unbounded preceding and unbounded following
            ),
            false
        ) as is_read_anew,

        -- times
        at as received_at
    from intakes
)

select * from renamed
