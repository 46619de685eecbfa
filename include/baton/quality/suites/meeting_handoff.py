"""The gate of meeting_handoff: no meeting starts without a complete brief."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from baton.playbook import thresholds
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def _horizon(run: Run) -> Params:
    return {"horizon": thresholds.load(run.settings.playbook).handoff.horizon_hours}


def _briefed(_params: Params) -> "Sequence[Expectation]":
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column="has_brief", value_set=[True]),
        gxe.ExpectColumnValuesToBeInSet(column="missing", value_set=[""]),
    ]


def _sound(_params: Params) -> "Sequence[Expectation]":
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column="opener_missing", value_set=[False]),
        gxe.ExpectColumnValuesToBeInSet(column="signals_without_date", value_set=[0]),
        gxe.ExpectColumnValuesToBeInSet(column="foreign_links", value_set=[0]),
    ]


SUITES = [
    Suite(
        name="no meeting starts without a complete brief",
        query="""
            select m.id, coalesce(c.full_name, k.guest_email) as guest,
                m.starts_at::text as starts_at, b.id is not null as has_brief,
                coalesce(array_to_string(b.missing, ', '), 'everything') as missing
            from ops.meeting m
            join ops.released_run p on p.id = m.run_id
            join ops.booking k on k.id = m.booking_id
            left join ops.contact c on c.id = m.contact_id
            left join lateral (
                select f.* from ops.brief f
                join ops.run r on r.id = f.run_id
                where f.meeting_id = m.id and (r.released_at is not null or r.id = any(%(run_ids)s))
                order by f.version desc limit 1
            ) b on true
            where m.state = 'planned' and m.starts_at > %(now)s
                and m.starts_at <= %(now)s + make_interval(hours => %(horizon)s)
        """,
        id_columns=("id", "guest", "starts_at"),
        expectations=_briefed,
        empty_ok=True,
        params=_horizon,
        look="see ops.brief.missing of these meetings",
    ),
    Suite(
        name="a complete brief has its three parts",
        query="""
            select b.id, b.meeting_id,
                b.meeting_id is not null and coalesce(trim(b.opener), '') = '' as opener_missing,
                (select count(*) from jsonb_array_elements(b.signals) s
                 where s ->> 'at' is null) as signals_without_date,
                (select count(*) from jsonb_array_elements(b.signals) s
                 where s ->> 'url' is not null and s ->> 'url' !~ '^https?://') as foreign_links
            from ops.brief b
            where b.run_id = any(%(run_ids)s) and b.is_complete
        """,
        id_columns=("id", "meeting_id"),
        expectations=_sound,
        empty_ok=True,
        look="see the brief",
    ),
]
