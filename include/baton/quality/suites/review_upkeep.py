"""The gate of review: every live approval is of exactly the content that would be sent, and fresh."""

from collections.abc import Sequence
from typing import Any

from baton.playbook import thresholds
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

# Approvals that have not left yet: without a message, or with one that waits.
LIVE = """
    select s.draft_id,
        encode(sha256(v.rendered), 'hex') = s.content_hash
            and v.contact_id = s.contact_id and s.contact_id = d.contact_id as is_exact,
        s.revision = d.current_revision as is_current,
        d.state = s.verdict as state_agrees,
        (
            select count(*) from ops.lint_finding f
            where f.draft_id = s.draft_id and f.revision = s.revision and f.severity = 'error'
        ) as errors_found,
        case when m.id is null then extract(epoch from %(now)s - s.decided_at) / 3600 end
            as hours_old,
        s.decided_by, s.decided_role
    from ops.decision s
    join ops.draft d on d.id = s.draft_id
    join ops.revision v on v.draft_id = s.draft_id and v.revision = s.revision
    left join ops.message m on m.draft_id = s.draft_id
    where s.verdict = 'approved' and (m.id is null or m.state in ('queued', 'held', 'dispatching'))
"""

# What a person decided is signed with a role that may decide; what time decided, by the system.
SIGNED = """
    select draft_id, verdict, decided_by, decided_role,
        case verdict
            when 'expired' then decided_role = 'system'
            else decided_role in ('rep', 'reviewer', 'revops', 'administrator')
        end and length(trim(decided_by)) > 0 as is_signed
    from ops.decision
    where decided_at > %(interval_start)s - interval '1 day'
"""


def _exact(params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="is_exact",
            value_set=[True],
            description="the approval is of exactly the content that would be sent",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="is_current", value_set=[True], description="the newest revision was approved"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="state_agrees", value_set=[True], description="draft and decision agree"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="errors_found", max_value=0, description="nothing approved breaks a rule"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="hours_old",
            max_value=params["approval_hours"],
            description="no approval is too old",
        ),
    ]


def _signed(_params: Params) -> Sequence[Any]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="is_signed",
            value_set=[True],
            description="every decision is signed by somebody who may decide",
        )
    ]


def _figures(run: Run) -> Params:
    return {"approval_hours": thresholds.load(run.settings.playbook).review.approval_hours}


SUITES = [
    Suite(
        name="approvals are of exact content",
        query=LIVE,
        id_columns=("draft_id",),
        expectations=_exact,
        empty_ok=True,
        params=_figures,
        look="see the draft on the review desk; kill it, and draft_generation writes it anew",
    ),
    Suite(
        name="decisions are signed",
        query=SIGNED,
        id_columns=("draft_id", "decided_by"),
        expectations=_signed,
        empty_ok=True,
        look="ops.decision_log says who wrote them",
    ),
]
