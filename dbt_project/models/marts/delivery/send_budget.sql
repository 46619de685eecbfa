-- What each sending domain and mailbox might send on a day, and did.
with budgets as (
    select * from {{ ref('stg_ops__budgets') }}
)

select
    -- ids
    scope || ':' || name || ':' || day as budget_id,

    -- text
    scope,
    name,

    -- numbers
    granted,
    used,

    -- times
    day as budget_day
from budgets
