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

        -- booleans: whether amounts are read in another way now, as after a mistake in the mapping
        coalesce(
            amount_hash <> last_value(amount_hash) over (
                partition by source, entity
                order by at, id
                rows between unbounded preceding and unbounded following
            ),
            false
        ) as is_misread,

        -- times
        at as received_at
    from intakes
)

select * from renamed
