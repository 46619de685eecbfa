"""What the gate of `reply_triage` asks of the replies that were read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from baton.playbook import thresholds
from baton.quality.suite import Params, Suite
from baton.warehouse.run import Run

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# `contact_is_stopped`: whatever a person wrote, no sequence goes on. `wish_is_kept`: who wants no
# more mail is suppressed.
QUERY = """
    select r.id, r.intent,
           case when r.intent <> 'unclear' then r.confidence::float8 end as confidence,
           r.quote is null or position(r.quote in r.body) > 0 as quote_is_found,
           r.is_automatic or r.contact_id is null or exists (
               select from ops.hold h where h.scope = 'contact' and h.subject_id = r.contact_id
               and h.cause_id = r.id) as contact_is_stopped,
           r.intent <> 'opt_out' or c.email is null or exists (
               select from ops.suppression s where s.address_key = c.address_key) as wish_is_kept,
           r.is_automatic or r.intent = 'opt_out' or exists (
               select from ops.task t where t.subject_kind = 'reply' and t.subject_id = r.id)
               as person_has_task,
           r.is_automatic = (r.intent in ('out_of_office', 'bounce')) as kind_is_right
    from ops.reply r left join ops.contact c on c.id = r.contact_id
    where r.run_id = any(%(run_ids)s)
"""

SHARE = """
    select 'unclear' as intent, count(*) as replies,
           case when count(*) >= %(min_batch)s
                then count(*) filter (where intent = 'unclear')::float8 / count(*) end as share
    from ops.reply where run_id = any(%(run_ids)s) and not is_automatic
"""


def _params(run: Run) -> dict[str, Any]:
    limits = thresholds.load(run.settings.playbook).delivery.replies
    return {
        "least": limits.min_confidence,
        "min_batch": limits.min_batch,
        "max_unclear": limits.max_unclear,
    }


def _each(params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    truths = {
        "quote_is_found": "the quote stands in the reply",
        "contact_is_stopped": "whoever replied is written to no more",
        "wish_is_kept": "whoever wants no more mail is suppressed",
        "person_has_task": "each reply by a person is somebody's task",
        "kind_is_right": "only a machine is out of office",
    }
    return [
        *(
            gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[True], description=words)
            for name, words in truths.items()
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="confidence",
            min_value=params["least"],
            description="what is unsure is called unclear",
        ),
    ]


def _share(params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="share",
            max_value=params["max_unclear"],
            description=f"at most {params['max_unclear']:.0%} of the replies are unclear",
        )
    ]


SUITES = [
    Suite(
        name="each reply is read and acted on",
        query=QUERY,
        id_columns=("id",),
        expectations=_each,
        empty_ok=True,
        params=_params,
        look="see the replies in ops.reply",
    ),
    Suite(
        name="most replies are understood",
        query=SHARE,
        id_columns=("intent",),
        expectations=_share,
        empty_ok=True,
        params=_params,
        look="has the form or the language of the replies changed?",
    ),
]
