-- Contacts who replied positively, and whether they booked within 14 days. Contacts whose 14 days are
-- not over stay in and are marked.
with enrolments as (
    select * from {{ ref('enrolment') }}
),

bookings as (
    select * from {{ ref('stg_ops__bookings') }}
),

booked as (
    select enrolments.lead_id, min(bookings.booked_at) as booked_at
    from enrolments
    inner join bookings on bookings.contact_id = enrolments.contact_id
    where bookings.booked_at >= enrolments.first_positive_at
    group by enrolments.lead_id
)

select
    -- ids
    enrolments.lead_id,
    enrolments.contact_id,

    -- text
    enrolments.sequence,
    enrolments.rep,
    enrolments.segment,

    -- numbers
    enrolments.icp_quartile,
    {{ hours_until('enrolments.first_positive_at', 'booked.booked_at') }} as hours_to_booking,

    -- booleans
    booked.booked_at is not null as is_booked,
    coalesce(booked.booked_at <= enrolments.first_positive_at + interval '14 days', false)
        as is_booked_in_14_days,
    enrolments.first_positive_at <= {{ as_of() }} - interval '14 days' as is_mature,

    -- times
    enrolments.first_positive_at,
    booked.booked_at
from enrolments
left join booked on booked.lead_id = enrolments.lead_id
where enrolments.is_positive
