-- Each account's ICP quartile by the cut points of the quarter (1 is the best fit).
with accounts as (
    select * from {{ ref('int_scoring__accounts') }}
),

fit as (
    select * from {{ ref('int_scoring__fit') }}
),

cuts as (
    select * from {{ ref('icp_cut') }}
),

settings as (
    select * from {{ ref('stg_ops__playbook_settings') }}
),

-- The watchlist's cut points go before those of all accounts; without either, the playbook's.
current_cut as (
    select * from (
        select cuts.cut_version, cuts.cut_1, cuts.cut_2, cuts.cut_3, cuts.population = 'all' as rank
        from cuts
        inner join settings on settings.icp_hash = cuts.icp_hash
        where cuts.quarter_start = date_trunc('quarter', {{ as_of() }}, 'UTC')::date
        union all
        select 'default:' || icp_version, default_cut_1, default_cut_2, default_cut_3, null
        from settings
    ) as candidates
    order by candidates.rank nulls last
    limit 1
),

joined as (
    select
        accounts.account_key,
        accounts.account_id,
        accounts.segment,
        fit.fit as icp_fit,
        fit.known_weight,
        fit.parts,
        fit.missing,
        current_cut.cut_version,
        (case
            when fit.fit >= current_cut.cut_1 then 1
            when fit.fit >= current_cut.cut_2 then 2
            when fit.fit >= current_cut.cut_3 then 3
            else 4
        end)::smallint as icp_quartile
    from accounts
    inner join fit on fit.subject = 'account' and fit.subject_key = accounts.account_key
    cross join current_cut
)

select * from joined
