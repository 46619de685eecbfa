{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false,
          on_schema_change='fail') }}

-- Cut points between the ICP quartiles: drawn once per quarter and set of ICP rules, and kept. Accounts
-- that come later are measured by them, so that adding poor ones lifts nobody.
with accounts as (
    select * from {{ ref('int_scoring__accounts') }}
),

fit as (
    select * from {{ ref('int_scoring__fit') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

populations as (
    select population.population, fit.fit
    from accounts
    inner join fit on fit.subject = 'account' and fit.subject_key = accounts.account_key
    cross join
        lateral (
            values ('all', true), ('watchlist', accounts.is_on_watchlist)
        ) as population (population, belongs)
    where population.belongs
),

drawn as (
    select
        populations.population,
        count(*) as accounts,
        percentile_cont(array[0.75, 0.5, 0.25]) within group (order by populations.fit) as cuts
    from populations
    group by populations.population
),

named as (
    select
        -- ids
        to_char({{ as_of() }} at time zone 'UTC', 'YYYY"Q"Q') || ':' || drawn.population
        || ':' || left(settings.icp_hash, 8) as cut_version,
        settings.icp_hash,

        -- text
        settings.icp_version,
        drawn.population,

        -- numbers
        drawn.accounts,
        round(drawn.cuts[1]::numeric, 2) as cut_1,
        round(drawn.cuts[2]::numeric, 2) as cut_2,
        round(drawn.cuts[3]::numeric, 2) as cut_3,

        -- times
        date_trunc('quarter', {{ as_of() }}, 'UTC')::date as quarter_start,
        {{ as_of() }} as drawn_at
    from drawn
    cross join settings
    where drawn.accounts >= settings.minimum_population
)

select * from named
{% if is_incremental() %}
    where not exists (
        select from {{ this }} as kept
        where kept.cut_version = named.cut_version
    )
{% endif %}
