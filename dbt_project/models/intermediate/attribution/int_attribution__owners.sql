-- Owners of opportunities: what their record says, completed by the rep that they are.
with records as (
    select * from {{ ref('stg_landing__owners') }}
),

aliases as (
    select * from {{ ref('stg_ops__rep_aliases') }}
),

reps as (
    select * from {{ ref('stg_ops__reps') }}
),

joined as (
    select
        coalesce(records.source, aliases.source) as source,
        coalesce(records.natural_key, aliases.natural_key) as natural_key,
        reps.rep_id,
        coalesce(records.name, reps.name) as name,
        coalesce(records.manager, reps.manager) as manager,
        coalesce(records.region, reps.region) as region
    from records
    full join aliases
        on aliases.source = records.source and aliases.natural_key = records.natural_key
    left join reps on reps.rep_id = aliases.rep_id
)

select * from joined
