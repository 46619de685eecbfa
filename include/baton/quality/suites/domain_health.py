"""The health of the sending domains: a suite that two gates ask, with their own unread breakers.

One row per domain. A rate is null below its `min_events`, and null passes: 1 bounce in 40 messages
says nothing. A domain that a gate already reported passes too: its breaker holds its own mail, and
the other domains go on.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from baton.playbook import thresholds
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

NAME = "the sending domains are healthy"

QUERY = """
    select h.domain, h.sent, h.delivered, h.bounced, h.blocked, h.complained,
           case when h.bounced >= %(bounce_events)s
                then h.bounced::float8 / h.sent end as bounce_rate,
           case when h.blocked >= %(block_events)s
                then h.blocked::float8 / h.sent end as block_rate,
           case when h.complained >= %(complaint_events)s
                then h.complained::float8 / greatest(h.delivered, 1) end as complaint_rate
    from ops.domain_health(make_interval(days => %(window_days)s)) h
    where not exists (select from ops.breaker b where b.domain = h.domain and b.is_open
                      and b.gate_result_id is not null)
"""


def _params(run: Run) -> dict[str, Any]:
    limits = thresholds.load(run.settings.playbook).delivery
    return {
        "window_days": limits.window_days,
        "bounce_events": limits.bounces.min_events,
        "bounce_rate": limits.bounces.max_rate,
        "block_events": limits.blocks.min_events,
        "block_rate": limits.blocks.max_rate,
        "complaint_events": limits.complaints.min_events,
        "complaint_rate": limits.complaints.max_rate,
    }


def _expectations(params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=f"{word}_rate",
            max_value=params[f"{word}_rate"],
            description=f"{words} stay at or under {params[f'{word}_rate']:.1%}",
        )
        for word, words in (
            ("bounce", "hard bounces / sent"),
            ("block", "blocks / sent"),
            ("complaint", "complaints / delivered"),
        )
    ]


HEALTH = Suite(
    name=NAME,
    query=QUERY,
    id_columns=("domain",),
    expectations=_expectations,
    empty_ok=True,
    params=_params,
    look="the domain is stopped; find the cause, then resume it",
)
