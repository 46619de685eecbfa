-- Which account a landed account record is: ours where an alias says so, otherwise the record itself.
with records as (
    select * from {{ ref('stg_landing__accounts') }}
),

aliases as (
    select * from {{ ref('stg_ops__account_aliases') }}
),

joined as (
    select
        records.account_key as record_key,
        records.source,
        records.natural_key,
        aliases.account_id,
        coalesce(aliases.account_id, records.account_key) as account_key
    from records
    left join aliases
        on aliases.source = records.source and aliases.natural_key = records.natural_key
)

select * from joined
