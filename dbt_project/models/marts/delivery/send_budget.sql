-- What each sending domain and mailbox might send on a day, and did.
-- Each message counts on its domain's budget and on its mailbox's, so that what a domain was permitted is
-- the smaller of its own budget and of what its mailboxes have together.
with budgets as (
    select * from {{ ref('stg_ops__budgets') }}
),

mailboxes as (
    select
        split_part(name, '@', 2) as domain,
        day,
        sum(granted) as granted
    from budgets
    where scope = 'mailbox'
    group by 1, 2
)

select
    -- ids
    budgets.scope || ':' || budgets.name || ':' || budgets.day as budget_id,

    -- text
    budgets.scope,
    budgets.name,

    -- numbers
    budgets.granted,
    budgets.used,
    case
        when budgets.scope = 'domain'
            then least(budgets.granted, coalesce(mailboxes.granted, 0))::integer
    end as permitted,

    -- times
    budgets.day as budget_day
from budgets
left join mailboxes on mailboxes.domain = budgets.name and mailboxes.day = budgets.day
