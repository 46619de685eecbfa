-- What is known about accounts and people, one row per attribute that the ICP asks for.
with accounts as (
    select * from {{ ref('int_scoring__accounts') }}
),

contacts as (
    select * from {{ ref('stg_ops__contacts') }}
),

unpivoted as (
    select
        'account' as subject, accounts.account_key as subject_key,
        known.attribute, known.text_value, known.number_value
    from accounts
    cross join
        lateral (
            values
            ('industry', accounts.industry, null::numeric),
            ('employees', null, accounts.employees::numeric),
            ('region', accounts.region, null)
        ) as known (attribute, text_value, number_value)
    union all
    select
        'contact', contacts.contact_id,
        known.attribute, known.text_value, null
    from contacts
    cross join lateral (
        values
        ('title', contacts.title),
        ('seniority', contacts.seniority)
    ) as known (attribute, text_value)
)

select
    subject,
    subject_key,
    attribute,
    number_value,
    nullif(lower(trim(text_value)), '') as text_value,
    coalesce(text_value, number_value::text) as shown_value
from unpivoted
