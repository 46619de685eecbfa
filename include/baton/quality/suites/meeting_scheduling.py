"""The gate of meeting_scheduling: no booking without an owner."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from baton.quality.suite import Params, Suite

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def _owned(_params: Params) -> "Sequence[Expectation]":
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="owner_rep_id"),
        gxe.ExpectColumnValuesToBeInSet(column="owner_is_active", value_set=[True]),
        gxe.ExpectColumnValuesToBeInSet(column="has_reason", value_set=[True]),
    ]


def _one_meeting(_params: Params) -> "Sequence[Expectation]":
    import great_expectations.expectations as gxe

    return [gxe.ExpectColumnValuesToBeBetween(column="meetings", min_value=1, max_value=1)]


def _stopped(_params: Params) -> "Sequence[Expectation]":
    import great_expectations.expectations as gxe

    return [gxe.ExpectColumnValuesToBeInSet(column="is_held", value_set=[True])]


SUITES = [
    Suite(
        name="every planned meeting has an owner",
        query="""
            select m.id, b.guest_email, m.starts_at::text as starts_at, m.owner_rep_id,
                coalesce(o.active, true) as owner_is_active,
                m.owner_reason <> '' as has_reason
            from ops.meeting m
            join ops.booking b on b.id = m.booking_id
            left join ops.rep o on o.id = m.owner_rep_id
            where m.run_id = any(%(run_ids)s) and m.state = 'planned'
        """,
        id_columns=("id", "guest_email", "starts_at"),
        expectations=_owned,
        empty_ok=True,
        look="see the exceptions of kind meeting_without_owner",
    ),
    Suite(
        name="a chain of reschedules is one meeting",
        query="""
            with recursive root as (
                select b.id, b.source, b.uid, b.id as root_id, 1 as depth
                from ops.booking b
                where not exists (
                    select from ops.booking p where p.source = b.source and p.uid = b.previous_uid
                )
                union all
                select b.id, b.source, b.uid, r.root_id, r.depth + 1
                from root r
                join ops.booking b on b.source = r.source and b.previous_uid = r.uid
                where r.depth < 100
            )
            select r.root_id as booking_id,
                count(m.id) filter (where not m.owner_reason like 'The same meeting as %%')
                    as meetings
            from root r
            left join ops.meeting m on m.booking_id = r.id
            where r.root_id in (
                select x.root_id from root x
                join ops.booking b on b.id = x.id
                left join ops.meeting y on y.booking_id = b.id
                where b.run_id = any(%(run_ids)s) or y.run_id = any(%(run_ids)s)
            )
            group by r.root_id
        """,
        id_columns=("booking_id",),
        expectations=_one_meeting,
        empty_ok=True,
        look="see docs/scheduling.md",
    ),
    Suite(
        name="a booking stops the guest's sequence",
        query="""
            select m.id, m.contact_id, exists (
                select from ops.hold h
                where h.scope = 'contact' and h.subject_id = m.contact_id and h.kind = 'booking'
            ) as is_held
            from ops.meeting m
            where m.run_id = any(%(run_ids)s) and m.contact_id is not null
        """,
        id_columns=("id", "contact_id"),
        expectations=_stopped,
        empty_ok=True,
        look="see ops.hold",
    ),
]
