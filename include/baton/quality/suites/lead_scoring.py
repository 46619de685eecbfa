"""The gate of scoring: scores in range with their reasons, owners, quartiles in balance, no drift."""

from collections.abc import Sequence
from typing import Any

from baton.playbook import thresholds
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

SCORES = """
    select l.id, l.icp_fit, l.intent_score, l.lead_score, l.icp_quartile, l.cut_version,
        l.model_version, coalesce(jsonb_array_length(l.reasons -> 'signals'), 0) as signals,
        coalesce(jsonb_array_length(l.reasons -> 'account'), 0) as known_attributes,
        not exists (
            select from ops.holdout h where h.account_id = l.account_id and h.arm = 'holdout'
        ) as may_be_treated
    from ops.lead l
    where l.run_id = any(%(run_ids)s)
"""

# A lead has an active owner, or it stands on the exceptions page for a person.
OWNERS = """
    select l.id, o.rule, o.reason,
        coalesce(r.active, false) or exists (
            select from ops.task t
            where t.kind = 'unrouted_lead' and t.subject_kind = 'lead' and t.subject_id = l.id
                and t.done_at is null
        ) as is_with_somebody
    from ops.lead l
    left join ops.lead_owner o on o.lead_id = l.id
    left join ops.rep r on r.id = o.rep_id
    where l.run_id = any(%(run_ids)s)
"""

UNROUTED = """
    select 'batch' as batch, count(*) as leads,
        case when count(*) >= %(min_batch)s
            then avg((o.rep_id is null)::int)::float8 end as unrouted_share
    from ops.lead l
    left join ops.lead_owner o on o.lead_id = l.id
    where l.run_id = any(%(run_ids)s)
"""

QUARTILES = """
    select 'quartile ' || quartile as quartile, count(s.account_key) as accounts,
        case when sum(count(s.account_key)) over () >= %(min_batch)s
            then (count(s.account_key) / sum(count(s.account_key)) over ())::float8 end as share
    from generate_series(1, 4) as quartile
    left join marts.account_score s on s.icp_quartile = quartile and s.is_on_watchlist
    group by quartile
"""

# In standard deviations of the earlier leads; NULL where either side is too small to judge.
DRIFT = """
    with batch as (
        select count(*) as leads, avg(lead_score) as mean from ops.lead
        where run_id = any(%(run_ids)s)
    ), earlier as (
        select count(*) as leads, avg(lead_score) as mean, stddev_samp(lead_score) as deviation
        from ops.lead l join ops.released_run r on r.id = l.run_id
        where not l.run_id = any(%(run_ids)s)
            and l.eligible_at > %(now)s - make_interval(days => %(drift_days)s)
    )
    select 'batch' as batch, batch.leads, earlier.leads as earlier_leads,
        case when least(batch.leads, earlier.leads) >= %(min_batch)s
            then (abs(batch.mean - earlier.mean) / nullif(earlier.deviation, 0))::float8
        end as drift
    from batch cross join earlier
"""


def _thresholds(run: Run) -> Params:
    return thresholds.load(run.settings.playbook).scoring.model_dump()


def _scores(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(column="icp_fit", min_value=0, max_value=100),
        gxe.ExpectColumnValuesToBeBetween(column="intent_score", min_value=0),
        gxe.ExpectColumnValuesToBeBetween(
            column="lead_score", min_value=0, max_value=1, strict_min=True, strict_max=True
        ),
        gxe.ExpectColumnValuesToBeInSet(column="icp_quartile", value_set=[1, 2, 3, 4]),
        gxe.ExpectColumnValuesToBeBetween(
            column="signals", min_value=1, description="every lead names the signals that lifted it"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="known_attributes", min_value=1, description="every fit rests on something known"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="may_be_treated", value_set=[True],
            description="no account of the holdout is in the motion",
        ),
    ]  # fmt: skip


def _owners(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="is_with_somebody", value_set=[True],
            description="every lead has an active owner or waits on the exceptions page",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="reason", description="every lead says why its owner got it"
        ),
    ]  # fmt: skip


def _unrouted(params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="unrouted_share", max_value=params["max_unrouted"],
            description="most leads find a rep",
        )
    ]  # fmt: skip


def _quartiles(params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="share", max_value=params["max_quartile"],
            description="no quartile swallows the watchlist",
        )
    ]  # fmt: skip


def _drift(params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="drift", max_value=params["max_drift"],
            description="scores look like those of the leads before",
        )
    ]  # fmt: skip


SUITES = [
    Suite(
        name="scores are in range and say why",
        query=SCORES,
        id_columns=("id",),
        expectations=_scores,
        empty_ok=True,
        look="see marts.lead_candidate and icp.yml",
    ),
    Suite(
        name="no lead without an owner",
        query=OWNERS,
        id_columns=("id",),
        expectations=_owners,
        empty_ok=True,
        look="see routing.yml and the exceptions page",
    ),
    Suite(
        name="most leads find a rep",
        query=UNROUTED,
        id_columns=("batch",),
        expectations=_unrouted,
        empty_ok=False,
        params=_thresholds,
        look="see routing.yml, leave and capacity",
    ),
    Suite(
        name="quartiles are in balance",
        query=QUARTILES,
        id_columns=("quartile",),
        expectations=_quartiles,
        empty_ok=False,
        params=_thresholds,
        look="see marts.icp_cut and icp.yml",
    ),
    Suite(
        name="scores do not drift",
        query=DRIFT,
        id_columns=("batch",),
        expectations=_drift,
        empty_ok=False,
        params=_thresholds,
        look="compare the batch's scores with those of earlier runs",
    ),
]
