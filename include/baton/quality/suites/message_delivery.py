"""What the gate of `message_delivery` asks before anything is sent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from baton.quality.suite import Params, Suite
from baton.quality.suites.domain_health import HEALTH

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# Worked out again from the stored bytes, although the database holds it together too: this is the
# last look at a batch before it leaves.
QUERY = """
    select m.id, m.content_hash, encode(sha256(r.rendered), 'hex') as stored_hash,
           d.verdict, m.sending_domain,
           split_part(m.mailbox, '@', 2) as mailbox_domain,
           coalesce(convert_from(r.rendered, 'UTF8')::json ->> 'list_unsubscribe', '')
               as list_unsubscribe,
           (select count(*) from ops.lint_finding f where f.draft_id = m.draft_id
            and f.revision = m.revision and f.severity = 'error') as lint_errors
    from ops.message m
    join ops.revision r on r.draft_id = m.draft_id and r.revision = m.revision
    left join ops.decision d on d.draft_id = m.draft_id and d.revision = m.revision
    where m.run_id = any(%(run_ids)s) and m.state in ('queued', 'held')
"""


def _expectations(_params: Params) -> Sequence["Expectation"]:
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="content_hash",
            column_B="stored_hash",
            description="what would be sent is what was approved, byte by byte",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="verdict", description="each message has its decision"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="verdict", value_set=["approved"], description="the decision is an approval"
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="sending_domain",
            column_B="mailbox_domain",
            description="the mailbox belongs to the sending domain",
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="list_unsubscribe",
            regex="^<?https?://",
            description="each message can be unsubscribed from with one click",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="lint_errors", max_value=0, description="no message breaks a rule of writing"
        ),
    ]


CONTENT = Suite(
    name="each message is what was approved",
    query=QUERY,
    id_columns=("id",),
    expectations=_expectations,
    empty_ok=True,
    look="see the draft behind the message",
)

SUITES = [CONTENT, HEALTH]
