-- Each landed signal with the account, and where known the person, that it speaks of. Surest rule
-- first: the person's address, the company's domain, the address's domain, the company's name.
with signals as (
    select * from {{ ref('stg_landing__signals') }}
),

accounts as (
    select * from {{ ref('stg_ops__accounts') }}
),

contacts as (
    select * from {{ ref('stg_ops__contacts') }}
),

-- A name that two accounts share says nothing.
names as (
    select
        {{ company_key('name') }} as company_key,
        min(account_id) as account_id
    from accounts
    group by 1
    having count(*) = 1
),

joined as (
    select
        signals.*,
        by_address.contact_id,
        by_address.account_id as address_account_id,
        by_domain.account_id as domain_account_id,
        by_host.account_id as host_account_id,
        by_name.account_id as name_account_id
    from signals
    left join contacts as by_address on by_address.email = signals.email
    left join accounts as by_domain on by_domain.domain = signals.domain
    left join accounts as by_host on by_host.domain = split_part(signals.email, '@', 2)
    left join names as by_name on by_name.company_key = {{ company_key('signals.company') }}
)

select
    -- ids
    signal_id,
    source,
    natural_key,
    run_id,
    contact_id,
    coalesce(address_account_id, domain_account_id, host_account_id, name_account_id) as account_id,

    -- text
    signal_type,
    title,
    url,
    case
        when address_account_id is not null then 'address'
        when domain_account_id is not null then 'domain'
        when host_account_id is not null then 'domain of the address'
        when name_account_id is not null then 'company name'
        else 'none'
    end as match_rule,

    -- booleans
    is_released,

    -- times
    occurred_at,
    received_at,
    released_at
from joined
