-- Batches that came in, of every entity: received = accepted + duplicates + quarantined.
with intakes as (
    select * from {{ ref('stg_landing__intakes') }}
)

select
    -- ids
    intake_id,
    source,

    -- text
    entity,

    -- numbers
    received,
    accepted,
    duplicates,
    quarantined,

    -- times
    received_at
from intakes
